-- Each license that an operation did not change can be read, not only the first 100. Of operations before this, the first 100 are known.
ALTER TABLE license_operations ADD COLUMN outcomes_until timestamptz;
CREATE INDEX license_operations_outcomes ON license_operations (outcomes_until) WHERE outcomes_until IS NOT NULL;

-- Licenses that an operation could not change (db/license/license-outcome.ts). Those that it changed are only counted.
CREATE TABLE license_operation_outcomes (
  operation_id       uuid NOT NULL REFERENCES license_operations (id),
  license_id         bigint NOT NULL,
  outcome            text NOT NULL CONSTRAINT license_operation_outcomes_known CHECK (outcome IN ('conflict', 'not_available')),
  -- For not_available.
  reason             text,
  -- The customer to whom it belonged then, who may have been merged since.
  other_customer_id  uuid,
  PRIMARY KEY (operation_id, license_id)
);

INSERT INTO license_operation_outcomes (operation_id, license_id, outcome, reason, other_customer_id)
SELECT o.id, substr(n.license_id, 5)::bigint, n.outcome, n.reason, n.other_customer_id
FROM license_operations o, jsonb_to_recordset(o.not_done) AS n (license_id text, outcome text, reason text, other_customer_id uuid)
ON CONFLICT DO NOTHING;
UPDATE license_operations SET outcomes_until = now() + interval '90 days' WHERE not_done <> '[]';
