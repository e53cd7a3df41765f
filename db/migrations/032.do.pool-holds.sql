-- Holds of pools: what orders took, until when, and for whom (db/pool/hold.ts).

-- Licenses that an order took from a pool, one row for each grab. It is also the answer to a repeated grab of the order.
CREATE TABLE pool_holds (
  id           uuid PRIMARY KEY,
  contract_id  uuid NOT NULL REFERENCES contracts (id),
  environment  text NOT NULL,
  -- The order of the shop, unique for the contract.
  order_ref    text NOT NULL,
  license_ids  bigint[] NOT NULL,
  -- The customer to whom the licenses are assigned, or for whom they are held.
  customer_id  uuid REFERENCES customers (id),
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

-- Takes the shared lock of the contract's generation for a grab, and returns whether its pool gives licenses: its type is pool, it is active
-- and nothing is due. `at` is the time of the contract, `clock` names its clock, and licenses are given that expire after `expires_after`.
-- `expires_by_assignment`: some may get their expiry by their assignment. Returns no row for a contract that does not exist. Like `admit_chunk` it is a function because it reads after the lock is granted.
CREATE FUNCTION admit_grab(contract uuid, real_now timestamptz)
RETURNS TABLE (environment text, open boolean, at timestamptz, clock text, expires_after timestamptz, expires_by_assignment boolean) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(generation_lock(contract));
  RETURN QUERY
    SELECT c.environment, c.type = 'pool' AND c.state IN ('ACTIVE', 'PAST_DUE') AND coalesce(c.next_boundary_at, 'infinity') > coalesce(k.now, real_now),
           coalesce(k.now, real_now), CASE WHEN k.id IS NULL THEN 'real' ELSE 'test' END,
           coalesce(k.now, real_now),
           EXISTS (SELECT FROM license_terms t WHERE t.contract_id = c.id AND t.own_expiry ->> 'basis' = 'assignment')
    FROM contracts c LEFT JOIN test_clocks k ON k.id = c.test_clock_id WHERE c.id = contract;
END
$$;

ALTER TABLE sweep_attempts DROP CONSTRAINT sweep_attempts_kind_known, ADD CONSTRAINT sweep_attempts_kind_known CHECK (kind IN
  ('boundary', 'late_timer', 'verification', 'behind_test_clock', 'billing_events', 'contract_workflow', 'time_zone_rules',
   'silent_job', 'paused_job', 'job_workflow', 'test_clock', 'overdue_hold'));
