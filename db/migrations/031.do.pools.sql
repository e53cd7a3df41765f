-- The available licenses of pools: a table of its own, from which orders take licenses (db/pool/available.ts).

CREATE TABLE pool_available (
  contract_id  uuid NOT NULL,
  expires_at   timestamptz NOT NULL,
  license_id   bigint NOT NULL,
  PRIMARY KEY (contract_id, expires_at, license_id)
);

-- Licenses of pools that exist. Those that were already used, suspended or revoked are not available.
INSERT INTO pool_available (contract_id, expires_at, license_id)
SELECT g.contract_id, coalesce(g.expires_at, 'infinity'), l.id
FROM contracts c
JOIN generation_jobs g ON g.contract_id = c.id
JOIN licenses l ON l.id BETWEEN g.serial << 24 AND (g.serial << 24) | 16777215
LEFT JOIN license_facts f ON f.license_id = l.id
WHERE c.type = 'pool' AND NOT g.is_test
  AND f.assigned_at IS NULL AND f.held_until IS NULL AND f.activated_at IS NULL AND f.suspended_at IS NULL AND f.revoked_at IS NULL;

DROP FUNCTION admit_chunk(uuid);
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
