-- Finds contracts with refusals that no look has seen. An update of a count changes no indexed column, except once after a look.
CREATE INDEX CONCURRENTLY IF NOT EXISTS refused_attempts_to_judge ON refused_attempts (contract_id) WHERE code = 'QUOTA_EXCEEDED' AND NOT is_judged;
