-- The foundation: people, catalogue, contracts, generation, history. The same as schema.sql on the day it was made.
-- People -----------------------------------------------------------------------------------------------------------

CREATE TABLE admins (
  id          uuid PRIMARY KEY DEFAULT uuidv7(),
  email       text NOT NULL,
  name        text NOT NULL,
  role        text NOT NULL CONSTRAINT admins_role_known CHECK (role IN ('super_admin', 'admin', 'operator', 'viewer')),
  status      text NOT NULL DEFAULT 'active' CONSTRAINT admins_status_known CHECK (status IN ('active', 'disabled')),
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL
);
CREATE UNIQUE INDEX admins_email_unique ON admins (lower(email));

-- The secret is kept as an HMAC under a pepper only; the key id is its public part and finds the row.
CREATE TABLE admin_api_keys (
  id            uuid PRIMARY KEY DEFAULT uuidv7(),
  admin_id      uuid NOT NULL REFERENCES admins (id),
  key_id        text NOT NULL CONSTRAINT admin_api_keys_key_id_unique UNIQUE,
  secret_hmac   bytea NOT NULL,
  last_four     text NOT NULL,
  label         text,
  created_at    timestamptz NOT NULL,
  last_used_at  timestamptz,
  revoked_at    timestamptz
);
CREATE INDEX admin_api_keys_by_admin ON admin_api_keys (admin_id);

-- Catalogue --------------------------------------------------------------------------------------------------------

CREATE TABLE products (
  id           uuid PRIMARY KEY DEFAULT uuidv7(),
  name         text NOT NULL,
  code         text NOT NULL,
  environment  text NOT NULL CONSTRAINT products_environment_known CHECK (environment IN ('production', 'staging', 'development')),
  status       text NOT NULL CONSTRAINT products_status_known CHECK (status IN ('active', 'inactive')),
  modules      jsonb NOT NULL DEFAULT '[]',
  created_at   timestamptz NOT NULL,
  updated_at   timestamptz NOT NULL,
  CONSTRAINT products_code_unique UNIQUE (environment, code),
  -- What composite foreign keys point to: nothing of one environment can refer to another.
  CONSTRAINT products_id_environment UNIQUE (id, environment)
);

CREATE TABLE generators (
  id                uuid PRIMARY KEY DEFAULT uuidv7(),
  product_id        uuid NOT NULL,
  environment       text NOT NULL,
  name              text NOT NULL,
  format            jsonb NOT NULL,
  features          jsonb NOT NULL DEFAULT '{}',
  activation_limit  integer CONSTRAINT generators_activation_limit_positive CHECK (activation_limit >= 1),
  status            text NOT NULL CONSTRAINT generators_status_known CHECK (status IN ('active', 'inactive')),
  -- Counts changes of what new licenses get; license_terms made from an older one are made again.
  revision          integer NOT NULL DEFAULT 1,
  created_at        timestamptz NOT NULL,
  updated_at        timestamptz NOT NULL,
  deleted_at        timestamptz,
  CONSTRAINT generators_product FOREIGN KEY (product_id, environment) REFERENCES products (id, environment),
  CONSTRAINT generators_id_product UNIQUE (id, product_id)
);
CREATE INDEX generators_by_product ON generators (product_id);

CREATE TABLE customers (
  id               uuid PRIMARY KEY DEFAULT uuidv7(),
  email            text NOT NULL,
  name             text NOT NULL,
  billing_contact  text,
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL
);
CREATE UNIQUE INDEX customers_email_unique ON customers (lower(email));
CREATE INDEX customers_by_created ON customers (created_at, id);

-- Contracts --------------------------------------------------------------------------------------------------------

