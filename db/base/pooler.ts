/**
 * Whether the connections of this process are sessions of Postgres of their own.
 *
 * Covenant needs what belongs to a session: transactions over several statements, prepared statements, time limits, LISTEN.
 * A pooler in transaction mode runs the statements of one connection in different sessions, and a pooler may drop the
 * settings that a connection begins with.
 */
import postgres from 'postgres';
import type { Database, Sql } from './database';

/** How often the two connections take turns: a busy pooler may give each its old session by chance. */
const ROUNDS = 5;
/** How long one step may take. A connection that gets no session while none is in use cannot be judged. */
const STEP_TIMEOUT_MS = 2_000;
/** Settings that concern the socket alone, or that a pooler may rightly extend. */
const OWN_SETTINGS = /^(tcp_|client_connection_|application_name$)/;

const REMEDY =
  'Let DATABASE_URL lead to Postgres itself, or to a pooler in session mode (docs/operations.md, "Poolers").';

const STATEMENT_MODE = 'Postgres is reached through a pooler in statement mode, which knows no transactions.';

/** Postgres is reached through a pooler that Covenant cannot work with; the message says which, and the remedy. */
export class UnsuitablePooler extends Error {
  /** A connection exception, as Postgres would call it: a request that meets it hears that the database is out of reach. */
  readonly code = '08000';

  constructor(
    readonly what: string,
    readonly remedy = REMEDY,
  ) {
    super(`${what} ${remedy}`);
    this.name = 'UnsuitablePooler';
  }
}

/** Two connections of their own. */
type Pair = postgres.Sql<{}>;

/** Throws `UnsuitablePooler` when connections made as those of `db` are not sessions of their own. Uses two for a moment. */
export async function assertOwnSessions(db: Database): Promise<void> {
  // `options` are parsed already, types included; the driver takes them as they are.
  const pair = postgres({ ...db.options, max: 2 } as unknown as postgres.Options<{}>);
  try {
    // A pooler in transaction mode drops settings too; that is not what has to be put right.
    await assertSessionsStay(pair);
    await assertSettingsHold(pair);
  } catch (error) {
    throw poolerRefusal(error) ?? error;
  } finally {
    await pair.end({ timeout: 0 });
  }
}

/**
 * The same for a pool at work, in one statement where there is no pooler: Postgres and the greeting of the connection name
 * the same backend then.
 */
export async function assertStillOwnSessions(db: Database): Promise<void> {
  try {
    const answer = await askForPid(db);
    if (answer.state.pid === answer[0].pid) return;
  } catch (error) {
    throw poolerRefusal(error) ?? error;
  }
  await assertOwnSessions(db);
}

/** A promise of sessions of one's own, proven once; while that fails the next caller tries again. */
export function createSessionCheck(db: Database): () => Promise<void> {
  let proof: Promise<void> | undefined;
  return () => {
    proof ??= assertOwnSessions(db).catch((error: unknown) => {
      proof = undefined;
      throw error;
    });
    return proof;
  };
}

/** What a pooler says that takes no part of the way a connection begins, as a refusal with its remedy; null for other errors. */
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

/** What the connection was begun with must hold in its session, time limits above all. */
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
 * Two connections take turns, one of them in a transaction. Each must stay in its session, and the sessions must differ. A
 * pooler in transaction mode gives the second one the session that the first has just left, or the first one another.
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

/** Begins a transaction. PgBouncer in statement mode closes a connection that does, and the driver does not hear why. */
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

/** Asks without a prepared statement, which would belong to a session. */
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
