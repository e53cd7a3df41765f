-- One table for all operations on many licenses, in place of `assignment_jobs`: assignments, suspensions, reinstatements and revocations.
-- Operations on many licenses, carried out by a request or a job (domain/license/license-operation.ts).
CREATE TABLE license_operations (
  id               uuid PRIMARY KEY DEFAULT uuidv7(),
  kind             text NOT NULL CONSTRAINT license_operations_kind_known CHECK (kind IN ('assign', 'suspend', 'reinstate', 'revoke')),
  -- The customer who gets the licenses.
  customer_id      uuid REFERENCES customers (id),
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
  -- The first licenses that could not be changed, each with its outcome.
  not_done         jsonb NOT NULL DEFAULT '[]',
  actor            jsonb NOT NULL,
  created_at       timestamptz NOT NULL,
  started_at       timestamptz,
  finished_at      timestamptz,
  -- When a batch was last written.
  active_at        timestamptz NOT NULL,
  request_id       text,
  workflow_epoch   text,
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
CREATE TRIGGER license_operations_people BEFORE INSERT OR UPDATE OF actor ON license_operations FOR EACH ROW EXECUTE FUNCTION move_actor();

INSERT INTO license_operations (id, kind, customer_id, filter, license_ids, reassign, requested, exact, execution, state, last_license_id,
  done, moved, unchanged, conflict, not_available, not_done, actor, created_at, started_at, finished_at, active_at, request_id, workflow_epoch)
SELECT id, 'assign', customer_id, filter || '{"is_test": false}', license_ids, reassign, requested, exact, 'background', state, last_license_id,
  assigned, reassigned, already_assigned_same, conflict, not_available, not_assigned, actor, created_at, started_at, finished_at, active_at,
  request_id, workflow_epoch FROM assignment_jobs;
INSERT INTO license_operation_contracts (operation_id, contract_id, environment, done, moved, license_ids)
SELECT assignment_id, contract_id, environment, assigned, reassigned, license_ids FROM assignment_job_contracts;
DROP TABLE assignment_job_contracts, assignment_jobs;

DELETE FROM sweep_attempts WHERE kind IN ('silent_assignment', 'assignment_workflow');
ALTER TABLE sweep_attempts DROP CONSTRAINT sweep_attempts_kind_known;
ALTER TABLE sweep_attempts ADD CONSTRAINT sweep_attempts_kind_known CHECK (kind IN
  ('boundary', 'late_timer', 'verification', 'behind_test_clock', 'billing_events', 'contract_workflow', 'time_zone_rules',
   'silent_job', 'paused_job', 'job_workflow', 'silent_operation', 'operation_workflow', 'test_clock', 'overdue_hold'));
