-- The history refuses UPDATE and DELETE, and people have a right to be forgotten. So rows of the history hold ids of people; names,
-- network addresses and what an act says about a person stand beside them, in tables that can be erased (decisions 41).
--
-- Built statement by statement (db/system/migration.ts): each can be repeated after an interruption. Processes of the version before
-- keep writing names into their rows: triggers move them from the first moment on, and rows that exist are moved in batches.

SET lock_timeout = 2000;

ALTER TABLE admins ADD COLUMN IF NOT EXISTS erased_at timestamptz;
ALTER TABLE customers ADD COLUMN IF NOT EXISTS erased_at timestamptz;

CREATE TABLE IF NOT EXISTS audit_people (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id  text NOT NULL,
  -- A name that the person had when they acted; null: erased.
  name       text,
  erased_at  timestamptz,
  CONSTRAINT audit_people_once UNIQUE (person_id, name),
  CONSTRAINT audit_people_erased_have_no_name CHECK ((name IS NULL) = (erased_at IS NOT NULL))
);
CREATE INDEX IF NOT EXISTS audit_people_by_name ON audit_people (nfc(name));

CREATE TABLE IF NOT EXISTS audit_origins (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id  text NOT NULL,
  -- The network address from which the person acted.
  address    text NOT NULL,
  CONSTRAINT audit_origins_once UNIQUE (person_id, address)
);

CREATE TABLE IF NOT EXISTS audit_person_facts (
  event_id   uuid PRIMARY KEY,
  -- The admin or customer that the act changed.
  person_id  text NOT NULL,
  before     jsonb,
  after      jsonb
);
CREATE INDEX IF NOT EXISTS audit_person_facts_by_person ON audit_person_facts (person_id);

CREATE OR REPLACE FUNCTION person_fields() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY['name', 'email', 'billing_contact', 'label'];

