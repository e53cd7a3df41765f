-- Jobs that assign more licenses to a customer than one request does (domain/license/assignment-job.ts).
CREATE TABLE assignment_jobs (
  id                     uuid PRIMARY KEY DEFAULT uuidv7(),
  customer_id            uuid NOT NULL REFERENCES customers (id),
  -- The licenses: a filter of the list of licenses, or ids in their order. Exactly one is set.
  filter                 jsonb,
  license_ids            bigint[],
  reassign               boolean NOT NULL,
  requested              integer NOT NULL CONSTRAINT assignment_jobs_requested_positive CHECK (requested > 0),
  -- Whether `requested` licenses have to be assigned; otherwise so many have to be decided about.
  exact                  boolean NOT NULL,
  state                  text NOT NULL CONSTRAINT assignment_jobs_state_known CHECK (state IN
                           ('QUEUED', 'RUNNING', 'CANCELLING', 'SUCCEEDED', 'PARTIAL', 'FAILED', 'CANCELLED')),
  -- The last license that was decided about. A batch writes it together with the licenses that it assigns.
  last_license_id        bigint,
  assigned               integer NOT NULL DEFAULT 0,
  reassigned             integer NOT NULL DEFAULT 0,
  already_assigned_same  integer NOT NULL DEFAULT 0,
  conflict               integer NOT NULL DEFAULT 0,
  not_available          integer NOT NULL DEFAULT 0,
  -- The first licenses that were not assigned, each with its outcome.
  not_assigned           jsonb NOT NULL DEFAULT '[]',
  actor                  jsonb NOT NULL,
  created_at             timestamptz NOT NULL,
  started_at             timestamptz,
  finished_at            timestamptz,
  -- When a batch was last written.
  active_at              timestamptz NOT NULL,
  request_id             text,
  workflow_epoch         text,
  CONSTRAINT assignment_jobs_selection CHECK ((filter IS NULL) <> (license_ids IS NULL)),
  CONSTRAINT assignment_jobs_not_more_than_requested CHECK (NOT exact OR assigned <= requested)
);
CREATE INDEX assignment_jobs_by_created ON assignment_jobs (created_at, id);
CREATE INDEX assignment_jobs_of_customer ON assignment_jobs (customer_id, created_at, id);
CREATE INDEX assignment_jobs_by_state ON assignment_jobs (state, created_at, id);
CREATE INDEX assignment_jobs_unfinished ON assignment_jobs (id) WHERE state IN ('QUEUED', 'RUNNING', 'CANCELLING');

-- What an unfinished job has assigned of each contract. Its end writes one domain event for each and removes the rows.
CREATE TABLE assignment_job_contracts (
  assignment_id  uuid NOT NULL REFERENCES assignment_jobs (id),
  contract_id    uuid NOT NULL REFERENCES contracts (id),
  environment    text NOT NULL,
  assigned       integer NOT NULL,
  reassigned     integer NOT NULL,
  -- The first licenses, as clients see their ids.
  license_ids    text[] NOT NULL,
  PRIMARY KEY (assignment_id, contract_id)
);
CREATE TRIGGER assignment_jobs_people BEFORE INSERT OR UPDATE OF actor ON assignment_jobs FOR EACH ROW EXECUTE FUNCTION move_actor();

ALTER TABLE sweep_attempts DROP CONSTRAINT sweep_attempts_kind_known;
ALTER TABLE sweep_attempts ADD CONSTRAINT sweep_attempts_kind_known CHECK (kind IN
  ('boundary', 'late_timer', 'verification', 'behind_test_clock', 'billing_events', 'contract_workflow', 'time_zone_rules',
   'silent_job', 'paused_job', 'job_workflow', 'silent_assignment', 'assignment_workflow', 'test_clock', 'overdue_hold'));
