-- Imports of existing licenses. An import is a job of the execution `import`: the number of a row in the file is the ordinal of its license.
ALTER TABLE generation_jobs DROP CONSTRAINT jobs_execution_known,
  ADD CONSTRAINT jobs_execution_known CHECK (execution IN ('inline', 'background', 'import', 'direct')) NOT VALID;
ALTER TABLE generation_jobs VALIDATE CONSTRAINT jobs_execution_known;
ALTER TABLE generation_jobs DROP CONSTRAINT jobs_requested_bounded,
  ADD CONSTRAINT jobs_requested_bounded CHECK (requested BETWEEN CASE execution WHEN 'import' THEN 0 ELSE 1 END AND 10000000) NOT VALID;
ALTER TABLE generation_jobs VALIDATE CONSTRAINT jobs_requested_bounded;
ALTER TABLE generation_chunks DROP CONSTRAINT chunks_not_empty,
  ADD CONSTRAINT chunks_not_negative CHECK (licenses >= 0) NOT VALID;
ALTER TABLE generation_chunks VALIDATE CONSTRAINT chunks_not_negative;
CREATE INDEX generation_jobs_of_imports ON generation_jobs (environment, created_at, serial) WHERE execution = 'import';
CREATE INDEX generation_jobs_of_contract_imports ON generation_jobs (contract_id, created_at, id) WHERE execution = 'import';
ALTER TABLE license_facts ADD COLUMN created_at timestamptz;

CREATE TABLE license_imports (
  id           uuid PRIMARY KEY,
  contract_id  uuid NOT NULL REFERENCES contracts (id),
  duplicates   text NOT NULL CONSTRAINT license_imports_duplicates_known CHECK (duplicates IN ('reject', 'skip')),
  received_at  timestamptz NOT NULL DEFAULT now(),
  rows         integer,
  file_bytes   bigint,
  file_sha256  text,
  rows_until   timestamptz,
  report_until timestamptz,
  CONSTRAINT license_imports_file_unique UNIQUE (contract_id, file_sha256)
);
CREATE INDEX license_imports_arriving ON license_imports (received_at) WHERE rows IS NULL;
CREATE INDEX license_imports_with_rows ON license_imports (rows_until) WHERE rows_until IS NOT NULL;
CREATE INDEX license_imports_with_report ON license_imports (report_until) WHERE report_until IS NOT NULL;

CREATE TABLE license_import_chunks (
  import_id  uuid NOT NULL REFERENCES license_imports (id),
  chunk_no   integer NOT NULL,
  accepted   integer NOT NULL,
  payload    text STORAGE EXTERNAL,
  imported   integer,
  skipped    integer NOT NULL,
  rejected   integer NOT NULL,
  PRIMARY KEY (import_id, chunk_no)
);

CREATE TABLE license_import_outcomes (
  import_id  uuid NOT NULL REFERENCES license_imports (id),
  ordinal    integer NOT NULL,
  key        text,
  outcome    text NOT NULL CONSTRAINT license_import_outcomes_known CHECK (outcome IN ('skipped', 'rejected')),
  code       text NOT NULL,
  detail     text,
  PRIMARY KEY (import_id, ordinal)
);
