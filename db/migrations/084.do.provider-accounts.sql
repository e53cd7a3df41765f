-- Accounts with which admins sign in at the identity provider, and attempts that must not be finished twice.

CREATE TABLE admin_provider_accounts (
  issuer     text NOT NULL,
  subject    text NOT NULL,
  admin_id   uuid NOT NULL REFERENCES admins (id),
  linked_at  timestamptz NOT NULL,
  PRIMARY KEY (issuer, subject),
  CONSTRAINT admin_provider_accounts_one_for_each_issuer UNIQUE (admin_id, issuer)
);

CREATE TABLE finished_oidc_attempts (
  state_hmac   bytea PRIMARY KEY,
  finished_at  timestamptz NOT NULL
);
CREATE INDEX finished_oidc_attempts_by_finished ON finished_oidc_attempts (finished_at);
