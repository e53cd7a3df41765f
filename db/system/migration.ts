/** Brings a database to the current schema, one migration after the other. Only one process migrates a database at a time. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Postgrator from 'postgrator';
import { isLockTimeout, isTransactionToRepeat } from '../base/errors';
import { openDatabase } from '../base/database';
import type { Sql } from '../base/database';
import { assertOwnSessions } from '../base/pooler';

const MIGRATIONS = join(__dirname, '..', 'migrations');
const SCHEMA_TABLE = 'schema_version';
/** The key of the advisory lock by which processes that migrate one database wait for each other. The number has no meaning. */
const MIGRATION_LOCK = 7_264_118;
/** How long one attempt at a migration waits for a table. All later statements on the table wait meanwhile. */
const MIGRATION_LOCK_TIMEOUT_MS = 2_000;
/** The interval at which a waiting process tries to take the lock of migrations. */
const LOCK_POLL_MS = 200;
/** Attempts at one migration while its tables are in use, and the pause between them. */
const MIGRATION_ATTEMPTS_MAX = 30;
const MIGRATION_PAUSE_MS = 1_000;

/**
 * The checksums of earlier texts of migrations of which only comments were edited, by version. Postgrator compares the checksums of
 * applied migrations and refuses a file whose text differs.
 */
const REWORDED_COMMENTS: ReadonlyMap<number, string> = new Map([
  [1, '9cb54878512b33bfbd18a3d000dfbd01'],
  [12, 'e11d77dba564d18c047d147316122cba'],
]);

/** The only encoding that stores every character, and in which Postgres can normalize and case-fold text. */
const ENCODING = 'UTF8';

/**
 * Applies the missing migrations, up to number `last` if given, and returns their names. Safe to run at every start. Throws if the
 * encoding of the database is not UTF8.
 */
export async function migrate(databaseUrl: string, last?: number): Promise<string[]> {
  const pool = openDatabase(databaseUrl, { max: 1, application_name: 'covenant migrate' });
  try {
    await assertOwnSessions(pool);
    await expectEncoding(pool);
    const connection = await pool.reserve();
    try {
      // Another process may take a long time to migrate.
      await connection`SET lock_timeout = 0`;
      await takeMigrationLock(connection);
      const postgrator = new Postgrator({
        driver: 'pg',
        migrationPattern: join(MIGRATIONS, '*.sql'),
        schemaTable: SCHEMA_TABLE,
        execQuery: async (query) => ({ rows: [...(await connection.unsafe(query))] }),
        execSqlScript: (script) => runMigration(connection, script),
      });
      await acceptRewordedComments(connection, await postgrator.getMigrations());
      const applied = await postgrator.migrate(last === undefined ? 'max' : String(last));
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

/**
 * Takes the lock of migrations. It polls instead of waiting inside a statement: a waiting statement holds a snapshot, and the process that
 * has the lock waits for all older snapshots when it builds an index concurrently.
 */
async function takeMigrationLock(connection: Sql): Promise<void> {
  for (;;) {
    const [{ is_locked }] = await connection<
      [{ is_locked: boolean }]
    >`SELECT pg_try_advisory_lock(${MIGRATION_LOCK}) AS is_locked`;
    if (is_locked) return;
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
}

/** Stores the current checksum of each applied migration of which only comments were edited. */
async function acceptRewordedComments(connection: Sql, migrations: Postgrator.Migration[]): Promise<void> {
  if (!(await isMigrated(connection))) return;
  for (const { version, action, md5 } of migrations) {
    const earlier = REWORDED_COMMENTS.get(version);
    if (action !== 'do' || earlier === undefined) continue;
    await connection`
      UPDATE ${connection(SCHEMA_TABLE)} SET md5 = ${md5} WHERE version = ${version} AND md5 = ${earlier}`;
  }
}

/** Whether the database was migrated at least once. */
async function isMigrated(sql: Sql): Promise<boolean> {
  const [table] = await sql<[{ exists: boolean }]>`SELECT to_regclass(${SCHEMA_TABLE}) IS NOT NULL AS exists`;
  return table.exists;
}

/**
 * Matches migrations that run statement by statement: those that build indexes concurrently, which no transaction can do, and those
 * whose comment says so because they change several tables that writers lock in a different order.
 */
const RUNS_BY_STATEMENT = /\bINDEX CONCURRENTLY\b|^-- Runs statement by statement/m;

/**
 * Runs one migration, either as one transaction or statement by statement. In the second case it may also contain `DO` blocks that
 * commit batch by batch.
 */
async function runMigration(connection: Sql, script: string): Promise<void> {
  if (!RUNS_BY_STATEMENT.test(script)) return runTransaction(connection, script);
  for (const statement of statementsOf(script)) await runAlone(connection, statement);
}

/** A statement up to the semicolon at the end of its last line. Text between `$$` may contain such semicolons. */
const STATEMENT = /(?:\$\$[^]*?\$\$|[^;]|;(?!\s*$))+/gm;

/** The statements of a script. Each statement must end at the end of a line. */
function statementsOf(script: string): string[] {
  const statements = script.replace(/^\s*--.*$/gm, '').match(STATEMENT) ?? [];
  return statements.map((statement) => statement.trim()).filter((statement) => statement !== '');
}

/** Runs a statement as its own transaction. An interrupted attempt may have left an invalid index, which is dropped and built again. */
async function runAlone(connection: Sql, statement: string): Promise<void> {
  const index = /^CREATE (?:UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS (\w+)/.exec(statement)?.[1];
  await withAttempts(async () => {
    if (index !== undefined) await dropInvalidIndex(connection, index);
    await connection.unsafe(statement).catch((error: unknown) => {
      const extension = /^CREATE EXTENSION IF NOT EXISTS (\w+)/.exec(statement)?.[1];
      throw extension === undefined ? error : extensionMissing(extension, error);
    });
  });
}

async function dropInvalidIndex(connection: Sql, name: string): Promise<void> {
  const [index] = await connection<{ valid: boolean }[]>`
    SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass(${name})`;
  if (index?.valid === false) await connection`DROP INDEX CONCURRENTLY ${connection(name)}`;
}

function extensionMissing(name: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(
    `The database needs the extension ${name}: ${reason}. Install the contrib modules of Postgres on its server, or let an administrator run \`CREATE EXTENSION ${name}\` in this database, and run \`covenant migrate\` again.`,
    { cause },
  );
}

/** Runs one migration as one transaction. */
async function runTransaction(connection: Sql, script: string): Promise<void> {
  await withAttempts(async () => {
    try {
      await connection.unsafe(`BEGIN; SET LOCAL lock_timeout = ${MIGRATION_LOCK_TIMEOUT_MS};\n${script}\nCOMMIT;`);
    } catch (error) {
      await connection.unsafe('ROLLBACK');
      throw error;
    }
  });
}

/** Tries again while a table is in use or a deadlock ended the transaction. */
async function withAttempts(run: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await run();
      return;
    } catch (error) {
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

/** How many migrations the database lacks: all of them if it was never migrated. */
export async function countMissingMigrations(sql: Sql): Promise<number> {
  const known = readdirSync(MIGRATIONS).flatMap((file) => (/^\d+\.do\./.test(file) ? [Number.parseInt(file, 10)] : []));
  if (!(await isMigrated(sql))) return known.length;
  const [row] = await sql<
    [{ version: number }]
  >`SELECT coalesce(max(version), 0)::int AS version FROM ${sql(SCHEMA_TABLE)}`;
  // Numbers may have gaps.
  return known.filter((number) => number > row.version).length;
}
