-- What the sweep woke and found due again: rows that cannot be settled step behind those that were not tried yet.

CREATE TABLE sweep_attempts (
  kind         text NOT NULL CONSTRAINT sweep_attempts_kind_known CHECK (kind IN
                 ('boundary', 'verification', 'behind_test_clock', 'billing_events', 'contract_workflow',
                  'silent_job', 'paused_job', 'job_workflow', 'test_clock')),
  subject_id   uuid NOT NULL,
  epoch        text NOT NULL,
  attempts     integer NOT NULL CONSTRAINT sweep_attempts_counted CHECK (attempts > 0),
  first_at     timestamptz NOT NULL,
  next_try_at  timestamptz NOT NULL,
  PRIMARY KEY (kind, subject_id)
);
