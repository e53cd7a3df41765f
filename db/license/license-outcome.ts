/** The licenses that operations could not change: one row for each, written in the transaction that decided about it. */
import type { LicenseDecision } from '../../domain/license/license-operation';
import type { Sql } from '../base/database';

/** How long they can be read, in days of real time. The operation with its counts stays. */
export const OUTCOME_DAYS = 90;

/** Rows of one read of an export. */
const EXPORT_PAGE_ROWS = 1_000;

export interface OutcomeRow extends LicenseDecision {
  /** The stored id of the license; negative for a text that is no id of a license. */
  id: string;
  /** That text; null: `id` is an id. */
  unknown_id: string | null;
}

/** Before all outcomes. */
const FIRST = '-9223372036854775808';

/** Stores what an operation decided about licenses that it leaves as they are. Call it with the operation locked, or new. */
export async function insertOutcomes(tx: Sql, operation_id: string, outcomes: readonly OutcomeRow[]): Promise<void> {
  if (outcomes.length === 0) return;
  const rows = outcomes.map(({ id, unknown_id, outcome, reason, other_customer_id }) => ({
    ...{ id, unknown_id, outcome, reason, other_customer_id },
  }));
  await tx`
    WITH stored AS (
      INSERT INTO license_operation_outcomes (operation_id, license_id, unknown_id, outcome, reason, other_customer_id)
      SELECT ${operation_id}, o.id, o.unknown_id, o.outcome, o.reason, o.other_customer_id
      FROM jsonb_to_recordset(${tx.json(rows)}) AS o (id bigint, unknown_id text, outcome text, reason text, other_customer_id uuid)
    )
    UPDATE license_operations SET outcomes_until = now() + make_interval(days => ${OUTCOME_DAYS}) WHERE id = ${operation_id}`;
}

/** The outcomes after another one: first those of texts that are no ids, then those of licenses in their order. */
export async function listOutcomes(
  sql: Sql,
  operation_id: string,
  { after, limit }: { after: string | null; limit: number },
): Promise<OutcomeRow[]> {
  return sql<OutcomeRow[]>`
    SELECT license_id AS id, unknown_id, outcome, reason, other_customer_id FROM license_operation_outcomes
    WHERE operation_id = ${operation_id} AND license_id > ${after ?? FIRST}::bigint ORDER BY license_id LIMIT ${limit}`;
}

/** All outcomes of an operation, in batches. Between two batches it holds no connection. */
export async function* exportOutcomes(sql: Sql, operation_id: string): AsyncGenerator<OutcomeRow[]> {
  let after: string | null = null;
  for (;;) {
    const rows: OutcomeRow[] = await listOutcomes(sql, operation_id, { after, limit: EXPORT_PAGE_ROWS });
    if (rows.length > 0) yield rows;
    if (rows.length < EXPORT_PAGE_ROWS) return;
    after = rows.at(-1)?.id ?? null;
  }
}

/**
 * Deletes at most `limit` outcomes that are past their retention, and returns how many. A job that is resumed extends the retention of its
 * earlier outcomes, so these are not deleted meanwhile.
 */
export async function deleteExpiredOutcomes(sql: Sql, limit: number): Promise<number> {
  const deleted = await sql`
    DELETE FROM license_operation_outcomes WHERE (operation_id, license_id) IN (
      SELECT o.operation_id, o.license_id
      FROM (SELECT id FROM license_operations WHERE outcomes_until < now() ORDER BY outcomes_until LIMIT ${limit} FOR NO KEY UPDATE SKIP LOCKED) due
      JOIN license_operation_outcomes o ON o.operation_id = due.id LIMIT ${limit})`;
  await sql`
    UPDATE license_operations SET outcomes_until = NULL
    WHERE id IN (
      SELECT id FROM license_operations o
      WHERE outcomes_until < now() AND NOT EXISTS (SELECT FROM license_operation_outcomes WHERE operation_id = o.id)
      ORDER BY outcomes_until LIMIT ${limit} FOR NO KEY UPDATE SKIP LOCKED)`;
  return deleted.count;
}
