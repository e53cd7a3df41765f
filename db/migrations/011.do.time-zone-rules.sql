-- By which rules of time zones the next boundary of a contract was computed, and which local day the contract had reached by
-- them. Rows from before have neither: they are computed once more (db/boundary-refresh.ts).
--
-- Built statement by statement (db/migrate.ts): each can be repeated after an interruption. A statement that changes a table
-- waits for it as briefly as in a transaction of a migration; building an index waits for old transactions, however long.

SET lock_timeout = 2000;
ALTER TABLE contracts ADD COLUMN IF NOT EXISTS time_zone_rules text COLLATE "C", ADD COLUMN IF NOT EXISTS settled_on date;
ALTER TABLE sweep_attempts DROP CONSTRAINT IF EXISTS sweep_attempts_kind_known, ADD CONSTRAINT sweep_attempts_kind_known CHECK (kind IN
  ('boundary', 'verification', 'behind_test_clock', 'billing_events', 'contract_workflow', 'time_zone_rules',
   'silent_job', 'paused_job', 'job_workflow', 'test_clock'));
SET lock_timeout = 0;
CREATE INDEX CONCURRENTLY IF NOT EXISTS contracts_by_time_zone_rules ON contracts (time_zone_rules)
  WHERE state IN ('SCHEDULED', 'ACTIVE', 'PAST_DUE', 'EXPIRY_GRACE', 'PAUSED', 'SUSPENDED');
