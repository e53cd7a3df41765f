/** Writes the row of a contract. Only `transactions/contract/` calls it, with the row locked. */
import type { ContractCopies } from '../../domain/contract/copies';
import type { ContractFacts } from '../../domain/contract/facts';
import type { LocalDate } from '../../domain/base/instant';
import { ofAlias } from '../base/columns';
import type { Sql } from '../base/database';
import { mergedStatement } from '../base/merged-statement';
import type { ContractRow } from './contract';

/** The columns of the row that are derived from the facts: copies for SQL, and the local date of `settled_until`. */
export type DerivedColumns = ContractCopies & { settled_on: LocalDate };

/** Inserts the row of a contract that is being created. */
export async function insertContractRow(tx: Sql, facts: ContractFacts, derived: DerivedColumns): Promise<void> {
  await tx`INSERT INTO contracts ${tx({ ...columnsOf(tx, facts), ...derived })}`;
}

/** Writes all facts of the row. `deleted_by` names who deleted the contract; when absent, the column keeps its value. */
export async function updateContractRow(
  tx: Sql,
  facts: ContractFacts,
  derived: DerivedColumns & { deleted_by?: string },
): Promise<void> {
  await updateRow(tx, { ...plainColumnsOf(facts), ...derived });
}

type ContractColumns = ReturnType<typeof plainColumnsOf> & DerivedColumns & { deleted_by?: string };

const updateRow = mergedStatement(
  'update contract',
  async (tx, rows: readonly ContractColumns[]) => {
    const columns = columnsIn(rows[0] as ContractColumns);
    // Fragments of their own: directly behind UPDATE, the driver takes a list of names for assignments.
    const [names, values] = [tx`(${tx(columns)})`, tx`(${tx(ofAlias('changed', columns))})`];
    await tx`
      UPDATE contracts c SET ${names} = ROW ${values}
      FROM jsonb_populate_recordset(NULL::contracts, ${tx.json(rows as never)}) AS changed WHERE c.id = changed.id`;
    return rows.map(() => undefined);
  },
  (row) => columnsIn(row).join(),
);

function columnsIn(row: ContractColumns): string[] {
  return Object.keys(row).sort();
}

/** What is known of the workflow beside the contract: columns of its row. */
export type WorkflowColumns = Pick<ContractRow, 'timer_at' | 'unwoken_since'>;

export async function updateWorkflowColumns(
  tx: Sql,
  contract_id: string,
  columns: Partial<WorkflowColumns>,
): Promise<void> {
  await tx`UPDATE contracts SET ${tx({ ...columns })} WHERE id = ${contract_id}`;
}

/** Columns that settling may change without a new revision: it skipped an unverified boundary, or a billing system answered. */
export type SettlementColumns = DerivedColumns &
  Pick<ContractFacts, 'billing_unreachable_since' | 'verify_after' | 'settled_until'>;

/** Writes those columns alone. */
export async function updateSettlementColumns(tx: Sql, contract_id: string, columns: SettlementColumns): Promise<void> {
  await tx`UPDATE contracts SET ${tx({ ...columns })} WHERE id = ${contract_id}`;
}

/** Moves a deleted contract, which has no further history, to the customer into whom its customer is merged. */
export async function moveDeletedContract(
  tx: Sql,
  contract_id: string,
  { customer_id, into }: { customer_id: string; into: string },
): Promise<void> {
  await tx`
    UPDATE contracts SET customer_id = ${into}
    WHERE id = ${contract_id} AND customer_id = ${customer_id} AND deleted_at IS NOT NULL`;
}

/** The columns of `contracts` for the facts, under equal names. Omits facts that have their own tables. */
function columnsOf(tx: Sql, facts: ContractFacts) {
  return {
    ...plainColumnsOf(facts),
    feature_overrides: tx.json(facts.feature_overrides),
    activation_limit: facts.activation_limit === null ? null : tx.json(facts.activation_limit),
    expiry: facts.expiry === null ? null : tx.json(facts.expiry),
    metadata: tx.json(facts.metadata),
    renewal: tx.json({ ...facts.renewal }),
    dunning: tx.json({ ...facts.dunning }),
    on_suspend: tx.json({ ...facts.on_suspend }),
    auto_replenish: facts.auto_replenish && tx.json({ ...facts.auto_replenish }),
    rate_limits: tx.json(facts.rate_limits as never),
  };
}

/** The same columns as plain values. */
function plainColumnsOf(facts: ContractFacts) {
  const { holds: _holds, invoices: _invoices, amendments: _amendments, quota: _quota, ...columns } = facts;
  return { ...columns, updated_at: facts.settled_until };
}
