-- What became of the last replenishment of a pool (db/pool/replenishment.ts): its job, and why it is blocked. A row exists from the first
-- attempt until the pool has enough licenses.
CREATE TABLE pool_replenishments (
  contract_id  uuid PRIMARY KEY REFERENCES contracts (id),
  job_id       uuid REFERENCES generation_jobs (id),
  -- The code of a refusal, QUOTA_EXCEEDED or JOB_FAILED; null: it is not blocked.
  blocked_by   text,
  blocked_at   timestamptz,
  CONSTRAINT pool_replenishments_blocked CHECK ((blocked_by IS NULL) = (blocked_at IS NULL))
);

ALTER TABLE sweep_attempts DROP CONSTRAINT sweep_attempts_kind_known;
ALTER TABLE sweep_attempts ADD CONSTRAINT sweep_attempts_kind_known CHECK (kind IN
  ('boundary', 'late_timer', 'verification', 'behind_test_clock', 'billing_events', 'contract_workflow', 'time_zone_rules',
   'silent_job', 'paused_job', 'job_workflow', 'silent_operation', 'operation_workflow', 'test_clock', 'overdue_hold', 'low_pool'));
