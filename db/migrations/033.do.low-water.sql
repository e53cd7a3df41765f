-- A pool with few available licenses is noticed, once for each fall below `low_water`. Licenses that are valid for less than
-- `min_remaining_validity` are not given out.

ALTER TABLE contracts
  ADD COLUMN low_water integer NOT NULL DEFAULT 100 CONSTRAINT contracts_low_water_bounded CHECK (low_water BETWEEN 0 AND 1000000),
  ADD COLUMN min_remaining_validity text;

DROP FUNCTION admit_grab(uuid, timestamptz);

-- Takes the shared lock of the contract's generation for a grab, and returns whether its pool gives licenses: its type is pool, it is active
-- and nothing is due. `at` is the time of the contract, `clock` names its clock, and licenses are given that expire after `expires_after`.
-- `expires_by_assignment`: some may get their expiry by their assignment. `rearm_from`: from how many available licenses on a fall below
-- `low_water` is noticed again. Returns no row for a contract that does not exist. Like `admit_chunk` it is a function because it reads
-- after the lock is granted.
CREATE FUNCTION admit_grab(contract uuid, real_now timestamptz)
RETURNS TABLE (environment text, open boolean, at timestamptz, clock text, expires_after timestamptz, expires_by_assignment boolean,
               low_water integer, rearm_from integer) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(generation_lock(contract));
  RETURN QUERY
    SELECT c.environment, c.type = 'pool' AND c.state IN ('ACTIVE', 'PAST_DUE') AND coalesce(c.next_boundary_at, 'infinity') > coalesce(k.now, real_now),
           coalesce(k.now, real_now), CASE WHEN k.id IS NULL THEN 'real' ELSE 'test' END,
           (coalesce(k.now, real_now) AT TIME ZONE c.timezone + coalesce(c.min_remaining_validity, 'P0D')::interval) AT TIME ZONE c.timezone,
           EXISTS (SELECT FROM license_terms t WHERE t.contract_id = c.id AND t.own_expiry ->> 'basis' = 'assignment'),
           c.low_water, (11 * c.low_water + 9) / 10
    FROM contracts c LEFT JOIN test_clocks k ON k.id = c.test_clock_id WHERE c.id = contract;
END
$$;

-- Whether the fall of a pool below its `low_water` was noticed: a row exists once it had more, and has `low_since` from the notice until it
-- has ten percent more again. The statement of a grab writes it (db/pool/low-water.ts).
CREATE TABLE pool_levels (
  contract_id  uuid PRIMARY KEY REFERENCES contracts (id),
  low_since    timestamptz
);
