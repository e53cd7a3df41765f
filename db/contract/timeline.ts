/** The boundaries that a contract has crossed, as its audit tells them. */
import { BOUNDARY_ACTIONS } from '../../domain/contract/timeline';
import type { ContractState } from '../../domain/contract/facts';
import type { ContractAction } from '../../domain/contract/change';
import type { Instant } from '../../domain/base/instant';
import type { Sql } from '../base/database';

/** One boundary that was crossed. */
export interface CrossedRow {
  at: Instant;
  action: ContractAction;
  /** The state afterwards. */
  state: ContractState;
  reason: string | null;
}

/** What time did to a contract, in the order in which it holds; of more than `limit` the newest. */
export async function listCrossed(sql: Sql, contract_id: string, limit: number): Promise<CrossedRow[]> {
  const rows = await sql<CrossedRow[]>`
    SELECT at, action, after ->> 'state' AS state, reason FROM audit_events
    WHERE contract_id = ${contract_id} AND subject_type = 'contract'
      AND actor ->> 'type' = 'system' AND action = ANY(${Object.keys(BOUNDARY_ACTIONS)})
    ORDER BY at DESC, id DESC LIMIT ${limit}`;
  return [...rows].reverse();
}
