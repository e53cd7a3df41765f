/**
 * The queue of the billing batch: the pending events that no step of a contract's own workflow will apply.
 *
 * An event enters it when it arrives. It leaves it when it is decided, or when the batch leaves it to the workflow of its contract.
 * The index `billing_inbox_queue` has the same condition.
 */
import type { Instant } from '../../domain/base/instant';
import type { Fragment, Sql } from '../base/database';
import { limitedLockWait } from '../base/session';
import { isDue } from './billing-event';
import type { PendingBillingEvent } from './billing-event';

/** An event that waits in the queue. */
export interface QueuedBillingEvent extends PendingBillingEvent {
  contract_id: string;
}

/** The first event in the queue: the one with the smallest id. */
export interface FirstQueuedEvent {
  id: string;
  received_at: Instant;
}

export async function findFirstQueuedEvent(sql: Sql, now: Instant): Promise<FirstQueuedEvent | undefined> {
  const [first] = await sql<FirstQueuedEvent[]>`
    SELECT id, received_at FROM billing_inbox WHERE ${isQueued(sql)} AND ${isDue(sql, now)} ORDER BY id LIMIT 1`;
  return first;
}

/** The first events in the queue, in the order of their ids, without those of the contracts in `without`. */
export async function listQueuedEvents(
  sql: Sql,
  { now, without, limit }: { now: Instant; without: readonly string[]; limit: number },
): Promise<QueuedBillingEvent[]> {
  return sql<QueuedBillingEvent[]>`
    SELECT id, contract_id, source, event_id, type, invoice_id, observation, occurred_at, reported_at, future_dated, tries
    FROM billing_inbox
    WHERE ${isQueued(sql)} AND ${isDue(sql, now)} AND contract_id <> ALL(${[...without]}::uuid[])
    ORDER BY id LIMIT ${limit}`;
}

/** How full the queue is. */
export interface QueueFill {
  /** The number of events, counted up to a limit. */
  events: number;
  /** The last event; null when the queue is empty. */
  last_id: string | null;
  /** How long the first event has waited, in milliseconds by the clock of Postgres; 0 when the queue is empty. */
  waited_ms: number;
}

/** How full the queue is without the events of the contracts in `without`; counts at most `limit` events. */
export async function findQueueFill(
  sql: Sql,
  { now, without, limit }: { now: Instant; without: readonly string[]; limit: number },
): Promise<QueueFill> {
  const queued = sql`
    FROM billing_inbox
    WHERE ${isQueued(sql)} AND ${isDue(sql, now)} AND contract_id <> ALL(${[...without]}::uuid[])`;
  // The id has the time of the insert by the clock of Postgres.
  const [fill] = await sql<[QueueFill]>`
    SELECT (SELECT count(*)::int FROM (SELECT ${queued} LIMIT ${limit}) first) AS events,
           (SELECT id ${queued} ORDER BY id DESC LIMIT 1) AS last_id,
           coalesce(extract(epoch FROM clock_timestamp() - uuid_extract_timestamp((SELECT id ${queued} ORDER BY id LIMIT 1))), 0)::float8
             * 1000 AS waited_ms`;
  return fill;
}

/** Leaves pending events to the workflow of their contract. `lock_ms` limits the wait for rows that others have locked. */
export async function leaveToContract(sql: Sql, ids: readonly string[], lock_ms: number): Promise<void> {
  if (ids.length === 0) return;
  await sql`
    UPDATE billing_inbox SET left_to_contract = true FROM ${limitedLockWait(sql, lock_ms)}
    WHERE id = ANY(${[...ids]}::uuid[]) AND outcome = 'PENDING'`;
}

function isQueued(sql: Sql): Fragment {
  return sql`outcome = 'PENDING' AND NOT left_to_contract`;
}
