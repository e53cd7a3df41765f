-- The current schema, written by hand for readers. `test/base/db.schema.test.ts` checks that the migrations produce the same schema.
--
-- Conventions: ids are UUIDv7 unless a comment says otherwise. Instants are timestamptz. Calendar dates are date, in the contract's time
-- zone. Invariants are named constraints. Business rules are in `domain/`, not in triggers.

-- Texts -------------------------------------------------------------------------------------------------------------

-- A text in Unicode normalization form C: é as one character and é as e with a combining mark become equal. Most texts have this form
-- already, and the check is faster than normalizing (100,000 names: ASCII 0.1 s, others 0.4 s, normalizing all 1.4 s).
CREATE FUNCTION nfc(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length($1) = length($1) OR $1 IS NFC NORMALIZED THEN $1 ELSE normalize($1, NFC) END;

-- The key by which names are sorted and searched without regard to letter case. Case folding maps both Σ and ς to σ, while lower case
-- depends on position and locale; `pg_unicode_fast` is the same on every system. İ folds to i and a combining dot, which is dropped.
-- Folding decomposes some letters (ΰ becomes υ with two marks) and not others, so its result is normalized again.
CREATE FUNCTION folded(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN nfc(replace(casefold(nfc($1) COLLATE pg_unicode_fast), U&'i\0307', 'i'));

-- The text of trigram indexes, for searches by a part of a text. pg_trgm uses only letters and digits, and in the locale C only ASCII
-- ones. Bytes of other characters are escaped as digits, so every letter counts in every locale. `convert_to` is not immutable in
-- general, but from UTF8, the encoding of the database, to UTF8 it is.
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
  -- When the person was erased. Afterwards the row does not change.
  erased_at   timestamptz
);
CREATE UNIQUE INDEX admins_email_unique ON admins (lower(email));
CREATE INDEX admins_by_created ON admins (created_at, id);
CREATE INDEX admins_by_role ON admins (role, created_at, id);
CREATE INDEX admins_by_status ON admins (status, created_at, id);
CREATE INDEX admins_by_substring ON admins USING gin (searchable(email) gin_trgm_ops, searchable(name) gin_trgm_ops);

-- Of a secret only its HMAC with a pepper is stored. The key id is the public part of an API key, by which its row is found.
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

-- A session of an admin in a browser. Of its token only an HMAC with a pepper is stored. Its time-outs are settings, so they are not columns.
CREATE TABLE sessions (
  id            uuid PRIMARY KEY DEFAULT uuidv7(),
  admin_id      uuid NOT NULL REFERENCES admins (id),
  token_hmac    bytea NOT NULL CONSTRAINT sessions_token_unique UNIQUE,
  method        text NOT NULL CONSTRAINT sessions_method_known CHECK (method IN ('password', 'api_key', 'link', 'oidc')),
  -- The key by which the admin signed in: when it is revoked, the session ends.
  api_key_id    uuid REFERENCES admin_api_keys (id),
  created_at    timestamptz NOT NULL,
  -- To the minute.
  last_used_at  timestamptz NOT NULL,
  -- When the admin last proved who they are.
  confirmed_at  timestamptz NOT NULL,
  ended_at      timestamptz,
  address       text,
  user_agent    text
);
CREATE INDEX sessions_of_admin ON sessions (admin_id, id);
CREATE INDEX sessions_by_created ON sessions (created_at);

CREATE TABLE admin_passwords (
  admin_id  uuid PRIMARY KEY REFERENCES admins (id),
  -- Argon2id in the PHC format.
  hash      text NOT NULL,
  set_at    timestamptz NOT NULL
);

-- Links that an admin can use once: to sign in, or to set a password.
CREATE TABLE admin_links (
  id          uuid PRIMARY KEY DEFAULT uuidv7(),
  admin_id    uuid NOT NULL REFERENCES admins (id),
  purpose     text NOT NULL CONSTRAINT admin_links_purpose_known CHECK (purpose IN ('sign_in', 'invitation')),
  token_hmac  bytea NOT NULL CONSTRAINT admin_links_token_unique UNIQUE,
  created_at  timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL,
  used_at     timestamptz
);
CREATE INDEX admin_links_of_admin ON admin_links (admin_id);
CREATE INDEX admin_links_by_expires ON admin_links (expires_at);

-- The account with which an admin signs in at an identity provider. The provider never gives a subject to another person.
CREATE TABLE admin_provider_accounts (
  issuer     text NOT NULL,
  subject    text NOT NULL,
  admin_id   uuid NOT NULL REFERENCES admins (id),
  linked_at  timestamptz NOT NULL,
  PRIMARY KEY (issuer, subject),
  CONSTRAINT admin_provider_accounts_one_for_each_issuer UNIQUE (admin_id, issuer)
);

-- Attempts to sign in at the identity provider that are finished, so that none is finished twice. Others are only in a cookie.
CREATE TABLE finished_oidc_attempts (
  state_hmac   bytea PRIMARY KEY,
  finished_at  timestamptz NOT NULL
);
CREATE INDEX finished_oidc_attempts_by_finished ON finished_oidc_attempts (finished_at);

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
  -- The target of composite foreign keys, so that no row refers to a row of another environment.
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
  -- Counts changes of what new licenses get. License terms of an older revision are replaced by new ones.
  revision          integer NOT NULL DEFAULT 1,
  created_at        timestamptz NOT NULL,
  updated_at        timestamptz NOT NULL,
  deleted_at        timestamptz,
  -- Whether its licenses are shown by their keys or by their certificates.
  kind              text NOT NULL DEFAULT 'plain' CONSTRAINT generators_kind_known CHECK (kind IN ('plain', 'signed')),
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
  account_manager  text,
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL,
  -- When the customer was erased. Afterwards the row does not change, and no new contract refers to it.
  erased_at        timestamptz,
  -- The customer into whom this one was merged, never one who was merged too. The address still finds that customer.
  merged_into      uuid REFERENCES customers (id) CONSTRAINT customers_not_merged_into_itself CHECK (merged_into <> id),
  -- What rows refer to. A merged customer has none, so Postgres refuses a merge while anything refers to the customer, and every reference
  -- that would come later.
  reference_id     uuid GENERATED ALWAYS AS (CASE WHEN merged_into IS NULL THEN id END) STORED CONSTRAINT customers_reference UNIQUE,
  -- The address that hears of limits that are exceeded, a person or a group.
  responsible_person  text,
  -- The language of mail to the customer; null: that of the installation.
  language         text CONSTRAINT customers_language_known CHECK (language IN ('en', 'de'))
);
CREATE UNIQUE INDEX customers_email_unique ON customers (lower(email));
CREATE INDEX customers_by_created ON customers (created_at, id);
CREATE INDEX customers_by_survivor ON customers (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX customers_by_account_manager ON customers (lower(account_manager), created_at, id) WHERE account_manager IS NOT NULL;
CREATE INDEX customers_by_substring ON customers USING gin (searchable(email) gin_trgm_ops, searchable(name) gin_trgm_ops);

-- Simulated time, outside production only: contracts on a clock use its `now` instead of the real time (domain.md 1.8.12).
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

-- Only `transactions/contract/` writes this table. `state`, `may_generate` and `next_boundary_*` are copies of values that
-- domain/contract/contract.ts derives, for conditions in SQL.
CREATE TABLE contracts (
  id                  uuid PRIMARY KEY,
  environment         text NOT NULL,
  name                text NOT NULL,
  type                text NOT NULL CONSTRAINT contracts_type_known CHECK (type IN ('standard', 'reseller', 'enterprise', 'pool')),
  product_id          uuid NOT NULL,
  generator_id        uuid NOT NULL,
  customer_id         uuid REFERENCES customers (reference_id),
  feature_overrides   jsonb NOT NULL,
  -- A number, "unlimited", or null for the limit of the generator.
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
  -- The license terms of new licenses; null until the first are stored.
  terms_id            bigint,
  -- The epoch of the Temporal server on which the workflow was last started (temporal/setup.ts); null: never started.
  workflow_epoch      text,
  created_at          timestamptz NOT NULL,
  created_by          text NOT NULL,
  updated_at          timestamptz NOT NULL,
  terminated_at       timestamptz,
  termination_code    text CONSTRAINT contracts_termination_code_known CHECK (termination_code IN ('ADMIN', 'BILLING')),
  termination_reason  text,
  -- The date from which ends of terms are counted, and the number of the term that ended on that date.
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
  -- A copy for the sweep: when to ask the billing system before a suspension or termination; null: none is due.
  verify_at           timestamptz,
  -- A copy for lists and metrics: problems that need the attention of an operator.
  warnings            text[] NOT NULL DEFAULT '{}',
  test_clock_id       uuid CONSTRAINT contracts_test_clock REFERENCES test_clocks (id),
  -- The time zone rules (tzdb version, such as 2026c) by which `next_boundary_*` was computed; null: by a version that did not record them.
  time_zone_rules     text COLLATE "C",
  -- The local date of `settled_until` by the time zone rules of that time (domain/contract/time-zone-rules.ts).
  settled_on          date,
  -- While the next boundary only informs: the instant of the next one for which the workflow waits. Null otherwise: it waits for the next.
  wake_at             timestamptz,
  -- The instant for which the timer of the workflow waits, while that is later than it should be: then the sweep wakes the workflow.
  timer_at            timestamptz,
  -- Since when the workflow is to be woken for a change; null: it has looked since.
  unwoken_since       timestamptz,
  -- The addresses and networks from which the contract's API key is accepted (domain/access/address-list.ts); empty: every address.
  ip_allowlist        text[] NOT NULL DEFAULT '{}',
  -- How often the API key of the contract may request licenses; `contract_rates` has a copy.
  rate_limits         jsonb NOT NULL DEFAULT
    '{"per_minute": null, "per_hour": null, "per_day": null, "licenses": {"per_minute": null, "per_hour": null, "per_day": null}}',
  -- Whether partners may call the interface with an API key of the contract.
  api_access          boolean NOT NULL DEFAULT false,
  -- Whether new licenses expire with the contract at the latest.
  cap_expiry_at_contract_end  boolean NOT NULL DEFAULT false,
  -- Of a pool: below how many available licenses it is noticed (0: never), and for how long a license must still be valid to be given out.
  low_water           integer NOT NULL DEFAULT 100 CONSTRAINT contracts_low_water_bounded CHECK (low_water BETWEEN 0 AND 1000000),
  min_remaining_validity  text,
  -- Up to how many available licenses the pool is filled by itself, as {"target": number}; null: only by hand.
  auto_replenish      jsonb CONSTRAINT contracts_auto_replenish_of_pool CHECK (auto_replenish IS NULL OR type = 'pool'),
  -- How long a device keeps its place without a heartbeat; null: until it is deactivated.
  device_lease_minutes  integer,
  -- What a suspension does to issued licenses (domain/contract/issued-licenses.ts).
  on_suspend          jsonb NOT NULL DEFAULT '{"issued_licenses": "keep"}',
  -- The address of the person who looks after the contract. Revisions do not contain it.
  account_manager     text,
  CONSTRAINT contracts_test_clock_outside_production CHECK (test_clock_id IS NULL OR environment <> 'production'),
  CONSTRAINT contracts_termination_has_code CHECK ((terminated_at IS NULL) = (termination_code IS NULL)),
  CONSTRAINT contracts_dates_ordered CHECK (start_date < end_date),
  CONSTRAINT contracts_active_has_start CHECK (activated_at IS NULL OR start_date IS NOT NULL),
  CONSTRAINT contracts_product FOREIGN KEY (product_id, environment) REFERENCES products (id, environment),
  CONSTRAINT contracts_generator FOREIGN KEY (generator_id, product_id) REFERENCES generators (id, product_id)
);
-- Each sort order of the list has an index that ends with the id, so that a page is a range scan.
CREATE INDEX contracts_by_created ON contracts (environment, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX contracts_by_name ON contracts (environment, folded(name), id) WHERE deleted_at IS NULL;
CREATE INDEX contracts_by_type ON contracts (environment, type, id) WHERE deleted_at IS NULL;
CREATE INDEX contracts_by_state ON contracts (environment, state, id) WHERE deleted_at IS NULL;
CREATE INDEX contracts_by_product ON contracts (product_id);
CREATE INDEX contracts_by_generator ON contracts (generator_id);
CREATE INDEX contracts_by_customer ON contracts (customer_id);
CREATE INDEX contracts_by_account_manager ON contracts (lower(account_manager), environment, created_at, id) WHERE account_manager IS NOT NULL;
CREATE INDEX contracts_by_substring ON contracts USING gin (searchable(name) gin_trgm_ops);
-- For the filter of licenses by source, which names a contract, deleted or not.
CREATE INDEX contracts_by_exact_name ON contracts (nfc(name));
-- For `settleDue` and the sweep: contracts whose boundary is due, and open contracts whose workflow was started on another Temporal server.
CREATE INDEX contracts_by_wake ON contracts (coalesce(wake_at, next_boundary_at), id);
-- For the sweep: contracts whose workflow waits for a later instant, and those whose workflow has not looked at a change.
CREATE INDEX contracts_with_late_timer ON contracts (coalesce(wake_at, next_boundary_at)) WHERE timer_at IS NOT NULL;
CREATE INDEX contracts_unwoken ON contracts (unwoken_since) WHERE unwoken_since IS NOT NULL;
CREATE INDEX contracts_open ON contracts (workflow_epoch)
  WHERE state IN ('SCHEDULED', 'ACTIVE', 'PAST_DUE', 'EXPIRY_GRACE', 'PAUSED', 'SUSPENDED');
-- For the sweep: open contracts whose next boundary was computed by older time zone rules.
CREATE INDEX contracts_by_time_zone_rules ON contracts (time_zone_rules)
  WHERE state IN ('SCHEDULED', 'ACTIVE', 'PAST_DUE', 'EXPIRY_GRACE', 'PAUSED', 'SUSPENDED');
CREATE INDEX contracts_to_verify ON contracts (verify_at) WHERE verify_at IS NOT NULL;
CREATE INDEX contracts_with_warnings ON contracts USING gin (warnings) WHERE warnings <> '{}';
CREATE INDEX contracts_by_test_clock ON contracts (test_clock_id) WHERE test_clock_id IS NOT NULL;

-- The row that every grant of licenses locks. It holds everything that decides about a grant; db/contract/quota.ts writes it.
CREATE TABLE contract_quotas (
  contract_id         uuid PRIMARY KEY REFERENCES contracts (id),
  total               integer NOT NULL,
  -- Licenses that requests have claimed: generated ones and those that unfinished jobs still have to generate.
  claimed             integer NOT NULL DEFAULT 0,
  -- The license terms that a request must name to be granted; null: nothing is granted until the contract is settled again.
  grantable_terms_id  bigint,
  -- The next boundary of the contract: from this instant on nothing is granted until it is applied. Null if `grantable_terms_id` is null.
  open_until          timestamptz,
  -- The sequence number of the contract's last domain event.
  event_sequence      bigint NOT NULL DEFAULT 0,
  -- How many thresholds the claimed licenses have reached: 1 from 80 percent on, 2 when all are claimed (db/contract/quota-threshold.ts).
  thresholds_reached  smallint NOT NULL DEFAULT 0,
  -- When it was last forecast, by the clock of the contract, and the local day on which it is used up if that is soon.
  forecast_at         timestamptz NOT NULL DEFAULT '-infinity',
  runs_out_on         date,
  CONSTRAINT quota_never_oversold CHECK (claimed BETWEEN 0 AND total),
  CONSTRAINT quotas_open_with_terms CHECK ((grantable_terms_id IS NULL) = (open_until IS NULL))
);
-- For warnings about quotas, and for the forecast of quotas that are nearly used. A grant that reaches no threshold changes no column of it,
-- so it writes no entry.
CREATE INDEX contract_quotas_by_threshold ON contract_quotas (thresholds_reached, (grantable_terms_id IS NOT NULL), forecast_at)
  WHERE thresholds_reached > 0;

-- The API keys of contracts (decisions 42). The current key of a contract is the one that neither expires nor is revoked.
CREATE TABLE contract_api_keys (
  id            uuid PRIMARY KEY DEFAULT uuidv7(),
  contract_id   uuid NOT NULL REFERENCES contracts (id),
  key_id        text NOT NULL CONSTRAINT contract_api_keys_key_id_unique UNIQUE,
  secret_hmac   bytea NOT NULL,
  last_four     text NOT NULL,
  -- The whole key as a JWE, and the version of the key that sealed it; null when the key is no longer shown.
  sealed        text,
  sealed_by     text,
  created_at    timestamptz NOT NULL,
  created_by    text NOT NULL,
  last_used_at  timestamptz,
  -- The end of the overlap after a rotation; null for the current key.
  expires_at    timestamptz,
  revoked_at    timestamptz,
  CONSTRAINT contract_api_keys_current_is_sealed CHECK (sealed IS NOT NULL OR expires_at IS NOT NULL OR revoked_at IS NOT NULL),
  CONSTRAINT contract_api_keys_sealed_by_known CHECK ((sealed IS NULL) = (sealed_by IS NULL))
);
CREATE UNIQUE INDEX contract_api_keys_one_current ON contract_api_keys (contract_id) WHERE expires_at IS NULL AND revoked_at IS NULL;
CREATE INDEX contract_api_keys_of_contract ON contract_api_keys (contract_id, id);
CREATE INDEX contract_api_keys_by_sealing ON contract_api_keys (sealed_by) WHERE sealed IS NOT NULL;

-- The keys with which licenses of a product are signed (transactions/catalogue/signing-key.ts). A key is active, then only verifies, then is
-- retired. Only the active key has its private part: nothing is signed with a former one again.
CREATE TABLE signing_keys (
  id                 uuid PRIMARY KEY DEFAULT uuidv7(),
  product_id         uuid NOT NULL REFERENCES products (id),
  -- The thumbprint of the public key (RFC 7638), which names the key in each signature.
  kid                text NOT NULL CONSTRAINT signing_keys_kid_unique UNIQUE,
  -- The member `x` of the public JWK.
  public_key         text NOT NULL,
  -- The member `d` of the private JWK as a JWE, and the version of the key that sealed it.
  sealed             text,
  sealed_by          text,
  created_at         timestamptz NOT NULL,
  created_by         text NOT NULL,
  verify_only_since  timestamptz,
  retired_at         timestamptz,
  CONSTRAINT signing_keys_active_is_sealed CHECK ((sealed IS NULL) = (verify_only_since IS NOT NULL)),
  CONSTRAINT signing_keys_sealed_by_known CHECK ((sealed IS NULL) = (sealed_by IS NULL)),
  CONSTRAINT signing_keys_active_not_retired CHECK (retired_at IS NULL OR verify_only_since IS NOT NULL)
);
CREATE UNIQUE INDEX signing_keys_one_active ON signing_keys (product_id) WHERE verify_only_since IS NULL;
CREATE INDEX signing_keys_published ON signing_keys (product_id) WHERE retired_at IS NULL;
CREATE INDEX signing_keys_of_product ON signing_keys (product_id, created_at, id);
CREATE INDEX signing_keys_by_sealing ON signing_keys (sealed_by) WHERE sealed IS NOT NULL;

-- The ledger of `total`: every quota grant with its actor and reason, so that a summary such as "Q2: 300" can be shown.
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

-- One row for each term after the first.
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

-- Changes that take effect on a date (domain.md 1.7).
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

-- Commands that were carried out, with their outcomes. Temporal keeps update ids only until continue-as-new.
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

-- What is known of each invoice: the greatest of its observations (domain/billing/invoice.ts). Prices are not stored.
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
  -- Orders observations of one invoice; the greatest one is valid (domain/billing/invoice.ts).
  rank         integer NOT NULL,
  PRIMARY KEY (contract_id, source, invoice_id),
  CONSTRAINT invoices_dispute_has_date CHECK ((status = 'DISPUTED') = (disputed_on IS NOT NULL))
);
CREATE INDEX invoice_facts_by_invoice ON invoice_facts (invoice_id);

-- Every message of a billing system, stored before it is processed, under the event id of its sender (domain.md 1.5).
CREATE TABLE billing_inbox (
  id            uuid PRIMARY KEY DEFAULT uuidv7(),
  source        text NOT NULL,
  event_id      text NOT NULL,
  type          text NOT NULL,
  -- The contract that the source names; it may not exist, or not yet.
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
  -- When to try a pending or parked event next.
  try_at        timestamptz NOT NULL,
  tries         integer NOT NULL DEFAULT 0,
  decided_at    timestamptz,
  request_id    text,
  -- Whether the workflow of its contract applies the event while it is pending, and not the billing batch.
  left_to_contract  boolean NOT NULL DEFAULT false,
  CONSTRAINT billing_event_unique UNIQUE (source, event_id),
  CONSTRAINT billing_pending_has_invoice CHECK (outcome <> 'PENDING' OR (contract_id IS NOT NULL AND invoice_id IS NOT NULL))
);
-- Most samples have no pending event, but a burst has thousands: without statistics Postgres expects the same share at all times.
ALTER TABLE billing_inbox ALTER COLUMN outcome SET STATISTICS 0;
CREATE INDEX billing_inbox_undecided ON billing_inbox (try_at) WHERE outcome IN ('PENDING', 'PARKED');
CREATE INDEX billing_inbox_pending ON billing_inbox (contract_id, occurred_at) WHERE outcome = 'PENDING';
CREATE INDEX billing_inbox_queue ON billing_inbox (id) WHERE outcome = 'PENDING' AND NOT left_to_contract;
CREATE INDEX billing_inbox_by_contract ON billing_inbox (contract_id, id);
CREATE INDEX billing_inbox_by_outcome ON billing_inbox (outcome, id);
CREATE INDEX billing_inbox_by_source ON billing_inbox (source, id);

-- Generation -------------------------------------------------------------------------------------------------------

-- What licenses get, shared by the licenses of many jobs. A row is inserted when the first of them is requested and never changes.
CREATE TABLE license_terms (
  id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Null: of licenses that were created without a contract.
  contract_id         uuid REFERENCES contracts (id),
  contract_revision   integer,
  generator_id        uuid NOT NULL REFERENCES generators (id),
  generator_revision  integer NOT NULL,
  key_format          jsonb NOT NULL,
  features            jsonb NOT NULL,
  -- Null: unlimited.
  activation_limit    integer,
  -- The rule by which each license gets an expiry of its own, at its assignment or first activation (domain/license/license-expiry.ts);
  -- null: its job has the expiry.
  own_expiry          jsonb,
  device_lease_minutes  integer,
  is_signed           boolean NOT NULL DEFAULT false,
  CONSTRAINT license_terms_unique UNIQUE (contract_id, contract_revision, generator_id, generator_revision),
  CONSTRAINT license_terms_of_revision CHECK ((contract_id IS NULL) = (contract_revision IS NULL))
);
ALTER TABLE contracts ADD CONSTRAINT contracts_terms FOREIGN KEY (terms_id) REFERENCES license_terms (id);
ALTER TABLE contract_quotas ADD CONSTRAINT quotas_grantable_terms FOREIGN KEY (grantable_terms_id) REFERENCES license_terms (id);

-- One row for each generation request, inline or background; one, with the execution `import`, for each import of licenses; and one, with
-- the execution `direct`, for each request of an admin for licenses without a contract. Metrics read only inline and background jobs.
CREATE TABLE generation_jobs (
  id                       uuid PRIMARY KEY DEFAULT uuidv7(),
  -- The upper bits of the ids of this job's licenses.
  serial                   bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT generation_jobs_serial_unique UNIQUE,
  contract_id              uuid REFERENCES contracts (id),
  environment              text NOT NULL,
  terms_id                 bigint NOT NULL REFERENCES license_terms (id),
  execution                text NOT NULL CONSTRAINT jobs_execution_known CHECK (execution IN ('inline', 'background', 'import', 'direct')),
  is_test                  boolean NOT NULL DEFAULT false,
  requested                integer NOT NULL CONSTRAINT jobs_requested_bounded CHECK (requested BETWEEN CASE execution WHEN 'import' THEN 0 ELSE 1 END AND 10000000),
  chunk_size               integer NOT NULL CONSTRAINT jobs_chunk_size_positive CHECK (chunk_size > 0),
  state                    text NOT NULL CONSTRAINT jobs_state_known CHECK (state IN
                             ('QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING', 'SUCCEEDED', 'PARTIAL', 'FAILED', 'CANCELLED')),
  -- Who asked for the licenses: an admin, the API key of a contract, or Covenant itself (domain/base/channel.ts).
  channel                  text NOT NULL CONSTRAINT jobs_channel_known CHECK (channel IN ('ui', 'api', 'schedule', 'replenish')),
  actor                    jsonb NOT NULL,
  -- When the licenses of the job expire; null: never.
  expires_at               timestamptz,
  errors                   jsonb NOT NULL DEFAULT '[]',
  created_at               timestamptz NOT NULL,
  started_at               timestamptz,
  finished_at              timestamptz,
  -- The idempotency key of the request. The answer to a repeated request is built from this row while the key is kept (30 days).
  idempotency_key          text,
  idempotency_fingerprint  text,
  quota_remaining          integer,
  request_id               text,
  workflow_epoch           text,
  -- When the request arrived, by the clock of Postgres; the retention starts here. The other instants are times of the contract's clock.
  requested_at             timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT jobs_idempotency_unique UNIQUE (contract_id, idempotency_key),
  CONSTRAINT jobs_direct_without_contract CHECK ((execution = 'direct') = (contract_id IS NULL) AND (contract_id IS NULL) = (quota_remaining IS NULL))
);
CREATE INDEX generation_jobs_by_contract ON generation_jobs (contract_id, serial);
CREATE INDEX generation_jobs_by_environment ON generation_jobs (environment, serial);
-- Lists by date, and by method (domain/generation/generation-history.ts). The index by contract and channel also counts the licenses of
-- inline jobs without their rows. Inline requests succeed at once, so they write no entries of the indexes by state.
CREATE INDEX generation_jobs_by_channel ON generation_jobs (environment, channel, created_at, serial) WHERE execution = 'inline';
CREATE INDEX generation_jobs_by_contract_channel ON generation_jobs (contract_id, channel, created_at, serial)
  INCLUDE (requested, is_test) WHERE execution = 'inline';
CREATE INDEX generation_jobs_in_background ON generation_jobs (environment, created_at, serial) WHERE execution = 'background';
CREATE INDEX generation_jobs_of_contract_in_background ON generation_jobs (contract_id, created_at, serial) WHERE execution = 'background';
CREATE INDEX generation_jobs_by_state_and_date ON generation_jobs (environment, state, created_at, serial) WHERE state <> 'SUCCEEDED';
CREATE INDEX generation_jobs_of_contract_by_state ON generation_jobs (contract_id, state, created_at, serial) WHERE state <> 'SUCCEEDED';
CREATE INDEX generation_jobs_of_imports ON generation_jobs (environment, created_at, serial) WHERE execution = 'import';
CREATE INDEX generation_jobs_of_contract_imports ON generation_jobs (contract_id, created_at, id) WHERE execution = 'import';
CREATE INDEX generation_jobs_direct ON generation_jobs (environment, serial) WHERE execution = 'direct';
CREATE INDEX generation_jobs_of_tests ON generation_jobs (environment, serial) WHERE is_test;
CREATE INDEX generation_jobs_unfinished ON generation_jobs (contract_id) WHERE state IN ('QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING');
CREATE INDEX generation_jobs_by_idempotency_age ON generation_jobs (requested_at) WHERE idempotency_key IS NOT NULL;

-- Limits and counters of the requests for licenses by the API key of a contract: one row for each contract that has or had limits. The
-- counters of a window count from its start; `admit_requests` writes them. The transaction that changes the contract copies the limits and
-- keeps the counters. Lock order: the quota row, then this row.
CREATE TABLE contract_rates (
  contract_id          uuid PRIMARY KEY REFERENCES contracts (id),
  -- Copies of contracts.rate_limits; null: no limit.
  per_minute           integer,
  per_hour             integer,
  per_day              integer,
  licenses_per_minute  integer,
  licenses_per_hour    integer,
  licenses_per_day     integer,
  minute_start         timestamptz NOT NULL DEFAULT '-infinity',
  minute_requests      integer NOT NULL DEFAULT 0,
  minute_licenses      bigint NOT NULL DEFAULT 0,
  hour_start           timestamptz NOT NULL DEFAULT '-infinity',
  hour_requests        integer NOT NULL DEFAULT 0,
  hour_licenses        bigint NOT NULL DEFAULT 0,
  day_start            timestamptz NOT NULL DEFAULT '-infinity',
  day_requests         integer NOT NULL DEFAULT 0,
  day_licenses         bigint NOT NULL DEFAULT 0
);

-- The clock of rate windows. Tests replace it to control the time.
CREATE FUNCTION rate_clock() RETURNS timestamptz LANGUAGE sql VOLATILE
RETURN clock_timestamp();

-- The row at an instant: windows are fixed and aligned to UTC, a window that is over counts from 0, and none moves back with the clock.
CREATE FUNCTION rates_at(rates contract_rates, at timestamptz) RETURNS contract_rates LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF date_trunc('minute', at, 'UTC') > rates.minute_start THEN
    rates.minute_start := date_trunc('minute', at, 'UTC');
    rates.minute_requests := 0;
    rates.minute_licenses := 0;
  END IF;
  IF date_trunc('hour', at, 'UTC') > rates.hour_start THEN
    rates.hour_start := date_trunc('hour', at, 'UTC');
    rates.hour_requests := 0;
    rates.hour_licenses := 0;
  END IF;
  IF date_trunc('day', at, 'UTC') > rates.day_start THEN
    rates.day_start := date_trunc('day', at, 'UTC');
    rates.day_requests := 0;
    rates.day_licenses := 0;
  END IF;
  RETURN rates;
END
$$;

-- Judges requests for licenses by the windows of their contract, in their order, and counts those that are admitted. `counts` are the
-- licenses that they request, `keys` their idempotency keys. Each outcome is one of:
--   repeated   its key is stored with an earlier request
--   too_large  it requests more licenses than a window allows
--   limited    a window has too little left
--   admitted   all windows have enough left; it is counted
-- `rates` is the row afterwards, and `at` the instant of the judgement; null for a contract without limits, whose requests are all
-- admitted. It is a function because its statements must begin after the row's lock is granted: they see what was committed during the
-- wait, and the clock is read after it. A request that is not admitted changes nothing.
CREATE FUNCTION admit_requests(contract uuid, counts integer[], keys text[], OUT outcomes text[], OUT rates jsonb, OUT at timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
  r contract_rates;
  stored text[];
  admitted integer := 0;
BEGIN
  SELECT * INTO r FROM contract_rates WHERE contract_id = contract FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    outcomes := array_fill('admitted'::text, ARRAY[cardinality(counts)]);
    RETURN;
  END IF;
  at := rate_clock();
  r := rates_at(r, at);
  IF array_remove(keys, NULL) <> '{}' THEN
    stored := ARRAY(SELECT idempotency_key FROM generation_jobs WHERE contract_id = contract AND idempotency_key = ANY (keys));
  END IF;
  FOR i IN 1..cardinality(counts) LOOP
    IF keys[i] = ANY (stored) THEN
      outcomes[i] := 'repeated';
    ELSIF counts[i] > least(r.licenses_per_minute, r.licenses_per_hour, r.licenses_per_day) THEN
      outcomes[i] := 'too_large';
    ELSIF r.minute_requests >= r.per_minute OR r.hour_requests >= r.per_hour OR r.day_requests >= r.per_day
      OR r.minute_licenses + counts[i] > r.licenses_per_minute OR r.hour_licenses + counts[i] > r.licenses_per_hour
      OR r.day_licenses + counts[i] > r.licenses_per_day THEN
      outcomes[i] := 'limited';
    ELSE
      outcomes[i] := 'admitted';
      admitted := admitted + 1;
      r.minute_requests := r.minute_requests + 1;
      r.minute_licenses := r.minute_licenses + counts[i];
      r.hour_requests := r.hour_requests + 1;
      r.hour_licenses := r.hour_licenses + counts[i];
      r.day_requests := r.day_requests + 1;
      r.day_licenses := r.day_licenses + counts[i];
    END IF;
  END LOOP;
  IF admitted > 0 THEN
    UPDATE contract_rates SET
      (minute_start, minute_requests, minute_licenses, hour_start, hour_requests, hour_licenses, day_start, day_requests, day_licenses) =
      (r.minute_start, r.minute_requests, r.minute_licenses, r.hour_start, r.hour_requests, r.hour_licenses, r.day_start, r.day_requests, r.day_licenses)
    WHERE contract_id = contract;
  END IF;
  rates := to_jsonb(r);
END
$$;

-- The marker of a chunk. One statement inserts it together with the chunk's licenses, so a repeated statement inserts nothing.
CREATE TABLE generation_chunks (
  job_id      uuid NOT NULL REFERENCES generation_jobs (id),
  chunk_no    integer NOT NULL,
  licenses    integer NOT NULL CONSTRAINT chunks_not_negative CHECK (licenses >= 0),
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (job_id, chunk_no)
);

-- The advisory lock of a contract's generation: chunks in progress share it, and a change that closes the contract takes it exclusively.
CREATE FUNCTION generation_lock(contract_id uuid) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashtextextended(contract_id::text, 0);

-- Takes the shared lock for a chunk of a job and returns whether the contract allows generation; returns no row when the job does not run.
-- `pool_id` is the contract whose pool gets the licenses, null for a contract without a pool. It is a function because the statement that checks must begin after the lock is granted, and one call costs one round trip.
CREATE FUNCTION admit_chunk(job_id uuid)
RETURNS TABLE (job_serial bigint, open boolean, next_boundary_at timestamptz, pool_id uuid, expires_at timestamptz) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(generation_lock(g.contract_id)) FROM generation_jobs g WHERE g.id = job_id;
  -- A statement of its own: it sees what was committed while the lock was awaited.
  RETURN QUERY
    SELECT g.serial, c.may_generate, coalesce(c.next_boundary_at, 'infinity'), CASE WHEN c.type = 'pool' THEN c.id END, g.expires_at
    FROM generation_jobs g JOIN contracts c ON c.id = g.contract_id
    WHERE g.id = job_id AND g.state = 'RUNNING' FOR KEY SHARE OF g;
END
$$;

-- Issued licenses: rows are only inserted, and have as few columns as possible. Read them through the view `issued_licenses`.
--
-- id = serial of the job × 2²⁴ + ordinal. So the primary key guarantees that no two licenses of a job have the same ordinal, the licenses
-- of a job are one range of ids, and no row repeats data of its job and license terms. Measured (bench -- rows): contract, terms, job
-- and ordinal in each row with three foreign keys are 3.6 times slower, a unique (job, ordinal) 1.4 times, a uuid as id 1.4 times,
-- one more index 1.5 times.
CREATE TABLE licenses (
  id   bigint NOT NULL CONSTRAINT licenses_pkey PRIMARY KEY,
  -- Compared by bytes: this is fastest, and the unique index also finds keys by prefix.
  key  text COLLATE "C" NOT NULL CONSTRAINT license_key_unique UNIQUE
);

CREATE VIEW issued_licenses AS
SELECT l.id, l.key, l.id & 16777215 AS ordinal, j.id AS job_id, j.serial AS job_serial, j.contract_id, j.environment, j.terms_id, j.is_test,
       j.channel, j.expires_at, k.created_at
FROM licenses l
JOIN generation_jobs j ON j.serial = l.id >> 24
JOIN generation_chunks k ON k.job_id = j.id AND k.chunk_no = ((l.id & 16777215) - 1) / j.chunk_size;

-- What happens to a license after it was generated (domain/license/license-facts.ts). A license without a row was not used yet.
CREATE TABLE license_facts (
  license_id    bigint PRIMARY KEY,
  -- The customer to whom the license is assigned.
  customer_id   uuid REFERENCES customers (reference_id),
  assigned_at   timestamptz,
  -- The end of a hold, during which the license is taken out of its pool for an order.
  held_until    timestamptz,
  -- The first activation on a device.
  activated_at  timestamptz,
  suspended_at  timestamptz,
  revoked_at    timestamptz,
  -- When the license expires, if that depends on its assignment or activation, or on its import; null: as its job says.
  expires_at    timestamptz,
  -- When it was created in the system from which it was imported.
  created_at    timestamptz,
  CONSTRAINT license_facts_assigned_to_customer CHECK ((customer_id IS NULL) = (assigned_at IS NULL))
);
-- For lists by status and by customer. Most licenses have only some of these facts.
CREATE INDEX license_facts_of_customer ON license_facts (customer_id, license_id) WHERE customer_id IS NOT NULL;
CREATE INDEX license_facts_held ON license_facts (license_id) WHERE held_until IS NOT NULL;
CREATE INDEX license_facts_active ON license_facts (license_id) WHERE activated_at IS NOT NULL;
CREATE INDEX license_facts_suspended ON license_facts (license_id) WHERE suspended_at IS NOT NULL;
CREATE INDEX license_facts_revoked ON license_facts (license_id) WHERE revoked_at IS NOT NULL;
CREATE INDEX license_facts_expiring ON license_facts (license_id) WHERE expires_at IS NOT NULL;

-- Licenses that were revoked or suspended, in the order in which this was committed (db/license/withdrawn.ts), for programs that verify
-- certificates without a connection and ask from time to time what has changed.
CREATE TABLE withdrawal_counters (
  product_id  uuid PRIMARY KEY REFERENCES products (id),
  last        bigint NOT NULL
);
CREATE TABLE withdrawn_licenses (
  license_id  bigint PRIMARY KEY,
  product_id  uuid NOT NULL,
  sequence    bigint NOT NULL,
  status      text NOT NULL CONSTRAINT withdrawn_licenses_status_known CHECK (status IN ('revoked', 'suspended', 'reinstated')),
  CONSTRAINT withdrawn_licenses_sequence UNIQUE (product_id, sequence)
);

-- The licenses that a pool gives to orders (db/pool/available.ts), in the order in which they are given out. A row has licenses that were
-- generated together, so that an order changes one row for any number of licenses and a chunk inserts five rows for 5,000. A license leaves
-- its row when it is held, assigned, suspended or revoked, and returns when it is available again.
CREATE TABLE pool_available (
  contract_id  uuid NOT NULL,
  -- When the licenses expire; infinity: never, or not before their assignment or activation.
  expires_at   timestamptz NOT NULL,
  -- The first and the last license that the row was inserted with. They stay, so that a change of the row changes no index.
  first_id     bigint NOT NULL,
  last_id      bigint NOT NULL,
  -- The licenses that are available, and how many they are.
  ids          int8multirange NOT NULL,
  licenses     integer NOT NULL CONSTRAINT pool_available_not_empty CHECK (licenses > 0),
  PRIMARY KEY (contract_id, expires_at, last_id, first_id),
  -- So the row of a license is found by a short range of the index. Processes that serve orders at one moment take different rows.
  CONSTRAINT pool_available_span CHECK (last_id - first_id BETWEEN 0 AND 999)
) WITH (fillfactor = 50);

-- Whether a license of a job has its place in a row of a pool: the row was inserted with it. The planner inlines the function, and reads
-- the short range of the primary key that can have the row.
CREATE FUNCTION is_pool_row_of(pooled pool_available, job generation_jobs, license_id bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pooled.contract_id = job.contract_id AND pooled.expires_at = coalesce(job.expires_at, 'infinity')
  AND pooled.last_id BETWEEN license_id AND license_id + 999 AND pooled.first_id <= license_id;

-- Takes licenses out of their pools, after it has locked their rows in the order of the key.
CREATE FUNCTION leave_pool(license_ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM unnest(license_ids) AS l (id) JOIN generation_jobs j ON j.serial = l.id >> 24
  JOIN pool_available p ON is_pool_row_of(p, j, l.id) AND p.ids @> l.id
  ORDER BY p.contract_id, p.expires_at, p.last_id, p.first_id FOR UPDATE OF p;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  -- A statement of its own: it sees the rows as they are after the wait.
  WITH leaving AS MATERIALIZED (
    SELECT p.contract_id, p.expires_at, p.last_id, p.first_id, range_agg(int8range(l.id, l.id + 1)) AS ids, count(*)::int AS licenses
    FROM (SELECT DISTINCT id FROM unnest(license_ids) AS given (id)) l JOIN generation_jobs j ON j.serial = l.id >> 24
    JOIN pool_available p ON is_pool_row_of(p, j, l.id) AND p.ids @> l.id
    GROUP BY p.contract_id, p.expires_at, p.last_id, p.first_id
  ), emptied AS (
    DELETE FROM pool_available p USING leaving l
    WHERE (p.contract_id, p.expires_at, p.last_id, p.first_id) = (l.contract_id, l.expires_at, l.last_id, l.first_id) AND p.licenses = l.licenses
  )
  UPDATE pool_available p SET ids = p.ids - l.ids, licenses = p.licenses - l.licenses FROM leaving l
  WHERE (p.contract_id, p.expires_at, p.last_id, p.first_id) = (l.contract_id, l.expires_at, l.last_id, l.first_id) AND p.licenses > l.licenses;
END
$$;

-- Makes unused licenses of pools available again; others stay as they are. Its caller has locked their facts. So it waits for no row of a pool:
-- a license returns to the row that it left, or gets a row of its own if that one is locked or gone.
CREATE FUNCTION enter_pool(license_ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  unused bigint[] := ARRAY(
    SELECT l.id FROM unnest(license_ids) AS l (id)
    JOIN generation_jobs j ON j.serial = l.id >> 24 JOIN contracts c ON c.id = j.contract_id
    LEFT JOIN license_facts f ON f.license_id = l.id
    WHERE c.type = 'pool' AND NOT j.is_test AND f.customer_id IS NULL AND f.held_until IS NULL AND f.activated_at IS NULL
      AND f.suspended_at IS NULL AND f.revoked_at IS NULL);
BEGIN
  WITH home AS MATERIALIZED (
    SELECT p.contract_id, p.expires_at, p.last_id, p.first_id, l.id
    FROM unnest(unused) AS l (id) JOIN generation_jobs j ON j.serial = l.id >> 24
    JOIN pool_available p ON is_pool_row_of(p, j, l.id) AND NOT p.ids @> l.id
    FOR UPDATE OF p SKIP LOCKED
  ), entering AS (
    SELECT contract_id, expires_at, last_id, first_id, range_agg(int8range(id, id + 1)) AS ids, count(DISTINCT id)::int AS licenses
    FROM home GROUP BY contract_id, expires_at, last_id, first_id
  )
  UPDATE pool_available p SET ids = p.ids + r.ids, licenses = p.licenses + r.licenses FROM entering r
  WHERE (p.contract_id, p.expires_at, p.last_id, p.first_id) = (r.contract_id, r.expires_at, r.last_id, r.first_id);
  INSERT INTO pool_available (contract_id, expires_at, first_id, last_id, ids, licenses)
  SELECT j.contract_id, coalesce(j.expires_at, 'infinity'), l.id, l.id, int8multirange(int8range(l.id, l.id + 1)), 1
  FROM unnest(unused) AS l (id) JOIN generation_jobs j ON j.serial = l.id >> 24
  WHERE NOT EXISTS (SELECT FROM pool_available p WHERE is_pool_row_of(p, j, l.id) AND p.ids @> l.id)
  ON CONFLICT DO NOTHING;
END
$$;

-- Licenses that an order took from a pool, one row for each grab. It is also the answer to a repeated grab of the order.
CREATE TABLE pool_holds (
  id           uuid PRIMARY KEY,
  -- No foreign key, which took a third of the insert: the statement of an order reads the contract, and contracts are never deleted.
  contract_id  uuid NOT NULL,
  environment  text NOT NULL,
  -- The order of the shop, unique for the contract.
  order_ref    text NOT NULL,
  license_ids  bigint[] NOT NULL,
  -- The customer to whom the licenses are assigned, or for whom they are held.
  customer_id  uuid REFERENCES customers (reference_id),
  state        text NOT NULL CONSTRAINT pool_holds_state_known CHECK (state IN ('held', 'assigned', 'released', 'expired')),
  -- The end of the hold; null: the licenses were assigned at once. From then on they are available, also before they are put back.
  held_until   timestamptz,
  created_at   timestamptz NOT NULL,
  -- When the licenses were assigned, released, or put back after the end of the hold.
  ended_at     timestamptz,
  -- Identifies the content of the grab.
  fingerprint  text NOT NULL,
  CONSTRAINT pool_holds_order_unique UNIQUE (contract_id, order_ref),
  CONSTRAINT pool_holds_ended CHECK ((state = 'held') = (ended_at IS NULL)),
  CONSTRAINT pool_holds_assigned_to_customer CHECK (state <> 'assigned' OR customer_id IS NOT NULL),
  CONSTRAINT pool_holds_end CHECK (held_until IS NOT NULL OR state = 'assigned')
);
CREATE INDEX pool_holds_open_of_contract ON pool_holds (contract_id, held_until) WHERE state = 'held';
CREATE INDEX pool_holds_open ON pool_holds (held_until) WHERE state = 'held';
CREATE INDEX pool_holds_of_customer ON pool_holds (customer_id, id) WHERE customer_id IS NOT NULL;
CREATE INDEX pool_holds_of_contract ON pool_holds (contract_id, state, created_at, id);

-- A pool gives out licenses that expire after this instant: those that are valid for the `min_remaining_validity` of its contract.
CREATE FUNCTION given_out_after(at timestamptz, timezone text, min_remaining_validity text) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
RETURN (at AT TIME ZONE timezone + coalesce(min_remaining_validity, 'P0D')::interval) AT TIME ZONE timezone;

-- Notices that orders took `given` licenses from a pool (db/pool/low-water.ts): records whether it has fewer than `low_water`, and inserts the
-- event when it fell below. The event is numbered by the quota row, which only a notice locks. Reads no more rows of the pool than have so
-- many licenses as decide. `fell`: whether it fell now, and its contract replenishes it. `is_ample`: whether it stays above after `more` licenses.
CREATE FUNCTION notice_low_water(
  contract uuid, contract_environment text, at timestamptz, expires_after timestamptz, low_water integer, given integer, more integer)
RETURNS TABLE (fell boolean, is_ample boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  -- Ten percent more, rounded up: from so many on, a fall is noticed again.
  rearm_from integer := (11 * low_water + 9) / 10;
  decisive integer := greatest(rearm_from, low_water + more);
  after integer := coalesce(
    (SELECT decisive FROM (
       SELECT sum(p.licenses) OVER (ORDER BY p.expires_at, p.last_id, p.first_id ROWS UNBOUNDED PRECEDING) AS upto
       FROM pool_available p WHERE p.contract_id = contract AND p.expires_at > expires_after
     ) sums WHERE sums.upto >= decisive LIMIT 1),
    (SELECT sum(p.licenses)::integer FROM pool_available p WHERE p.contract_id = contract AND p.expires_at > expires_after), 0);
  before integer := after + given;
  numbered bigint;
BEGIN
  is_ample := after >= low_water + more;
  IF before < low_water THEN
    -- Another process took licenses at the same moment, or they expired.
    UPDATE pool_levels l SET low_since = at WHERE l.contract_id = contract AND l.low_since IS NULL;
    fell := FOUND;
  ELSIF after < low_water OR NOT EXISTS (SELECT FROM pool_levels l WHERE l.contract_id = contract AND l.low_since IS NULL) THEN
    INSERT INTO pool_levels AS l (contract_id, low_since) VALUES (contract, CASE WHEN after < low_water THEN at END)
    ON CONFLICT (contract_id) DO UPDATE SET low_since = excluded.low_since
    WHERE CASE WHEN l.low_since IS NULL THEN excluded.low_since IS NOT NULL ELSE before >= rearm_from END
    RETURNING l.low_since IS NOT NULL INTO fell;
  END IF;
  fell := coalesce(fell, false);
  IF fell THEN
    UPDATE contract_quotas q SET event_sequence = q.event_sequence + 1 WHERE q.contract_id = contract RETURNING q.event_sequence INTO numbered;
    INSERT INTO domain_events (at, type, contract_id, environment, data, sequence)
    VALUES (at, 'pool.low_water', contract, contract_environment,
            jsonb_build_object('contract_id', contract, 'available', after, 'low_water', low_water), numbered);
    fell := (SELECT c.auto_replenish IS NOT NULL FROM contracts c WHERE c.id = contract);
  END IF;
  RETURN NEXT;
END
$$;

-- Takes licenses from a pool for orders, in their order, and writes holds, facts and audit rows (db/pool/grab.ts). An order gets all that it
-- asks for or none, and the first one that gets nothing ends the group. If some have their holds already, they are returned and nothing is
-- taken. `order_ends` are the running sums of what the orders ask for; of each license, `license_orders` has the place of its order. Many orders
-- have the same actor: `order_actors` has its place in `actors`. `held_minutes` null assigns licenses at once.
--
-- The shared lock of the contract's generation is held to the end. It is a function because each of its statements sees the rows as they are
-- after the wait for their locks, keeps its plan, and begins only if it is needed: the start of unused parts was a quarter of one statement.
--
-- Returns a row for each license that is given, and then one with the result for all; nothing if the pool gives no licenses or `is_accepted` is
-- false. `available`: how many licenses were found, at most as many as are asked for. `fell`: whether the pool fell below `low_water` and its
-- contract replenishes it. `has_rest`: whether a second group can take licenses of the same expiry at the same moment.
CREATE FUNCTION grab_licenses(
  contract uuid, real_now timestamptz, is_accepted boolean, sets_expiry boolean, waits boolean, lock_ms text, hold_ids uuid[], order_refs text[],
  order_ends integer[], license_orders integer[], customer_ids uuid[], held_minutes integer[], fingerprints text[], actors jsonb[],
  order_actors integer[], request_ids text[], group_max integer)
RETURNS TABLE (order_place integer, license_id bigint, key text, expires_at timestamptz, environment text, at timestamptz,
               needs_transaction boolean, repeated integer[], available integer, fell boolean, has_rest boolean)
-- The plans do not depend on the numbers of orders and licenses, and a plan that was made while a table was empty does not read all of it.
LANGUAGE plpgsql ROWS 100 SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  pool record;
  wanted integer := order_ends[cardinality(order_ends)];
  given integer := wanted;
  pooled pool_available;
  -- Which rows are locked, and the place of the last one in the order in which licenses are given out.
  locked pool_available[] := '{}';
  place_expires_at timestamptz;
  place_last_id bigint := 9223372036854775807;
  place_first_id bigint := 9223372036854775807;
  found_ids bigint[] := '{}';
  found_expiries timestamptz[] := '{}';
  some_ids bigint[];
  used_ids bigint[];
  given_ids int8multirange;
BEGIN
  lock_ms := set_config('lock_timeout', lock_ms, true);
  PERFORM pg_advisory_xact_lock_shared(generation_lock(contract));
  SELECT c.environment, coalesce(k.now, real_now) AS at, CASE WHEN k.id IS NULL THEN 'real' ELSE 'test' END AS clock, c.low_water,
         c.type = 'pool' AND c.state IN ('ACTIVE', 'PAST_DUE') AND coalesce(c.next_boundary_at, 'infinity') > coalesce(k.now, real_now) AS open,
         given_out_after(coalesce(k.now, real_now), c.timezone, c.min_remaining_validity) AS expires_after,
         NOT sets_expiry AND EXISTS (SELECT FROM license_terms t WHERE t.contract_id = c.id AND t.own_expiry ->> 'basis' = 'assignment') AS needs_transaction
  INTO pool FROM contracts c LEFT JOIN test_clocks k ON k.id = c.test_clock_id WHERE c.id = contract;
  IF NOT FOUND OR NOT pool.open OR NOT is_accepted THEN
    RETURN;
  END IF;
  environment := pool.environment;
  at := pool.at;
  needs_transaction := pool.needs_transaction;
  available := 0;
  fell := false;
  has_rest := false;
  IF needs_transaction THEN
    RETURN NEXT;
    RETURN;
  END IF;

  -- The order of the references makes a plan use their index also if it was made while the table was empty and all indexes seemed equal.
  SELECT array_agg(o.place::integer) INTO repeated
  FROM unnest(order_refs) WITH ORDINALITY AS o (order_ref, place)
  CROSS JOIN LATERAL (
    SELECT h.order_ref FROM pool_holds h WHERE h.contract_id = contract AND h.order_ref >= o.order_ref ORDER BY h.order_ref LIMIT 1) h
  WHERE h.order_ref = o.order_ref;
  IF repeated IS NOT NULL THEN
    RETURN NEXT;
    RETURN;
  END IF;

  -- One row after the other, so that other processes find the rest unlocked.
  place_expires_at := pool.expires_after;
  LOOP
    IF waits THEN
      SELECT p.* INTO pooled FROM pool_available p
      WHERE p.contract_id = contract AND (p.expires_at, p.last_id, p.first_id) > (place_expires_at, place_last_id, place_first_id)
      ORDER BY p.expires_at, p.last_id, p.first_id LIMIT 1 FOR UPDATE;
    ELSE
      SELECT p.* INTO pooled FROM pool_available p
      WHERE p.contract_id = contract AND (p.expires_at, p.last_id, p.first_id) > (place_expires_at, place_last_id, place_first_id)
      ORDER BY p.expires_at, p.last_id, p.first_id LIMIT 1 FOR UPDATE SKIP LOCKED;
    END IF;
    EXIT WHEN NOT FOUND;
    place_expires_at := pooled.expires_at;
    place_last_id := pooled.last_id;
    place_first_id := pooled.first_id;
    locked := locked || pooled;
    some_ids := ARRAY(
      SELECT id FROM unnest(pooled.ids) AS part, generate_series(lower(part), least(upper(part), lower(part) + wanted) - 1) AS id
      LIMIT wanted - cardinality(found_ids));
    found_ids := found_ids || some_ids;
    found_expiries := found_expiries || array_fill(pooled.expires_at, ARRAY[cardinality(some_ids)]);
    EXIT WHEN cardinality(found_ids) = wanted;
  END LOOP;
  available := cardinality(found_ids);
  IF available < wanted THEN
    SELECT coalesce(max(upto), 0) INTO given FROM unnest(order_ends) AS upto WHERE upto <= available;
    found_ids := found_ids[1 : given];
  END IF;
  IF given = 0 THEN
    RETURN NEXT;
    RETURN;
  END IF;

  -- A license that was held or assigned before has facts. Only who has locked the row of a pool inserts facts of its licenses.
  used_ids := ARRAY(SELECT f.license_id FROM license_facts f WHERE f.license_id = ANY(found_ids) ORDER BY f.license_id FOR NO KEY UPDATE);
  IF used_ids <> '{}' THEN
    UPDATE license_facts f
    SET customer_id = CASE WHEN l.minutes IS NULL THEN l.customer_id END, assigned_at = CASE WHEN l.minutes IS NULL THEN pool.at END,
        held_until = pool.at + make_interval(mins => l.minutes)
    FROM (SELECT l.id, held_minutes[l.place] AS minutes, customer_ids[l.place] AS customer_id FROM unnest(found_ids, license_orders[1 : given]) AS l (id, place)) l
    WHERE f.license_id = l.id AND f.license_id = ANY(used_ids);
  END IF;

  RETURN QUERY
    WITH orders AS MATERIALIZED (
      SELECT o.hold_id, o.order_ref, coalesce(order_ends[o.place - 1], 0) + 1 AS first, o.upto, o.customer_id,
             CASE WHEN o.minutes IS NULL THEN pool.at END AS assigned_at, pool.at + make_interval(mins => o.minutes) AS held_until,
             o.fingerprint, actors[o.actor] AS actor, o.request_id
      FROM unnest(hold_ids, order_refs, order_ends, customer_ids, held_minutes, fingerprints, order_actors, request_ids) WITH ORDINALITY
           AS o (hold_id, order_ref, upto, customer_id, minutes, fingerprint, actor, request_id, place)
      WHERE o.upto <= given
      -- In this order, so that two processes that serve the same orders do not wait for each other.
      ORDER BY o.order_ref
    ), hold AS (
      -- If another process serves the same order now, the whole group fails, and finds its hold when it is tried again.
      INSERT INTO pool_holds (id, contract_id, environment, order_ref, license_ids, customer_id, state, held_until, created_at, ended_at, fingerprint)
      SELECT o.hold_id, contract, pool.environment, o.order_ref, found_ids[o.first : o.upto], o.customer_id,
             CASE WHEN o.assigned_at IS NULL THEN 'held' ELSE 'assigned' END, o.held_until, pool.at, o.assigned_at, o.fingerprint
      FROM orders o
    ), fact AS (
      INSERT INTO license_facts (license_id, customer_id, assigned_at, held_until)
      SELECT l.id, CASE WHEN held_minutes[l.place] IS NULL THEN customer_ids[l.place] END, CASE WHEN held_minutes[l.place] IS NULL THEN pool.at END,
             pool.at + make_interval(mins => held_minutes[l.place])
      FROM unnest(found_ids, license_orders[1 : given]) AS l (id, place) WHERE l.id <> ALL(used_ids)
    ), audit AS (
      INSERT INTO audit_events (at, actor, action, subject_type, subject_id, contract_id, environment, after, request_id, clock)
      SELECT pool.at, o.actor, 'pool.grabbed', 'hold', o.hold_id, contract, pool.environment,
             jsonb_build_object('order_ref', o.order_ref, 'licenses', o.upto - o.first + 1, 'customer_id', o.customer_id, 'held_until', o.held_until),
             o.request_id, pool.clock
      FROM orders o
    )
    SELECT license_orders[l.number], l.id, s.key, NULLIF(found_expiries[l.number], 'infinity'), NULL::text, NULL::timestamptz, NULL::boolean,
           NULL::integer[], NULL::integer, NULL::boolean, NULL::boolean
    FROM unnest(found_ids) WITH ORDINALITY AS l (id, number)
    -- Each license is one read of the index: a join reads the whole table when the plan expects many.
    CROSS JOIN LATERAL (SELECT s.key FROM licenses s WHERE s.id = l.id OFFSET 0) s ORDER BY l.number;

  given_ids := (SELECT range_agg(int8range(id, id + 1)) FROM unnest(found_ids) AS id);
  FOREACH pooled IN ARRAY locked LOOP
    UPDATE pool_available p SET ids = p.ids - given_ids, licenses = p.licenses - (SELECT sum(upper(part) - lower(part)) FROM unnest(p.ids * given_ids) AS part)
    WHERE p.contract_id = contract AND p.expires_at = pooled.expires_at AND p.last_id = pooled.last_id AND p.first_id = pooled.first_id
      AND p.ids && given_ids AND NOT p.ids <@ given_ids;
    IF NOT FOUND THEN
      DELETE FROM pool_available p
      WHERE p.contract_id = contract AND p.expires_at = pooled.expires_at AND p.last_id = pooled.last_id AND p.first_id = pooled.first_id
        AND p.ids <@ given_ids;
    END IF;
  END LOOP;

  -- Last, because the number of an event locks the row of the quota until the commit.
  IF EXISTS (SELECT FROM unnest(customer_ids, held_minutes, order_ends) AS o (customer_id, minutes, upto)
             WHERE o.customer_id IS NOT NULL AND o.minutes IS NULL AND o.upto <= given) THEN
    WITH assigned AS MATERIALIZED (
      SELECT o.hold_id, o.order_ref, o.customer_id, coalesce(order_ends[o.place - 1], 0) + 1 AS first, o.upto, row_number() OVER (ORDER BY o.place) AS number
      FROM unnest(hold_ids, order_refs, order_ends, customer_ids, held_minutes) WITH ORDINALITY AS o (hold_id, order_ref, upto, customer_id, minutes, place)
      WHERE o.customer_id IS NOT NULL AND o.minutes IS NULL AND o.upto <= given
    ), numbered AS (
      UPDATE contract_quotas q SET event_sequence = q.event_sequence + (SELECT count(*) FROM assigned)
      WHERE q.contract_id = contract RETURNING q.event_sequence - (SELECT count(*) FROM assigned) AS before
    )
    INSERT INTO domain_events (at, type, contract_id, environment, data, sequence)
    SELECT pool.at, 'license.assigned', contract, pool.environment,
           jsonb_build_object('operation_id', NULL, 'customer_id', o.customer_id, 'count', o.upto - o.first + 1, 'reassigned', 0,
             'license_ids', (SELECT jsonb_agg('lic_' || id ORDER BY number) FROM unnest(found_ids[o.first : least(o.upto, o.first + 99)]) WITH ORDINALITY AS l (id, number)),
             'hold_id', o.hold_id, 'order_ref', o.order_ref),
           numbered.before + o.number
    FROM numbered, assigned o;
  END IF;

  has_rest := true;
  IF pool.low_water > 0 THEN
    SELECT n.fell, n.is_ample INTO fell, has_rest
    FROM notice_low_water(contract, pool.environment, pool.at, pool.expires_after, pool.low_water, given, 2 * group_max) n;
  END IF;
  -- A license that expires earlier is given out first, so only another row of the same expiry counts.
  has_rest := has_rest AND coalesce((
    SELECT p.licenses >= group_max FROM pool_available p
    WHERE p.contract_id = contract AND p.expires_at = place_expires_at AND (p.last_id, p.first_id) <> (place_last_id, place_first_id)
    ORDER BY p.last_id, p.first_id LIMIT 1), false);
  RETURN NEXT;
END
$$;

-- Whether the fall of a pool below its `low_water` was noticed: a row exists once it had more, and has `low_since` from the notice until it
-- has ten percent more again. The statement of a grab writes it (db/pool/low-water.ts).
CREATE TABLE pool_levels (
  contract_id  uuid PRIMARY KEY REFERENCES contracts (id),
  low_since    timestamptz
);

-- What became of the last replenishment of a pool (db/pool/replenishment.ts): its job, and why it is blocked. A row exists from the first
-- attempt until the pool has enough licenses.
CREATE TABLE pool_replenishments (
  contract_id  uuid PRIMARY KEY REFERENCES contracts (id),
  job_id       uuid REFERENCES generation_jobs (id),
  -- The code of a refusal, QUOTA_EXCEEDED or JOB_FAILED; null: it is not blocked.
  blocked_by   text,
  blocked_at   timestamptz,
  CONSTRAINT pool_replenishments_blocked CHECK ((blocked_by IS NULL) = (blocked_at IS NULL))
);

-- Licenses of a contract that are generated by themselves on the days of a calendar (domain/schedule/). Rows are written under the lock of
-- the contract.
CREATE TABLE generation_schedules (
  id               uuid PRIMARY KEY DEFAULT uuidv7(),
  contract_id      uuid NOT NULL REFERENCES contracts (id),
  count            integer NOT NULL CONSTRAINT schedules_count_bounded CHECK (count BETWEEN 1 AND 10000000),
  -- The calendar, in the time zone of the contract: a period, a day of the month or week, a time of day, the first and the last day.
  every            text NOT NULL,
  on_day           smallint CONSTRAINT schedules_on_day_bounded CHECK (on_day BETWEEN 1 AND 31),
  at               text NOT NULL,
  from_date        date NOT NULL,
  until_date       date,
  -- The customer to whom the licenses of each run are assigned; null: to no customer.
  customer_id      uuid REFERENCES customers (reference_id),
  enabled          boolean NOT NULL,
  -- The next run; null: none. The instant is a copy of what the day gives by the time zone rules, which is computed again when these change
  -- or are null.
  next_date        date,
  next_run_at      timestamptz,
  time_zone_rules  text,
  -- The day of the last run: a schedule runs once on a day.
  last_date        date,
  ended_at         timestamptz,
  end_reason       text CONSTRAINT schedules_end_reason_known CHECK (end_reason IN ('DELETED', 'CONTRACT_TERMINATED', 'CONTRACT_DELETED')),
  -- The Temporal Schedule has the runs of `placed_revision`; the server is that of `workflow_epoch`.
  revision         integer NOT NULL DEFAULT 1,
  placed_revision  integer,
  workflow_epoch   text,
  -- The real time of the last change.
  changed_at       timestamptz NOT NULL DEFAULT now(),
  actor            jsonb NOT NULL,
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL,
  CONSTRAINT schedules_until_not_before_from CHECK (until_date >= from_date),
  CONSTRAINT schedules_next_run CHECK ((next_date IS NULL) = (next_run_at IS NULL)),
  CONSTRAINT schedules_ended CHECK ((ended_at IS NULL) = (end_reason IS NULL) AND (ended_at IS NULL OR next_date IS NULL)),
  CONSTRAINT schedules_paused CHECK (enabled OR next_date IS NULL)
);
CREATE INDEX generation_schedules_of_contract ON generation_schedules (contract_id, id);
CREATE INDEX generation_schedules_of_customer ON generation_schedules (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX generation_schedules_by_next_run ON generation_schedules (next_run_at) WHERE next_run_at IS NOT NULL;
CREATE INDEX generation_schedules_not_placed ON generation_schedules (changed_at) WHERE placed_revision IS DISTINCT FROM revision;

-- Runs of schedules that are over. The row and its job are committed together, so no run is made twice.
CREATE TABLE schedule_runs (
  schedule_id   uuid NOT NULL REFERENCES generation_schedules (id),
  run_date      date NOT NULL,
  contract_id   uuid NOT NULL REFERENCES contracts (id),
  due_at        timestamptz NOT NULL,
  -- The time of the contract when the run was decided.
  executed_at   timestamptz NOT NULL,
  outcome       text NOT NULL CONSTRAINT schedule_runs_outcome_known CHECK (outcome IN ('generated', 'shortened', 'skipped')),
  -- Why it was shortened or skipped, or why its licenses were not assigned.
  code          text,
  requested     integer NOT NULL,
  licenses      integer NOT NULL,
  job_id        uuid CONSTRAINT schedule_runs_job_unique UNIQUE REFERENCES generation_jobs (id),
  customer_id   uuid REFERENCES customers (reference_id),
  -- The state of the contract then.
  contract_state  text NOT NULL,
  PRIMARY KEY (schedule_id, run_date),
  CONSTRAINT schedule_runs_job CHECK ((outcome = 'skipped') = (job_id IS NULL) AND (outcome = 'skipped') = (licenses = 0)),
  CONSTRAINT schedule_runs_code CHECK (outcome = 'generated' OR code IS NOT NULL),
  CONSTRAINT schedule_runs_not_more CHECK (licenses BETWEEN 0 AND requested)
);
CREATE INDEX schedule_runs_of_contract ON schedule_runs (contract_id, due_at);
CREATE INDEX schedule_runs_of_customer ON schedule_runs (customer_id) WHERE customer_id IS NOT NULL;

-- Devices on which licenses are active. Every transaction that writes a row has locked the facts of its license. The name is what the user called the
-- device, so it can be personal data: it goes with the row.
CREATE TABLE license_devices (
  license_id    bigint NOT NULL,
  device_id     text COLLATE "C" NOT NULL,
  name          text,
  activated_at  timestamptz NOT NULL,
  -- The last activation or heartbeat.
  seen_at       timestamptz NOT NULL,
  -- The device has its place until then; null: until it is deactivated.
  leased_until  timestamptz,
  PRIMARY KEY (license_id, device_id)
);

-- A device activates a license, deactivates it, or reports that it is in use. Returns what decides, as it is under the lock of the
-- license's facts, and whether it is done; no row for an unknown key. `deviceRefusal` of domain/license/device.ts explains what is not
-- done. It is a function because its statements must begin after the lock is granted, and one call costs one round trip. A first
-- activation that gives the license an expiry of its own is done when the caller has computed that expiry (`needs_expiry`). A license that
-- is given out from a pool is refused until a customer has it, so an activation changes no license that an order can take. A
-- license of another product or environment than those that are asked for (null: any) is neither locked nor used.
CREATE FUNCTION use_device(action text, license_key text, device text, label text, real_now timestamptz, given_expiry timestamptz,
                           asked_product text, asked_environment text)
RETURNS TABLE (
  id bigint, at timestamptz, done boolean, needs_expiry boolean, own_expiry jsonb, end_date text, features jsonb, is_test boolean,
  is_pooled boolean, environment text, product_code text, activation_limit integer, issued_licenses text, suspended_by text, customer_id uuid,
  assigned_at timestamptz, held_until timestamptz, activated_at timestamptz, suspended_at timestamptz, revoked_at timestamptz,
  expires_at timestamptz, other_devices integer, has_place boolean, is_stored boolean, leased_until timestamptz
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  lease integer;
  facts license_facts;
  foreign_key boolean;
  blocked boolean;
BEGIN
  SELECT l.id, coalesce(o.now, real_now), t.own_expiry, c.end_date::text, t.features, j.is_test, c.type IS NOT DISTINCT FROM 'pool' AND NOT j.is_test, j.environment, p.code, t.activation_limit,
         coalesce(c.on_suspend ->> 'issued_licenses', 'keep'), j.expires_at, t.device_lease_minutes,
         CASE WHEN c.state = 'SUSPENDED' AND c.on_suspend ->> 'issued_licenses' <> 'keep' THEN
           (SELECT min(h.source) FROM contract_holds h WHERE h.contract_id = c.id AND h.lifted_at IS NULL AND h.source <> 'admin') END
  INTO id, at, own_expiry, end_date, features, is_test, is_pooled, environment, product_code, activation_limit, issued_licenses, expires_at, lease,
       suspended_by
  FROM licenses l
  JOIN generation_jobs j ON j.serial = l.id >> 24
  JOIN license_terms t ON t.id = j.terms_id
  JOIN generators g ON g.id = t.generator_id
  JOIN products p ON p.id = g.product_id
  LEFT JOIN contracts c ON c.id = j.contract_id
  LEFT JOIN test_clocks o ON o.id = c.test_clock_id
  WHERE l.key = license_key;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  foreign_key := coalesce(asked_product <> product_code, false) OR coalesce(asked_environment <> environment, false);
  IF action = 'activate' AND NOT is_pooled AND NOT foreign_key THEN
    -- A license that a customer has from a pool has facts already.
    INSERT INTO license_facts (license_id) VALUES (id) ON CONFLICT (license_id) DO NOTHING;
  END IF;
  SELECT f.* INTO facts FROM license_facts f WHERE f.license_id = id AND NOT foreign_key FOR NO KEY UPDATE;
  expires_at := coalesce(facts.expires_at, expires_at);
  customer_id := facts.customer_id;
  assigned_at := facts.assigned_at;
  held_until := facts.held_until;
  activated_at := facts.activated_at;
  suspended_at := facts.suspended_at;
  revoked_at := facts.revoked_at;
  SELECT count(*) FILTER (WHERE d.device_id <> device AND coalesce(d.leased_until > at, true)),
         coalesce(bool_or(d.device_id = device AND coalesce(d.leased_until > at, true)), false),
         coalesce(bool_or(d.device_id = device), false)
  INTO other_devices, has_place, is_stored
  FROM license_devices d WHERE d.license_id = id;
  needs_expiry := action = 'activate' AND NOT foreign_key AND activated_at IS NULL AND given_expiry IS NULL
    AND coalesce(own_expiry ->> 'basis' = 'first_activation', false);
  blocked := foreign_key OR revoked_at IS NOT NULL OR suspended_at IS NOT NULL OR coalesce(expires_at <= at, false)
    OR is_pooled AND customer_id IS NULL AND activated_at IS NULL
    OR suspended_by IS NOT NULL AND (issued_licenses = 'suspend' OR NOT has_place)
    OR NOT has_place AND coalesce(other_devices >= activation_limit, false);
  done := CASE action
    WHEN 'deactivate' THEN true
    WHEN 'heartbeat' THEN is_stored AND NOT blocked
    ELSE NOT blocked AND NOT needs_expiry END;
  leased_until := at + make_interval(mins => lease);
  IF NOT done THEN
    leased_until := NULL;
  ELSIF action = 'deactivate' THEN
    DELETE FROM license_devices d WHERE d.license_id = id AND d.device_id = device;
    leased_until := NULL;
  ELSIF action = 'heartbeat' THEN
    UPDATE license_devices d SET seen_at = at, leased_until = at + make_interval(mins => lease)
    WHERE d.license_id = id AND d.device_id = device;
  ELSE
    -- Devices whose lease is over make room.
    DELETE FROM license_devices d WHERE d.license_id = id AND d.device_id <> device AND d.leased_until <= at;
    INSERT INTO license_devices AS d (license_id, device_id, name, activated_at, seen_at, leased_until)
    VALUES (id, device, label, at, at, at + make_interval(mins => lease))
    ON CONFLICT (license_id, device_id) DO UPDATE
    SET name = coalesce(excluded.name, d.name), seen_at = excluded.seen_at, leased_until = excluded.leased_until,
        activated_at = CASE WHEN d.leased_until <= excluded.seen_at THEN excluded.activated_at ELSE d.activated_at END;
    IF activated_at IS NULL THEN
      UPDATE license_facts f SET activated_at = at, expires_at = coalesce(given_expiry, f.expires_at) WHERE f.license_id = id;
      activated_at := at;
      expires_at := coalesce(given_expiry, expires_at);
    END IF;
  END IF;
  RETURN NEXT;
END
$$;

-- Operations on many licenses, carried out by a request or a job (domain/license/license-operation.ts).
CREATE TABLE license_operations (
  id               uuid PRIMARY KEY DEFAULT uuidv7(),
  kind             text NOT NULL CONSTRAINT license_operations_kind_known CHECK (kind IN ('assign', 'suspend', 'reinstate', 'revoke')),
  -- The customer who gets the licenses.
  customer_id      uuid REFERENCES customers (reference_id),
  -- The contract that the filter names.
  contract_id      uuid REFERENCES contracts (id),
  -- The licenses: a filter of the list of licenses, or ids in their order. Exactly one is set.
  filter           jsonb,
  license_ids      bigint[],
  -- Whether an assignment moves licenses of other customers.
  reassign         boolean NOT NULL,
  reason           text,
  requested        integer NOT NULL CONSTRAINT license_operations_requested_positive CHECK (requested > 0),
  -- Whether `requested` licenses have to be changed; otherwise so many have to be decided about.
  exact            boolean NOT NULL,
  execution        text NOT NULL CONSTRAINT license_operations_execution_known CHECK (execution IN ('inline', 'background')),
  state            text NOT NULL CONSTRAINT license_operations_state_known CHECK (state IN
                     ('QUEUED', 'RUNNING', 'CANCELLING', 'SUCCEEDED', 'PARTIAL', 'FAILED', 'CANCELLED')),
  -- The last license that was decided about. A batch writes it together with the licenses that it changes.
  last_license_id  bigint,
  done             integer NOT NULL DEFAULT 0,
  -- Those of `done` that belonged to another customer.
  moved            integer NOT NULL DEFAULT 0,
  unchanged        integer NOT NULL DEFAULT 0,
  conflict         integer NOT NULL DEFAULT 0,
  not_available    integer NOT NULL DEFAULT 0,
  actor            jsonb NOT NULL,
  created_at       timestamptz NOT NULL,
  started_at       timestamptz,
  finished_at      timestamptz,
  -- When a batch was last written.
  active_at        timestamptz NOT NULL,
  request_id       text,
  workflow_epoch   text,
  -- Until when the licenses that were not changed can be read; null: there are none, or they are deleted.
  outcomes_until   timestamptz,
  CONSTRAINT license_operations_recipient CHECK ((kind = 'assign') = (customer_id IS NOT NULL)),
  CONSTRAINT license_operations_selection CHECK ((filter IS NULL) <> (license_ids IS NULL)),
  CONSTRAINT license_operations_not_more_than_requested CHECK (NOT exact OR done <= requested)
);
CREATE INDEX license_operations_by_created ON license_operations (created_at, id);
CREATE INDEX license_operations_by_kind ON license_operations (kind, created_at, id);
CREATE INDEX license_operations_of_customer ON license_operations (customer_id, created_at, id);
CREATE INDEX license_operations_of_contract ON license_operations (contract_id, created_at, id);
CREATE INDEX license_operations_by_state ON license_operations (state, created_at, id);
CREATE INDEX license_operations_unfinished ON license_operations (id) WHERE state IN ('QUEUED', 'RUNNING', 'CANCELLING');
CREATE INDEX license_operations_outcomes ON license_operations (outcomes_until) WHERE outcomes_until IS NOT NULL;

-- What an unfinished job has changed of each contract. Its end writes one domain event for each and removes the rows.
CREATE TABLE license_operation_contracts (
  operation_id  uuid NOT NULL REFERENCES license_operations (id),
  -- Null: licenses that were created without a contract.
  contract_id   uuid REFERENCES contracts (id),
  environment   text NOT NULL,
  done          integer NOT NULL,
  moved         integer NOT NULL,
  -- The first licenses, as clients see their ids.
  license_ids   text[] NOT NULL,
  CONSTRAINT license_operation_contracts_unique UNIQUE NULLS NOT DISTINCT (operation_id, contract_id, environment)
);

-- The licenses that the filter of a job selected when it was requested, while it has to decide about some of them. A job for exactly so many
-- licenses has none: it looks for licenses that it can change (db/license/selected-license.ts).
CREATE TABLE license_operation_selected (
  -- Checked at the commit: the rows are inserted before the operation, whose number of licenses they decide.
  operation_id  uuid NOT NULL REFERENCES license_operations (id) DEFERRABLE INITIALLY DEFERRED,
  last_id       bigint NOT NULL,
  -- Up to 500, as many as a batch decides about.
  ids           int8multirange NOT NULL,
  PRIMARY KEY (operation_id, last_id)
);

-- Licenses that an operation could not change (db/license/license-outcome.ts). Those that it changed are only counted.
CREATE TABLE license_operation_outcomes (
  operation_id       uuid NOT NULL REFERENCES license_operations (id),
  -- Negative for a text of the request that is no id of a license.
  license_id         bigint NOT NULL,
  -- That text.
  unknown_id         text,
  outcome            text NOT NULL CONSTRAINT license_operation_outcomes_known CHECK (outcome IN ('conflict', 'not_available')),
  -- For not_available.
  reason             text,
  -- The customer to whom it belonged then, who may have been merged since.
  other_customer_id  uuid,
  PRIMARY KEY (operation_id, license_id),
  CONSTRAINT license_operation_outcomes_unknown CHECK ((license_id < 0) = (unknown_id IS NOT NULL))
);
-- An operation may have millions. Planned for their average number, the first of an operation would be found by reading all of them.
ALTER TABLE license_operation_outcomes ALTER COLUMN operation_id SET (n_distinct = -0.0005);

-- Imports of existing licenses (domain/import/). An import is a job of the execution `import` with the same id. The number of a row in the
-- file, without the header, is the ordinal of its license, so rows that are not imported leave gaps.
CREATE TABLE license_imports (
  id           uuid PRIMARY KEY,
  contract_id  uuid NOT NULL REFERENCES contracts (id),
  duplicates   text NOT NULL CONSTRAINT license_imports_duplicates_known CHECK (duplicates IN ('reject', 'skip')),
  received_at  timestamptz NOT NULL DEFAULT now(),
  -- The rows and the size of the file; null while it arrives. There is no job before.
  rows         integer,
  file_bytes   bigint,
  -- The newest import of the same file with the same rule decides what a repeated request gets.
  file_sha256  text,
  -- Until when the rows of chunks and the outcomes are kept; null: nothing is to be deleted.
  rows_until   timestamptz,
  report_until timestamptz,
  -- The counts of imported, skipped and rejected rows that domain events have said; null: there is none yet.
  announced    jsonb
);
CREATE INDEX license_imports_of_file ON license_imports (contract_id, file_sha256);
CREATE INDEX license_imports_arriving ON license_imports (received_at) WHERE rows IS NULL;
CREATE INDEX license_imports_with_rows ON license_imports (rows_until) WHERE rows_until IS NOT NULL;
CREATE INDEX license_imports_with_report ON license_imports (report_until) WHERE report_until IS NOT NULL;

-- The rows of a file, a row of this table for each chunk of the job: it is written while the file arrives, and with the licenses.
CREATE TABLE license_import_chunks (
  import_id  uuid NOT NULL REFERENCES license_imports (id),
  chunk_no   integer NOT NULL,
  -- How many licenses the chunk can have.
  accepted   integer NOT NULL,
  -- Rows that can be imported, as JSON. Not compressed, because they are read once and deleted.
  payload    text STORAGE EXTERNAL,
  -- Null: not decided yet.
  imported   integer,
  -- Rows that are not imported, also those that were not accepted.
  skipped    integer NOT NULL,
  rejected   integer NOT NULL,
  PRIMARY KEY (import_id, chunk_no)
);

-- The rows that are not imported.
CREATE TABLE license_import_outcomes (
  import_id  uuid NOT NULL REFERENCES license_imports (id),
  ordinal    integer NOT NULL,
  key        text,
  outcome    text NOT NULL CONSTRAINT license_import_outcomes_known CHECK (outcome IN ('skipped', 'rejected')),
  code       text NOT NULL,
  detail     text,
  PRIMARY KEY (import_id, ordinal)
);

-- History ----------------------------------------------------------------------------------------------------------

CREATE TABLE audit_events (
  id            uuid PRIMARY KEY DEFAULT uuidv7(),
  -- The time of the act. For a boundary it is the instant of the boundary, even if it was applied later.
  at            timestamptz NOT NULL,
  -- {type, id}, with `name_id` and `origin_id` for a person, or with `name` for a process.
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
  -- The clock of `at`: the real one or a test clock.
  clock         text NOT NULL DEFAULT 'real' CONSTRAINT audit_events_clock_known CHECK (clock IN ('real', 'test'))
);
CREATE INDEX audit_events_by_contract ON audit_events (contract_id, id);
CREATE INDEX audit_events_by_action ON audit_events (action, id);
CREATE INDEX audit_events_by_subject ON audit_events (subject_id, id);
CREATE INDEX audit_events_by_environment ON audit_events (environment, id);
CREATE INDEX audit_events_by_actor ON audit_events ((actor->>'id'), id);
CREATE INDEX audit_events_by_name_id ON audit_events (((actor ->> 'name_id')::bigint), id) WHERE actor ? 'name_id';
-- Actors that are processes keep their names in the row.
CREATE INDEX audit_events_by_process_name ON audit_events (nfc(actor ->> 'name'), id) WHERE actor ? 'name';
-- Ids are in the order in which rows are written, so an act is found by its time through the primary key. This index has the other rows,
-- whose time differs from that of their id: late ones, and those of test clocks.
CREATE INDEX audit_events_at_other_time ON audit_events (id)
  WHERE at - uuid_extract_timestamp(id) NOT BETWEEN interval '-1 minute' AND interval '1 minute';
-- Requests for licenses write audit rows of jobs, so they write no entries of this index.
CREATE INDEX audit_events_by_subject_type ON audit_events (subject_type, id) WHERE subject_type <> 'job';
CREATE INDEX audit_events_of_contract_by_at ON audit_events (contract_id, at, id) WHERE subject_type = 'contract';

CREATE TABLE domain_events (
  id           uuid PRIMARY KEY DEFAULT uuidv7(),
  at           timestamptz NOT NULL,
  type         text NOT NULL,
  contract_id  uuid,
  environment  text,
  data         jsonb NOT NULL,
  -- Numbers the events of a contract in the order of its changes (contract_quotas.event_sequence).
  sequence     bigint
);
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

-- Webhooks --------------------------------------------------------------------------------------------------------

-- A receiver of domain events: those of one contract, or those of all contracts of an environment or of the installation.
CREATE TABLE webhook_endpoints (
  id               uuid PRIMARY KEY DEFAULT uuidv7(),
  contract_id      uuid REFERENCES contracts (id),
  -- Null: of all environments. With a contract it is the environment of that contract.
  environment      text,
  -- Which events reach it, as one text for the look-up of the trigger: the id of the contract, the environment, or 'all'.
  scope            text NOT NULL GENERATED ALWAYS AS (coalesce(contract_id::text, environment, 'all')) STORED,
  -- Made by the field `webhook_url` of its contract, which also changes and removes it.
  is_of_contract   boolean NOT NULL DEFAULT false,
  url              text NOT NULL,
  description      text,
  -- Types of events: '*', 'license.*', or a whole type.
  events           text[] NOT NULL CONSTRAINT webhook_endpoints_events_given CHECK (cardinality(events) > 0),
  -- The form of the payloads (domain/webhook/payload.ts), which stays as it was when the endpoint was made.
  payload_version  smallint NOT NULL,
  -- Attempts that begin in a second at most; null: as many as the receiver answers.
  rate_per_second  integer CONSTRAINT webhook_endpoints_rate_positive CHECK (rate_per_second > 0),
  -- enabled; disabled: new events are not owed, and what is owed waits; ending: new events are not owed, and it is removed when nothing is
  -- owed; removed.
  status           text NOT NULL DEFAULT 'enabled'
                     CONSTRAINT webhook_endpoints_status_known CHECK (status IN ('enabled', 'disabled', 'ending', 'removed')),
  disabled_reason  text CONSTRAINT webhook_endpoints_reason_known CHECK (disabled_reason IN ('by_hand', 'gone', 'failing')),
  disabled_at      timestamptz,
  revision         integer NOT NULL DEFAULT 1,
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL,
  CONSTRAINT webhook_endpoints_disabled CHECK ((status = 'disabled') = (disabled_at IS NOT NULL) AND (disabled_at IS NULL) = (disabled_reason IS NULL)),
  CONSTRAINT webhook_endpoints_of_contract CHECK (NOT is_of_contract OR contract_id IS NOT NULL)
);
CREATE INDEX webhook_endpoints_by_scope ON webhook_endpoints (scope) WHERE status = 'enabled';
-- Lists of endpoints. Most endpoints of a large installation are of contracts, and removed ones stay for the sake of their deliveries.
CREATE INDEX webhook_endpoints_kept ON webhook_endpoints (id) WHERE status <> 'removed';
CREATE INDEX webhook_endpoints_by_environment ON webhook_endpoints (environment, id);
CREATE INDEX webhook_endpoints_by_status ON webhook_endpoints (status, id);
CREATE INDEX webhook_endpoints_by_contract ON webhook_endpoints (contract_id, id) WHERE contract_id IS NOT NULL;
CREATE UNIQUE INDEX webhook_endpoints_of_url_field ON webhook_endpoints (contract_id) WHERE is_of_contract AND status <> 'removed';

-- The secrets that sign for an endpoint. The current one does not expire; those before it sign beside it until they expire.
CREATE TABLE webhook_secrets (
  id           uuid PRIMARY KEY DEFAULT uuidv7(),
  endpoint_id  uuid NOT NULL REFERENCES webhook_endpoints (id),
  -- `whsec_…` as a JWE, and the version of the key that sealed it.
  sealed       text NOT NULL,
  sealed_by    text NOT NULL,
  created_at   timestamptz NOT NULL,
  expires_at   timestamptz,
  -- Its end, by which people recognize it.
  last_four    text NOT NULL
);
CREATE INDEX webhook_secrets_of_endpoint ON webhook_secrets (endpoint_id, id);
CREATE UNIQUE INDEX webhook_secrets_current ON webhook_secrets (endpoint_id) WHERE expires_at IS NULL;
CREATE INDEX webhook_secrets_by_sealing_key ON webhook_secrets (sealed_by, id);

-- How far the deliveries of an endpoint are. The transactions of deliveries write it, so that they and edits of the endpoint do not wait for
-- each other.
CREATE TABLE webhook_queues (
  endpoint_id     uuid PRIMARY KEY REFERENCES webhook_endpoints (id),
  -- The workflow has found nothing that is due and is to be woken by the next event.
  is_waiting      boolean NOT NULL DEFAULT true,
  workflow_epoch  text,
  -- Since when every attempt fails; null after a success.
  failing_since   timestamptz,
  delivered_at    timestamptz,
  -- When the workflow last looked at what is owed.
  looked_at       timestamptz
);

-- One event that is owed to one endpoint. The transaction of the event writes the row (`owe_deliveries`). There are no foreign keys, because
-- each would lock its row in every transaction that writes an event; only the trigger and transactions/webhook/ write rows.
CREATE TABLE webhook_deliveries (
  id            uuid PRIMARY KEY DEFAULT uuidv7(),
  endpoint_id   uuid NOT NULL,
  event_id      uuid NOT NULL,
  event_type    text NOT NULL,
  contract_id   uuid,
  environment   text,
  status        text NOT NULL DEFAULT 'owed' CONSTRAINT webhook_deliveries_status_known CHECK (status IN ('owed', 'delivered', 'failed')),
  -- Attempts that were begun. The retry schedule counts those since the delivery was last asked for by hand.
  attempts      integer NOT NULL DEFAULT 0,
  attempts_before_redelivery  integer NOT NULL DEFAULT 0,
  -- When the next attempt is due; of an attempt in flight, when it counts as lost. Null when none follows.
  due_at        timestamptz DEFAULT now(),
  ended_at      timestamptz,
  CONSTRAINT webhook_deliveries_once UNIQUE (endpoint_id, event_id),
  CONSTRAINT webhook_deliveries_owed CHECK ((status = 'owed') = (due_at IS NOT NULL) AND (status = 'owed') = (ended_at IS NULL))
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, due_at, id) WHERE status = 'owed';
CREATE INDEX webhook_deliveries_of_endpoint ON webhook_deliveries (endpoint_id, id);
CREATE INDEX webhook_deliveries_of_contract ON webhook_deliveries (contract_id, id) WHERE contract_id IS NOT NULL;
CREATE INDEX webhook_deliveries_of_event ON webhook_deliveries (event_id);
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE ended_at IS NOT NULL;
-- Lists. An update of a delivery writes all of its indexes, so the two of values that most rows have leave them out.
CREATE INDEX webhook_deliveries_of_type ON webhook_deliveries (event_type, id);
CREATE INDEX webhook_deliveries_not_delivered ON webhook_deliveries (status, id) WHERE status <> 'delivered';
CREATE INDEX webhook_deliveries_elsewhere ON webhook_deliveries (environment, id) WHERE environment <> 'production';

-- What is sent for an event, exactly as it is signed. It is written before the first attempt, and deleted with the last delivery of the event.
CREATE TABLE webhook_payloads (
  event_id  uuid NOT NULL,
  version   smallint NOT NULL,
  body      text NOT NULL,
  PRIMARY KEY (event_id, version)
);

-- Attempts, written before they begin and completed with their answer. One without an outcome is in flight, or its process ended before it knew.
CREATE TABLE webhook_attempts (
  delivery_id  uuid NOT NULL,
  number       integer NOT NULL,
  at           timestamptz NOT NULL,
  outcome      text CONSTRAINT webhook_attempts_outcome_known CHECK (outcome IN ('delivered', 'failed', 'gone')),
  -- Of an answer.
  http_status  smallint,
  excerpt      text,
  -- Without an answer: the kind of failure (domain/webhook/attempt.ts) and its text.
  failure      text,
  detail       text,
  latency_ms   integer,
  PRIMARY KEY (delivery_id, number)
);

-- Whether the filters of an endpoint match events of a type: all (`*`), those of one noun (`license.*`), or the type. A test event matches none:
-- it is owed to the endpoint that is tested. Postgres inlines the function into the statements that call it.
CREATE FUNCTION matches_event(filters text[], event_type text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN filters && ARRAY['*', split_part(event_type, '.', 1) || '.*', event_type] AND event_type <> 'webhook.test';

-- Writes what endpoints are owed for new events, and notifies the worker of endpoints whose workflow waits. It is a trigger so that every
-- statement that writes events is covered. Most events have no endpoint: they cost one look-up.
CREATE FUNCTION owe_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  scopes text[] := ARRAY(SELECT DISTINCT unnest(ARRAY[n.contract_id::text, n.environment, 'all']) FROM new_events n);
  endpoints uuid[] := ARRAY(SELECT e.id FROM webhook_endpoints e WHERE e.scope = ANY (scopes) AND e.status = 'enabled');
BEGIN
  IF endpoints = '{}' THEN
    RETURN NULL;
  END IF;
  WITH owed AS (
    INSERT INTO webhook_deliveries (endpoint_id, event_id, event_type, contract_id, environment)
    SELECT e.id, n.id, n.type, n.contract_id, n.environment
    FROM webhook_endpoints e JOIN new_events n ON e.scope IN (n.contract_id::text, n.environment, 'all')
    WHERE e.id = ANY (endpoints) AND matches_event(e.events, n.type)
    ORDER BY n.sequence, n.id
    RETURNING endpoint_id
  )
  SELECT ARRAY(SELECT DISTINCT endpoint_id FROM owed) INTO endpoints;
  -- Those that fail are woken last.
  PERFORM pg_notify('webhooks', q.endpoint_id::text) FROM (
    SELECT endpoint_id FROM webhook_queues WHERE endpoint_id = ANY (endpoints) AND is_waiting ORDER BY failing_since IS NOT NULL, endpoint_id
  ) q;
  RETURN NULL;
END
$$;
CREATE TRIGGER domain_events_owe_deliveries AFTER INSERT ON domain_events
  REFERENCING NEW TABLE AS new_events FOR EACH STATEMENT EXECUTE FUNCTION owe_deliveries();

-- Mail ------------------------------------------------------------------------------------------------------------

-- An event of which people may have to hear. The transaction of the event writes the row (`owe_notices`); planning it writes the mails.
-- There are no foreign keys, because each would lock its row in every transaction that writes an event.
CREATE TABLE notices (
  event_id     uuid PRIMARY KEY,
  event_type   text NOT NULL,
  contract_id  uuid,
  environment  text,
  -- owed; planned: its mails are rows of `notifications`; failed: planning it failed too often.
  state        text NOT NULL DEFAULT 'owed' CONSTRAINT notices_state_known CHECK (state IN ('owed', 'planned', 'failed')),
  attempts     integer NOT NULL DEFAULT 0,
  -- When it is planned next.
  due_at       timestamptz DEFAULT now(),
  problem      text,
  planned_at   timestamptz,
  -- What became of a planned notice (domain/notification/plan.ts); null until it is planned.
  outcome      text,
  CONSTRAINT notices_owed CHECK ((state = 'owed') = (due_at IS NOT NULL) AND (state = 'planned') = (planned_at IS NOT NULL))
);
CREATE INDEX notices_due ON notices (due_at, event_id) WHERE state = 'owed';
CREATE INDEX notices_failed ON notices (event_id) WHERE state = 'failed';
CREATE INDEX notices_planned ON notices (planned_at) WHERE state = 'planned';
-- Notices of limits for which there was no address. They are owed again when there is one.
CREATE INDEX notices_undeliverable ON notices (contract_id, event_id) WHERE outcome = 'no_address' AND event_type = 'limit.exceeded';

-- Whether the workflow that plans notices waits to be woken by the next one.
CREATE TABLE notice_queue (
  id          boolean PRIMARY KEY DEFAULT true CONSTRAINT notice_queue_one_row CHECK (id),
  is_waiting  boolean NOT NULL DEFAULT true
);
INSERT INTO notice_queue DEFAULT VALUES;

-- An address that gets mail, once in any letter case, and what is known about it.
CREATE TABLE mail_recipients (
  id           uuid PRIMARY KEY DEFAULT uuidv7(),
  address      text NOT NULL,
  -- Null: the language of the installation.
  language     text CONSTRAINT mail_recipients_language_known CHECK (language IN ('en', 'de')),
  -- One mail a day in place of one for each notification that may wait.
  digest       boolean NOT NULL DEFAULT false,
  -- bounced: the mail server of the address refuses it for good; complained: the person calls the mail unwanted; erased: the person was
  -- erased, and the address with it. None of them gets mail.
  status       text NOT NULL DEFAULT 'ok' CONSTRAINT mail_recipients_status_known CHECK (status IN ('ok', 'bounced', 'complained', 'erased')),
  status_at    timestamptz,
  status_note  text,
  created_at   timestamptz NOT NULL,
  updated_at   timestamptz NOT NULL,
  CONSTRAINT mail_recipients_marked CHECK ((status = 'ok') = (status_at IS NULL))
);
CREATE UNIQUE INDEX mail_recipients_address ON mail_recipients (lower(address));
CREATE INDEX mail_recipients_by_status ON mail_recipients (status, id);
CREATE INDEX mail_recipients_by_substring ON mail_recipients USING gin (searchable(address) gin_trgm_ops);

-- The kinds of mail that an address does not want any more.
CREATE TABLE mail_unsubscriptions (
  recipient_id  uuid NOT NULL REFERENCES mail_recipients (id) ON DELETE CASCADE,
  kind          text NOT NULL,
  at            timestamptz NOT NULL,
  PRIMARY KEY (recipient_id, kind)
);

-- One mail to one address.
CREATE TABLE notifications (
  id              uuid PRIMARY KEY DEFAULT uuidv7(),
  kind            text NOT NULL,
  recipient_id    uuid NOT NULL REFERENCES mail_recipients (id),
  -- Why this address gets it (domain/notification/role.ts).
  role            text NOT NULL,
  -- Null: a digest.
  event_id        uuid,
  contract_id     uuid,
  customer_id     uuid,
  environment     text,
  -- What makes it one mail: `<event>:<kind>:<recipient>`, or `digest:<recipient>:<local date>`.
  dedupe_key      text NOT NULL CONSTRAINT notifications_once UNIQUE,
  -- waiting: for the digest of its day; owed: its workflow sends it; sent; included: a digest carried it; failed: refused for good, or not
  -- accepted for three days; suppressed: the address gets no mail, or does not want this kind.
  state           text NOT NULL CONSTRAINT notifications_state_known
                    CHECK (state IN ('waiting', 'owed', 'sent', 'included', 'failed', 'suppressed')),
  digest_id       uuid REFERENCES notifications (id) ON DELETE SET NULL,
  -- When the digest that carries it is due; when the next attempt is due. Null when it is over.
  due_at          timestamptz,
  attempts        integer NOT NULL DEFAULT 0,
  -- Attempts since it was owed last: a mail that is sent again by hand begins again.
  tries           integer NOT NULL DEFAULT 0,
  -- The first of them. It is tried for three days from then on.
  tried_since     timestamptz,
  -- The last attempt. While `is_sending`, it has no result yet, and `due_at` is when it counts as lost.
  attempt_at      timestamptz,
  is_sending      boolean NOT NULL DEFAULT false,
  workflow_epoch  text,
  -- Why the last attempt failed, or why none follows: a code (domain/notification/outcome.ts) and the words of the mail server.
  problem         text,
  detail          text,
  created_at      timestamptz NOT NULL,
  ended_at        timestamptz,
  -- The language in which it is written, unless the recipient has chosen another one.
  language        text NOT NULL DEFAULT 'en' CONSTRAINT notifications_language_known CHECK (language IN ('en', 'de')),
  CONSTRAINT notifications_ended CHECK ((state IN ('waiting', 'owed')) = (due_at IS NOT NULL) AND (due_at IS NULL) = (ended_at IS NOT NULL)),
  CONSTRAINT notifications_sending CHECK (NOT is_sending OR state = 'owed' AND attempt_at IS NOT NULL)
);
CREATE INDEX notifications_owed ON notifications (due_at, id) WHERE state = 'owed';
CREATE INDEX notifications_waiting ON notifications (recipient_id, due_at) WHERE state = 'waiting';
CREATE INDEX notifications_waiting_due ON notifications (due_at) WHERE state = 'waiting';
CREATE INDEX notifications_of_recipient ON notifications (recipient_id, id);
CREATE INDEX notifications_of_contract ON notifications (contract_id, id) WHERE contract_id IS NOT NULL;
CREATE INDEX notifications_of_customer ON notifications (customer_id, id) WHERE customer_id IS NOT NULL;
CREATE INDEX notifications_of_kind ON notifications (kind, id);
CREATE INDEX notifications_not_sent ON notifications (state, id) WHERE state <> 'sent';
CREATE INDEX notifications_of_digest ON notifications (digest_id) WHERE digest_id IS NOT NULL;
CREATE INDEX notifications_ended ON notifications (ended_at) WHERE ended_at IS NOT NULL;

-- What the installation, a customer or a contract says about its mail (domain/notification/settings.ts).
CREATE TABLE notification_settings (
  -- The customer or the contract; for the installation, the UUID of zeros.
  subject_id          uuid PRIMARY KEY,
  scope               text NOT NULL CONSTRAINT notification_settings_scope_known CHECK (scope IN ('installation', 'customer', 'contract')),
  -- By kind: `is_sent`, `roles`, `addresses`, `may_wait`. What is left out comes from the next wider scope.
  kinds               jsonb NOT NULL DEFAULT '{}',
  -- Of the installation only: who operates it, the language of mail, and the time zone in which digests are sent.
  operator_addresses  text[],
  language            text CONSTRAINT notification_settings_language_known CHECK (language IN ('en', 'de')),
  time_zone           text,
  revision            integer NOT NULL DEFAULT 1,
  updated_at          timestamptz NOT NULL,
  CONSTRAINT notification_settings_of_installation CHECK (
    (scope = 'installation') = (subject_id = '00000000-0000-0000-0000-000000000000')
    AND (scope = 'installation') = (operator_addresses IS NOT NULL)
    AND (scope = 'installation') = (language IS NOT NULL)
    AND (scope = 'installation') = (time_zone IS NOT NULL))
);
INSERT INTO notification_settings (subject_id, scope, operator_addresses, language, time_zone, updated_at)
VALUES ('00000000-0000-0000-0000-000000000000', 'installation', '{}', 'en', 'UTC', now());

-- Writes what is to be planned for new events, and notifies the workers if the workflow that plans it waits. The types are those of
-- `NOTICE_EVENTS` (domain/notification/kind.ts). Events of test licenses have no mail.
CREATE FUNCTION owe_notices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO notices (event_id, event_type, contract_id, environment)
  SELECT n.id, n.type, n.contract_id, n.environment FROM new_events n
  WHERE n.type IN (
    'billing.past_due', 'contract.api_key_revealed', 'contract.api_key_rotated', 'contract.expired', 'contract.reinstated',
    'contract.renewed', 'contract.suspended', 'contract.terminated', 'job.failed', 'license.assigned', 'license.reassigned',
    'limit.exceeded', 'pool.low_water', 'pool.replenish_blocked', 'pool.replenish_blocked_by_quota', 'quota.granted',
    'quota.threshold_reached', 'renewal.blocked', 'renewal.notice_due', 'renewal.opted_out', 'renewal.reminder_due', 'report.due',
    'webhook.disabled'
  ) AND n.data -> 'is_test' IS DISTINCT FROM 'true'::jsonb;
  IF FOUND THEN
    PERFORM pg_notify('notices', '') FROM notice_queue WHERE is_waiting;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER domain_events_owe_notices AFTER INSERT ON domain_events
  REFERENCING NEW TABLE AS new_events FOR EACH STATEMENT EXECUTE FUNCTION owe_notices();

-- People in the history -------------------------------------------------------------------------------------------

-- Rows of the history hold only ids of people. Names and addresses are stored here, where they can be erased
-- (transactions/access/erase-person.ts). Readers of the history add them again: `shown_actor`, db/system/history.ts.

-- One row for each name that a person had while acting, so that an act shows the name at its time. An actor refers to it as `name_id`.
CREATE TABLE audit_people (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id  text NOT NULL,
  -- The name; null: erased.
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

-- The fields of audit rows that name a person: those of `person_fields_of` in `before` and `after`.
CREATE TABLE audit_person_facts (
  event_id   uuid PRIMARY KEY,
  -- The admin, customer or contract that the act changed.
  person_id  text NOT NULL,
  before     jsonb,
  after      jsonb
);
CREATE INDEX audit_person_facts_by_person ON audit_person_facts (person_id);

-- The fields of admins, API keys and customers that name a person.
CREATE FUNCTION person_fields() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY['name', 'email', 'billing_contact', 'account_manager', 'responsible_person', 'addresses', 'label'];

CREATE FUNCTION names_person(actor jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN actor ->> 'type' IN ('user', 'api_key') AND actor ?| ARRAY['name', 'ip'];

-- The fields that name a person in audit rows about this type of subject. Of a contract, only the account manager and addresses of mail do.
CREATE FUNCTION person_fields_of(subject_type text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN subject_type = 'contract' THEN ARRAY['account_manager', 'addresses'] ELSE person_fields() END;

-- Most contracts have no account manager, so a null of it stays in the row.
CREATE FUNCTION has_person_fields(subject_type text, before jsonb, after jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN subject_type IN ('admin', 'customer', 'notification_settings')
    THEN before ?| person_fields() OR after ?| person_fields()
  WHEN subject_type = 'contract'
    THEN coalesce(before ->> 'account_manager', after ->> 'account_manager', before ->> 'addresses', after ->> 'addresses') IS NOT NULL
  ELSE false END;

-- The id of a person's name or address, which is stored the first time. Nothing is stored again for a person who was erased: the lock
-- excludes an erasure at the same time (db/access/person.ts).
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

-- `actor_by_reference` stores the name and address of an actor and replaces them by ids; `shown_actor` adds them again.
CREATE FUNCTION actor_by_reference(actor jsonb) RETURNS jsonb LANGUAGE sql
RETURN actor - 'name' - 'ip' || jsonb_strip_nulls(jsonb_build_object(
  'name_id', CASE WHEN actor ? 'name' THEN audit_name_id(actor ->> 'id', actor ->> 'name') END,
  'origin_id', CASE WHEN actor ? 'ip' THEN audit_origin_id(actor ->> 'id', actor ->> 'ip') END));

CREATE FUNCTION shown_actor(actor jsonb) RETURNS jsonb LANGUAGE sql STABLE
RETURN CASE WHEN actor ?| ARRAY['name_id', 'origin_id'] THEN actor - 'name_id' - 'origin_id' || jsonb_strip_nulls(jsonb_build_object(
  'name', (SELECT coalesce(p.name, 'Erased') FROM audit_people p WHERE p.id = (actor ->> 'name_id')::bigint),
  'ip', (SELECT o.address FROM audit_origins o WHERE o.id = (actor ->> 'origin_id')::bigint))) ELSE actor END;

-- Triggers for rows with a name in them: the previous version writes such rows, and so do writers that do not know the ids.
CREATE FUNCTION move_actor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF names_person(NEW.actor) THEN
    NEW.actor := actor_by_reference(NEW.actor);
  END IF;
  RETURN NEW;
END
$$;

CREATE FUNCTION move_people() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  fields text[];
BEGIN
  IF names_person(NEW.actor) THEN
    NEW.actor := actor_by_reference(NEW.actor);
  END IF;
  IF has_person_fields(NEW.subject_type, NEW.before, NEW.after) THEN
    fields := person_fields_of(NEW.subject_type);
    INSERT INTO audit_person_facts (event_id, person_id, before, after)
    SELECT NEW.id, NEW.subject_id, (SELECT jsonb_object_agg(key, value) FROM jsonb_each(NEW.before) WHERE key = ANY (fields)),
           (SELECT jsonb_object_agg(key, value) FROM jsonb_each(NEW.after) WHERE key = ANY (fields));
    NEW.before := NEW.before - fields;
    NEW.after := NEW.after - fields;
  END IF;
  RETURN NEW;
END
$$;

-- The functions check the row, and not WHEN conditions of the triggers, because each statement would plan such a condition again.
CREATE TRIGGER audit_events_people BEFORE INSERT OR UPDATE ON audit_events FOR EACH ROW EXECUTE FUNCTION move_people();
CREATE TRIGGER contract_revisions_people BEFORE INSERT OR UPDATE ON contract_revisions FOR EACH ROW EXECUTE FUNCTION move_actor();
CREATE TRIGGER generation_jobs_people BEFORE INSERT OR UPDATE OF actor ON generation_jobs FOR EACH ROW EXECUTE FUNCTION move_actor();
CREATE TRIGGER license_operations_people BEFORE INSERT OR UPDATE OF actor ON license_operations FOR EACH ROW EXECUTE FUNCTION move_actor();
CREATE TRIGGER generation_schedules_people BEFORE INSERT OR UPDATE OF actor ON generation_schedules FOR EACH ROW EXECUTE FUNCTION move_actor();
CREATE TRIGGER quota_grants_people BEFORE INSERT OR UPDATE OF actor ON quota_grants FOR EACH ROW EXECUTE FUNCTION move_actor();

-- Reports of contracts that are sent by mail on the days of a calendar (domain/notification/report-schedule.ts).
CREATE TABLE report_schedules (
  id           uuid PRIMARY KEY,
  contract_id  uuid NOT NULL REFERENCES contracts (id),
  frequency    text NOT NULL CONSTRAINT report_schedules_frequency_known CHECK (frequency IN ('weekly', 'monthly', 'quarterly')),
  on_day       integer NOT NULL CONSTRAINT report_schedules_on_day CHECK (on_day BETWEEN 1 AND 31),
  at           text NOT NULL,
  enabled      boolean NOT NULL,
  -- The local day of the next report, and its instant as it was last computed; null while it is paused.
  next_date    date,
  next_due_at  timestamptz,
  last_date    date,
  last_due_at  timestamptz,
  actor        jsonb NOT NULL,
  created_at   timestamptz NOT NULL,
  updated_at   timestamptz NOT NULL,
  CONSTRAINT report_schedules_next CHECK (enabled = (next_date IS NOT NULL) AND enabled = (next_due_at IS NOT NULL))
);
CREATE INDEX report_schedules_of_contract ON report_schedules (contract_id, id);
CREATE INDEX report_schedules_due ON report_schedules (next_due_at) WHERE next_due_at IS NOT NULL;
CREATE TRIGGER report_schedules_people BEFORE INSERT OR UPDATE OF actor ON report_schedules FOR EACH ROW EXECUTE FUNCTION move_actor();

-- Failed authentications of the current minute, for the limit by address (db/access/failed-authentication.ts). At most one row for each
-- of 65,536 buckets. Unlogged: after a crash of Postgres the minute begins again, and attempts write no log that replicas must read.
CREATE UNLOGGED TABLE failed_authentications (
  bucket    integer PRIMARY KEY CONSTRAINT failed_authentications_buckets CHECK (bucket BETWEEN 0 AND 65535),
  minute    timestamptz NOT NULL,
  failures  integer NOT NULL
) WITH (fillfactor = 50);

-- Attempts to sign in, for the limits by account and by address: at most one row for each of 65,536 buckets.
CREATE UNLOGGED TABLE sign_in_attempts (
  bucket      integer PRIMARY KEY CONSTRAINT sign_in_attempts_buckets CHECK (bucket BETWEEN 0 AND 65535),
  started_at  timestamptz NOT NULL,
  attempts    integer NOT NULL
) WITH (fillfactor = 50);

-- Refused requests for licenses: one row for each contract, minute and code, with the number of requests.
CREATE TABLE refused_attempts (
  contract_id      uuid NOT NULL REFERENCES contracts (id),
  minute           timestamptz NOT NULL,
  code             text NOT NULL,
  attempts         integer NOT NULL,
  -- How many licenses these requests asked for in total.
  licenses         bigint NOT NULL,
  last_actor_id    text NOT NULL,
  last_request_id  text,
  -- Of refusals that exceed a limit: the largest single request of those that no look has seen, and when the last and the first one was, by
  -- the clock of the contract (db/notification/limit-episode.ts).
  largest          bigint NOT NULL DEFAULT 0,
  last_at          timestamptz,
  is_judged        boolean NOT NULL DEFAULT true,
  first_at         timestamptz,
  PRIMARY KEY (contract_id, minute, code)
);
CREATE INDEX refused_attempts_by_minute ON refused_attempts (minute);
-- An update of a count changes no indexed column, except once after a look.
CREATE INDEX refused_attempts_to_judge ON refused_attempts (contract_id) WHERE code = 'QUOTA_EXCEEDED' AND NOT is_judged;

-- The time in which a limit of a contract is exceeded (domain/notification/limit-episode.ts). All times but those of the workflow are
-- by the clock of the contract.
CREATE TABLE limit_episodes (
  id               uuid PRIMARY KEY DEFAULT uuidv7(),
  contract_id      uuid NOT NULL REFERENCES contracts (id),
  limit_name       text NOT NULL CONSTRAINT limit_episodes_limit_known CHECK (limit_name IN ('quota')),
  opened_at        timestamptz NOT NULL,
  closed_at        timestamptz,
  close_reason     text CONSTRAINT limit_episodes_reason_known CHECK (close_reason IN ('limit_raised', 'released', 'quiet', 'contract_ended')),
  limit_value      bigint NOT NULL,
  used             bigint NOT NULL,
  demand           bigint NOT NULL,
  largest_request  bigint NOT NULL,
  last_refused_at  timestamptz NOT NULL,
  notices          integer NOT NULL,
  noticed_demand   bigint NOT NULL,
  noticed_at       timestamptz NOT NULL,
  reminders        integer NOT NULL,
  remind_at        timestamptz NOT NULL,
  -- When its workflow looks again; null when it is closed.
  next_look_at     timestamptz,
  workflow_epoch   text,
  CONSTRAINT limit_episodes_closed CHECK ((closed_at IS NULL) = (close_reason IS NULL) AND (closed_at IS NULL) = (next_look_at IS NOT NULL))
);
CREATE UNIQUE INDEX limit_episodes_one_open ON limit_episodes (contract_id, limit_name) WHERE closed_at IS NULL;
CREATE INDEX limit_episodes_of_contract ON limit_episodes (contract_id, id);

-- The notices of an episode, each with its domain event `limit.exceeded`.
CREATE TABLE limit_notices (
  episode_id   uuid NOT NULL REFERENCES limit_episodes (id),
  number       integer NOT NULL,
  occasion     text NOT NULL CONSTRAINT limit_notices_occasion_known CHECK (occasion IN ('opened', 'grown', 'reminder')),
  at           timestamptz NOT NULL,
  demand       bigint NOT NULL,
  limit_value  bigint NOT NULL,
  PRIMARY KEY (episode_id, number)
);

-- Refused calls of contracts' API keys (db/access/refused-call.ts): counts per contract, code and minute.
CREATE TABLE refused_calls (
  contract_id  uuid NOT NULL REFERENCES contracts (id),
  code         text NOT NULL,
  minute       timestamptz NOT NULL,
  calls        integer NOT NULL,
  PRIMARY KEY (contract_id, code, minute)
);
CREATE INDEX refused_calls_of_contract ON refused_calls (contract_id, minute, code);
CREATE INDEX refused_calls_by_minute ON refused_calls (minute);

-- How many samples were written for a contract: the next one replaces the oldest.
CREATE TABLE refused_call_rings (
  contract_id  uuid PRIMARY KEY REFERENCES contracts (id),
  samples      bigint NOT NULL
);

-- The last refused calls of a contract, at most 100, with the addresses of clients. They are removed after 30 days.
CREATE TABLE refused_call_samples (
  contract_id    uuid NOT NULL REFERENCES contracts (id),
  slot           smallint NOT NULL CONSTRAINT refused_call_samples_bounded CHECK (slot BETWEEN 0 AND 99),
  at             timestamptz NOT NULL,
  code           text NOT NULL,
  address        text,
  key_last_four  text NOT NULL,
  request_id     text NOT NULL,
  PRIMARY KEY (contract_id, slot)
);
CREATE INDEX refused_call_samples_by_age ON refused_call_samples (at);

-- Answers to requests with an Idempotency-Key, except requests for licenses, whose keys are in generation_jobs.
CREATE TABLE idempotency_keys (
  -- Caller and operation.
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

-- Rows that the sweep has woken and that are still due (db/system/sweep-attempt.ts). A row that is no longer due is removed here.
CREATE TABLE sweep_attempts (
  -- One of `SWEEP_KINDS`.
  kind         text NOT NULL CONSTRAINT sweep_attempts_kind_known CHECK (kind IN
                 ('boundary', 'late_timer', 'verification', 'behind_test_clock', 'billing_events', 'contract_workflow', 'time_zone_rules',
                  'silent_job', 'paused_job', 'job_workflow', 'silent_operation', 'operation_workflow', 'test_clock', 'overdue_hold', 'low_pool',
                  'schedule_run', 'schedule_workflow', 'owed_delivery', 'endpoint_workflow', 'owed_notice', 'owed_notification',
                  'notification_workflow', 'due_digest', 'due_report', 'exceeded_limit')),
  -- The contract, job, operation on licenses, test clock, hold, schedule or endpoint of webhooks.
  subject_id   uuid NOT NULL,
  -- The epoch of the Temporal server on which it was tried. On another server it is tried at once.
  epoch        text NOT NULL,
  attempts     integer NOT NULL CONSTRAINT sweep_attempts_positive CHECK (attempts > 0),
  first_at     timestamptz NOT NULL,
  next_try_at  timestamptz NOT NULL,
  PRIMARY KEY (kind, subject_id)
);
