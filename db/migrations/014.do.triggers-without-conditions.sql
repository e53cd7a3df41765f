-- The triggers that move people out of the history decide in their functions whether a row names one. As conditions of the triggers the
-- same questions were planned again by each statement: 50 to 70 µs for each table that it writes to, twice in each grant of licenses.
--
-- Runs statement by statement (db/system/migration.ts): it locks one table at a time, and each statement can be repeated.

SET lock_timeout = 2000;

CREATE OR REPLACE FUNCTION move_actor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF names_person(NEW.actor) THEN
    NEW.actor := actor_by_reference(NEW.actor);
  END IF;
  RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER audit_events_people BEFORE INSERT OR UPDATE ON audit_events FOR EACH ROW EXECUTE FUNCTION move_people();
CREATE OR REPLACE TRIGGER contract_revisions_people BEFORE INSERT OR UPDATE ON contract_revisions FOR EACH ROW EXECUTE FUNCTION move_actor();
CREATE OR REPLACE TRIGGER generation_jobs_people BEFORE INSERT OR UPDATE OF actor ON generation_jobs FOR EACH ROW EXECUTE FUNCTION move_actor();
CREATE OR REPLACE TRIGGER quota_grants_people BEFORE INSERT OR UPDATE OF actor ON quota_grants FOR EACH ROW EXECUTE FUNCTION move_actor();

SET lock_timeout = 0;
