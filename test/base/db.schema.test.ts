/**
 * `db/schema.sql` is the schema that the migrations produce.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { migrate, countMissingMigrations } from '../../db/system/migration';
import { openDatabase } from '../../db/base/database';
import type { Sql } from '../../db/base/database';
import { waitFor } from '../../dev/waiting';
import { withEmptyDatabase } from '../harness/database';
import { sharedServers } from '../harness/shared-servers';

/** The table in which applied migrations are recorded; the schema file does not have it. */
const MIGRATION_TABLE = 'schema_version';

/** All parts of the schema of a database, one line for each. */
async function catalogueOf(url: string): Promise<string[]> {
  const sql = openDatabase(url, { max: 1, application_name: 'covenant-test' });
  const rows = await sql<{ part: string }[]>`
    WITH ours AS (
      SELECT c.oid, c.relname, c.relkind FROM pg_class c
      WHERE c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE ${`${MIGRATION_TABLE}%`}
    )
    SELECT format('column %s.%s %s %s collation %s default %s identity %s generated %s', o.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                  CASE WHEN a.attnotnull THEN 'not null' ELSE 'null' END, (SELECT collname FROM pg_collation WHERE oid = a.attcollation),
                  pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated) AS part
    FROM ours o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = o.oid AND d.adnum = a.attnum
    WHERE o.relkind IN ('r', 'p', 'v', 'm')
    UNION ALL SELECT format('relation %s of kind %s', relname, relkind) FROM ours
    UNION ALL SELECT format('constraint %s.%s %s', o.relname, k.conname, pg_get_constraintdef(k.oid)) FROM pg_constraint k JOIN ours o ON o.oid = k.conrelid
    UNION ALL SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN ours o ON o.oid = i.indrelid
    UNION ALL SELECT format('view %s %s', relname, pg_get_viewdef(oid)) FROM ours WHERE relkind = 'v'
    UNION ALL SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN ours o ON o.oid = t.tgrelid WHERE NOT t.tgisinternal
    UNION ALL SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
    UNION ALL SELECT format('extension %s', extname) FROM pg_extension
    UNION ALL SELECT format('type %s', t.typname) FROM pg_type t
              WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd')
    ORDER BY part`;
  await sql.end();
  return rows.map((row) => row.part);
}

test('the written schema is the schema that the migrations produce', async () => {
  const migrated = await withEmptyDatabase(async (url) => {
    await migrate(url);
    return catalogueOf(url);
  });
  const written = await withEmptyDatabase(async (url) => {
    const sql = openDatabase(url, { max: 1, application_name: 'covenant-test' });
    await sql.unsafe(readFileSync(join(__dirname, '../../db/schema.sql'), 'utf8'));
    await sql.end();
    return catalogueOf(url);
  });
  expect(migrated).toEqual(written);
  // Two empty catalogues would be equal too.
  expect(written.filter((part) => part.startsWith('column contracts.')).length).toBeGreaterThan(20);
  for (const part of [
    'quota_never_oversold',
    'license_key_unique',
    'view issued_licenses',
    'audit_events_append_only',
    'refuse_change',
  ]) {
    expect(written.some((line) => line.includes(part))).toBe(true);
  }
});

test('a second migration changes nothing, and processes that migrate at the same time wait for each other', async () => {
  await withEmptyDatabase(async (url) => {
    const runs = await Promise.all([migrate(url), migrate(url), migrate(url)]);
    expect(runs.filter((applied) => applied.length > 0)).toHaveLength(1);
    expect(await migrate(url)).toEqual([]);
    const sql = openDatabase(url, { max: 1, application_name: 'covenant-test' });
    expect(await countMissingMigrations(sql)).toBe(0);
    await sql.end();
  });
});

