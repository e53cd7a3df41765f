-- Lifecycle and billing: terms that renew, late payment, holds by source, amendments, test clocks, the inbox of billing.

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

ALTER TABLE contracts
  ADD COLUMN terminated_at timestamptz,
  ADD COLUMN termination_code text CONSTRAINT contracts_termination_code_known CHECK (termination_code IN ('ADMIN', 'BILLING')),
  ADD COLUMN termination_reason text,
  ADD COLUMN anchor_date date,
  ADD COLUMN anchor_term integer NOT NULL DEFAULT 0,
  ADD COLUMN term_start_date date,
  ADD COLUMN grace_allows_generation boolean NOT NULL DEFAULT false,
  ADD COLUMN renewal jsonb NOT NULL DEFAULT '{"mode": "manual", "term": null, "notice_days": 30, "opt_out_at": null, "opt_out_term": null, "quota_effect": null, "max_renewals": null, "coterm_with": null, "late_renewal_days": 90}',
  ADD COLUMN renewal_blocked text,
  ADD COLUMN renewed_by_hand_at timestamptz,
  ADD COLUMN cotermed_with uuid,
  ADD COLUMN dunning jsonb NOT NULL DEFAULT '{"past_due_days": 1, "suspend_days": 14, "terminate_days": 60}',
  ADD COLUMN dunning_exempt boolean NOT NULL DEFAULT false,
  ADD COLUMN past_due_since timestamptz,
  ADD COLUMN billing_unreachable_since timestamptz,
  ADD COLUMN verify_after timestamptz,
  ADD COLUMN verify_at timestamptz,
  ADD COLUMN warnings text[] NOT NULL DEFAULT '{}',
  ADD COLUMN test_clock_id uuid CONSTRAINT contracts_test_clock REFERENCES test_clocks (id),
  ADD CONSTRAINT contracts_test_clock_outside_production CHECK (test_clock_id IS NULL OR environment <> 'production'),
  ADD CONSTRAINT contracts_termination_has_code CHECK ((terminated_at IS NULL) = (termination_code IS NULL));
UPDATE contracts SET anchor_date = start_date, term_start_date = start_date WHERE activated_at IS NOT NULL;

DROP INDEX contracts_open;
CREATE INDEX contracts_open ON contracts (workflow_epoch)
  WHERE state IN ('SCHEDULED', 'ACTIVE', 'PAST_DUE', 'EXPIRY_GRACE', 'PAUSED', 'SUSPENDED');
CREATE INDEX contracts_to_verify ON contracts (verify_at) WHERE verify_at IS NOT NULL;
CREATE INDEX contracts_with_warnings ON contracts USING gin (warnings) WHERE warnings <> '{}';
CREATE INDEX contracts_by_test_clock ON contracts (test_clock_id) WHERE test_clock_id IS NOT NULL;

ALTER TABLE contract_holds
  DROP CONSTRAINT holds_source_known,
  ADD CONSTRAINT holds_source_known CHECK (source IN ('admin', 'billing', 'compliance'));

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
  CONSTRAINT amendments_decided CHECK ((status = 'pending') = (decided_at IS NULL))
);
CREATE INDEX amendments_by_contract ON contract_amendments (contract_id, id);
CREATE INDEX amendments_pending ON contract_amendments (contract_id) WHERE status = 'pending';

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
  -- Orders observations of one invoice; the greatest is the one that stands (domain/invoice.ts).
  rank         integer NOT NULL,
  PRIMARY KEY (contract_id, source, invoice_id),
  CONSTRAINT invoices_dispute_has_date CHECK ((status = 'DISPUTED') = (disputed_on IS NOT NULL))
);
CREATE INDEX invoice_facts_by_invoice ON invoice_facts (invoice_id);

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
  -- The same by the contract's own clock: what it is settled up to before the event is applied.
  told_at       timestamptz NOT NULL,
  future_dated  boolean NOT NULL,
  outcome       text NOT NULL CONSTRAINT billing_outcome_known CHECK (outcome IN ('PENDING', 'APPLIED', 'IGNORED', 'PARKED')),
  reason        text,
  -- When a pending or parked event is to be tried again.
  try_at        timestamptz NOT NULL,
  tries         integer NOT NULL DEFAULT 0,
  decided_at    timestamptz,
  request_id    text,
  CONSTRAINT billing_event_once UNIQUE (source, event_id),
  CONSTRAINT billing_pending_is_known CHECK (outcome <> 'PENDING' OR (contract_id IS NOT NULL AND invoice_id IS NOT NULL))
);
CREATE INDEX billing_inbox_owed ON billing_inbox (try_at) WHERE outcome IN ('PENDING', 'PARKED');
CREATE INDEX billing_inbox_pending ON billing_inbox (contract_id, occurred_at) WHERE outcome = 'PENDING';
CREATE INDEX billing_inbox_by_contract ON billing_inbox (contract_id, id);
CREATE INDEX billing_inbox_by_outcome ON billing_inbox (outcome, id);

ALTER TABLE audit_events
  ADD COLUMN clock text NOT NULL DEFAULT 'real' CONSTRAINT audit_events_clock_known CHECK (clock IN ('real', 'test'));
