/** Settling a contract: crossing every boundary that is due, with nothing decided besides. */
import { SYSTEM } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';
import type { Refusal } from '../../domain/base/refusal';
import type { Sql } from '../../db/base/database';
import type { Changed } from './changed';
import { settleAndDecide } from './settle-and-decide';

/** A contract and the real time at which it is settled. */
export interface SettledContract {
  id: string;
  now: Instant;
}

/**
 * Settles a contract as its workflow does: up to where unpaid invoices have to be verified first, and not at all while a billing
 * event waits to be applied. Call it inside a transaction; safe to run twice, because a boundary is crossed once.
 */
export function settleContract(tx: Sql, { id, now }: SettledContract): Promise<Changed | Refusal> {
  return settleAndDecide(tx, { id, actor: SYSTEM, now, request_id: null }, { by: 'workflow' });
}

/**
 * Settles a contract by time alone, for a reader or for a caller that needs it locked: a suspension or termination for unpaid invoices is
 * passed by and stays due. The row stays locked as long as the transaction lasts. Safe to run twice.
 */
export function settleByTime(
  tx: Sql,
  { id, now, request_id = null }: SettledContract & { request_id?: string | null },
): Promise<Changed | Refusal> {
  return settleAndDecide(tx, { id, actor: SYSTEM, now, request_id }, { by: 'time' });
}
