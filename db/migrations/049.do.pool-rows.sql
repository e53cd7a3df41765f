-- The available licenses of pools in rows of many: an order changes one row, where it deleted one for each license, and a chunk inserts five
-- rows where it inserted 5,000. The previous version cannot run with this table.

CREATE TEMPORARY TABLE pool_available_before AS TABLE pool_available;
DROP TABLE pool_available;

CREATE TABLE pool_available (
  contract_id  uuid NOT NULL,
  -- When the licenses expire; infinity: never, or not before their assignment or activation.
  expires_at   timestamptz NOT NULL,
  -- The first and the last license that the row was inserted with. They stay, so that a change of the row changes no index.
  first_id     bigint NOT NULL,
  last_id      bigint NOT NULL,
  -- The licenses that are available, and how many they are.
  ids          int8multirange NOT NULL,
  licenses     integer NOT NULL CONSTRAINT pool_available_not_empty CHECK (licenses > 0),
  PRIMARY KEY (contract_id, expires_at, last_id, first_id),
  -- So the row of a license is found by a short range of the index. Processes that serve orders at one moment take different rows.
  CONSTRAINT pool_available_span CHECK (last_id - first_id BETWEEN 0 AND 999)
) WITH (fillfactor = 50);

-- The licenses of the same thousand of a job. They have one expiry.
INSERT INTO pool_available (contract_id, expires_at, first_id, last_id, ids, licenses)
SELECT contract_id, expires_at, min(license_id), max(license_id), range_agg(int8range(license_id, license_id + 1)), count(*)
FROM pool_available_before GROUP BY contract_id, expires_at, license_id >> 24, ((license_id & 16777215) - 1) / 1000;

DROP TABLE pool_available_before;

