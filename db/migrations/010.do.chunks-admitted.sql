-- When a contract closes, the change waits for the chunks that are in flight: what is answered afterwards is true, no license of the
-- contract is made any more (db/generation-chunk.ts).

CREATE FUNCTION generation_lock(contract_id uuid) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashtextextended(contract_id::text, 0);

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
