/**
 * The connection to Postgres: one pool per process, with our types and our limits.
 *
 * Instants and dates arrive as text in the form of `domain/instant.ts`; 64-bit integers stay text, because the ids of
 * licenses outgrow JavaScript's numbers. Single statements run alone and are judged by `.count`; several that belong
 * together run in `sql.begin` (decisions 7).
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import postgres from 'postgres';

/** A pool of connections, or one transaction of it: queries work with either. */
export type Sql = postgres.ISql<{}>;

/** A piece of a statement, to be put into another. */
export type Fragment = postgres.PendingQuery<postgres.Row[]>;

/** The pool itself, which can begin transactions, listen and be closed. */
export type Database = postgres.Sql<{}>;

/** How long a statement waits for a row that another transaction holds. */
export const LOCK_TIMEOUT_MS = 5_000;

/** How long Postgres may take to answer a new connection. */
const CONNECT_TIMEOUT_S = 5;

export interface DatabaseOptions {
  /** Connections at most. */
  max: number;
  /** Shown in `pg_stat_activity`. */
  application_name: string;
}

/** Opens a pool; connections are made when first needed. */
export function openDatabase(url: string, options: DatabaseOptions): Database {
  return postgres(url, {
    max: options.max,
    connect_timeout: CONNECT_TIMEOUT_S,
    onnotice: () => undefined,
    connection: {
      application_name: options.application_name,
      lock_timeout: LOCK_TIMEOUT_MS,
      TimeZone: 'UTC',
    },
    types: {
      date: { to: 1082, from: [1082], serialize: (text: string) => text, parse: (text: string) => text },
      instant: {
        to: 1184,
        from: [1184],
        serialize: (text: string) => text,
        parse: (text: string) => new Date(text).toISOString(),
      },
    },
  });
}

/**
 * Throws unless the driver carries our patch (`patches/`). Without it a SELECT that fails after streaming rows leaves holes
 * in the next result of its connection; a backend that dies inside a transaction takes the process with it, and statements
 * of the lost transaction run and commit on the connection that follows (`test/db.driver.test.ts` shows each). `npm ci`
 * applies it; an install with `--ignore-scripts` does not.
 */
export function assertDriverPatched(): void {
  const driver = dirname(require.resolve('postgres'));
  const holds = (file: string, mark: RegExp): boolean => mark.test(readFileSync(join(driver, file), 'utf8'));
  if (holds('connection.js', /function ErrorResponse\(x\) \{\s*rows = 0/) && holds('index.js', /if \(lost\)/)) return;
  throw new Error(
    'The Postgres driver is not patched. Run `npx patch-package` (npm runs it after every install unless scripts are off).',
  );
}
