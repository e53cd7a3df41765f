/** Brings a database to the current schema, one migration after the other, with only one process at it at a time. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Postgrator from 'postgrator';
import { openDatabase } from './index';
import type { Sql } from './index';

const MIGRATIONS = join(__dirname, 'migrations');
const SCHEMA_TABLE = 'schema_version';
/** Any number, the same in every process: migrations of one database wait for each other. */
const MIGRATION_LOCK = 7_264_118;

/** The only encoding that keeps every letter, and in which Postgres normalizes and folds them. */
const ENCODING = 'UTF8';

/**
 * Applies what is missing and answers with the names of the migrations applied; safe to run at every start. Throws for a
 * database of another encoding than UTF8.
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const pool = openDatabase(databaseUrl, { max: 1, application_name: 'covenant migrate' });
  try {
    await expectEncoding(pool);
    const connection = await pool.reserve();
    try {
      await connection`SET lock_timeout = 0`;
      await connection`SELECT pg_advisory_lock(${MIGRATION_LOCK})`;
      const postgrator = new Postgrator({
        driver: 'pg',
        migrationPattern: join(MIGRATIONS, '*.sql'),
        schemaTable: SCHEMA_TABLE,
        execQuery: async (query) => ({ rows: [...(await connection.unsafe(query))] }),
        // One migration is one transaction: it is there or it is not.
        execSqlScript: async (script) => {
          await connection.unsafe(`BEGIN;\n${script}\nCOMMIT;`);
        },
      });
      const applied = await postgrator.migrate();
      return applied.map((migration) => `${String(migration.version).padStart(3, '0')} ${migration.name}`);
    } finally {
      connection.release();
    }
  } finally {
    await pool.end();
  }
}

async function expectEncoding(sql: Sql): Promise<void> {
  const [{ encoding }] = await sql<[{ encoding: string }]>`SELECT getdatabaseencoding() AS encoding`;
  if (encoding === ENCODING) return;
  throw new Error(
    `The database is encoded in ${encoding}; Covenant needs ${ENCODING}. Create one by CREATE DATABASE … ENCODING '${ENCODING}' TEMPLATE template0.`,
  );
}

/** How many migrations the database lacks; all of them when it was never migrated. */
export async function missingMigrations(sql: Sql): Promise<number> {
  const known = readdirSync(MIGRATIONS).flatMap((file) => (/^\d+\.do\./.test(file) ? [Number.parseInt(file, 10)] : []));
  const [table] = await sql<[{ exists: boolean }]>`SELECT to_regclass(${SCHEMA_TABLE}) IS NOT NULL AS exists`;
  if (!table.exists) return known.length;
  const [row] = await sql<
    [{ version: number }]
  >`SELECT coalesce(max(version), 0)::int AS version FROM ${sql(SCHEMA_TABLE)}`;
  // Numbers may have gaps.
  return known.filter((number) => number > row.version).length;
}
