-- Whether the filters of an endpoint match events of a type: all (`*`), those of one noun (`license.*`), or the type. A test event matches none:
-- it is owed to the endpoint that is tested. Postgres inlines the function into the statements that call it.
CREATE FUNCTION matches_event(filters text[], event_type text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN filters && ARRAY['*', split_part(event_type, '.', 1) || '.*', event_type] AND event_type <> 'webhook.test';

CREATE OR REPLACE FUNCTION owe_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  scopes text[] := ARRAY(SELECT DISTINCT unnest(ARRAY[n.contract_id::text, n.environment, 'all']) FROM new_events n);
  endpoints uuid[] := ARRAY(SELECT e.id FROM webhook_endpoints e WHERE e.scope = ANY (scopes) AND e.status = 'enabled');
BEGIN
  IF endpoints = '{}' THEN
    RETURN NULL;
  END IF;
  WITH owed AS (
    INSERT INTO webhook_deliveries (endpoint_id, event_id, event_type, contract_id, environment)
    SELECT e.id, n.id, n.type, n.contract_id, n.environment
    FROM webhook_endpoints e JOIN new_events n ON e.scope IN (n.contract_id::text, n.environment, 'all')
    WHERE e.id = ANY (endpoints) AND matches_event(e.events, n.type)
    ORDER BY n.sequence, n.id
    RETURNING endpoint_id
  )
  SELECT ARRAY(SELECT DISTINCT endpoint_id FROM owed) INTO endpoints;
  -- Those that fail are woken last.
  PERFORM pg_notify('webhooks', q.endpoint_id::text) FROM (
    SELECT endpoint_id FROM webhook_queues WHERE endpoint_id = ANY (endpoints) AND is_waiting ORDER BY failing_since IS NOT NULL, endpoint_id
  ) q;
  RETURN NULL;
END
$$;
