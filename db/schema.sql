-- The current schema, written by hand for reading; `test/base/db.schema.test.ts` proves that the migrations give the same.
--
-- Conventions: ids are UUIDv7 unless a comment says otherwise; instants are timestamptz; calendar dates are date, in the
-- contract's own zone. Invariants are named constraints. No trigger decides anything: `domain/` does.

-- Texts -------------------------------------------------------------------------------------------------------------

-- A text in normal form C of Unicode: é as one character and as e with a combining mark become the same. Most texts are in
-- this form already, and to see that is faster than to normalize (100,000 names: ASCII 0.1 s, others 0.4 s, all 1.4 s).
CREATE FUNCTION nfc(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length($1) = length($1) OR $1 IS NFC NORMALIZED THEN $1 ELSE normalize($1, NFC) END;

-- The key by which names are sorted and searched, whatever the case of their letters. Case folding makes σ of both Σ and ς,
-- where lower case differs by position and by locale; `pg_unicode_fast` is the same on every system. İ folds to an i with a
-- second dot, which is dropped. Folding takes some letters apart (ΰ becomes υ with two marks) and leaves others whole, so what
-- it gives is brought into normal form again.
CREATE FUNCTION folded(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN nfc(replace(casefold(nfc($1) COLLATE pg_unicode_fast), U&'i\0307', 'i'));

-- What indexes of trigrams are made of, for searches by a part of a text. pg_trgm sees only letters and digits, and under the
-- locale C only those of ASCII. The escapes of other bytes are digits, so every letter counts, whatever the locale. `convert_to`
-- is not immutable in general; from UTF8, which the database is in, to UTF8 it is.
CREATE EXTENSION pg_trgm;
CREATE FUNCTION searchable(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN encode(convert_to(folded($1), 'UTF8'), 'escape');

-- People -----------------------------------------------------------------------------------------------------------

CREATE TABLE admins (
  id          uuid PRIMARY KEY DEFAULT uuidv7(),
  email       text NOT NULL,
  name        text NOT NULL,
  role        text NOT NULL CONSTRAINT admins_role_known CHECK (role IN ('super_admin', 'admin', 'operator', 'viewer')),
  status      text NOT NULL DEFAULT 'active' CONSTRAINT admins_status_known CHECK (status IN ('active', 'disabled')),
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL,
  -- When the person was forgotten; from then on the row does not change.
  erased_at   timestamptz
);
CREATE UNIQUE INDEX admins_email_unique ON admins (lower(email));
CREATE INDEX admins_by_created ON admins (created_at, id);
CREATE INDEX admins_by_role ON admins (role, created_at, id);
CREATE INDEX admins_by_status ON admins (status, created_at, id);
CREATE INDEX admins_by_substring ON admins USING gin (searchable(email) gin_trgm_ops, searchable(name) gin_trgm_ops);

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
CREATE INDEX admin_api_keys_of_admin ON admin_api_keys (admin_id, id);

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
CREATE INDEX products_by_created ON products (environment, created_at, id);
CREATE INDEX products_by_status ON products (environment, status, created_at, id);
CREATE INDEX products_by_substring ON products USING gin (searchable(name) gin_trgm_ops, searchable(code) gin_trgm_ops);

CREATE TABLE generators (
  id                uuid PRIMARY KEY DEFAULT uuidv7(),
  product_id        uuid NOT NULL,
  environment       text NOT NULL,
  name              text NOT NULL,
  format            jsonb NOT NULL,
  features          jsonb NOT NULL DEFAULT '{}',
  activation_limit  integer CONSTRAINT generators_activation_limit_positive CHECK (activation_limit >= 1),
  status            text NOT NULL CONSTRAINT generators_status_known CHECK (status IN ('active', 'inactive')),
  -- Counts changes of what new licenses get; license_terms made from an older one are made anew.
  revision          integer NOT NULL DEFAULT 1,
  created_at        timestamptz NOT NULL,
  updated_at        timestamptz NOT NULL,
  deleted_at        timestamptz,
  CONSTRAINT generators_product FOREIGN KEY (product_id, environment) REFERENCES products (id, environment),
  CONSTRAINT generators_id_product UNIQUE (id, product_id)
);
CREATE INDEX generators_by_product ON generators (product_id);
CREATE INDEX generators_by_created ON generators (environment, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX generators_by_status ON generators (environment, status, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX generators_by_substring ON generators USING gin (searchable(name) gin_trgm_ops);

CREATE TABLE customers (
  id               uuid PRIMARY KEY DEFAULT uuidv7(),
  email            text NOT NULL,
  name             text NOT NULL,
  billing_contact  text,
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL,
  -- When the person was forgotten; from then on the row does not change, and no contract is for them.
  erased_at        timestamptz
);
CREATE UNIQUE INDEX customers_email_unique ON customers (lower(email));
CREATE INDEX customers_by_created ON customers (created_at, id);
CREATE INDEX customers_by_substring ON customers USING gin (searchable(email) gin_trgm_ops, searchable(name) gin_trgm_ops);

-- Time made up, outside production: contracts on a clock live by its `now` (domain.md 1.8.12).
CREATE TABLE test_clocks (
  id            uuid PRIMARY KEY DEFAULT uuidv7(),
  name          text NOT NULL,
  now           timestamptz NOT NULL,
  status        text NOT NULL CONSTRAINT test_clocks_status_known CHECK (status IN ('ready', 'advancing', 'failed')),
  advancing_to  timestamptz,
  error         text,
  created_at    timestamptz NOT NULL,
  created_by    text NOT NULL,
  CONSTRAINT test_clocks_forward_only CHECK (advancing_to >= now)
);

-- Contracts --------------------------------------------------------------------------------------------------------

-- Written by `transactions/contract/` alone. `state`, `may_generate` and `next_boundary_*` are copies of
-- what domain/contract/contract.ts derives, for statements that must judge in SQL.
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
  terminated_at       timestamptz,
  termination_code    text CONSTRAINT contracts_termination_code_known CHECK (termination_code IN ('ADMIN', 'BILLING')),
  termination_reason  text,
  -- The day from which ends of terms are counted, and the number of the term that ended there.
  anchor_date         date,
  anchor_term         integer NOT NULL DEFAULT 0,
  term_start_date     date,
  grace_allows_generation  boolean NOT NULL DEFAULT false,
  renewal             jsonb NOT NULL DEFAULT '{"mode": "manual", "term": null, "notice_days": 30, "opt_out_at": null, "opt_out_term": null, "quota_effect": null, "max_renewals": null, "coterm_with": null, "late_renewal_days": 90}',
  -- Why the current term was not renewed when it should have been.
  renewal_blocked     text,
  renewed_by_hand_at  timestamptz,
  cotermed_with       uuid,
  dunning             jsonb NOT NULL DEFAULT '{"past_due_days": 1, "suspend_days": 14, "terminate_days": 60}',
  dunning_exempt      boolean NOT NULL DEFAULT false,
  past_due_since      timestamptz,
  billing_unreachable_since  timestamptz,
  verify_after        timestamptz,
  -- A copy for the sweep: when the billing system is to be asked whether what is due is to be done; null: nothing is due.
  verify_at           timestamptz,
  -- A copy for lists and metrics: what asks for a person's attention.
  warnings            text[] NOT NULL DEFAULT '{}',
  test_clock_id       uuid CONSTRAINT contracts_test_clock REFERENCES test_clocks (id),
  -- By which rules of time zones (tzdb, such as 2026c) `next_boundary_*` was computed; null: by a version that did not say.
  time_zone_rules     text COLLATE "C",
  -- The local day that the contract had reached at `settled_until`, by the rules of that time (domain/contract/time-zone-rules.ts).
  settled_on          date,
  CONSTRAINT contracts_test_clock_outside_production CHECK (test_clock_id IS NULL OR environment <> 'production'),
  CONSTRAINT contracts_termination_has_code CHECK ((terminated_at IS NULL) = (termination_code IS NULL)),
  CONSTRAINT contracts_dates_ordered CHECK (start_date < end_date),
  CONSTRAINT contracts_active_has_start CHECK (activated_at IS NULL OR start_date IS NOT NULL),
  CONSTRAINT contracts_product FOREIGN KEY (product_id, environment) REFERENCES products (id, environment),
  CONSTRAINT contracts_generator FOREIGN KEY (generator_id, product_id) REFERENCES generators (id, product_id)
);
-- Each sort of the list has its index with the id as tie-break, so that a page is a range scan.
CREATE INDEX contracts_by_created ON contracts (environment, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX contracts_by_name ON contracts (environment, folded(name), id) WHERE deleted_at IS NULL;
CREATE INDEX contracts_by_type ON contracts (environment, type, id) WHERE deleted_at IS NULL;
CREATE INDEX contracts_by_state ON contracts (environment, state, id) WHERE deleted_at IS NULL;
CREATE INDEX contracts_by_product ON contracts (product_id);
CREATE INDEX contracts_by_generator ON contracts (generator_id);
CREATE INDEX contracts_by_customer ON contracts (customer_id);
CREATE INDEX contracts_by_substring ON contracts USING gin (searchable(name) gin_trgm_ops);
-- The source of a license names its contract, deleted or not.
CREATE INDEX contracts_by_exact_name ON contracts (nfc(name));
-- What the sweep looks for: due boundaries, and open contracts whose workflow lives on another Temporal server.
CREATE INDEX contracts_by_next_boundary ON contracts (next_boundary_at) WHERE next_boundary_at IS NOT NULL;
CREATE INDEX contracts_open ON contracts (workflow_epoch)
  WHERE state IN ('SCHEDULED', 'ACTIVE', 'PAST_DUE', 'EXPIRY_GRACE', 'PAUSED', 'SUSPENDED');
-- Open contracts whose next boundary was computed by older rules of time zones.
CREATE INDEX contracts_by_time_zone_rules ON contracts (time_zone_rules)
  WHERE state IN ('SCHEDULED', 'ACTIVE', 'PAST_DUE', 'EXPIRY_GRACE', 'PAUSED', 'SUSPENDED');
CREATE INDEX contracts_to_verify ON contracts (verify_at) WHERE verify_at IS NOT NULL;
CREATE INDEX contracts_with_warnings ON contracts USING gin (warnings) WHERE warnings <> '{}';
CREATE INDEX contracts_by_test_clock ON contracts (test_clock_id) WHERE test_clock_id IS NOT NULL;

-- The row that every grant of licenses locks. All that a grant is judged by stands here; db/contract/quota.ts writes it.
CREATE TABLE contract_quotas (
  contract_id         uuid PRIMARY KEY REFERENCES contracts (id),
  total               integer NOT NULL,
  -- What requests have taken: generated licenses and those that unfinished jobs still owe.
  claimed             integer NOT NULL DEFAULT 0,
  -- The license terms that a request must name to be granted; null: nothing is granted until the contract was settled again.
  grantable_terms_id  bigint,
  -- The next boundary of the contract: from this instant on nothing is granted until it is crossed. Null with the terms.
  open_until          timestamptz,
  -- The sequence number of the contract's last domain event.
  event_sequence      bigint NOT NULL DEFAULT 0,
  CONSTRAINT quota_never_oversold CHECK (claimed BETWEEN 0 AND total),
  CONSTRAINT quotas_open_with_terms CHECK ((grantable_terms_id IS NULL) = (open_until IS NULL))
);

-- The ledger behind `total`: every grant with who and why, so that "Q2: 300" can be told.
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
  source       text NOT NULL CONSTRAINT holds_source_known CHECK (source IN ('admin', 'billing', 'compliance')),
  code         text NOT NULL,
  placed_at    timestamptz NOT NULL,
  resume_at    timestamptz,
  lifted_at    timestamptz,
  placed_by    text NOT NULL,
  note         text
);
CREATE UNIQUE INDEX holds_one_open_per_source ON contract_holds (contract_id, source) WHERE lifted_at IS NULL;
CREATE INDEX holds_by_contract ON contract_holds (contract_id);

-- Each term after the first, once.
CREATE TABLE contract_renewals (
  contract_id  uuid NOT NULL REFERENCES contracts (id),
  term_number  integer NOT NULL,
  at           timestamptz NOT NULL,
  mode         text NOT NULL CONSTRAINT renewals_mode_known CHECK (mode IN ('auto', 'manual')),
  basis        text NOT NULL CONSTRAINT renewals_basis_known CHECK (basis IN ('from_expiry', 'from_now')),
  start_date   date NOT NULL,
  end_date     date NOT NULL,
  gap_days     integer NOT NULL,
  quota_added  integer NOT NULL,
  reference    text,
  PRIMARY KEY (contract_id, term_number),
  CONSTRAINT renewals_dates_ordered CHECK (start_date < end_date)
);

-- Changes that hold from a day on (domain.md 1.7).
CREATE TABLE contract_amendments (
  id              uuid PRIMARY KEY,
  contract_id     uuid NOT NULL REFERENCES contracts (id),
  effective_date  date NOT NULL,
  changes         jsonb NOT NULL,
  note            text,
  status          text NOT NULL CONSTRAINT amendments_status_known CHECK (status IN ('pending', 'applied', 'failed', 'cancelled')),
  failure         jsonb,
  created_at      timestamptz NOT NULL,
  created_by      text NOT NULL,
  decided_at      timestamptz,
  CONSTRAINT amendments_decided_has_time CHECK ((status = 'pending') = (decided_at IS NULL))
);
CREATE INDEX amendments_by_contract ON contract_amendments (contract_id, id);
CREATE INDEX amendments_pending ON contract_amendments (contract_id) WHERE status = 'pending';

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
  at           timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (contract_id, command_id)
);
CREATE INDEX contract_commands_by_at ON contract_commands (at);

-- Billing ----------------------------------------------------------------------------------------------------------

-- What is known of each invoice: the greatest of all observations of it (domain/billing/invoice.ts). No prices.
CREATE TABLE invoice_facts (
  contract_id  uuid NOT NULL REFERENCES contracts (id),
  source       text NOT NULL,
  invoice_id   text NOT NULL,
  status       text NOT NULL CONSTRAINT invoices_status_known CHECK (status IN ('OPEN', 'FAILED', 'PAID', 'VOID', 'WRITTEN_OFF', 'DISPUTED')),
  due_date     date NOT NULL,
  disputed_on  date,
  occurred_at  timestamptz NOT NULL,
  version      bigint,
  fetched_at   timestamptz,
  -- Orders observations of one invoice; the greatest is the one that stands (domain/billing/invoice.ts).
  rank         integer NOT NULL,
  PRIMARY KEY (contract_id, source, invoice_id),
  CONSTRAINT invoices_dispute_has_date CHECK ((status = 'DISPUTED') = (disputed_on IS NOT NULL))
);
CREATE INDEX invoice_facts_by_invoice ON invoice_facts (invoice_id);

-- Every message of a billing system, kept before anything is done about it; ids are the senders' own (domain.md 1.5).
CREATE TABLE billing_inbox (
  id            uuid PRIMARY KEY DEFAULT uuidv7(),
  source        text NOT NULL,
  event_id      text NOT NULL,
  type          text NOT NULL,
  -- As the source names it: it may be no contract of ours, or none yet.
  contract_id   uuid,
  invoice_id    text,
  observation   jsonb NOT NULL,
  raw           text NOT NULL,
  occurred_at   timestamptz NOT NULL,
  received_at   timestamptz NOT NULL,
  -- When the billing system reported the event, by the contract's clock; the contract is settled up to here before it is applied.
  reported_at   timestamptz NOT NULL,
  future_dated  boolean NOT NULL,
  outcome       text NOT NULL CONSTRAINT billing_outcome_known CHECK (outcome IN ('PENDING', 'APPLIED', 'IGNORED', 'PARKED')),
  reason        text,
  -- When a pending or parked event is to be tried again.
  try_at        timestamptz NOT NULL,
  tries         integer NOT NULL DEFAULT 0,
  decided_at    timestamptz,
  request_id    text,
  CONSTRAINT billing_event_unique UNIQUE (source, event_id),
  CONSTRAINT billing_pending_has_invoice CHECK (outcome <> 'PENDING' OR (contract_id IS NOT NULL AND invoice_id IS NOT NULL))
);
CREATE INDEX billing_inbox_undecided ON billing_inbox (try_at) WHERE outcome IN ('PENDING', 'PARKED');
CREATE INDEX billing_inbox_pending ON billing_inbox (contract_id, occurred_at) WHERE outcome = 'PENDING';
CREATE INDEX billing_inbox_by_contract ON billing_inbox (contract_id, id);
CREATE INDEX billing_inbox_by_outcome ON billing_inbox (outcome, id);
CREATE INDEX billing_inbox_by_source ON billing_inbox (source, id);

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
  CONSTRAINT license_terms_unique UNIQUE (contract_id, contract_revision, generator_id, generator_revision)
);
ALTER TABLE contracts ADD CONSTRAINT contracts_terms FOREIGN KEY (terms_id) REFERENCES license_terms (id);
ALTER TABLE contract_quotas ADD CONSTRAINT quotas_grantable_terms FOREIGN KEY (grantable_terms_id) REFERENCES license_terms (id);

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
  -- When the request came, by the time of Postgres: retention counts from here. The other instants are of the contract's clock.
  requested_at             timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT jobs_idempotency_unique UNIQUE (contract_id, idempotency_key)
);
CREATE INDEX generation_jobs_by_contract ON generation_jobs (contract_id, serial);
CREATE INDEX generation_jobs_by_environment ON generation_jobs (environment, serial);
-- Inline requests succeed at once, so they write none of these; a list of what succeeded finds it in any order.
CREATE INDEX generation_jobs_by_state ON generation_jobs (environment, state, serial) WHERE state <> 'SUCCEEDED';
CREATE INDEX generation_jobs_by_contract_state ON generation_jobs (contract_id, state, serial) WHERE state <> 'SUCCEEDED';
CREATE INDEX generation_jobs_of_tests ON generation_jobs (environment, serial) WHERE is_test;
CREATE INDEX generation_jobs_unfinished ON generation_jobs (contract_id) WHERE state IN ('QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING');
CREATE INDEX generation_jobs_by_idempotency_age ON generation_jobs (requested_at) WHERE idempotency_key IS NOT NULL;

-- A chunk exists or it does not: this marker is inserted with its licenses in one statement, so a repeat inserts nothing.
CREATE TABLE generation_chunks (
  job_id      uuid NOT NULL REFERENCES generation_jobs (id),
  chunk_no    integer NOT NULL,
  licenses    integer NOT NULL CONSTRAINT chunks_not_empty CHECK (licenses > 0),
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (job_id, chunk_no)
);

-- The advisory lock of a contract's generation: chunks in flight share it, a change that closes the contract takes it alone.
CREATE FUNCTION generation_lock(contract_id uuid) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashtextextended(contract_id::text, 0);

-- Lets a chunk of a job begin, and says whether its contract generates; no row when the job does not run. A function, because the
-- statement that judges must begin after the lock was granted, and one call costs one round trip.
CREATE FUNCTION admit_chunk(job_id uuid)
RETURNS TABLE (job_serial bigint, open boolean, next_boundary_at timestamptz) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(generation_lock(g.contract_id)) FROM generation_jobs g WHERE g.id = job_id;
  -- A statement of its own: it sees what was committed while the lock was awaited.
  RETURN QUERY
    SELECT g.serial, c.may_generate, coalesce(c.next_boundary_at, 'infinity') FROM generation_jobs g JOIN contracts c ON c.id = g.contract_id
    WHERE g.id = job_id AND g.state = 'RUNNING' FOR KEY SHARE OF g;
END
$$;

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
  -- {type, id} with the ids of name and address of a person, or with the name of a process.
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
  revision      integer,
  -- Whose time it is: the world's, or that of a test clock.
  clock         text NOT NULL DEFAULT 'real' CONSTRAINT audit_events_clock_known CHECK (clock IN ('real', 'test'))
);
CREATE INDEX audit_events_by_contract ON audit_events (contract_id, id);
CREATE INDEX audit_events_by_action ON audit_events (action, id);
CREATE INDEX audit_events_by_subject ON audit_events (subject_id, id);
CREATE INDEX audit_events_by_environment ON audit_events (environment, id);
CREATE INDEX audit_events_by_actor ON audit_events ((actor->>'id'), id);
CREATE INDEX audit_events_by_name_id ON audit_events (((actor ->> 'name_id')::bigint), id) WHERE actor ? 'name_id';
-- Processes, as actors, keep their names in the row.
CREATE INDEX audit_events_by_process_name ON audit_events (nfc(actor ->> 'name'), id) WHERE actor ? 'name';
-- Ids are in the order in which rows are written, which finds an act by its time, but for those of another time: late ones, and
-- those of test clocks.
CREATE INDEX audit_events_at_other_time ON audit_events (id)
  WHERE at - uuid_extract_timestamp(id) NOT BETWEEN interval '-1 minute' AND interval '1 minute';