-- Written by `changeContract` alone (db/contract-change.ts). `state`, `may_generate` and `next_boundary_*` are copies of
-- what domain/contract.ts derives, for statements that must judge in SQL.
CREATE TABLE contracts (
  id                  uuid PRIMARY KEY,
  environment         text NOT NULL,
  name                text NOT NULL,
  type                text NOT NULL CONSTRAINT contracts_type_known CHECK (type IN ('standard', 'reseller', 'enterprise', 'pool')),
  product_id          uuid NOT NULL,
  generator_id        uuid NOT NULL,
  customer_id         uuid REFERENCES customers (id),
  feature_overrides   jsonb NOT NULL,
  -- A number, "unlimited", or null for the generator's own.
  activation_limit    jsonb,
  expiry              jsonb,
  metadata            jsonb NOT NULL,
  timezone            text NOT NULL,
  start_date          date,
  end_date            date,
  term_length         text,
  term_number         integer NOT NULL DEFAULT 1,
  expiry_grace_days   integer NOT NULL DEFAULT 0 CONSTRAINT contracts_grace_days_bounded CHECK (expiry_grace_days BETWEEN 0 AND 90),
  activated_at        timestamptz,
  deleted_at          timestamptz,
  deleted_by          text,
  revision            integer NOT NULL,
  settled_until       timestamptz NOT NULL,
  state               text NOT NULL,
  may_generate        boolean NOT NULL,
  next_boundary_at    timestamptz,
  next_boundary_kind  text,
  -- The license terms that new licenses get; null until the first are made.
  terms_id            bigint,
  -- The epoch of the Temporal server in which the workflow was last started (temporal/setup.ts); null: never.
  workflow_epoch      text,
  created_at          timestamptz NOT NULL,
  created_by          text NOT NULL,
  updated_at          timestamptz NOT NULL,
  CONSTRAINT contracts_dates_ordered CHECK (start_date < end_date),
  CONSTRAINT contracts_active_has_start CHECK (activated_at IS NULL OR start_date IS NOT NULL),
  CONSTRAINT contracts_product FOREIGN KEY (product_id, environment) REFERENCES products (id, environment),
  CONSTRAINT contracts_generator FOREIGN KEY (generator_id, product_id) REFERENCES generators (id, product_id)
);
-- Each sort of the list has its index with the id as tie-break, so that a page is a range scan.
CREATE INDEX contracts_by_created ON contracts (environment, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX contracts_by_name ON contracts (environment, lower(name), id) WHERE deleted_at IS NULL;
CREATE INDEX contracts_by_type ON contracts (environment, type, id) WHERE deleted_at IS NULL;
CREATE INDEX contracts_by_state ON contracts (environment, state, id) WHERE deleted_at IS NULL;
CREATE INDEX contracts_by_product ON contracts (product_id);
CREATE INDEX contracts_by_generator ON contracts (generator_id);
CREATE INDEX contracts_by_customer ON contracts (customer_id);
-- What the sweep looks for: due boundaries, and open contracts whose workflow lives on another Temporal server.
CREATE INDEX contracts_by_next_boundary ON contracts (next_boundary_at) WHERE next_boundary_at IS NOT NULL;
CREATE INDEX contracts_open ON contracts (workflow_epoch) WHERE state IN ('SCHEDULED', 'ACTIVE', 'EXPIRY_GRACE', 'PAUSED');

CREATE TABLE contract_quotas (
  contract_id  uuid PRIMARY KEY REFERENCES contracts (id),
  total        integer NOT NULL,
  -- What requests have taken: generated licenses and those that unfinished jobs still owe.
  claimed      integer NOT NULL DEFAULT 0,
  CONSTRAINT quota_never_oversold CHECK (claimed BETWEEN 0 AND total)
);

-- The ledger behind `total`: every grant with its actor and reason, for example "Q2: 300".
CREATE TABLE quota_grants (
  id            uuid PRIMARY KEY DEFAULT uuidv7(),
  contract_id   uuid NOT NULL REFERENCES contracts (id),
  amount        integer NOT NULL,
  effective_at  timestamptz NOT NULL,
  reason        text NOT NULL,
  actor         jsonb NOT NULL,
  period_label  text
);
CREATE INDEX quota_grants_by_contract ON quota_grants (contract_id);

CREATE TABLE contract_holds (
  id           uuid PRIMARY KEY DEFAULT uuidv7(),
  contract_id  uuid NOT NULL REFERENCES contracts (id),
  source       text NOT NULL CONSTRAINT holds_source_known CHECK (source IN ('admin')),
  code         text NOT NULL,
  placed_at    timestamptz NOT NULL,
  resume_at    timestamptz,
  lifted_at    timestamptz,
  placed_by    text NOT NULL,
  note         text
);
CREATE UNIQUE INDEX holds_one_open_per_source ON contract_holds (contract_id, source) WHERE lifted_at IS NULL;
CREATE INDEX holds_by_contract ON contract_holds (contract_id);

CREATE TABLE contract_revisions (
  contract_id   uuid NOT NULL REFERENCES contracts (id),
  revision      integer NOT NULL,
  effective_at  timestamptz NOT NULL,
  actor         jsonb NOT NULL,
  action        text NOT NULL,
  snapshot      jsonb NOT NULL,
  PRIMARY KEY (contract_id, revision)
);

-- A command that was carried out, with its answer: Temporal's own memory of update ids ends at continue-as-new.
CREATE TABLE contract_commands (
  contract_id  uuid NOT NULL REFERENCES contracts (id),
  command_id   text NOT NULL,
  fingerprint  text NOT NULL,
  outcome      jsonb NOT NULL,
  at           timestamptz NOT NULL,
  PRIMARY KEY (contract_id, command_id)
);

-- Generation -------------------------------------------------------------------------------------------------------

-- What the licenses of many jobs share, pinned when the first of them is requested. Never changed afterwards.
CREATE TABLE license_terms (
  id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  contract_id         uuid NOT NULL REFERENCES contracts (id),
  contract_revision   integer NOT NULL,
  generator_id        uuid NOT NULL REFERENCES generators (id),
  generator_revision  integer NOT NULL,
  key_format          jsonb NOT NULL,
  features            jsonb NOT NULL,
  -- null is unlimited.
  activation_limit    integer,
  CONSTRAINT license_terms_once UNIQUE (contract_id, contract_revision, generator_id, generator_revision)
);
ALTER TABLE contracts ADD CONSTRAINT contracts_terms FOREIGN KEY (terms_id) REFERENCES license_terms (id);

-- One row per generation request, inline or background: the generation history.
CREATE TABLE generation_jobs (
  id                       uuid PRIMARY KEY DEFAULT uuidv7(),
  -- The upper bits of the ids of this job's licenses.
  serial                   bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT generation_jobs_serial_unique UNIQUE,
  contract_id              uuid NOT NULL REFERENCES contracts (id),
  environment              text NOT NULL,
  terms_id                 bigint NOT NULL REFERENCES license_terms (id),
  execution                text NOT NULL CONSTRAINT jobs_execution_known CHECK (execution IN ('inline', 'background')),
  is_test                  boolean NOT NULL DEFAULT false,
  requested                integer NOT NULL CONSTRAINT jobs_requested_bounded CHECK (requested BETWEEN 1 AND 10000000),
  chunk_size               integer NOT NULL CONSTRAINT jobs_chunk_size_positive CHECK (chunk_size > 0),
  state                    text NOT NULL CONSTRAINT jobs_state_known CHECK (state IN
                             ('QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING', 'SUCCEEDED', 'PARTIAL', 'FAILED', 'CANCELLED')),
  channel                  text NOT NULL CONSTRAINT jobs_channel_known CHECK (channel IN ('ui', 'api')),
  actor                    jsonb NOT NULL,
  -- When the licenses expire: one instant for the whole job; null: never.
  expires_at               timestamptz,
  errors                   jsonb NOT NULL DEFAULT '[]',
  created_at               timestamptz NOT NULL,
  started_at               timestamptz,
  finished_at              timestamptz,
  -- Idempotency of the request: the answer is rebuilt from this row while the key is kept (30 days).
  idempotency_key          text,
  idempotency_fingerprint  text,
  quota_remaining          integer NOT NULL,
  request_id               text,
  workflow_epoch           text,
  CONSTRAINT jobs_idempotency_unique UNIQUE (contract_id, idempotency_key)
);
CREATE INDEX generation_jobs_by_contract ON generation_jobs (contract_id, serial);
CREATE INDEX generation_jobs_unfinished ON generation_jobs (contract_id) WHERE state IN ('QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING');
CREATE INDEX generation_jobs_idempotent ON generation_jobs (created_at) WHERE idempotency_key IS NOT NULL;

-- A chunk exists or it does not: this marker is inserted with its licenses in one statement, so a repeat inserts nothing.
CREATE TABLE generation_chunks (
  job_id      uuid NOT NULL REFERENCES generation_jobs (id),
  chunk_no    integer NOT NULL,
  licenses    integer NOT NULL CONSTRAINT chunks_not_empty CHECK (licenses > 0),
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (job_id, chunk_no)
);

-- Issued licenses, insert-only and as narrow as can be; read them through the view `issued_licenses`.
--
-- id = serial of the job × 2²⁴ + ordinal. So "no two licenses with the same ordinal in a job" is the primary key itself,
-- a job's licenses are one range of it, and no row repeats what its job and terms say. Measured (bench -- rows): contract,
-- terms, job and ordinal in each row with three foreign keys are 3.6 times slower, a unique (job, ordinal) 1.4 times, a uuid
-- for an id 1.4 times, one more index 1.5 times. The key is compared by bytes, so its index also finds keys by their beginning.
CREATE TABLE licenses (
  id   bigint NOT NULL CONSTRAINT licenses_pkey PRIMARY KEY,
  -- By bytes, so that the unique index also finds keys by their beginning, and comparing them costs the least.
  key  text COLLATE "C" NOT NULL CONSTRAINT license_key_unique UNIQUE
);

CREATE VIEW issued_licenses AS
SELECT l.id, l.key, l.id & 16777215 AS ordinal, j.id AS job_id, j.serial AS job_serial, j.contract_id, j.environment, j.terms_id, j.is_test,
       j.channel, j.expires_at, k.created_at
FROM licenses l
JOIN generation_jobs j ON j.serial = l.id >> 24
JOIN generation_chunks k ON k.job_id = j.id AND k.chunk_no = ((l.id & 16777215) - 1) / j.chunk_size;

-- History ----------------------------------------------------------------------------------------------------------

CREATE TABLE audit_events (
  id            uuid PRIMARY KEY DEFAULT uuidv7(),
  -- The instant the act holds at: for a boundary its own, however late it was crossed.
  at            timestamptz NOT NULL,
  actor         jsonb NOT NULL,
  action        text NOT NULL,
  subject_type  text NOT NULL,
  subject_id    text NOT NULL,
  contract_id   uuid,
  environment   text,
  before        jsonb,
  after         jsonb,
  reason        text,
  request_id    text,
  revision      integer
);
CREATE INDEX audit_events_by_contract ON audit_events (contract_id, id);
CREATE INDEX audit_events_by_action ON audit_events (action, id);
CREATE INDEX audit_events_by_subject ON audit_events (subject_id, id);

CREATE TABLE domain_events (
  id           uuid PRIMARY KEY DEFAULT uuidv7(),
  at           timestamptz NOT NULL,
  type         text NOT NULL,
  contract_id  uuid,
  environment  text,
  data         jsonb NOT NULL
);
CREATE INDEX domain_events_by_contract ON domain_events (contract_id, id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER contract_revisions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON contract_revisions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Answers to requests that carried an Idempotency-Key, other than generation, which keeps its own.
CREATE TABLE idempotency_keys (
  -- API key and route.
  scope        text NOT NULL,
  key          text NOT NULL,
  fingerprint  text NOT NULL,
  status       integer,
  headers      jsonb,
  body         jsonb,
  created_at   timestamptz NOT NULL,
  PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_by_created ON idempotency_keys (created_at);
