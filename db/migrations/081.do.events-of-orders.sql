-- An order of a pool that is assigned at once writes the event of an assignment, from which the mail with its licenses follows.
CREATE OR REPLACE FUNCTION grab_licenses(
  contract uuid, real_now timestamptz, is_accepted boolean, sets_expiry boolean, waits boolean, lock_ms text, hold_ids uuid[], order_refs text[],
  order_ends integer[], license_orders integer[], customer_ids uuid[], held_minutes integer[], fingerprints text[], actors jsonb[],
  order_actors integer[], request_ids text[], group_max integer)
RETURNS TABLE (order_place integer, license_id bigint, key text, expires_at timestamptz, environment text, at timestamptz,
               needs_transaction boolean, repeated integer[], available integer, fell boolean, has_rest boolean)
-- The plans do not depend on the numbers of orders and licenses, and a plan that was made while a table was empty does not read all of it.
LANGUAGE plpgsql ROWS 100 SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  pool record;
  wanted integer := order_ends[cardinality(order_ends)];
  given integer := wanted;
  pooled pool_available;
  -- Which rows are locked, and the place of the last one in the order in which licenses are given out.
  locked pool_available[] := '{}';
  place_expires_at timestamptz;
  place_last_id bigint := 9223372036854775807;
  place_first_id bigint := 9223372036854775807;
  found_ids bigint[] := '{}';
  found_expiries timestamptz[] := '{}';
  some_ids bigint[];
  used_ids bigint[];
  given_ids int8multirange;
