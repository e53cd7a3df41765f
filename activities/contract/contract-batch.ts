/** Changes many contracts in batches. One contract that fails, or that another process has locked, does not delay the others. */
import pMap from 'p-map';
import { isDatabaseUnavailable } from '../../db/base/errors';
import type { Database, Sql } from '../../db/base/database';
import { changeTogether } from '../../transactions/contract/change-together';
import { beginWithShortWaits } from '../base/short-wait';

/** The contracts of one transaction. A command for one of them waits for at most one such transaction, which takes about 100 ms. */
export const BATCH_CONTRACTS = 25;
/** Transactions at the same time: while one waits for its commit, the process computes another. */
const BATCHES_IN_FLIGHT = { concurrency: 2 };
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
 * that failed and those that were locked are tried again, each in its own transaction and with a short wait for its row.
 *
 * @throws when Postgres is unavailable; the transactions that were committed before remain
 */
export async function changeInBatches<T>(
  db: Database,
  ids: readonly string[],
  change: (tx: Sql, id: string) => Promise<T>,
): Promise<BatchOutcome<T>> {
  const outcome: BatchOutcome<T> = { changed: new Map(), failed: new Map() };

  async function changeBatch(batch: readonly string[]): Promise<void> {
    const changed = await db
      .begin((tx) => changeTogether(tx, batch, change))
      .catch((error: unknown) => {
        if (isDatabaseUnavailable(error)) throw error;
        return new Map<string, T>();
      });
    for (const [id, result] of changed) outcome.changed.set(id, result);
  }

  async function changeAlone(id: string): Promise<void> {
    try {
      outcome.changed.set(id, await beginWithShortWaits(db, (tx) => change(tx, id)));
    } catch (error) {
      if (isDatabaseUnavailable(error)) throw error;
      outcome.failed.set(id, error);
    }
  }

  await pMap(batchesOf(ids), changeBatch, BATCHES_IN_FLIGHT);
  const left = ids.filter((id) => !outcome.changed.has(id));
  await pMap(left, changeAlone, CONTRACTS_IN_FLIGHT);
  return outcome;
}

function batchesOf(ids: readonly string[]): string[][] {
  const batches: string[][] = [];
  for (let from = 0; from < ids.length; from += BATCH_CONTRACTS) batches.push(ids.slice(from, from + BATCH_CONTRACTS));
  return batches;
}
