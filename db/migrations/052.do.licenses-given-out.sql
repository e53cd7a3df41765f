-- A pool gives out licenses that expire after this instant: those that are valid for the `min_remaining_validity` of its contract.
CREATE FUNCTION given_out_after(at timestamptz, timezone text, min_remaining_validity text) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
RETURN (at AT TIME ZONE timezone + coalesce(min_remaining_validity, 'P0D')::interval) AT TIME ZONE timezone;

CREATE OR REPLACE FUNCTION admit_grab(contract uuid, real_now timestamptz)
RETURNS TABLE (environment text, open boolean, at timestamptz, clock text, expires_after timestamptz, expires_by_assignment boolean,
               low_water integer, rearm_from integer) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(generation_lock(contract));
  RETURN QUERY
    SELECT c.environment, c.type = 'pool' AND c.state IN ('ACTIVE', 'PAST_DUE') AND coalesce(c.next_boundary_at, 'infinity') > coalesce(k.now, real_now),
           coalesce(k.now, real_now), CASE WHEN k.id IS NULL THEN 'real' ELSE 'test' END,
           given_out_after(coalesce(k.now, real_now), c.timezone, c.min_remaining_validity),
           EXISTS (SELECT FROM license_terms t WHERE t.contract_id = c.id AND t.own_expiry ->> 'basis' = 'assignment'),
           c.low_water, (11 * c.low_water + 9) / 10
    FROM contracts c LEFT JOIN test_clocks k ON k.id = c.test_clock_id WHERE c.id = contract;
END
$$;
