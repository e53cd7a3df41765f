/** Copies a contract with its rows many times by SQL: thousands of contracts in the time in which the product creates a few. */
import type { Database, Sql } from '../../db/base/database';

/** The tables that belong to one contract, besides `contracts`. */
const TABLES = [
  'contract_quotas',
  'quota_grants',
  'contract_holds',
  'contract_revisions',
  'invoice_facts',
  'audit_events',
  'domain_events',
] as const;

/**
 * Copies a contract without jobs and licenses: its facts, quota, holds, invoices and history. Returns the ids of the copies, in their
 * order.
 */
export async function copyContract(db: Database, contract_id: string, copies: number): Promise<string[]> {
  return db.begin(async (tx) => {
    // The tables are read one after another: the contract must not change meanwhile.
    await tx`SELECT FROM contracts WHERE id = ${contract_id} FOR UPDATE`;
    // Foreign keys are not checked: they are correct by construction, and checking them takes half of the time.
    await tx.unsafe('SET LOCAL session_replication_role = replica');
    const rows = await tx<{ id: string }[]>`
      INSERT INTO contracts SELECT copy.* FROM contracts t CROSS JOIN generate_series(1, ${copies}) AS n (n)
      CROSS JOIN LATERAL jsonb_populate_record(t, jsonb_build_object('id', uuidv7(), 'n', n)) copy
      WHERE t.id = ${contract_id} RETURNING id`;
    const ids = rows.map(({ id }) => id).sort();
    for (const table of TABLES) await copyRows(tx, table, contract_id, ids);
    return ids;
  });
}

async function copyRows(tx: Sql, table: (typeof TABLES)[number], contract_id: string, ids: string[]): Promise<void> {
  await tx`
    INSERT INTO ${tx(table)} SELECT copy.* FROM ${tx(table)} t CROSS JOIN unnest(${ids}::uuid[]) AS new (id)
    CROSS JOIN LATERAL jsonb_populate_record(t, jsonb_build_object('id', uuidv7(), 'contract_id', new.id)
      || CASE to_jsonb(t) ->> 'subject_id' WHEN ${contract_id} THEN jsonb_build_object('subject_id', new.id) ELSE '{}' END) copy
    WHERE t.contract_id = ${contract_id}`;
}
