-- The condition by which the row of a license in its pool is found stands in one function, which the others use.

-- Whether a license of a job has its place in a row of a pool: the row was inserted with it. The planner inlines the function, and reads
-- the short range of the primary key that can have the row.
CREATE FUNCTION is_pool_row_of(pooled pool_available, job generation_jobs, license_id bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pooled.contract_id = job.contract_id AND pooled.expires_at = coalesce(job.expires_at, 'infinity')
  AND pooled.last_id BETWEEN license_id AND license_id + 999 AND pooled.first_id <= license_id;

-- Takes licenses out of their pools, after it has locked their rows in the order of the key.
CREATE OR REPLACE FUNCTION leave_pool(license_ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
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
CREATE OR REPLACE FUNCTION enter_pool(license_ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
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
