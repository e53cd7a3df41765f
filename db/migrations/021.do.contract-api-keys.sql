-- API keys of contracts (decisions 42). Acts with such a key are stored like those of people: the address of the caller stands beside
-- the history (decisions 41).

CREATE TABLE contract_api_keys (
  id            uuid PRIMARY KEY DEFAULT uuidv7(),
  contract_id   uuid NOT NULL REFERENCES contracts (id),
  key_id        text NOT NULL CONSTRAINT contract_api_keys_key_id_unique UNIQUE,
  secret_hmac   bytea NOT NULL,
  last_four     text NOT NULL,
  -- The whole key as a JWE, and the version of the key that sealed it; null when the key is no longer shown.
  sealed        text,
  sealed_by     text,
  created_at    timestamptz NOT NULL,
  created_by    text NOT NULL,
  last_used_at  timestamptz,
  -- The end of the overlap after a rotation; null for the current key.
  expires_at    timestamptz,
  revoked_at    timestamptz,
  CONSTRAINT contract_api_keys_current_is_sealed CHECK (sealed IS NOT NULL OR expires_at IS NOT NULL OR revoked_at IS NOT NULL),
  CONSTRAINT contract_api_keys_sealed_by_known CHECK ((sealed IS NULL) = (sealed_by IS NULL))
);
CREATE UNIQUE INDEX contract_api_keys_one_current ON contract_api_keys (contract_id) WHERE expires_at IS NULL AND revoked_at IS NULL;
CREATE INDEX contract_api_keys_of_contract ON contract_api_keys (contract_id, id);
CREATE INDEX contract_api_keys_by_sealing ON contract_api_keys (sealed_by) WHERE sealed IS NOT NULL;

CREATE OR REPLACE FUNCTION names_person(actor jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN actor ->> 'type' IN ('user', 'api_key') AND actor ?| ARRAY['name', 'ip'];
