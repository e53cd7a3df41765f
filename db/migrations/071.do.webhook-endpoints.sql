-- A test event is owed to the endpoint that is tested, by the transaction that writes it, and to no other.
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
    WHERE e.id = ANY (endpoints) AND e.events && ARRAY['*', split_part(n.type, '.', 1) || '.*', n.type] AND n.type <> 'webhook.test'
    ORDER BY n.sequence, n.id
    RETURNING endpoint_id
  )
  SELECT ARRAY(SELECT DISTINCT endpoint_id FROM owed) INTO endpoints;
  PERFORM pg_notify('webhooks', q.endpoint_id::text) FROM webhook_queues q WHERE q.endpoint_id = ANY (endpoints) AND q.is_waiting;
  RETURN NULL;
END
$$;

-- Lists of endpoints. Most endpoints of a large installation are of contracts, and removed ones stay for the sake of their deliveries.
CREATE INDEX webhook_endpoints_kept ON webhook_endpoints (id) WHERE status <> 'removed';
CREATE INDEX webhook_endpoints_by_environment ON webhook_endpoints (environment, id);
CREATE INDEX webhook_endpoints_by_status ON webhook_endpoints (status, id);
CREATE INDEX webhook_endpoints_by_contract ON webhook_endpoints (contract_id, id) WHERE contract_id IS NOT NULL;
DROP INDEX webhook_endpoints_of_contract_id;
