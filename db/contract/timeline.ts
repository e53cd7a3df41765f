/** The boundaries of a contract that were applied, read from its audit rows. */
import { BOUNDARY_ACTIONS } from '../../domain/contract/timeline';
import type { ContractState } from '../../domain/contract/facts';
import type { ContractAction } from '../../domain/contract/change';
import type { Instant } from '../../domain/base/instant';
import type { Sql } from '../base/database';

/** A boundary that was applied. */
export interface AppliedBoundaryRow {
  at: Instant;
  action: ContractAction;
  /** The state after the boundary. */
  state: ContractState;
  reason: string | null;
}

/** The newest `limit` boundaries of a contract that were applied, oldest first. */
export async function listAppliedBoundaries(
  sql: Sql,
  contract_id: string,
  limit: number,
): Promise<AppliedBoundaryRow[]> {
  const rows = await sql<AppliedBoundaryRow[]>`
    SELECT at, action, after ->> 'state' AS state, reason FROM audit_events
    WHERE contract_id = ${contract_id} AND subject_type = 'contract'
      AND actor ->> 'type' = 'system' AND action = ANY(${Object.keys(BOUNDARY_ACTIONS)})
    ORDER BY at DESC, id DESC LIMIT ${limit}`;
  return [...rows].reverse();
}
