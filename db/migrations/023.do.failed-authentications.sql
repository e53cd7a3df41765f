-- Failed authentications of the current minute, for the limit by address (db/access/failed-authentication.ts). At most one row for each
-- of 65,536 buckets. Unlogged: after a crash of Postgres the minute begins again, and attempts write no log that replicas must read.

CREATE UNLOGGED TABLE failed_authentications (
  bucket    integer PRIMARY KEY CONSTRAINT failed_authentications_buckets CHECK (bucket BETWEEN 0 AND 65535),
  minute    timestamptz NOT NULL,
  failures  integer NOT NULL
) WITH (fillfactor = 50);
