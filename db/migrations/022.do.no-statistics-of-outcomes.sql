-- Nearly every sample of the inbox has no pending event, but a burst has thousands. With such statistics Postgres expects to read one
-- event from any index of pending events, so it may choose one that has all of them, once for each contract. Without statistics it
-- expects the same share of each outcome at all times, and chooses the index of the contract.

SET lock_timeout = 2000;
ALTER TABLE billing_inbox ALTER COLUMN outcome SET STATISTICS 0;
SELECT pg_clear_attribute_stats('public', 'billing_inbox', 'outcome', false);