-- Requests for licenses write rows of jobs, and none of these.
CREATE INDEX audit_events_by_subject_type ON audit_events (subject_type, id) WHERE subject_type <> 'job';
CREATE INDEX audit_events_of_contract_by_at ON audit_events (contract_id, at, id) WHERE subject_type = 'contract';

CREATE TABLE domain_events (
  id           uuid PRIMARY KEY DEFAULT uuidv7(),
  at           timestamptz NOT NULL,
  type         text NOT NULL,
  contract_id  uuid,
  environment  text,
  data         jsonb NOT NULL,
  -- Counts the events of a contract, in the order of its changes (contract_quotas.event_sequence).
  sequence     bigint
);
CREATE INDEX domain_events_by_contract ON domain_events (contract_id, id);
CREATE UNIQUE INDEX domain_events_sequence ON domain_events (contract_id, sequence);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER contract_revisions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON contract_revisions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- People in the history -------------------------------------------------------------------------------------------

-- Rows of the history hold ids of people. What names a person stands here, where it can be erased
-- (transactions/access/erase-person.ts), and is put back when the history is read: `shown_actor`, db/system/history.ts.

-- One row for each name under which a person acted: an act shows the name of its time. An actor refers to it as `name_id`.
CREATE TABLE audit_people (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id  text NOT NULL,
  -- A name that the person had when they acted; null: erased.
  name       text,
  erased_at  timestamptz,
  CONSTRAINT audit_people_unique UNIQUE (person_id, name),
  CONSTRAINT audit_people_erased_have_no_name CHECK ((name IS NULL) = (erased_at IS NOT NULL))
);
CREATE INDEX audit_people_by_name ON audit_people (nfc(name));