CREATE FUNCTION leave_pool(license_ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM (
    SELECT j.contract_id, coalesce(j.expires_at, 'infinity') AS expires_at, l.id FROM unnest(license_ids) AS l (id) JOIN generation_jobs j ON j.serial = l.id >> 24
  ) l JOIN pool_available p ON p.contract_id = l.contract_id AND p.expires_at = l.expires_at
                           AND p.last_id BETWEEN l.id AND l.id + 999 AND p.first_id <= l.id AND p.ids @> l.id
  ORDER BY p.contract_id, p.expires_at, p.last_id, p.first_id FOR UPDATE OF p;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  -- A statement of its own: it sees the rows as they are after the wait.
  WITH leaving AS MATERIALIZED (
    SELECT p.contract_id, p.expires_at, p.last_id, p.first_id, range_agg(int8range(l.id, l.id + 1)) AS ids, count(*)::int AS licenses
    FROM (
      SELECT DISTINCT j.contract_id, coalesce(j.expires_at, 'infinity') AS expires_at, l.id
      FROM unnest(license_ids) AS l (id) JOIN generation_jobs j ON j.serial = l.id >> 24
    ) l JOIN pool_available p ON p.contract_id = l.contract_id AND p.expires_at = l.expires_at
                             AND p.last_id BETWEEN l.id AND l.id + 999 AND p.first_id <= l.id AND p.ids @> l.id
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
CREATE FUNCTION enter_pool(license_ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
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
    JOIN pool_available p ON p.contract_id = j.contract_id AND p.expires_at = coalesce(j.expires_at, 'infinity')
                         AND p.last_id BETWEEN l.id AND l.id + 999 AND p.first_id <= l.id AND NOT p.ids @> l.id
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
  WHERE NOT EXISTS (
    SELECT FROM pool_available p WHERE p.contract_id = j.contract_id AND p.expires_at = coalesce(j.expires_at, 'infinity')
      AND p.last_id BETWEEN l.id AND l.id + 999 AND p.first_id <= l.id AND p.ids @> l.id)
  ON CONFLICT DO NOTHING;
END
$$;

CREATE FUNCTION take_licenses(
  contract uuid, contract_environment text, at timestamptz, contract_clock text, expires_after timestamptz, waits boolean, hold_ids uuid[],
  order_refs text[], order_ends integer[], customer_ids uuid[], held_minutes integer[], fingerprints text[], actors jsonb[], request_ids text[])
RETURNS TABLE (found integer, hold_id uuid, held_until timestamptz, license_id bigint, key text, expires_at timestamptz)
-- The plans do not depend on the numbers of orders and licenses.
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  wanted integer := order_ends[cardinality(order_ends)];
  pooled pool_available;
  -- Which rows are locked, and the place of the last one in the order in which licenses are given out.
  locked pool_available[] := '{}';
  place_expires_at timestamptz := expires_after;
  place_last_id bigint := 9223372036854775807;
  place_first_id bigint := 9223372036854775807;
  found_ids bigint[] := '{}';
  found_expiries timestamptz[] := '{}';
  some_ids bigint[];
  served uuid[];
  given int8multirange;
BEGIN
  -- One row after the other, so that other processes find the rest unlocked.
  LOOP
    IF waits THEN
      SELECT p.* INTO pooled FROM pool_available p
      WHERE p.contract_id = contract AND (p.expires_at, p.last_id, p.first_id) > (place_expires_at, place_last_id, place_first_id)
      ORDER BY p.expires_at, p.last_id, p.first_id LIMIT 1 FOR UPDATE;
    ELSE
      SELECT p.* INTO pooled FROM pool_available p
      WHERE p.contract_id = contract AND (p.expires_at, p.last_id, p.first_id) > (place_expires_at, place_last_id, place_first_id)
      ORDER BY p.expires_at, p.last_id, p.first_id LIMIT 1 FOR UPDATE SKIP LOCKED;
    END IF;
    EXIT WHEN NOT FOUND;
    place_expires_at := pooled.expires_at;
    place_last_id := pooled.last_id;
    place_first_id := pooled.first_id;
    locked := locked || pooled;
    some_ids := ARRAY(
      SELECT id FROM unnest(pooled.ids) AS part, generate_series(lower(part), least(upper(part), lower(part) + wanted) - 1) AS id
      LIMIT wanted - cardinality(found_ids));
    found_ids := found_ids || some_ids;
    found_expiries := found_expiries || array_fill(pooled.expires_at, ARRAY[cardinality(some_ids)]);
    EXIT WHEN cardinality(found_ids) = wanted;
  END LOOP;
  IF cardinality(found_ids) < order_ends[1] OR wanted IS NULL THEN
    RETURN QUERY SELECT cardinality(found_ids), NULL::uuid, NULL::timestamptz, NULL::bigint, NULL::text, NULL::timestamptz;
    RETURN;
  END IF;

  -- An order that has its hold already gets nothing.
  WITH hold AS (
    INSERT INTO pool_holds (id, contract_id, environment, order_ref, license_ids, customer_id, state, held_until, created_at, ended_at, fingerprint)
    SELECT o.hold_id, contract, contract_environment, o.order_ref, found_ids[coalesce(order_ends[o.place - 1], 0) + 1 : o.upto], o.customer_id,
           CASE WHEN o.minutes IS NULL THEN 'assigned' ELSE 'held' END, at + make_interval(mins => o.minutes), at,
           CASE WHEN o.minutes IS NULL THEN at END, o.fingerprint
    FROM unnest(hold_ids, order_refs, order_ends, customer_ids, held_minutes, fingerprints) WITH ORDINALITY
         AS o (hold_id, order_ref, upto, customer_id, minutes, fingerprint, place)
    WHERE o.upto <= cardinality(found_ids)
    -- In this order, so that two processes that serve the same orders do not wait for each other.
    ORDER BY o.order_ref
    ON CONFLICT ON CONSTRAINT pool_holds_order_unique DO NOTHING RETURNING id
  )
  SELECT array_agg(id) INTO served FROM hold;

  IF served IS NOT NULL THEN
    WITH fact AS (
      INSERT INTO license_facts (license_id, customer_id, assigned_at, held_until)
      SELECT g.license_id, CASE WHEN o.minutes IS NULL THEN o.customer_id END, CASE WHEN o.minutes IS NULL THEN at END,
             at + make_interval(mins => o.minutes)
      FROM unnest(hold_ids, order_ends, customer_ids, held_minutes) WITH ORDINALITY AS o (hold_id, upto, customer_id, minutes, place)
      CROSS JOIN LATERAL unnest(found_ids[coalesce(order_ends[o.place - 1], 0) + 1 : o.upto]) AS g (license_id)
      WHERE o.hold_id = ANY(served)
      -- A license that was held or assigned before has facts.
      ON CONFLICT (license_id) DO UPDATE
      SET customer_id = excluded.customer_id, assigned_at = excluded.assigned_at, held_until = excluded.held_until
      RETURNING license_id
    )
    SELECT range_agg(int8range(license_id, license_id + 1)) INTO given FROM fact;

    FOREACH pooled IN ARRAY locked LOOP
      UPDATE pool_available p SET ids = p.ids - given, licenses = p.licenses - (SELECT sum(upper(part) - lower(part)) FROM unnest(p.ids * given) AS part)
      WHERE p.contract_id = contract AND p.expires_at = pooled.expires_at AND p.last_id = pooled.last_id AND p.first_id = pooled.first_id
        AND p.ids && given AND NOT p.ids <@ given;
      DELETE FROM pool_available p
      WHERE p.contract_id = contract AND p.expires_at = pooled.expires_at AND p.last_id = pooled.last_id AND p.first_id = pooled.first_id
        AND p.ids <@ given;
    END LOOP;

    INSERT INTO audit_events (at, actor, action, subject_type, subject_id, contract_id, environment, after, request_id, clock)
    SELECT at, o.actor, 'pool.grabbed', 'hold', o.hold_id, contract, contract_environment,
           jsonb_build_object('order_ref', o.order_ref, 'licenses', o.upto - coalesce(order_ends[o.place - 1], 0), 'customer_id', o.customer_id,
                              'held_until', at + make_interval(mins => o.minutes)),
           o.request_id, contract_clock
    FROM unnest(hold_ids, order_refs, order_ends, customer_ids, held_minutes, actors, request_ids) WITH ORDINALITY
         AS o (hold_id, order_ref, upto, customer_id, minutes, actor, request_id, place)
    WHERE o.hold_id = ANY(served);
  END IF;

  RETURN QUERY
    SELECT cardinality(found_ids), o.hold_id, at + make_interval(mins => o.minutes), l.id, l.key, NULLIF(found_expiries[g.place], 'infinity')
    FROM unnest(hold_ids, order_ends, held_minutes) WITH ORDINALITY AS o (hold_id, upto, minutes, place)
    LEFT JOIN LATERAL (
      SELECT i AS place, found_ids[i] AS license_id FROM generate_series(coalesce(order_ends[o.place - 1], 0) + 1, o.upto) AS i WHERE o.hold_id = ANY(served)
    ) g ON true
    -- Each license is one read of the index: a join reads the whole table when the plan expects many.
    LEFT JOIN LATERAL (SELECT s.id, s.key FROM licenses s WHERE s.id = g.license_id OFFSET 0) l ON true
    WHERE o.upto <= cardinality(found_ids) ORDER BY o.place, g.place;
END
$$;
