-- The person who looks after a contract, by their e-mail address. Of a contract, only this field names a person: the history stores it
-- beside its rows, and revisions do not contain it.
ALTER TABLE contracts ADD COLUMN account_manager text;
CREATE INDEX contracts_by_account_manager ON contracts (lower(account_manager), environment, created_at, id) WHERE account_manager IS NOT NULL;

CREATE FUNCTION person_fields_of(subject_type text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN subject_type = 'contract' THEN ARRAY['account_manager'] ELSE person_fields() END;

CREATE OR REPLACE FUNCTION has_person_fields(subject_type text, before jsonb, after jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN subject_type IN ('admin', 'customer') THEN before ?| person_fields() OR after ?| person_fields()
  WHEN subject_type = 'contract' THEN before ->> 'account_manager' IS NOT NULL OR after ->> 'account_manager' IS NOT NULL
  ELSE false END;

CREATE OR REPLACE FUNCTION move_people() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  fields text[];
BEGIN
  IF names_person(NEW.actor) THEN
    NEW.actor := actor_by_reference(NEW.actor);
  END IF;
  IF has_person_fields(NEW.subject_type, NEW.before, NEW.after) THEN
    fields := person_fields_of(NEW.subject_type);
    INSERT INTO audit_person_facts (event_id, person_id, before, after)
    SELECT NEW.id, NEW.subject_id, (SELECT jsonb_object_agg(key, value) FROM jsonb_each(NEW.before) WHERE key = ANY (fields)),
           (SELECT jsonb_object_agg(key, value) FROM jsonb_each(NEW.after) WHERE key = ANY (fields));
    NEW.before := NEW.before - fields;
    NEW.after := NEW.after - fields;
  END IF;
  RETURN NEW;
END
$$;
