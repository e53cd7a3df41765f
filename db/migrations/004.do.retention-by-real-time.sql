-- Retention compares the time of Postgres with the time of Postgres: a contract on a test clock has another time, and a process
-- may have a wrong one. Keys of jobs that exist are remembered for up to another thirty days.

ALTER TABLE generation_jobs ADD COLUMN requested_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX generation_jobs_by_idempotency_age ON generation_jobs (requested_at) WHERE idempotency_key IS NOT NULL;
DROP INDEX generation_jobs_idempotent;

ALTER TABLE idempotency_keys ALTER COLUMN created_at SET DEFAULT now();
ALTER TABLE contract_commands ALTER COLUMN at SET DEFAULT now();
CREATE INDEX contract_commands_by_at ON contract_commands (at);
