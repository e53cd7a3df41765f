/** Holds of a contract. `transactions/contract/` writes them together with the contract. */
import type { Hold } from '../../domain/contract/facts';
import type { Sql } from '../base/database';

/** Inserts new holds and ends lifted ones. Call it in the transaction of the contract's change. */
export async function saveHolds(tx: Sql, contract_id: string, holds: readonly Hold[]): Promise<void> {
  for (const { id, ...hold } of holds) {
    if (id === null) await tx`INSERT INTO contract_holds ${tx({ ...hold, contract_id })}`;
    else if (hold.lifted_at !== null)
      await tx`UPDATE contract_holds SET lifted_at = ${hold.lifted_at} WHERE id = ${id}`;
  }
}
