-- Endpoints of webhooks, and what they are owed.

-- A receiver of domain events: those of one contract, or those of all contracts of an environment or of the installation.
CREATE TABLE webhook_endpoints (
  id               uuid PRIMARY KEY DEFAULT uuidv7(),
  contract_id      uuid REFERENCES contracts (id),
  -- Null: of all environments. With a contract it is the environment of that contract.
  environment      text,
  -- Which events reach it, as one text for the look-up of the trigger: the id of the contract, the environment, or 'all'.
  scope            text NOT NULL GENERATED ALWAYS AS (coalesce(contract_id::text, environment, 'all')) STORED,
  -- Made by the field `webhook_url` of its contract, which also changes and removes it.
  is_of_contract   boolean NOT NULL DEFAULT false,
  url              text NOT NULL,
  description      text,
  -- Types of events: '*', 'license.*', or a whole type.
  events           text[] NOT NULL CONSTRAINT webhook_endpoints_events_given CHECK (cardinality(events) > 0),
  -- The form of the payloads (domain/webhook/payload.ts), which stays as it was when the endpoint was made.
  payload_version  smallint NOT NULL,
  -- Attempts that begin in a second at most; null: as many as the receiver answers.
  rate_per_second  integer CONSTRAINT webhook_endpoints_rate_positive CHECK (rate_per_second > 0),
  -- enabled; disabled: new events are not owed, and what is owed waits; ending: new events are not owed, and it is removed when nothing is
  -- owed; removed.
  status           text NOT NULL DEFAULT 'enabled'
                     CONSTRAINT webhook_endpoints_status_known CHECK (status IN ('enabled', 'disabled', 'ending', 'removed')),
  disabled_reason  text CONSTRAINT webhook_endpoints_reason_known CHECK (disabled_reason IN ('by_hand', 'gone', 'failing')),
  disabled_at      timestamptz,
  revision         integer NOT NULL DEFAULT 1,
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL,
  CONSTRAINT webhook_endpoints_disabled CHECK ((status = 'disabled') = (disabled_at IS NOT NULL) AND (disabled_at IS NULL) = (disabled_reason IS NULL)),
  CONSTRAINT webhook_endpoints_of_contract CHECK (NOT is_of_contract OR contract_id IS NOT NULL)
);
CREATE INDEX webhook_endpoints_by_scope ON webhook_endpoints (scope) WHERE status = 'enabled';
CREATE INDEX webhook_endpoints_of_contract_id ON webhook_endpoints (contract_id) WHERE contract_id IS NOT NULL;
CREATE UNIQUE INDEX webhook_endpoints_of_url_field ON webhook_endpoints (contract_id) WHERE is_of_contract AND status <> 'removed';

-- The secrets that sign for an endpoint. The current one does not expire; those before it sign beside it until they expire.
CREATE TABLE webhook_secrets (
  id           uuid PRIMARY KEY DEFAULT uuidv7(),
  endpoint_id  uuid NOT NULL REFERENCES webhook_endpoints (id),
  -- `whsec_…` as a JWE, and the version of the key that sealed it.
  sealed       text NOT NULL,
  sealed_by    text NOT NULL,
  created_at   timestamptz NOT NULL,
  expires_at   timestamptz
);
CREATE INDEX webhook_secrets_of_endpoint ON webhook_secrets (endpoint_id, id);
CREATE UNIQUE INDEX webhook_secrets_current ON webhook_secrets (endpoint_id) WHERE expires_at IS NULL;
CREATE INDEX webhook_secrets_by_sealing_key ON webhook_secrets (sealed_by, id);

-- How far the deliveries of an endpoint are. The transactions of deliveries write it, so that they and edits of the endpoint do not wait for
-- each other.
CREATE TABLE webhook_queues (
  endpoint_id     uuid PRIMARY KEY REFERENCES webhook_endpoints (id),
  -- The workflow has found nothing that is due and is to be woken by the next event.
  is_waiting      boolean NOT NULL DEFAULT true,
  workflow_epoch  text,
  -- Since when every attempt fails; null after a success.
  failing_since   timestamptz,
  delivered_at    timestamptz
);

