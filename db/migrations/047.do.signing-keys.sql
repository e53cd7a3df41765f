-- The keys with which licenses of a product are signed. Only the active key has its private part, as a JWE.
CREATE TABLE signing_keys (
  id                 uuid PRIMARY KEY DEFAULT uuidv7(),
  product_id         uuid NOT NULL REFERENCES products (id),
  kid                text NOT NULL CONSTRAINT signing_keys_kid_unique UNIQUE,
  public_key         text NOT NULL,
  sealed             text,
  sealed_by          text,
  created_at         timestamptz NOT NULL,
  created_by         text NOT NULL,
  verify_only_since  timestamptz,
  retired_at         timestamptz,
  CONSTRAINT signing_keys_active_is_sealed CHECK ((sealed IS NULL) = (verify_only_since IS NOT NULL)),
  CONSTRAINT signing_keys_sealed_by_known CHECK ((sealed IS NULL) = (sealed_by IS NULL)),
  CONSTRAINT signing_keys_active_not_retired CHECK (retired_at IS NULL OR verify_only_since IS NOT NULL)
);
CREATE UNIQUE INDEX signing_keys_one_active ON signing_keys (product_id) WHERE verify_only_since IS NULL;
CREATE INDEX signing_keys_published ON signing_keys (product_id) WHERE retired_at IS NULL;
CREATE INDEX signing_keys_of_product ON signing_keys (product_id, created_at, id);
CREATE INDEX signing_keys_by_sealing ON signing_keys (sealed_by) WHERE sealed IS NOT NULL;
