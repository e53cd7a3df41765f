-- Lists of jobs by the date that they show, and by their method. Jobs of 100 licenses or more are in the background and are few; the
-- others are listed by their channel. The index by contract also counts the licenses of inline jobs, which have all their licenses from
-- the start, without their rows.

CREATE INDEX CONCURRENTLY IF NOT EXISTS generation_jobs_by_channel ON generation_jobs (environment, channel, created_at, serial)
  WHERE execution = 'inline';
CREATE INDEX CONCURRENTLY IF NOT EXISTS generation_jobs_by_contract_channel ON generation_jobs (contract_id, channel, created_at, serial)
  INCLUDE (requested, is_test) WHERE execution = 'inline';
CREATE INDEX CONCURRENTLY IF NOT EXISTS generation_jobs_in_background ON generation_jobs (environment, created_at, serial)
  WHERE execution = 'background';
CREATE INDEX CONCURRENTLY IF NOT EXISTS generation_jobs_of_contract_in_background ON generation_jobs (contract_id, created_at, serial)
  WHERE execution = 'background';
CREATE INDEX CONCURRENTLY IF NOT EXISTS generation_jobs_by_state_and_date ON generation_jobs (environment, state, created_at, serial)
  WHERE state <> 'SUCCEEDED';
CREATE INDEX CONCURRENTLY IF NOT EXISTS generation_jobs_of_contract_by_state ON generation_jobs (contract_id, state, created_at, serial)
  WHERE state <> 'SUCCEEDED';
DROP INDEX CONCURRENTLY IF EXISTS generation_jobs_by_state;
DROP INDEX CONCURRENTLY IF EXISTS generation_jobs_by_contract_state;
