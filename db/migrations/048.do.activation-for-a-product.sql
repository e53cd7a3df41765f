-- Lets a program say for which product and environment it activates a license.
DROP FUNCTION use_device(text, text, text, text, timestamptz, timestamptz);
CREATE FUNCTION use_device(action text, license_key text, device text, label text, real_now timestamptz, given_expiry timestamptz,
                           asked_product text, asked_environment text)
RETURNS TABLE (
  id bigint, at timestamptz, done boolean, needs_expiry boolean, own_expiry jsonb, end_date text, features jsonb, is_test boolean,
  is_pooled boolean, environment text, product_code text, activation_limit integer, issued_licenses text, suspended_by text, customer_id uuid,
  assigned_at timestamptz, held_until timestamptz, activated_at timestamptz, suspended_at timestamptz, revoked_at timestamptz,
  expires_at timestamptz, other_devices integer, has_place boolean, is_stored boolean, leased_until timestamptz
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  lease integer;
  facts license_facts;
  foreign_key boolean;
  blocked boolean;
BEGIN
  SELECT l.id, coalesce(o.now, real_now), t.own_expiry, c.end_date::text, t.features, j.is_test, c.type IS NOT DISTINCT FROM 'pool' AND NOT j.is_test, j.environment, p.code, t.activation_limit,
         coalesce(c.on_suspend ->> 'issued_licenses', 'keep'), j.expires_at, t.device_lease_minutes,
         CASE WHEN c.state = 'SUSPENDED' AND c.on_suspend ->> 'issued_licenses' <> 'keep' THEN
           (SELECT min(h.source) FROM contract_holds h WHERE h.contract_id = c.id AND h.lifted_at IS NULL AND h.source <> 'admin') END
  INTO id, at, own_expiry, end_date, features, is_test, is_pooled, environment, product_code, activation_limit, issued_licenses, expires_at, lease,
       suspended_by
  FROM licenses l
  JOIN generation_jobs j ON j.serial = l.id >> 24
  JOIN license_terms t ON t.id = j.terms_id
  JOIN generators g ON g.id = t.generator_id
  JOIN products p ON p.id = g.product_id
  LEFT JOIN contracts c ON c.id = j.contract_id
  LEFT JOIN test_clocks o ON o.id = c.test_clock_id
  WHERE l.key = license_key;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  foreign_key := coalesce(asked_product <> product_code, false) OR coalesce(asked_environment <> environment, false);
  IF action = 'activate' AND NOT is_pooled AND NOT foreign_key THEN
    -- A license that a customer has from a pool has facts already.
    INSERT INTO license_facts (license_id) VALUES (id) ON CONFLICT (license_id) DO NOTHING;
  END IF;
  SELECT f.* INTO facts FROM license_facts f WHERE f.license_id = id AND NOT foreign_key FOR NO KEY UPDATE;
  expires_at := coalesce(facts.expires_at, expires_at);
  customer_id := facts.customer_id;
  assigned_at := facts.assigned_at;
  held_until := facts.held_until;
  activated_at := facts.activated_at;
  suspended_at := facts.suspended_at;
  revoked_at := facts.revoked_at;
  SELECT count(*) FILTER (WHERE d.device_id <> device AND coalesce(d.leased_until > at, true)),
         coalesce(bool_or(d.device_id = device AND coalesce(d.leased_until > at, true)), false),
         coalesce(bool_or(d.device_id = device), false)
  INTO other_devices, has_place, is_stored
  FROM license_devices d WHERE d.license_id = id;
  needs_expiry := action = 'activate' AND NOT foreign_key AND activated_at IS NULL AND given_expiry IS NULL
    AND coalesce(own_expiry ->> 'basis' = 'first_activation', false);
  blocked := foreign_key OR revoked_at IS NOT NULL OR suspended_at IS NOT NULL OR coalesce(expires_at <= at, false)
    OR is_pooled AND customer_id IS NULL AND activated_at IS NULL
    OR suspended_by IS NOT NULL AND (issued_licenses = 'suspend' OR NOT has_place)
    OR NOT has_place AND coalesce(other_devices >= activation_limit, false);
  done := CASE action
    WHEN 'deactivate' THEN true
    WHEN 'heartbeat' THEN is_stored AND NOT blocked
    ELSE NOT blocked AND NOT needs_expiry END;
  leased_until := at + make_interval(mins => lease);
  IF NOT done THEN
    leased_until := NULL;
  ELSIF action = 'deactivate' THEN
    DELETE FROM license_devices d WHERE d.license_id = id AND d.device_id = device;
    leased_until := NULL;
  ELSIF action = 'heartbeat' THEN
    UPDATE license_devices d SET seen_at = at, leased_until = at + make_interval(mins => lease)
    WHERE d.license_id = id AND d.device_id = device;
  ELSE
    -- Devices whose lease is over make room.
    DELETE FROM license_devices d WHERE d.license_id = id AND d.device_id <> device AND d.leased_until <= at;
    INSERT INTO license_devices AS d (license_id, device_id, name, activated_at, seen_at, leased_until)
    VALUES (id, device, label, at, at, at + make_interval(mins => lease))
    ON CONFLICT (license_id, device_id) DO UPDATE
    SET name = coalesce(excluded.name, d.name), seen_at = excluded.seen_at, leased_until = excluded.leased_until,
        activated_at = CASE WHEN d.leased_until <= excluded.seen_at THEN excluded.activated_at ELSE d.activated_at END;
    IF activated_at IS NULL THEN
      UPDATE license_facts f SET activated_at = at, expires_at = coalesce(given_expiry, f.expires_at) WHERE f.license_id = id;
      activated_at := at;
      expires_at := coalesce(given_expiry, expires_at);
    END IF;
  END IF;
  RETURN NEXT;
END
$$;
