/** Changes many contracts in batches. One contract that fails, or that another process has locked, does not delay the others. */
import pMap from 'p-map';
import { isDatabaseUnavailable } from '../../db/base/errors';
import type { Database, Sql } from '../../db/base/database';
import { changeTogether } from '../../transactions/contract/change-together';
import { isReachable } from '../../db/system/health';
import { LOCK_WAIT_MS, beginWithShortWaits } from '../base/short-wait';

/** The contracts of one transaction. A command for one of them waits for at most one such transaction, which takes about 100 ms. */
export const BATCH_CONTRACTS = 25;
/** Transactions at the same time: while one waits for its commit, and Postgres works for another, the process computes the third. */
export const BATCHES_IN_FLIGHT = 3;
/**
 * How long such a transaction waits for another row than those of its contracts, such as a quota that a grant has locked. Meanwhile
 * commands for its contracts wait too.
 */
const SHARED_LOCK_WAIT_MS = 250;
/** Contracts that are tried alone at the same time, each with a connection of its own; this is more than the batches use. */
export const BATCH_CONNECTIONS_MAX = 4;
const CONTRACTS_IN_FLIGHT = { concurrency: BATCH_CONNECTIONS_MAX };

/** The outcome of each contract of a call. */
export interface BatchOutcome<T> {
  changed: Map<string, T>;
  /** Contracts that failed or stayed locked, with the error. */
  failed: Map<string, unknown>;
}

/**
 * Calls `change` once for each contract, inside a transaction that several contracts share. At the end, the contracts of transactions
 * that failed and those that were locked are tried again, each in its own transaction and with a wait of `lock_ms` for its row.
 *
 * @throws when Postgres is unreachable; the transactions that were committed before remain
 */
export async function changeInBatches<T>(
  db: Database,
  ids: readonly string[],
  change: (tx: Sql, id: string) => Promise<T>,
  { lock_ms = LOCK_WAIT_MS }: { lock_ms?: number } = {},
): Promise<BatchOutcome<T>> {
  const outcome: BatchOutcome<T> = { changed: new Map(), failed: new Map() };

  async function changeBatch(batch: readonly string[]): Promise<void> {
    try {
      const together = (tx: Sql) => changeTogether(tx, batch, change);
      const changed = await beginWithShortWaits(db, together, { lock_ms: SHARED_LOCK_WAIT_MS });
      for (const [id, result] of changed) outcome.changed.set(id, result);
    } catch (error) {
      await rejectIfUnreachable(error);
    }
  }

  async function changeAlone(id: string): Promise<void> {
    try {
      outcome.changed.set(id, await beginWithShortWaits(db, (tx) => change(tx, id), { lock_ms }));
    } catch (error) {
      await rejectIfUnreachable(error);
      outcome.failed.set(id, error);
    }
  }

  /** A connection that is lost while Postgres answers is the fault of one contract, which must not stop the others. */
  async function rejectIfUnreachable(error: unknown): Promise<void> {
    if (isDatabaseUnavailable(error) && !(await isReachable(db))) throw error;
  }

  await pMap(batchesOf(ids), changeBatch, { concurrency: BATCHES_IN_FLIGHT });
  const left = ids.filter((id) => !outcome.changed.has(id));
  await pMap(left, changeAlone, CONTRACTS_IN_FLIGHT);
  return outcome;
}

function batchesOf(ids: readonly string[]): string[][] {
  const batches: string[][] = [];
  for (let from = 0; from < ids.length; from += BATCH_CONTRACTS) batches.push(ids.slice(from, from + BATCH_CONTRACTS));
  return batches;
}
