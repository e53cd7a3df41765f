-- Every filter and sort of every list finds its rows by an index, also a part of a name. Indexes of an expression are never
-- partial: Postgres uses their statistics only when they hold every row.
--
-- Built without stopping writes, statement by statement (db/migrate.ts): each can be repeated after an interruption.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- pg_trgm sees only letters and digits, and under the locale C only those of ASCII. The escapes of other bytes are digits.
-- `convert_to` is not immutable in general; from UTF8, which the database is in, to UTF8 it is.
CREATE OR REPLACE FUNCTION searchable(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN encode(convert_to(folded($1), 'UTF8'), 'escape');

CREATE INDEX CONCURRENTLY IF NOT EXISTS admins_by_created ON admins (created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS admins_by_role ON admins (role, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS admins_by_status ON admins (status, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS admins_by_part ON admins USING gin (searchable(email) gin_trgm_ops, searchable(name) gin_trgm_ops);
CREATE INDEX CONCURRENTLY IF NOT EXISTS admin_api_keys_of_admin ON admin_api_keys (admin_id, id);
DROP INDEX CONCURRENTLY IF EXISTS admin_api_keys_by_admin;

CREATE INDEX CONCURRENTLY IF NOT EXISTS products_by_created ON products (environment, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS products_by_status ON products (environment, status, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS products_by_part ON products USING gin (searchable(name) gin_trgm_ops, searchable(code) gin_trgm_ops);
CREATE INDEX CONCURRENTLY IF NOT EXISTS generators_by_created ON generators (environment, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS generators_by_status ON generators (environment, status, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS generators_by_part ON generators USING gin (searchable(name) gin_trgm_ops);
CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_by_part ON customers USING gin (searchable(email) gin_trgm_ops, searchable(name) gin_trgm_ops);

CREATE INDEX CONCURRENTLY IF NOT EXISTS contracts_by_part ON contracts USING gin (searchable(name) gin_trgm_ops);
CREATE INDEX CONCURRENTLY IF NOT EXISTS contracts_by_whole_name ON contracts (nfc(name));

CREATE INDEX CONCURRENTLY IF NOT EXISTS billing_inbox_by_source ON billing_inbox (source, id);

CREATE INDEX CONCURRENTLY IF NOT EXISTS generation_jobs_by_environment ON generation_jobs (environment, serial);
CREATE INDEX CONCURRENTLY IF NOT EXISTS generation_jobs_by_state ON generation_jobs (environment, state, serial) WHERE state <> 'SUCCEEDED';
CREATE INDEX CONCURRENTLY IF NOT EXISTS generation_jobs_by_contract_state ON generation_jobs (contract_id, state, serial) WHERE state <> 'SUCCEEDED';
CREATE INDEX CONCURRENTLY IF NOT EXISTS generation_jobs_of_tests ON generation_jobs (environment, serial) WHERE is_test;

CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_events_by_environment ON audit_events (environment, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_events_by_actor ON audit_events ((actor->>'id'), id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_events_by_actor_name ON audit_events (nfc(actor->>'name'), id);
-- The ids of rows are in the order in which they were written. A row that was not written about when its act holds is late, or
-- of a test clock.
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_events_untimely ON audit_events (id)
  WHERE at - uuid_extract_timestamp(id) NOT BETWEEN interval '-1 minute' AND interval '1 minute';
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_events_by_subject_type ON audit_events (subject_type, id) WHERE subject_type <> 'job';
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_events_of_contract_by_at ON audit_events (contract_id, at, id) WHERE subject_type = 'contract';
