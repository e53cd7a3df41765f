-- The events that the billing batch applies (workflows/apply-billing.ts): pending, and not left to the workflow of their contract.
--
-- Built statement by statement (db/system/migration.ts): each can be repeated after an interruption.

SET lock_timeout = 2000;
ALTER TABLE billing_inbox ADD COLUMN IF NOT EXISTS left_to_contract boolean NOT NULL DEFAULT false;
SET lock_timeout = 0;
CREATE INDEX CONCURRENTLY IF NOT EXISTS billing_inbox_queue ON billing_inbox (id) WHERE outcome = 'PENDING' AND NOT left_to_contract;
