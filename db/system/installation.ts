/** The id of the installation that a process belongs to. It identifies the database that the process uses. */
import type { Sql } from '../base/database';

/** Enough digits to distinguish installations, and few enough to compare by eye. */
const ID_DIGITS = 16;

/**
 * The id of the installation that uses this database, in lower-case hex. It is a hash of the cluster's identifier, the database's oid and
 * the time of the first migration: a copy by `CREATE DATABASE … TEMPLATE` has a different oid, and a database restored from a dump has a
 * different cluster or oid. A replica has the same id, before and after a fail-over. Rejects when the database is unreachable or was
 * never migrated.
 */
export async function findInstallationId(sql: Sql): Promise<string> {
  const [{ id }] = await sql<[{ id: string }]>`
    SELECT left(encode(sha256(convert_to(concat_ws(' ',
      (SELECT system_identifier FROM pg_control_system()),
      (SELECT oid FROM pg_database WHERE datname = current_database()),
      (SELECT extract(epoch FROM run_at) FROM schema_version WHERE version = 1)
    ), 'UTF8')), 'hex'), ${ID_DIGITS}::int) AS id`;
  return id;
}
