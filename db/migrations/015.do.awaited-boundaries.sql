-- A boundary that only informs (a reminder, the last day to opt out) wakes nothing: `wake_at` is the instant of the next boundary for
-- which the workflow of the contract waits. It is null unless the next boundary only informs. Existing rows have null, so their
-- contracts are woken at the next boundary once more and set it then.
--
-- Built statement by statement (db/system/migration.ts): each can be repeated after an interruption.

SET lock_timeout = 2000;
ALTER TABLE contracts ADD COLUMN IF NOT EXISTS wake_at timestamptz;
SET lock_timeout = 0;
CREATE INDEX CONCURRENTLY IF NOT EXISTS contracts_by_wake ON contracts (coalesce(wake_at, next_boundary_at), id);
DROP INDEX CONCURRENTLY IF EXISTS contracts_by_next_boundary;