BEGIN
  lock_ms := set_config('lock_timeout', lock_ms, true);
  PERFORM pg_advisory_xact_lock_shared(generation_lock(contract));
  SELECT c.environment, coalesce(k.now, real_now) AS at, CASE WHEN k.id IS NULL THEN 'real' ELSE 'test' END AS clock, c.low_water,
         c.type = 'pool' AND c.state IN ('ACTIVE', 'PAST_DUE') AND coalesce(c.next_boundary_at, 'infinity') > coalesce(k.now, real_now) AS open,
         given_out_after(coalesce(k.now, real_now), c.timezone, c.min_remaining_validity) AS expires_after,
         NOT sets_expiry AND EXISTS (SELECT FROM license_terms t WHERE t.contract_id = c.id AND t.own_expiry ->> 'basis' = 'assignment') AS needs_transaction
  INTO pool FROM contracts c LEFT JOIN test_clocks k ON k.id = c.test_clock_id WHERE c.id = contract;
  IF NOT FOUND OR NOT pool.open OR NOT is_accepted THEN
    RETURN;
  END IF;
  environment := pool.environment;
  at := pool.at;
  needs_transaction := pool.needs_transaction;
  available := 0;
  fell := false;
  has_rest := false;
  IF needs_transaction THEN
    RETURN NEXT;
    RETURN;
  END IF;

  -- The order of the references makes a plan use their index also if it was made while the table was empty and all indexes seemed equal.
  SELECT array_agg(o.place::integer) INTO repeated
  FROM unnest(order_refs) WITH ORDINALITY AS o (order_ref, place)
  CROSS JOIN LATERAL (
    SELECT h.order_ref FROM pool_holds h WHERE h.contract_id = contract AND h.order_ref >= o.order_ref ORDER BY h.order_ref LIMIT 1) h
  WHERE h.order_ref = o.order_ref;
  IF repeated IS NOT NULL THEN
    RETURN NEXT;
    RETURN;
  END IF;

  -- One row after the other, so that other processes find the rest unlocked.
  place_expires_at := pool.expires_after;
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
  available := cardinality(found_ids);
  IF available < wanted THEN
    SELECT coalesce(max(upto), 0) INTO given FROM unnest(order_ends) AS upto WHERE upto <= available;
    found_ids := found_ids[1 : given];
  END IF;
  IF given = 0 THEN
    RETURN NEXT;
    RETURN;
  END IF;

  -- A license that was held or assigned before has facts. Only who has locked the row of a pool inserts facts of its licenses.
  used_ids := ARRAY(SELECT f.license_id FROM license_facts f WHERE f.license_id = ANY(found_ids) ORDER BY f.license_id FOR NO KEY UPDATE);
  IF used_ids <> '{}' THEN
    UPDATE license_facts f
    SET customer_id = CASE WHEN l.minutes IS NULL THEN l.customer_id END, assigned_at = CASE WHEN l.minutes IS NULL THEN pool.at END,
        held_until = pool.at + make_interval(mins => l.minutes)
    FROM (SELECT l.id, held_minutes[l.place] AS minutes, customer_ids[l.place] AS customer_id FROM unnest(found_ids, license_orders[1 : given]) AS l (id, place)) l
    WHERE f.license_id = l.id AND f.license_id = ANY(used_ids);
  END IF;

  RETURN QUERY
    WITH orders AS MATERIALIZED (
      SELECT o.hold_id, o.order_ref, coalesce(order_ends[o.place - 1], 0) + 1 AS first, o.upto, o.customer_id,
             CASE WHEN o.minutes IS NULL THEN pool.at END AS assigned_at, pool.at + make_interval(mins => o.minutes) AS held_until,
             o.fingerprint, actors[o.actor] AS actor, o.request_id
      FROM unnest(hold_ids, order_refs, order_ends, customer_ids, held_minutes, fingerprints, order_actors, request_ids) WITH ORDINALITY
           AS o (hold_id, order_ref, upto, customer_id, minutes, fingerprint, actor, request_id, place)
      WHERE o.upto <= given
      -- In this order, so that two processes that serve the same orders do not wait for each other.
      ORDER BY o.order_ref
    ), hold AS (
      -- If another process serves the same order now, the whole group fails, and finds its hold when it is tried again.
      INSERT INTO pool_holds (id, contract_id, environment, order_ref, license_ids, customer_id, state, held_until, created_at, ended_at, fingerprint)
      SELECT o.hold_id, contract, pool.environment, o.order_ref, found_ids[o.first : o.upto], o.customer_id,
             CASE WHEN o.assigned_at IS NULL THEN 'held' ELSE 'assigned' END, o.held_until, pool.at, o.assigned_at, o.fingerprint
      FROM orders o
    ), fact AS (
      INSERT INTO license_facts (license_id, customer_id, assigned_at, held_until)
      SELECT l.id, CASE WHEN held_minutes[l.place] IS NULL THEN customer_ids[l.place] END, CASE WHEN held_minutes[l.place] IS NULL THEN pool.at END,
             pool.at + make_interval(mins => held_minutes[l.place])
      FROM unnest(found_ids, license_orders[1 : given]) AS l (id, place) WHERE l.id <> ALL(used_ids)
    ), audit AS (
      INSERT INTO audit_events (at, actor, action, subject_type, subject_id, contract_id, environment, after, request_id, clock)
      SELECT pool.at, o.actor, 'pool.grabbed', 'hold', o.hold_id, contract, pool.environment,
             jsonb_build_object('order_ref', o.order_ref, 'licenses', o.upto - o.first + 1, 'customer_id', o.customer_id, 'held_until', o.held_until),
             o.request_id, pool.clock
      FROM orders o
    )
    SELECT license_orders[l.number], l.id, s.key, NULLIF(found_expiries[l.number], 'infinity'), NULL::text, NULL::timestamptz, NULL::boolean,
           NULL::integer[], NULL::integer, NULL::boolean, NULL::boolean
    FROM unnest(found_ids) WITH ORDINALITY AS l (id, number)
    -- Each license is one read of the index: a join reads the whole table when the plan expects many.
    CROSS JOIN LATERAL (SELECT s.key FROM licenses s WHERE s.id = l.id OFFSET 0) s ORDER BY l.number;

  given_ids := (SELECT range_agg(int8range(id, id + 1)) FROM unnest(found_ids) AS id);
  FOREACH pooled IN ARRAY locked LOOP
    UPDATE pool_available p SET ids = p.ids - given_ids, licenses = p.licenses - (SELECT sum(upper(part) - lower(part)) FROM unnest(p.ids * given_ids) AS part)
    WHERE p.contract_id = contract AND p.expires_at = pooled.expires_at AND p.last_id = pooled.last_id AND p.first_id = pooled.first_id
      AND p.ids && given_ids AND NOT p.ids <@ given_ids;
    IF NOT FOUND THEN
      DELETE FROM pool_available p
      WHERE p.contract_id = contract AND p.expires_at = pooled.expires_at AND p.last_id = pooled.last_id AND p.first_id = pooled.first_id
        AND p.ids <@ given_ids;
    END IF;
  END LOOP;

  -- Last, because the number of an event locks the row of the quota until the commit.
  IF EXISTS (SELECT FROM unnest(customer_ids, held_minutes, order_ends) AS o (customer_id, minutes, upto)
             WHERE o.customer_id IS NOT NULL AND o.minutes IS NULL AND o.upto <= given) THEN
    WITH assigned AS MATERIALIZED (
      SELECT o.hold_id, o.order_ref, o.customer_id, coalesce(order_ends[o.place - 1], 0) + 1 AS first, o.upto, row_number() OVER (ORDER BY o.place) AS number
      FROM unnest(hold_ids, order_refs, order_ends, customer_ids, held_minutes) WITH ORDINALITY AS o (hold_id, order_ref, upto, customer_id, minutes, place)
      WHERE o.customer_id IS NOT NULL AND o.minutes IS NULL AND o.upto <= given
    ), numbered AS (
      UPDATE contract_quotas q SET event_sequence = q.event_sequence + (SELECT count(*) FROM assigned)
      WHERE q.contract_id = contract RETURNING q.event_sequence - (SELECT count(*) FROM assigned) AS before
    )
    INSERT INTO domain_events (at, type, contract_id, environment, data, sequence)
    SELECT pool.at, 'license.assigned', contract, pool.environment,
           jsonb_build_object('operation_id', NULL, 'customer_id', o.customer_id, 'count', o.upto - o.first + 1, 'reassigned', 0,
             'license_ids', (SELECT jsonb_agg('lic_' || id ORDER BY number) FROM unnest(found_ids[o.first : least(o.upto, o.first + 99)]) WITH ORDINALITY AS l (id, number)),
             'hold_id', o.hold_id, 'order_ref', o.order_ref),
           numbered.before + o.number
    FROM numbered, assigned o;
  END IF;

  has_rest := true;
  IF pool.low_water > 0 THEN
    SELECT n.fell, n.is_ample INTO fell, has_rest
    FROM notice_low_water(contract, pool.environment, pool.at, pool.expires_after, pool.low_water, given, 2 * group_max) n;
  END IF;
  -- A license that expires earlier is given out first, so only another row of the same expiry counts.
  has_rest := has_rest AND coalesce((
    SELECT p.licenses >= group_max FROM pool_available p
    WHERE p.contract_id = contract AND p.expires_at = place_expires_at AND (p.last_id, p.first_id) <> (place_last_id, place_first_id)
    ORDER BY p.last_id, p.first_id LIMIT 1), false);
  RETURN NEXT;
END
$$;
