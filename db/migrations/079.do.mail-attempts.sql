-- Attempts to send a mail.

ALTER TABLE notifications
  -- Attempts since it was owed last: a mail that is sent again by hand begins again.
  ADD COLUMN tries integer NOT NULL DEFAULT 0,
  -- The first of them. It is tried for three days from then on.
  ADD COLUMN tried_since timestamptz,
  -- The last attempt. While `is_sending`, it has no result yet, and `due_at` is when it counts as lost.
  ADD COLUMN attempt_at timestamptz,
  ADD COLUMN is_sending boolean NOT NULL DEFAULT false,
  ADD CONSTRAINT notifications_sending CHECK (NOT is_sending OR state = 'owed' AND attempt_at IS NOT NULL);

-- Retention removes a digest and what it carried in one statement.
ALTER TABLE notifications DROP CONSTRAINT notifications_digest_id_fkey;
ALTER TABLE notifications ADD CONSTRAINT notifications_digest_id_fkey FOREIGN KEY (digest_id) REFERENCES notifications (id) ON DELETE SET NULL;

-- The sweep finds what a lost Temporal server leaves by what is due.
ALTER TABLE notice_queue DROP COLUMN workflow_epoch;
