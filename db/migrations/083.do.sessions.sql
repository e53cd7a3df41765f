-- Sessions of admins in the admin pages, and what admins sign in with besides API keys. Secrets are stored as hashes only.

CREATE TABLE sessions (
  id            uuid PRIMARY KEY DEFAULT uuidv7(),
  admin_id      uuid NOT NULL REFERENCES admins (id),
  token_hmac    bytea NOT NULL CONSTRAINT sessions_token_unique UNIQUE,
  method        text NOT NULL CONSTRAINT sessions_method_known CHECK (method IN ('password', 'api_key', 'link', 'oidc')),
  api_key_id    uuid REFERENCES admin_api_keys (id),
  created_at    timestamptz NOT NULL,
  last_used_at  timestamptz NOT NULL,
  confirmed_at  timestamptz NOT NULL,
  ended_at      timestamptz,
  address       text,
  user_agent    text
);
CREATE INDEX sessions_of_admin ON sessions (admin_id, id);
CREATE INDEX sessions_by_created ON sessions (created_at);

CREATE TABLE admin_passwords (
  admin_id  uuid PRIMARY KEY REFERENCES admins (id),
  hash      text NOT NULL,
  set_at    timestamptz NOT NULL
);

CREATE TABLE admin_links (
  id          uuid PRIMARY KEY DEFAULT uuidv7(),
  admin_id    uuid NOT NULL REFERENCES admins (id),
  purpose     text NOT NULL CONSTRAINT admin_links_purpose_known CHECK (purpose IN ('sign_in', 'invitation')),
  token_hmac  bytea NOT NULL CONSTRAINT admin_links_token_unique UNIQUE,
  created_at  timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL,
  used_at     timestamptz
);
CREATE INDEX admin_links_of_admin ON admin_links (admin_id);
CREATE INDEX admin_links_by_expires ON admin_links (expires_at);

CREATE UNLOGGED TABLE sign_in_attempts (
  bucket      integer PRIMARY KEY CONSTRAINT sign_in_attempts_buckets CHECK (bucket BETWEEN 0 AND 65535),
  started_at  timestamptz NOT NULL,
  attempts    integer NOT NULL
) WITH (fillfactor = 50);
