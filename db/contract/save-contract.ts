/** Writing the row of a contract. Called by `transactions/contract/` alone, which holds its lock. */
import type { ContractCopies } from '../../domain/contract/copies';
import type { ContractFacts } from '../../domain/contract/facts';
import type { LocalDate } from '../../domain/base/instant';
import type { Sql } from '../base/database';

/** What stands on the row besides the facts: copies for SQL, and the local day that the contract has reached. */
export type DerivedColumns = ContractCopies & { settled_on: LocalDate };

/** Inserts the row of a contract that is being created. */
export async function insertContractRow(tx: Sql, facts: ContractFacts, derived: DerivedColumns): Promise<void> {
  await tx`INSERT INTO contracts ${tx({ ...columnsOf(tx, facts), ...derived })}`;
}

/** Writes all facts that stand on the row; `deleted_by` names who deleted it, and is left as it is when absent. */
export async function updateContractRow(
  tx: Sql,
  facts: ContractFacts,
  derived: DerivedColumns & { deleted_by?: string },
): Promise<void> {
  await tx`UPDATE contracts SET ${tx({ ...columnsOf(tx, facts), ...derived })} WHERE id = ${facts.id}`;
}

/** Columns that may move although nothing happened to the contract: a boundary was passed by unverified, an answer came. */
export type SettlementColumns = DerivedColumns &
  Pick<ContractFacts, 'billing_unreachable_since' | 'verify_after' | 'settled_until'>;

/** Writes those columns alone. */
export async function updateSettlementColumns(tx: Sql, contract_id: string, columns: SettlementColumns): Promise<void> {
  await tx`UPDATE contracts SET ${tx({ ...columns })} WHERE id = ${contract_id}`;
}

/** The columns of `contracts` for the facts; names are equal, what has tables of its own is left out. */
function columnsOf(tx: Sql, facts: ContractFacts) {
  const { holds: _holds, invoices: _invoices, amendments: _amendments, quota: _quota, ...columns } = facts;
  return {
    ...columns,
    feature_overrides: tx.json(facts.feature_overrides),
    activation_limit: facts.activation_limit === null ? null : tx.json(facts.activation_limit),
    expiry: facts.expiry === null ? null : tx.json(facts.expiry),
    metadata: tx.json(facts.metadata),
    renewal: tx.json({ ...facts.renewal }),
    dunning: tx.json({ ...facts.dunning }),
    updated_at: facts.settled_until,
  };
}
