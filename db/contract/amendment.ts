/** Amendments in Postgres. Pending ones are part of their contract's facts and are written together with it. */
import type { Amendment } from '../../domain/contract/facts';
import { columnNames } from '../base/columns';
import type { Sql } from '../base/database';

export interface AmendmentRow extends Omit<Amendment, 'stored'> {
  contract_id: string;
}

const AMENDMENT_COLUMNS = columnNames<AmendmentRow>({
  id: true,
  contract_id: true,
  effective_date: true,
  changes: true,
  note: true,
  status: true,
  failure: true,
  created_at: true,
  created_by: true,
  decided_at: true,
});

/** One amendment of a contract, or undefined. */
export async function findAmendment(sql: Sql, contract_id: string, id: string): Promise<AmendmentRow | undefined> {
  const [row] = await sql<AmendmentRow[]>`
    SELECT ${sql(AMENDMENT_COLUMNS)} FROM contract_amendments WHERE contract_id = ${contract_id} AND id = ${id}`;
  return row;
}

/** One page of a contract's amendments, newest first; `before` is the id of the last one shown. */
export async function listAmendments(
  sql: Sql,
  contract_id: string,
  before: string | null,
  limit: number,
): Promise<AmendmentRow[]> {
  return sql<AmendmentRow[]>`
    SELECT ${sql(AMENDMENT_COLUMNS)} FROM contract_amendments
    WHERE contract_id = ${contract_id} ${before === null ? sql`` : sql`AND id < ${before}`}
    ORDER BY id DESC LIMIT ${limit}`;
}

/** Inserts new amendments and updates decided ones. Call it in the transaction of the contract's change. */
export async function saveAmendments(
  tx: Sql,
  contract_id: string,
  before: Amendment[],
  after: Amendment[],
): Promise<void> {
  for (const amendment of after) {
    const { stored, ...row } = amendment;
    const decided = { status: row.status, failure: row.failure && tx.json(row.failure), decided_at: row.decided_at };
    if (!stored)
      await tx`INSERT INTO contract_amendments ${tx({ ...row, ...decided, changes: tx.json(row.changes as never), contract_id })}`;
    else if (before.some((old) => old.id === row.id && old.status !== row.status))
      await tx`UPDATE contract_amendments SET ${tx(decided)} WHERE id = ${row.id}`;
  }
}