-- One row for each address from which a person acted. An actor refers to it as `origin_id`.
CREATE TABLE audit_origins (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id  text NOT NULL,
  -- The network address from which the person acted.
  address    text NOT NULL,
  CONSTRAINT audit_origins_unique UNIQUE (person_id, address)
);

-- What audit rows say about the admin or the customer that they change: the fields `person_fields` of their `before` and `after`.
CREATE TABLE audit_person_facts (
  event_id   uuid PRIMARY KEY,
  -- The admin or customer that the act changed.
  person_id  text NOT NULL,
  before     jsonb,
  after      jsonb
);
CREATE INDEX audit_person_facts_by_person ON audit_person_facts (person_id);

-- The fields of an admin, an API key and a customer that name a person.
CREATE FUNCTION person_fields() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY['name', 'email', 'billing_contact', 'label'];

CREATE FUNCTION names_person(actor jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN actor ->> 'type' = 'user' AND actor ?| ARRAY['name', 'ip'];

CREATE FUNCTION has_person_fields(subject_type text, before jsonb, after jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN subject_type IN ('admin', 'customer') AND (before ?| person_fields() OR after ?| person_fields());

-- The id of a name of a person, and of an address; the first time, it is stored. A person who was erased stays erased. The lock
-- keeps the erasure out, and waits for it (db/access/person.ts).
CREATE FUNCTION audit_name_id(person text, given text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  known bigint;
BEGIN
  FOR attempt IN 1..2 LOOP
    SELECT id INTO known FROM audit_people WHERE person_id = person AND (name = given OR name IS NULL) ORDER BY name NULLS FIRST LIMIT 1;
    IF FOUND THEN
      RETURN known;
    END IF;
    IF attempt = 1 THEN
      PERFORM pg_advisory_xact_lock(hashtextextended('audit_people ' || person, 0));
    END IF;
  END LOOP;
  INSERT INTO audit_people (person_id, name) VALUES (person, given) RETURNING id INTO known;
  RETURN known;
END
$$;

CREATE FUNCTION audit_origin_id(person text, given text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  known bigint;
BEGIN
  FOR attempt IN 1..2 LOOP
    SELECT id INTO known FROM audit_origins WHERE person_id = person AND address = given;
    IF FOUND THEN
      RETURN known;
    END IF;
    IF EXISTS (SELECT FROM audit_people WHERE person_id = person AND name IS NULL) THEN
      RETURN NULL;
    END IF;
    IF attempt = 1 THEN
      PERFORM pg_advisory_xact_lock(hashtextextended('audit_people ' || person, 0));
    END IF;
  END LOOP;
  INSERT INTO audit_origins (person_id, address) VALUES (person, given) RETURNING id INTO known;
  RETURN known;
END
$$;

-- An actor without name and address, which are stored beside it; and the actor with both, as the interface shows it.
CREATE FUNCTION actor_by_reference(actor jsonb) RETURNS jsonb LANGUAGE sql
RETURN actor - 'name' - 'ip' || jsonb_strip_nulls(jsonb_build_object(
  'name_id', CASE WHEN actor ? 'name' THEN audit_name_id(actor ->> 'id', actor ->> 'name') END,
  'origin_id', CASE WHEN actor ? 'ip' THEN audit_origin_id(actor ->> 'id', actor ->> 'ip') END));

CREATE FUNCTION shown_actor(actor jsonb) RETURNS jsonb LANGUAGE sql STABLE
RETURN CASE WHEN actor ?| ARRAY['name_id', 'origin_id'] THEN actor - 'name_id' - 'origin_id' || jsonb_strip_nulls(jsonb_build_object(
  'name', (SELECT coalesce(p.name, 'Erased') FROM audit_people p WHERE p.id = (actor ->> 'name_id')::bigint),
  'ip', (SELECT o.address FROM audit_origins o WHERE o.id = (actor ->> 'origin_id')::bigint))) ELSE actor END;

-- Whoever inserts a row with a name in it: the version before does, and so do writers that do not know the ids.
CREATE FUNCTION move_actor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF names_person(NEW.actor) THEN
    NEW.actor := actor_by_reference(NEW.actor);
  END IF;
  RETURN NEW;
END
$$;

CREATE FUNCTION move_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF names_person(NEW.actor) THEN
    NEW.actor := actor_by_reference(NEW.actor);
  END IF;
  IF has_person_fields(NEW.subject_type, NEW.before, NEW.after) THEN
    INSERT INTO audit_person_facts (event_id, person_id, before, after)
    SELECT NEW.id, NEW.subject_id, (SELECT jsonb_object_agg(key, value) FROM jsonb_each(NEW.before) WHERE key = ANY (person_fields())),
           (SELECT jsonb_object_agg(key, value) FROM jsonb_each(NEW.after) WHERE key = ANY (person_fields()));
    NEW.before := NEW.before - person_fields();
    NEW.after := NEW.after - person_fields();
  END IF;
  RETURN NEW;
END
$$;

-- The functions decide, and not conditions of the triggers: each statement plans a condition again.
CREATE TRIGGER audit_events_people BEFORE INSERT OR UPDATE ON audit_events FOR EACH ROW EXECUTE FUNCTION move_people();
CREATE TRIGGER contract_revisions_people BEFORE INSERT OR UPDATE ON contract_revisions FOR EACH ROW EXECUTE FUNCTION move_actor();
CREATE TRIGGER generation_jobs_people BEFORE INSERT OR UPDATE OF actor ON generation_jobs FOR EACH ROW EXECUTE FUNCTION move_actor();
CREATE TRIGGER quota_grants_people BEFORE INSERT OR UPDATE OF actor ON quota_grants FOR EACH ROW EXECUTE FUNCTION move_actor();

-- Refused requests for licenses: one row for each contract, minute and code, however many there were.
CREATE TABLE refused_attempts (
  contract_id      uuid NOT NULL REFERENCES contracts (id),
  minute           timestamptz NOT NULL,
  code             text NOT NULL,
  attempts         integer NOT NULL,
  -- How many licenses they asked for in all.
  licenses         bigint NOT NULL,
  last_actor_id    text NOT NULL,
  last_request_id  text,
  PRIMARY KEY (contract_id, minute, code)
);
CREATE INDEX refused_attempts_by_minute ON refused_attempts (minute);

-- Answers to requests that carried an Idempotency-Key, other than generation, which keeps its own.
CREATE TABLE idempotency_keys (
  -- API key and route.
  scope        text NOT NULL,
  key          text NOT NULL,
  fingerprint  text NOT NULL,
  status       integer,
  headers      jsonb,
  body         jsonb,
  created_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_by_created ON idempotency_keys (created_at);

-- What the sweep woke and found due again (db/system/sweep-attempt.ts); a row whose trouble has ended is removed.
CREATE TABLE sweep_attempts (
  -- What is due, one of `SWEEP_KINDS`.
  kind         text NOT NULL CONSTRAINT sweep_attempts_kind_known CHECK (kind IN
                 ('boundary', 'verification', 'behind_test_clock', 'billing_events', 'contract_workflow', 'time_zone_rules',
                  'silent_job', 'paused_job', 'job_workflow', 'test_clock')),
  -- The contract, job or test clock.
  subject_id   uuid NOT NULL,
  -- The Temporal server on which it was tried; on another one it is tried at once.
  epoch        text NOT NULL,
  attempts     integer NOT NULL CONSTRAINT sweep_attempts_positive CHECK (attempts > 0),
  first_at     timestamptz NOT NULL,
  next_try_at  timestamptz NOT NULL,
  PRIMARY KEY (kind, subject_id)
);
