-- Who gets which mail: settings, what customers say about their mail, and what planning decided.

-- `responsible_person`: the address that hears of limits that are exceeded, a person or a group. `language`: that of mail to the customer;
-- null: that of the installation.
ALTER TABLE customers
  ADD COLUMN responsible_person text,
  ADD COLUMN language text CONSTRAINT customers_language_known CHECK (language IN ('en', 'de'));

CREATE OR REPLACE FUNCTION person_fields() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY['name', 'email', 'billing_contact', 'account_manager', 'responsible_person', 'label'];

-- What the installation, a customer or a contract says about its mail (domain/notification/settings.ts).
CREATE TABLE notification_settings (
  -- The customer or the contract; for the installation, the UUID of zeros.
  subject_id          uuid PRIMARY KEY,
  scope               text NOT NULL CONSTRAINT notification_settings_scope_known CHECK (scope IN ('installation', 'customer', 'contract')),
  -- By kind: `is_sent`, `roles`, `addresses`, `may_wait`. What is left out comes from the next wider scope.
  kinds               jsonb NOT NULL DEFAULT '{}',
  -- Of the installation only: who operates it, the language of mail, and the time zone in which digests are sent.
  operator_addresses  text[],
  language            text CONSTRAINT notification_settings_language_known CHECK (language IN ('en', 'de')),
  time_zone           text,
  revision            integer NOT NULL DEFAULT 1,
  updated_at          timestamptz NOT NULL,
  CONSTRAINT notification_settings_of_installation CHECK (
    (scope = 'installation') = (subject_id = '00000000-0000-0000-0000-000000000000')
    AND (scope = 'installation') = (operator_addresses IS NOT NULL)
    AND (scope = 'installation') = (language IS NOT NULL)
    AND (scope = 'installation') = (time_zone IS NOT NULL))
);
INSERT INTO notification_settings (subject_id, scope, operator_addresses, language, time_zone, updated_at)
VALUES ('00000000-0000-0000-0000-000000000000', 'installation', '{}', 'en', 'UTC', now());

-- What became of a planned notice (domain/notification/plan.ts); null until it is planned.
ALTER TABLE notices ADD COLUMN outcome text;
-- Notices of limits for which there was no address. They are owed again when there is one.
CREATE INDEX notices_undeliverable ON notices (contract_id, event_id) WHERE outcome = 'no_address' AND event_type = 'limit.exceeded';

-- The language in which it is written, unless the recipient has chosen another one.
ALTER TABLE notifications ADD COLUMN language text NOT NULL DEFAULT 'en' CONSTRAINT notifications_language_known CHECK (language IN ('en', 'de'));

-- erased: the person was erased, and the address with it.
ALTER TABLE mail_recipients DROP CONSTRAINT mail_recipients_status_known;
ALTER TABLE mail_recipients ADD CONSTRAINT mail_recipients_status_known CHECK (status IN ('ok', 'bounced', 'complained', 'erased'));
