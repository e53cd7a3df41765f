-- The channel of a generation job is who asked for it: `ui` for admins, `api` for the API keys of contracts (decisions 47). Until now
-- every job has `api`, and every request came from an admin. Audit rows stay as they are: they can only be inserted, and their actor
-- tells the same.
--
-- Runs statement by statement: the rows are rewritten in batches, and each statement can be repeated after an interruption.

SET lock_timeout = 2000;
ALTER TABLE generation_jobs DROP CONSTRAINT IF EXISTS jobs_channel_known,
  ADD CONSTRAINT jobs_channel_known CHECK (channel IN ('ui', 'api', 'schedule', 'replenish')) NOT VALID;
SET lock_timeout = 0;
ALTER TABLE generation_jobs VALIDATE CONSTRAINT jobs_channel_known;

-- By ranges of pages, each in its own transaction, so that no writer waits for more than one range.
DO $$
DECLARE
  pages constant int := 100;
BEGIN
  FOR page IN 0 .. pg_relation_size('generation_jobs') / current_setting('block_size')::int BY pages LOOP
    EXECUTE format('UPDATE generation_jobs SET channel = ''ui'' WHERE ctid >= %L AND ctid < %L AND channel = ''api'' AND actor ->> ''type'' = ''user''',
                   format('(%s,0)', page), format('(%s,0)', page + pages));
    COMMIT;
  END LOOP;
END
$$;
