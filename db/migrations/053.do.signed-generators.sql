-- Generators whose licenses are shown by their certificates. The license terms decide, so that an edit of the generator changes no issued license.
ALTER TABLE generators ADD COLUMN kind text NOT NULL DEFAULT 'plain' CONSTRAINT generators_kind_known CHECK (kind IN ('plain', 'signed'));
ALTER TABLE license_terms ADD COLUMN is_signed boolean NOT NULL DEFAULT false;
