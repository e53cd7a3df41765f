/** Which installation a process belongs to: the database that it works with, as an id that can be shown. */
import type { Sql } from '../base/database';

/** Enough to tell installations apart, and short enough to compare by eye. */
const ID_DIGITS = 16;

/**
 * The id of the installation whose database this is, in lower-case hex. It is a hash of what the cluster, the database and the
 * first migration each have once: a copy by `CREATE DATABASE … TEMPLATE` has another oid, one restored from a dump another
 * cluster or another oid, and a replica, before and after a fail-over, has the same id. Rejects when the database cannot be
 * asked or was never migrated.
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