CREATE OR REPLACE FUNCTION names_person(actor jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN actor ->> 'type' = 'user' AND actor ?| ARRAY['name', 'ip'];

CREATE OR REPLACE FUNCTION tells_of_person(subject_type text, before jsonb, after jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN subject_type IN ('admin', 'customer') AND (before ?| person_fields() OR after ?| person_fields());

CREATE OR REPLACE FUNCTION audit_name_id(person text, given text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  known bigint;
BEGIN
  FOR attempt IN 1..2 LOOP
    SELECT id INTO known FROM audit_people WHERE person_id = person AND (name = given OR name IS NULL) ORDER BY name NULLS FIRST LIMIT 1;
    IF FOUND THEN
      RETURN known;
    END IF;
    IF attempt = 1 THEN
      PERFORM pg_advisory_xact_lock(hashtextextended('audit_people ' || person, 0));
    END IF;
  END LOOP;
  INSERT INTO audit_people (person_id, name) VALUES (person, given) RETURNING id INTO known;
  RETURN known;
END
$$;

CREATE OR REPLACE FUNCTION audit_origin_id(person text, given text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  known bigint;
BEGIN
  FOR attempt IN 1..2 LOOP
    SELECT id INTO known FROM audit_origins WHERE person_id = person AND address = given;
    IF FOUND THEN
      RETURN known;
    END IF;
    IF EXISTS (SELECT FROM audit_people WHERE person_id = person AND name IS NULL) THEN
      RETURN NULL;
    END IF;
    IF attempt = 1 THEN
      PERFORM pg_advisory_xact_lock(hashtextextended('audit_people ' || person, 0));
    END IF;
  END LOOP;
  INSERT INTO audit_origins (person_id, address) VALUES (person, given) RETURNING id INTO known;
  RETURN known;
END
$$;

CREATE OR REPLACE FUNCTION actor_by_reference(actor jsonb) RETURNS jsonb LANGUAGE sql
RETURN actor - 'name' - 'ip' || jsonb_strip_nulls(jsonb_build_object(
  'name_id', CASE WHEN actor ? 'name' THEN audit_name_id(actor ->> 'id', actor ->> 'name') END,
  'origin_id', CASE WHEN actor ? 'ip' THEN audit_origin_id(actor ->> 'id', actor ->> 'ip') END));

CREATE OR REPLACE FUNCTION shown_actor(actor jsonb) RETURNS jsonb LANGUAGE sql STABLE
RETURN CASE WHEN actor ?| ARRAY['name_id', 'origin_id'] THEN actor - 'name_id' - 'origin_id' || jsonb_strip_nulls(jsonb_build_object(
  'name', (SELECT coalesce(p.name, 'Erased') FROM audit_people p WHERE p.id = (actor ->> 'name_id')::bigint),
  'ip', (SELECT o.address FROM audit_origins o WHERE o.id = (actor ->> 'origin_id')::bigint))) ELSE actor END;

CREATE OR REPLACE FUNCTION move_actor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.actor := actor_by_reference(NEW.actor);
  RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION move_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF names_person(NEW.actor) THEN
    NEW.actor := actor_by_reference(NEW.actor);
  END IF;
  IF tells_of_person(NEW.subject_type, NEW.before, NEW.after) THEN
    INSERT INTO audit_person_facts (event_id, person_id, before, after)
    SELECT NEW.id, NEW.subject_id, (SELECT jsonb_object_agg(key, value) FROM jsonb_each(NEW.before) WHERE key = ANY (person_fields())),
           (SELECT jsonb_object_agg(key, value) FROM jsonb_each(NEW.after) WHERE key = ANY (person_fields()));
    NEW.before := NEW.before - person_fields();
    NEW.after := NEW.after - person_fields();
  END IF;
  RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER audit_events_people BEFORE INSERT OR UPDATE ON audit_events FOR EACH ROW
  WHEN (names_person(NEW.actor) OR tells_of_person(NEW.subject_type, NEW.before, NEW.after)) EXECUTE FUNCTION move_people();
CREATE OR REPLACE TRIGGER contract_revisions_people BEFORE INSERT OR UPDATE ON contract_revisions FOR EACH ROW
  WHEN (names_person(NEW.actor)) EXECUTE FUNCTION move_actor();
CREATE OR REPLACE TRIGGER generation_jobs_people BEFORE INSERT OR UPDATE ON generation_jobs FOR EACH ROW
  WHEN (names_person(NEW.actor)) EXECUTE FUNCTION move_actor();
CREATE OR REPLACE TRIGGER quota_grants_people BEFORE INSERT OR UPDATE ON quota_grants FOR EACH ROW
  WHEN (names_person(NEW.actor)) EXECUTE FUNCTION move_actor();

-- While rows are moved, the history refuses every UPDATE but one: a row that names a person becomes the same row without the person,
-- whatever the statement sets. Triggers run in the order of their names.
CREATE OR REPLACE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RETURN OLD;
END
$$;
CREATE OR REPLACE TRIGGER audit_events_moving BEFORE UPDATE ON audit_events FOR EACH ROW
  WHEN (NOT coalesce(names_person(OLD.actor) OR tells_of_person(OLD.subject_type, OLD.before, OLD.after), false))
  EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER audit_events_moving_kept BEFORE UPDATE ON audit_events FOR EACH ROW EXECUTE FUNCTION keep_row();
CREATE OR REPLACE TRIGGER contract_revisions_moving BEFORE UPDATE ON contract_revisions FOR EACH ROW
  WHEN (NOT coalesce(names_person(OLD.actor), false)) EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER contract_revisions_moving_kept BEFORE UPDATE ON contract_revisions FOR EACH ROW EXECUTE FUNCTION keep_row();
CREATE OR REPLACE TRIGGER audit_events_append_only BEFORE DELETE OR TRUNCATE ON audit_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER contract_revisions_append_only BEFORE DELETE OR TRUNCATE ON contract_revisions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Runs by ranges of pages, each in its own transaction, so that no writer waits for more than one range. Rows that are written meanwhile
-- are in the new form.
DO $$
DECLARE
  pages constant int := 100;
  moved record;
BEGIN
  FOR moved IN SELECT * FROM (VALUES
    ('audit_events', 'names_person(actor) OR tells_of_person(subject_type, before, after)'),
    ('contract_revisions', 'names_person(actor)'), ('generation_jobs', 'names_person(actor)'), ('quota_grants', 'names_person(actor)')
  ) AS t (name, names) LOOP
    FOR page IN 0 .. pg_relation_size(moved.name::regclass) / current_setting('block_size')::int BY pages LOOP
      EXECUTE format('UPDATE %I SET actor = actor WHERE ctid >= %L AND ctid < %L AND (%s)',
                     moved.name, format('(%s,0)', page), format('(%s,0)', page + pages), moved.names);
      COMMIT;
    END LOOP;
  END LOOP;
END
$$;

CREATE OR REPLACE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER contract_revisions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON contract_revisions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
DROP TRIGGER IF EXISTS audit_events_moving ON audit_events;
DROP TRIGGER IF EXISTS audit_events_moving_kept ON audit_events;
DROP TRIGGER IF EXISTS contract_revisions_moving ON contract_revisions;
DROP TRIGGER IF EXISTS contract_revisions_moving_kept ON contract_revisions;
DROP FUNCTION IF EXISTS keep_row();
SET lock_timeout = 0;

CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_events_by_name_id ON audit_events (((actor ->> 'name_id')::bigint), id) WHERE actor ? 'name_id';
-- Processes, as actors, keep their names in the row.
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_events_by_process_name ON audit_events (nfc(actor ->> 'name'), id) WHERE actor ? 'name';
DROP INDEX CONCURRENTLY IF EXISTS audit_events_by_actor_name;
