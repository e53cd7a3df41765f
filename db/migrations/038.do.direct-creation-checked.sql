-- Checks the rows of large tables without a lock, and builds the index for lists of licenses without a contract.
ALTER TABLE license_terms VALIDATE CONSTRAINT license_terms_of_revision;
ALTER TABLE generation_jobs VALIDATE CONSTRAINT jobs_execution_known;
ALTER TABLE generation_jobs VALIDATE CONSTRAINT jobs_direct_without_contract;
CREATE INDEX CONCURRENTLY IF NOT EXISTS generation_jobs_direct ON generation_jobs (environment, serial) WHERE execution = 'direct';
