-- The person who looks after a customer, by their e-mail address. The history stores it beside its rows, so that it can be erased.
ALTER TABLE customers ADD COLUMN account_manager text;

CREATE OR REPLACE FUNCTION person_fields() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY['name', 'email', 'billing_contact', 'account_manager', 'label'];

CREATE INDEX customers_by_account_manager ON customers (lower(account_manager), created_at, id) WHERE account_manager IS NOT NULL;
