/** Notices: events of which people may have to hear. The trigger `owe_notices` writes them, and planning ends them. */
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { FailedPlanning } from '../../domain/notification/notice';
import type { NoticedEvent, NoticeOutcome } from '../../domain/notification/plan';
import type { Sql } from '../base/database';

/** A notice that is being planned. */
export interface DueNotice {
  event_id: string;
  attempts: number;
  environment: Environment | null;
  /** Null: the event is gone. */
  event: NoticedEvent | null;
  /** What became of it when it was planned before; null: it was not. */
  outcome: NoticeOutcome | null;
}

/** Takes notices that are due, the earliest first. Those that another transaction has taken are passed over. */
export async function takeNotices(tx: Sql, { now, limit }: { now: Instant; limit: number }): Promise<DueNotice[]> {
  return tx<DueNotice[]>`
    SELECT n.event_id, n.attempts, n.environment, n.outcome,
           CASE WHEN e.id IS NOT NULL
             THEN jsonb_build_object('type', e.type, 'contract_id', e.contract_id, 'data', e.data) END AS event
    FROM (
      SELECT event_id, attempts, environment, outcome, due_at FROM notices WHERE state = 'owed' AND due_at <= ${now}
      ORDER BY due_at, event_id LIMIT ${limit} FOR UPDATE SKIP LOCKED
    ) n
    LEFT JOIN domain_events e ON e.id = n.event_id
    ORDER BY n.due_at, n.event_id`;
}

/** Takes one notice; undefined when it is not owed any more, or another transaction has taken it. */
export async function takeNotice(tx: Sql, event_id: string): Promise<DueNotice | undefined> {
  const [row] = await tx<DueNotice[]>`
    SELECT n.event_id, n.attempts, n.environment, n.outcome,
           CASE WHEN e.id IS NOT NULL
             THEN jsonb_build_object('type', e.type, 'contract_id', e.contract_id, 'data', e.data) END AS event
    FROM (
      SELECT event_id, attempts, environment, outcome FROM notices WHERE event_id = ${event_id} AND state = 'owed' FOR UPDATE SKIP LOCKED
    ) n
    LEFT JOIN domain_events e ON e.id = n.event_id`;
  return row;
}

/** Records what became of notices. */
export async function endNotices(
  tx: Sql,
  ended: readonly { event_id: string; outcome: NoticeOutcome }[],
  now: Instant,
): Promise<void> {
  if (ended.length === 0) return;
  await tx`
    UPDATE notices n SET state = 'planned', due_at = NULL, planned_at = ${now}, problem = NULL, outcome = given.outcome
    FROM unnest(${ended.map(({ event_id }) => event_id)}::uuid[], ${ended.map(({ outcome }) => outcome)}::text[]) AS given (event_id, outcome)
    WHERE n.event_id = given.event_id`;
}

/** Records that a notice could not be planned. */
export async function recordFailedPlanning(
  tx: Sql,
  event_id: string,
  { attempts, due_at, problem }: FailedPlanning,
): Promise<void> {
  await tx`
    UPDATE notices SET attempts = ${attempts}, due_at = ${due_at}, problem = ${problem}, state = ${due_at === null ? 'failed' : 'owed'}
    WHERE event_id = ${event_id} AND state = 'owed'`;
}

/** Whose notices are meant: those of a contract, of a customer's contracts, or all. */
export type NoticeScope = { contract_id: string } | { customer_id: string } | 'all';

/**
 * Owes the last notice of a limit again for which there was no address, because there may be one now, and wakes its planning. Those before it
 * are superseded.
 */
export async function oweUndeliverable(tx: Sql, scope: NoticeScope, now: Instant): Promise<void> {
  const of_scope =
    scope === 'all'
      ? tx`true`
      : 'contract_id' in scope
        ? tx`contract_id = ${scope.contract_id}`
        : tx`contract_id IN (SELECT id FROM contracts WHERE customer_id = ${scope.customer_id})`;
  const changed = await tx`
    WITH undeliverable AS (
      SELECT event_id, row_number() OVER (PARTITION BY contract_id ORDER BY event_id DESC) = 1 AS is_last
      FROM notices WHERE outcome = 'no_address' AND event_type = 'limit.exceeded' AND ${of_scope}
    )
    UPDATE notices n
    SET state = CASE WHEN u.is_last THEN 'owed' ELSE 'planned' END, due_at = CASE WHEN u.is_last THEN ${now}::timestamptz END,
        planned_at = CASE WHEN NOT u.is_last THEN n.planned_at END,
        outcome = CASE WHEN u.is_last THEN n.outcome ELSE 'superseded' END
    FROM undeliverable u WHERE n.event_id = u.event_id AND n.state = 'planned'`;
  if (changed.count > 0) await tx`SELECT pg_notify('notices', '') FROM notice_queue WHERE is_waiting`;
}
