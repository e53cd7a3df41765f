/** Settles a contract: applies every due boundary, without a further decision. */
import { SYSTEM } from '../../domain/base/actor';
import { laterOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import type { Refusal } from '../../domain/base/refusal';
import { isSettledAt } from '../../domain/contract/copies';
import { NO_NUDGE } from '../../domain/contract/nudge';
import type { Sql } from '../../db/base/database';
import { factsOf, findContract } from '../../db/contract/contract';
import { TIME_ZONE_RULES } from '../base/time-zone-rules';
import type { ChangedContract } from './changed-contract';
import { storedContract } from './save-change';
import { settleAndDecide } from './settle-and-decide';

/** A contract and the real time at which it is settled. */
export interface SettledContract {
  id: string;
  now: Instant;
}

/**
 * Settles a contract for its workflow: up to a boundary that needs the billing system, and not at all while a billing event is
 * pending. Call it inside a transaction. Safe to run twice, because a boundary is applied once.
 */
export function settleContract(tx: Sql, { id, now }: SettledContract): Promise<ChangedContract | Refusal> {
  return settleAndDecide(tx, { id, actor: SYSTEM, now, request_id: null }, { by: 'workflow' });
}

/**
 * Settles a contract by time alone, for a reader or for a caller that needs it locked. A suspension or termination for unpaid
 * invoices is skipped and stays due. The row stays locked until the transaction ends. Safe to run twice.
 */
export function settleByTime(
  tx: Sql,
  { id, now, request_id = null }: SettledContract & { request_id?: string | null },
): Promise<ChangedContract | Refusal> {
  return settleAndDecide(tx, { id, actor: SYSTEM, now, request_id }, { by: 'time' });
}

/**
 * Reads a contract, without a lock, that a step of its workflow would not change now. Undefined when the step may change it, and
 * when the contract does not exist or is deleted.
 */
export async function findSettledContract(
  sql: Sql,
  { id, now }: SettledContract,
): Promise<ChangedContract | undefined> {
  const row = await findContract(sql, id);
  if (row === undefined || row.deleted_at !== null) return undefined;
  // A step of the workflow has to record that it has looked.
  if (row.timer_at !== null || row.unwoken_since !== null) return undefined;
  const facts = { ...factsOf(row), settled_until: laterOf(row.clock_now ?? now, row.settled_until) };
  if (!isSettledAt(row, factsOf(row), facts.settled_until, TIME_ZONE_RULES)) return undefined;
  const stored = storedContract(row, facts, row);
  return { stored, facts, generator: null, refusal: null, changed: false, nudge: NO_NUDGE };
}
