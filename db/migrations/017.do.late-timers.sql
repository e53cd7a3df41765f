-- A change that sets an earlier next boundary does not wake the workflow of its contract while that boundary is far: `timer_at` records
-- for which instant the timer of the workflow waits, and the sweep wakes the workflow when the boundary is near. `unwoken_since` is set
-- by a change that wakes the workflow at once, until the workflow has looked: the sweep repeats a wake-up that was lost.
--
-- Built statement by statement (db/system/migration.ts): each can be repeated after an interruption.

SET lock_timeout = 2000;
ALTER TABLE contracts ADD COLUMN IF NOT EXISTS timer_at timestamptz, ADD COLUMN IF NOT EXISTS unwoken_since timestamptz;
ALTER TABLE sweep_attempts DROP CONSTRAINT IF EXISTS sweep_attempts_kind_known, ADD CONSTRAINT sweep_attempts_kind_known CHECK (kind IN
  ('boundary', 'late_timer', 'verification', 'behind_test_clock', 'billing_events', 'contract_workflow', 'time_zone_rules',
   'silent_job', 'paused_job', 'job_workflow', 'test_clock'));
SET lock_timeout = 0;
CREATE INDEX CONCURRENTLY IF NOT EXISTS contracts_with_late_timer ON contracts (coalesce(wake_at, next_boundary_at))
  WHERE timer_at IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS contracts_unwoken ON contracts (unwoken_since) WHERE unwoken_since IS NOT NULL;
