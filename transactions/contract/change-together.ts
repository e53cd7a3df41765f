/**
 * Changes several contracts in one transaction.
 *
 * A transaction of one contract costs more for its commit and its round trips than for its statements. Here one
 * statement serves all contracts that need it at the same time, one commit serves all of them, and each contract is still judged by its own locked row.
 */
import type { Sql } from '../../db/base/database';
import { mergeStatements } from '../../db/base/merged-statement';
import { lockFreeContracts } from '../../db/contract/contract';

/**
 * Calls `change` for each contract whose row is free, and returns the results by contract id. A contract that another transaction
 * has locked, or that does not exist, is left out. Call it inside a transaction.
 *
 * The rows are locked without waiting, so a batch delays no command for longer than it takes itself, and batches that run at the
 * same time have different contracts. If the change of one contract fails, the whole transaction fails.
 *
 * @throws the first error of `change`, after every call of it has ended
 */
export async function changeTogether<T>(
  tx: Sql,
  ids: readonly string[],
  change: (tx: Sql, id: string) => Promise<T>,
): Promise<Map<string, T>> {
  const locked = await lockFreeContracts(tx, ids);
  mergeStatements(tx);
  // All calls must end before the transaction does: a later statement of one would run outside of it.
  const results = await Promise.allSettled(locked.map((id) => change(tx, id)));
  const changed = new Map<string, T>();
  results.forEach((result, index) => {
    if (result.status === 'rejected') throw result.reason;
    changed.set(locked[index] as string, result.value);
  });
  return changed;
}