test('a database that applied a migration with its earlier comments migrates on, and one with other statements is refused', async () => {
  await withEmptyDatabase(async (url) => {
    await migrate(url, 12);
    const sql = openDatabase(url, { max: 1, application_name: 'covenant-test' });
    const checksums = () =>
      sql`SELECT version, md5 FROM schema_version WHERE version BETWEEN 1 AND 12 ORDER BY version`;
    const current = await checksums();
    await sql`UPDATE schema_version SET md5 = '9cb54878512b33bfbd18a3d000dfbd01' WHERE version = 1`;
    await sql`UPDATE schema_version SET md5 = 'e11d77dba564d18c047d147316122cba' WHERE version = 12`;
    expect(await checksums()).not.toEqual(current);
    expect((await migrate(url)).length).toBeGreaterThan(0);
    expect(await checksums()).toEqual(current);

    await sql`UPDATE schema_version SET md5 = '00000000000000000000000000000000' WHERE version = 12`;
    await expect(migrate(url)).rejects.toThrow('MD5 checksum failed');
    await sql.end();
  });
});

test('a database whose encoding cannot store every character is refused', async () => {
  const refusal = withEmptyDatabase(migrate, "ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc");
  await expect(refusal).rejects.toThrow('The database is encoded in LATIN1; Covenant needs UTF8.');
});

test('indexes are built while tables are written to, and an index whose build was interrupted is built again', async () => {
  await withEmptyDatabase(async (url) => {
    const sql = openDatabase(url, { max: 2, application_name: 'covenant-test' });
    // Postgres finishes no index that is built concurrently while an older snapshot is in use.
    const holder = await sql.reserve();
    await holder`BEGIN ISOLATION LEVEL REPEATABLE READ`;
    await holder`SELECT 1`;
    const migration = migrate(url).catch((error: unknown) => error);
    await waitFor(() => isBuilding(sql), WAIT_FOR_INDEX);
    await sql`SET lock_timeout = 1000`;
    await sql`INSERT INTO admins (email, name, role, created_at, updated_at) VALUES ('a@covenant.test', 'A', 'viewer', now(), now())`;
    await sql`SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'covenant migrate'`;
    expect(await migration).toMatchObject({ code: '57014' });
    expect(await invalidIndexes(sql)).toHaveLength(1);
    await holder`COMMIT`;
    holder.release();
    expect(await migrate(url)).not.toEqual([]);
    expect(await invalidIndexes(sql)).toEqual([]);
    expect(await countMissingMigrations(sql)).toBe(0);
    await sql.end();
  });
});

const WAIT_FOR_INDEX = { timeout_ms: 30_000, what: 'an index to wait for a snapshot' };

async function isBuilding(sql: Sql): Promise<boolean> {
  const waiting = await sql`
    SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'virtualxid' AND query LIKE 'CREATE INDEX CONCURRENTLY%'`;
  return waiting.count > 0;
}

function invalidIndexes(sql: Sql): Promise<{ name: string }[]> {
  return sql<{ name: string }[]>`SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid`;
}

test('a role that may not create the extension gets an error that says what an administrator has to do, and continues afterwards', async () => {
  const role = `test_${randomBytes(8).toString('hex')}`;
  const server = postgres(sharedServers().postgres_url, { max: 1, onnotice: () => undefined });
  try {
    await server.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD '${role}'`);
    await withEmptyDatabase(async (url) => {
      const administrator = openDatabase(url, { max: 1, application_name: 'covenant-test' });
      await administrator.unsafe(`GRANT CREATE ON SCHEMA public TO ${role}`);
      const as_role = new URL(url);
      [as_role.username, as_role.password] = [role, role];
      await expect(migrate(as_role.href)).rejects.toThrow(
        /The database needs the extension pg_trgm: .*CREATE EXTENSION pg_trgm/,
      );
      await administrator`CREATE EXTENSION pg_trgm`;
      expect(await migrate(as_role.href)).not.toEqual([]);
      await administrator.end();
    });
  } finally {
    await server.unsafe(`DROP ROLE IF EXISTS ${role}`);
    await server.end();
  }
});

test('the owner of a database migrates it without being a superuser', async () => {
  const role = `test_${randomBytes(8).toString('hex')}`;
  const server = postgres(sharedServers().postgres_url, { max: 1, onnotice: () => undefined });
  try {
    await server.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD '${role}'`);
    await withEmptyDatabase(async (url) => {
      const as_role = new URL(url);
      [as_role.username, as_role.password] = [role, role];
      expect(await migrate(as_role.href)).not.toEqual([]);
    }, `OWNER ${role}`);
  } finally {
    await server.unsafe(`DROP ROLE IF EXISTS ${role}`);
    await server.end();
  }
});