-- One event that is owed to one endpoint. The transaction of the event writes the row (`owe_deliveries`). There are no foreign keys, because
-- each would lock its row in every transaction that writes an event; only the trigger and transactions/webhook/ write rows.
CREATE TABLE webhook_deliveries (
  id            uuid PRIMARY KEY DEFAULT uuidv7(),
  endpoint_id   uuid NOT NULL,
  event_id      uuid NOT NULL,
  event_type    text NOT NULL,
  contract_id   uuid,
  environment   text,
  status        text NOT NULL DEFAULT 'owed' CONSTRAINT webhook_deliveries_status_known CHECK (status IN ('owed', 'delivered', 'failed')),
  -- Attempts that were begun. The retry schedule counts those since the delivery was last asked for by hand.
  attempts      integer NOT NULL DEFAULT 0,
  attempts_before_redelivery  integer NOT NULL DEFAULT 0,
  -- When the next attempt is due; of an attempt in flight, when it counts as lost. Null when none follows.
  due_at        timestamptz DEFAULT now(),
  ended_at      timestamptz,
  CONSTRAINT webhook_deliveries_once UNIQUE (endpoint_id, event_id),
  CONSTRAINT webhook_deliveries_owed CHECK ((status = 'owed') = (due_at IS NOT NULL) AND (status = 'owed') = (ended_at IS NULL))
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, due_at, id) WHERE status = 'owed';
CREATE INDEX webhook_deliveries_of_endpoint ON webhook_deliveries (endpoint_id, id);
CREATE INDEX webhook_deliveries_of_contract ON webhook_deliveries (contract_id, id) WHERE contract_id IS NOT NULL;
CREATE INDEX webhook_deliveries_of_event ON webhook_deliveries (event_id);
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE ended_at IS NOT NULL;

-- What is sent for an event, exactly as it is signed. It is written before the first attempt, and deleted with the last delivery of the event.
CREATE TABLE webhook_payloads (
  event_id  uuid NOT NULL,
  version   smallint NOT NULL,
  body      text NOT NULL,
  PRIMARY KEY (event_id, version)
);

-- Attempts, written before they begin and completed with their answer. One without an outcome is in flight, or its process ended before it knew.
CREATE TABLE webhook_attempts (
  delivery_id  uuid NOT NULL,
  number       integer NOT NULL,
  at           timestamptz NOT NULL,
  outcome      text CONSTRAINT webhook_attempts_outcome_known CHECK (outcome IN ('delivered', 'failed', 'gone')),
  -- Of an answer.
  http_status  smallint,
  excerpt      text,
  -- Without an answer: the kind of failure (domain/webhook/attempt.ts) and its text.
  failure      text,
  detail       text,
  latency_ms   integer,
  PRIMARY KEY (delivery_id, number)
);

-- Writes what endpoints are owed for new events, and notifies the worker of endpoints whose workflow waits. It is a trigger so that every
-- statement that writes events is covered. Most events have no endpoint: they cost one look-up.
CREATE FUNCTION owe_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
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
    WHERE e.id = ANY (endpoints) AND e.events && ARRAY['*', split_part(n.type, '.', 1) || '.*', n.type]
    ORDER BY n.sequence, n.id
    RETURNING endpoint_id
  )
  SELECT ARRAY(SELECT DISTINCT endpoint_id FROM owed) INTO endpoints;
  PERFORM pg_notify('webhooks', q.endpoint_id::text) FROM webhook_queues q WHERE q.endpoint_id = ANY (endpoints) AND q.is_waiting;
  RETURN NULL;
END
$$;
CREATE TRIGGER domain_events_owe_deliveries AFTER INSERT ON domain_events
  REFERENCING NEW TABLE AS new_events FOR EACH STATEMENT EXECUTE FUNCTION owe_deliveries();
