-- The end of each secret, by which people recognize it: secrets themselves are shown once.
ALTER TABLE webhook_secrets ADD COLUMN last_four text NOT NULL;
