-- Addresses of mail. Those in settings name people: the audit stores them beside its rows, where they can be erased.
CREATE OR REPLACE FUNCTION person_fields() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY['name', 'email', 'billing_contact', 'account_manager', 'responsible_person', 'addresses', 'label'];

CREATE OR REPLACE FUNCTION person_fields_of(subject_type text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN subject_type = 'contract' THEN ARRAY['account_manager', 'addresses'] ELSE person_fields() END;

CREATE OR REPLACE FUNCTION has_person_fields(subject_type text, before jsonb, after jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN subject_type IN ('admin', 'customer', 'notification_settings')
    THEN before ?| person_fields() OR after ?| person_fields()
  WHEN subject_type = 'contract'
    THEN coalesce(before ->> 'account_manager', after ->> 'account_manager', before ->> 'addresses', after ->> 'addresses') IS NOT NULL
  ELSE false END;

-- Lists of recipients: by status, and by a part of the address.
CREATE INDEX mail_recipients_by_status ON mail_recipients (status, id);
CREATE INDEX mail_recipients_by_substring ON mail_recipients USING gin (searchable(address) gin_trgm_ops);
