/** Brings a database to the current schema, one migration after the other, with only one process at it at a time. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Postgrator from 'postgrator';
import { isLockTimeout, isTransactionToRepeat } from './errors';
import { openDatabase } from './index';
import type { Sql } from './index';
import { assertOwnSessions } from './pooler';

const MIGRATIONS = join(__dirname, 'migrations');
const SCHEMA_TABLE = 'schema_version';
/** Any number, the same in every process: migrations of one database wait for each other. */
const MIGRATION_LOCK = 7_264_118;
/** How long one attempt at a migration waits for a table: as long every statement that comes after it waits too. */
const MIGRATION_LOCK_TIMEOUT_MS = 2_000;
/** Attempts at one migration while tables are in use, and the pause between them. */
const MIGRATION_ATTEMPTS_MAX = 30;
const MIGRATION_PAUSE_MS = 1_000;

/** The only encoding that keeps every letter, and in which Postgres normalizes and folds them. */
const ENCODING = 'UTF8';

/**
 * Applies what is missing and answers with the names of the migrations applied; safe to run at every start. Throws for a
 * database of another encoding than UTF8.
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const pool = openDatabase(databaseUrl, { max: 1, application_name: 'covenant migrate' });
  try {
    await assertOwnSessions(pool);
    await expectEncoding(pool);
    const connection = await pool.reserve();
    try {
      // Another process may migrate for long.
      await connection`SET lock_timeout = 0`;
      await connection`SELECT pg_advisory_lock(${MIGRATION_LOCK})`;
      const postgrator = new Postgrator({
        driver: 'pg',
        migrationPattern: join(MIGRATIONS, '*.sql'),
        schemaTable: SCHEMA_TABLE,
        execQuery: async (query) => ({ rows: [...(await connection.unsafe(query))] }),
        execSqlScript: (script) => runMigration(connection, script),
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

/** Runs one migration as one transaction: it is there or it is not. While a table is in use it is tried again. */
async function runMigration(connection: Sql, script: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await connection.unsafe(`BEGIN; SET LOCAL lock_timeout = ${MIGRATION_LOCK_TIMEOUT_MS};\n${script}\nCOMMIT;`);
      return;
    } catch (error) {
      await connection.unsafe('ROLLBACK');
      if (!isLockTimeout(error) && !isTransactionToRepeat(error)) throw error;
      if (attempt === MIGRATION_ATTEMPTS_MAX)
        throw new Error(
          `A table stayed in use during ${MIGRATION_ATTEMPTS_MAX} attempts to change it. Run \`covenant migrate\` again when there is less load, or end the transaction that holds it (pg_stat_activity).`,
          { cause: error },
        );
      await new Promise((resolve) => setTimeout(resolve, MIGRATION_PAUSE_MS));
    }
  }
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
