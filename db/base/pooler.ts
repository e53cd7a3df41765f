/**
 * Checks that each connection of this process has a Postgres session of its own.
 *
 * Covenant needs features of a session: transactions of several statements, prepared statements, time limits, LISTEN. A pooler in
 * transaction mode runs the statements of one connection in different sessions, and a pooler may drop the settings of the startup packet.
 */
import postgres from 'postgres';
import type { Database, Sql } from './database';

/** How often the two connections alternate: a busy pooler may give a connection its old session by chance. */
const ROUNDS = 5;
/** How long one step may take. A connection that gets no session from an idle pooler cannot be checked. */
const STEP_TIMEOUT_MS = 2_000;
/** Settings that concern only the socket, or that a pooler may extend. */
const OWN_SETTINGS = /^(tcp_|client_connection_|application_name$)/;

const REMEDY =
  'Let DATABASE_URL lead to Postgres itself, or to a pooler in session mode (docs/operations.md, "Poolers").';

const STATEMENT_MODE = 'Postgres is reached through a pooler in statement mode, which knows no transactions.';

/** Postgres is reached through a pooler that Covenant cannot work with; the message says which, and the remedy. */
export class UnsuitablePooler extends Error {
  /** SQLSTATE of a connection exception: a request that fails by it reports that the database is unavailable. */
  readonly code = '08000';

  constructor(
    readonly what: string,
    readonly remedy = REMEDY,
  ) {
    super(`${what} ${remedy}`);
    this.name = 'UnsuitablePooler';
  }
}

/** A pool of two connections for the check. */
type Pair = postgres.Sql<{}>;

/** Throws `UnsuitablePooler` when connections with the options of `db` do not have sessions of their own. Opens two for a moment. */
export async function assertOwnSessions(db: Database): Promise<void> {
  // `options` are already parsed, including types; the driver accepts them in this form.
  const pair = postgres({ ...db.options, max: 2 } as unknown as postgres.Options<{}>);
  try {
    // Checked first: a pooler in transaction mode also drops settings, but its mode is what has to be changed.
    await assertSessionsStay(pair);
    await assertSettingsHold(pair);
  } catch (error) {
    throw poolerRefusal(error) ?? error;
  } finally {
    await pair.end({ timeout: 0 });
  }
}

/**
 * The same check for a pool in use, on its connection for readiness checks. Without a pooler it takes one statement: `pg_backend_pid()`
 * and the startup messages of the connection then name the same backend.
 */
export async function assertStillOwnSessions(db: Database): Promise<void> {
  try {
    const answer = await askForPid(db.probe);
    if (answer.state.pid === answer[0].pid) return;
  } catch (error) {
    throw poolerRefusal(error) ?? error;
  }
  await assertOwnSessions(db);
}

/** Creates a function that checks the sessions once and remembers success; after a failure the next call checks again. */
export function createSessionCheck(db: Database): () => Promise<void> {
  let check: Promise<void> | undefined;
  return () => {
    check ??= assertOwnSessions(db).catch((error: unknown) => {
      check = undefined;
      throw error;
    });
    return check;
  };
}

/** The refusal, with its remedy, for an error of a pooler that does not accept how a connection starts; null for other errors. */
export function poolerRefusal(error: unknown): UnsuitablePooler | null {
  if (error instanceof UnsuitablePooler) return error;
  const message = error instanceof Error ? error.message : '';
  const parameter = /unsupported startup parameter(?: in options)?: "?(\w+)/i.exec(message)?.[1];
  if (parameter !== undefined)
    return new UnsuitablePooler(`A pooler before Postgres refuses the startup parameter ${parameter}.`);
  if (/transaction blocks not allowed in statement pooling mode/i.test(message))
    return new UnsuitablePooler(STATEMENT_MODE);
  return null;
}

/** Checks that the settings of the startup packet apply in the session, most importantly the time limits. */
async function assertSettingsHold(pair: Pair): Promise<void> {
  const wanted = Object.entries(pair.options.connection).filter(([name]) => !OWN_SETTINGS.test(name));
  const found = await withTimeout(
    pair.unsafe<{ name: string; setting: string }[]>('SELECT name, setting FROM pg_settings'),
  );
  const dropped = wanted.flatMap(([name, value]) => {
    const row = found.find((one) => one.name.toLowerCase() === name.toLowerCase());
    return row === undefined || row.setting === String(value) ? [] : [`${name} = ${String(value)}`];
  });
  if (dropped.length > 0)
    throw new UnsuitablePooler(`A pooler before Postgres drops what connections begin with: ${dropped.join(', ')}.`);
}

/**
 * Uses two connections alternately, one of them in a transaction. Each must keep its session, and the sessions must differ. A pooler
 * in transaction mode gives the second connection the session that the first has just released, or the first connection another one.
 */
async function assertSessionsStay(pair: Pair): Promise<void> {
  const [first, second] = [await withTimeout(pair.reserve()), await withTimeout(pair.reserve())];
  try {
    const seen = { first: new Set<number>(), second: new Set<number>() };
    for (let round = 0; round < ROUNDS; round++) {
      seen.first.add((await withTimeout(askForPid(first)))[0].pid);
      await withTimeout(begin(second));
      seen.second.add((await withTimeout(askForPid(second)))[0].pid);
      seen.first.add((await withTimeout(askForPid(first)))[0].pid);
      await withTimeout(second.unsafe('COMMIT'));
    }
    const shared = [...seen.first].some((pid) => seen.second.has(pid));
    if (seen.first.size > 1 || seen.second.size > 1 || shared)
      throw new UnsuitablePooler(
        'Postgres is reached through a pooler in transaction mode: the statements of one connection run in different sessions.',
      );
  } finally {
    first.release();
    second.release();
  }
}

/** Begins a transaction. PgBouncer in statement mode then closes the connection, and the driver does not learn the reason. */
async function begin(connection: Sql): Promise<void> {
  const answer = await askForPid(connection);
  const is_pooled = answer.state.pid !== answer[0].pid;
  try {
    await connection.unsafe('BEGIN');
  } catch (error) {
    if (is_pooled && (error as { code?: unknown }).code === 'CONNECTION_CLOSED')
      throw new UnsuitablePooler(STATEMENT_MODE);
    throw error;
  }
}

/** Reads the backend's process id without a prepared statement, which would belong to a session. */
async function askForPid(sql: Sql): Promise<postgres.RowList<[{ pid: number }]>> {
  return sql.unsafe<[{ pid: number }]>('SELECT pg_backend_pid() AS pid');
}

async function withTimeout<T>(step: PromiseLike<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const too_late = new Promise<never>((_resolve, reject) => {
    const sentence = `Postgres gave no answer within ${STEP_TIMEOUT_MS} ms when two connections were tried`;
    timer = setTimeout(() => reject(Object.assign(new Error(sentence), { code: 'CONNECT_TIMEOUT' })), STEP_TIMEOUT_MS);
  });
  try {
    return await Promise.race([step, too_late]);
  } finally {
    clearTimeout(timer);
  }
}
