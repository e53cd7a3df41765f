/**
 * Reads of lists, which people and programs ask with any filter: each has a time limit of its own, shorter than that of other
 * statements, and together they use a part of the pool, so that slow lists leave connections for everything else.
 */
import type { Database, Sql } from './index';
import { allowStatementTime } from './session';

/** The part of a pool that lists use at once. */
const POOL_SHARE = 1 / 3;

/** Too many lists were being read for as long as a list may wait. */
export class ListsBusy extends Error {}

/** Reads a list within its limits. Throws `ListsBusy`, and 57014 from Postgres when a statement takes too long. */
export type ReadList = <T>(read: (sql: Sql) => Promise<T>) => Promise<T>;

/** `statement_ms` limits each statement, and the wait for one's turn. */
export function createListReads(db: Database, statement_ms: number): ReadList {
  const at_once_max = Math.max(1, Math.floor(db.options.max * POOL_SHARE));
  const waiting: (() => void)[] = [];
  let under_way = 0;

  /** Resolves when it is one's turn; the place is then taken. */
  function turn(): Promise<void> {
    if (under_way < at_once_max) {
      under_way++;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(enter), 1);
        reject(new ListsBusy('too many lists are being read'));
      }, statement_ms);
      waiting.push(enter);
    });
  }

  /** Gives the place to whoever waits longest. */
  function leave(): void {
    const next = waiting.shift();
    if (next) next();
    else under_way--;
  }

  return async function readList<T>(read: (sql: Sql) => Promise<T>): Promise<T> {
    await turn();
    try {
      return (await db.begin('read only', async (tx) => {
        await allowStatementTime(tx, statement_ms);
        // A plan for any values would not know which of them are rare.
        await tx.unsafe('SET LOCAL plan_cache_mode = force_custom_plan');
        return read(tx);
      })) as T;
    } finally {
      leave();
    }
  };
}
