-- Renames a column, constraints, indexes and a function whose names did not say what they hold or check. No row is rewritten, so the
-- locks are short. Processes of the version before use the old names: stop them first.

ALTER TABLE billing_inbox RENAME COLUMN told_at TO reported_at;
ALTER TABLE billing_inbox RENAME CONSTRAINT billing_inbox_told_at_not_null TO billing_inbox_reported_at_not_null;
ALTER TABLE billing_inbox RENAME CONSTRAINT billing_event_once TO billing_event_unique;
ALTER TABLE billing_inbox RENAME CONSTRAINT billing_pending_is_known TO billing_pending_has_invoice;
ALTER INDEX billing_inbox_owed RENAME TO billing_inbox_undecided;

ALTER TABLE contract_amendments RENAME CONSTRAINT amendments_decided TO amendments_decided_has_time;
ALTER TABLE license_terms RENAME CONSTRAINT license_terms_once TO license_terms_unique;
ALTER TABLE sweep_attempts RENAME CONSTRAINT sweep_attempts_counted TO sweep_attempts_positive;
ALTER TABLE audit_people RENAME CONSTRAINT audit_people_once TO audit_people_unique;
ALTER TABLE audit_origins RENAME CONSTRAINT audit_origins_once TO audit_origins_unique;

ALTER INDEX admins_by_part RENAME TO admins_by_substring;
ALTER INDEX products_by_part RENAME TO products_by_substring;
ALTER INDEX generators_by_part RENAME TO generators_by_substring;
ALTER INDEX customers_by_part RENAME TO customers_by_substring;
ALTER INDEX contracts_by_part RENAME TO contracts_by_substring;
ALTER INDEX contracts_by_whole_name RENAME TO contracts_by_exact_name;
ALTER INDEX audit_events_untimely RENAME TO audit_events_at_other_time;

ALTER FUNCTION tells_of_person(text, jsonb, jsonb) RENAME TO has_person_fields;
-- The body of the trigger function names it.
CREATE OR REPLACE FUNCTION move_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF names_person(NEW.actor) THEN
    NEW.actor := actor_by_reference(NEW.actor);
  END IF;
  IF has_person_fields(NEW.subject_type, NEW.before, NEW.after) THEN
    INSERT INTO audit_person_facts (event_id, person_id, before, after)
    SELECT NEW.id, NEW.subject_id, (SELECT jsonb_object_agg(key, value) FROM jsonb_each(NEW.before) WHERE key = ANY (person_fields())),
           (SELECT jsonb_object_agg(key, value) FROM jsonb_each(NEW.after) WHERE key = ANY (person_fields()));
    NEW.before := NEW.before - person_fields();
    NEW.after := NEW.after - person_fields();
  END IF;
  RETURN NEW;
END
$$;
