/**
 * `db/schema.sql` is what the migrations make: whoever reads the one knows the other.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { migrate, missingMigrations } from '../db/migrate';
import { openDatabase } from '../db/index';
import { sharedServers } from './harness/shared-servers';

/** The migrations' own memory, which the schema does not have. */
const MIGRATION_TABLE = 'schema_version';

/** Makes an empty database, runs the test upon it and removes it. `options` are those of `CREATE DATABASE`. */
async function withEmptyDatabase<T>(run: (url: string) => Promise<T>, options = ''): Promise<T> {
  const { postgres_url } = sharedServers();
  const name = `test_${randomBytes(8).toString('hex')}`;
  const server = postgres(postgres_url, { max: 1, onnotice: () => undefined });
  const address = new URL(postgres_url);
  address.pathname = `/${name}`;
  try {
    await server.unsafe(`CREATE DATABASE ${name} TEMPLATE template0 ${options}`);
    return await run(address.href);
  } finally {
    await server`DROP DATABASE IF EXISTS ${server(name)} WITH (FORCE)`;
    await server.end();
  }
}

/** Everything a schema consists of, one line for each part. */
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

test('the schema as written is the schema that the migrations make', async () => {
  const migrated = await withEmptyDatabase(async (url) => {
    await migrate(url);
    return catalogueOf(url);
  });
  const written = await withEmptyDatabase(async (url) => {
    const sql = openDatabase(url, { max: 1, application_name: 'covenant-test' });
    await sql.unsafe(readFileSync(join(__dirname, '../db/schema.sql'), 'utf8'));
    await sql.end();
    return catalogueOf(url);
  });
  expect(migrated).toEqual(written);
  // A catalogue that sees nothing would agree with everything.
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

test('migrating again changes nothing, and processes that migrate at once wait for each other', async () => {
  await withEmptyDatabase(async (url) => {
    const runs = await Promise.all([migrate(url), migrate(url), migrate(url)]);
    expect(runs.filter((applied) => applied.length > 0)).toHaveLength(1);
    expect(await migrate(url)).toEqual([]);
    const sql = openDatabase(url, { max: 1, application_name: 'covenant-test' });
    expect(await missingMigrations(sql)).toBe(0);
    await sql.end();
  });
});

test('a database that cannot keep every letter is refused', async () => {
  const refusal = withEmptyDatabase(migrate, "ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc");
  await expect(refusal).rejects.toThrow('The database is encoded in LATIN1; Covenant needs UTF8.');
});
