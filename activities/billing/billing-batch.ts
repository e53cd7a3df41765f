/**
 * The activity of `applyBilling`: it applies the events in the queue of the billing batch, contract by contract.
 *
 * A contract is changed under its lock exactly as by a step of its own workflow, and an event is decided once, also if another process
 * applies it. What the batch cannot decide it leaves to the workflow of the contract, which asks the billing system, waits for the row
 * and repeats what fails: a contract that always fails delays no other.
 */
import { asyncLocalStorage } from '@temporalio/activity';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Instant } from '../../domain/base/instant';
import { cutToBytes } from '../../domain/base/operator-text';
import { isRefusal } from '../../domain/base/refusal';
import { isDatabaseUnavailable } from '../../db/base/errors';
import type { Database, Sql } from '../../db/base/database';
import { findQueueFill, leaveToContract, listQueuedEvents } from '../../db/billing/billing-queue';
import type { QueuedBillingEvent } from '../../db/billing/billing-queue';
import { applyBillingEventsBeside } from '../../transactions/contract/apply-billing-events';
import { beginAttempt } from '../base/attempt';
import { withHeartbeat } from '../base/heartbeat';
import { changeInBatches } from '../contract/contract-batch';
import type { Nudger, QueuedEventNotice } from '../ports';
import type { BillingPorts } from './billing-event';
import { lookFromEvent } from './event-look';
import { findOutdatedElsewhere, removeOutdatedElsewhere, seenInvoices } from './invoices-elsewhere';

/**
 * Contracts after which an activity ends, so that its workflow shows what was done: less than a second of work. Between two activities
 * nothing is applied for about 50 ms.
 */
export const BATCH_CONTRACTS_MAX = 250;
/** After this long an activity ends too; the rest is for the next one. */
const BATCH_MS_MAX = 10_000;
/** Events that one statement reads; they usually belong to about so many contracts. */
const LISTED_EVENTS_MAX = 500;
/**
 * Of a burst, the batch takes as many events as it can get: the events of a contract that are applied together cost hardly more than
 * one. While so many events wait and more arrive, it waits, at most until the first has waited for this long.
 */
export const BURST_EVENTS_MIN = 100;
export const BURST_WAIT_MS = 3_000;
/** When none arrives in this time, the burst is over. */
const BURST_PAUSE_MS = 50;
/** How long the batch waits for events that another transaction has locked. Such a transaction takes milliseconds. */
const LEAVE_LOCK_WAIT_MS = 250;
/** Events of a contract that the result names, and how much of each. The result of a whole batch has about 50 kB. */
const NAMED_EVENTS_MAX = 3;
const NAME_BYTES_MAX = 100;

export interface BillingBatchInput {
  now: Instant;
  /** Contracts whose events are not taken, because earlier batches could neither apply nor leave them. */
  passed_over: string[];
}

/** What one activity did. */
export interface BillingBatch {
  /** The events that were read for each contract that was changed: "evt_1 invoice.open, evt_2 invoice.paid and 3 more". */
  applied: Record<string, string>;
  /** The number of events that were decided. */
  events: number;
  /** Contracts with events that were left to their workflow, or were decided only in part. */
  left: string[];
  /** Contracts whose events could not be left either, so that they are still in the queue. */
  passed_over: string[];
  /** The first event that still waits; null when the queue was empty at the end. */
  next: QueuedEventNotice | null;
}

export type BillingBatchActivities = ReturnType<typeof createBillingBatchActivities>;

export interface BillingBatchDependencies {
  db: Database;
  nudger: Nudger;
  billingPorts: BillingPorts;
  /** Replaces {@link BATCH_CONTRACTS_MAX}. */
  contracts_max?: number;
  /** Replaces the pause between two looks at a burst, {@link BURST_PAUSE_MS}. */
  pause?: () => Promise<unknown>;
}

/** The queued events of one contract. */
type Group = [QueuedBillingEvent, ...QueuedBillingEvent[]];

export function createBillingBatchActivities({
  db,
  nudger,
  billingPorts,
  contracts_max = BATCH_CONTRACTS_MAX,
  pause = () => sleep(BURST_PAUSE_MS),
}: BillingBatchDependencies) {
  const lookOf = (event: Pick<QueuedBillingEvent, 'source' | 'observation'>) => lookFromEvent(billingPorts, event);
  return {
    /**
     * Applies queued events, those of the longest waiting contracts first, until it finds none or has changed
     * {@link BATCH_CONTRACTS_MAX} contracts. During a burst it waits for more events first ({@link BURST_WAIT_MS}). Wakes the workflow
     * of a contract only when its state changes, or when its next boundary is near and earlier than the timer. Throws when Postgres
     * does not answer; what was applied before stays. Safe to run twice: an event is decided once.
     */
    applyBillingBatch: (input: BillingBatchInput): Promise<BillingBatch> => withHeartbeat(applyBatch(input)),
  };

  async function applyBatch({ now, passed_over }: BillingBatchInput): Promise<BillingBatch> {
    const attempt = beginAttempt(BATCH_MS_MAX);
    const batch: BillingBatch = { applied: {}, events: 0, left: [], passed_over: [], next: null };
    await waitWhileManyArrive(now, passed_over);
    for (let begun = 0; ;) {
      const without = [...passed_over, ...batch.passed_over];
      const groups = groupByContract(await listQueuedEvents(db, { now, without, limit: LISTED_EVENTS_MAX }));
      const room = attempt.hasTimeLeft() ? contracts_max - begun : 0;
      const taken = groups.slice(0, room);
      if (taken.length === 0) {
        batch.next = groups[0] === undefined ? null : noticeOf(groups[0][0]);
        return batch;
      }
      begun += taken.length;
      await applyGroups(taken, now, batch);
    }
  }

  /** Waits for the rest of a burst. */
  async function waitWhileManyArrive(now: Instant, without: string[]): Promise<void> {
    for (let last_id: string | null = null; ; await pause()) {
      const fill = await findQueueFill(db, { now, without, limit: BURST_EVENTS_MIN });
      if (fill.events < BURST_EVENTS_MIN || fill.waited_ms >= BURST_WAIT_MS || fill.last_id === last_id) return;
      last_id = fill.last_id;
    }
  }

  /** Applies the events of several contracts, leaves what cannot be applied, and adds what was done to the batch. */
  async function applyGroups(groups: readonly Group[], now: Instant, batch: BillingBatch): Promise<void> {
    const ready = await removeOutdated(groups.filter(hasKnownInvoice), now);
    const ids = ready.map(([{ contract_id }]) => contract_id);
    const apply = (tx: Sql, id: string) => applyBillingEventsBeside(tx, { id, now, lookOf });
    const { changed, failed } = await changeInBatches(db, ids, apply);
    for (const [contract_id, error] of failed) warn('cannot apply billing events in a batch', { contract_id, error });

    const to_wake = [...changed].flatMap(([id, { must_wake }]) => (must_wake ? [id] : []));
    const job_ids = [...changed.values()].flatMap(({ outcome }) => (isRefusal(outcome) ? [] : outcome.nudge.job_ids));
    await Promise.all([nudger.wakeContracts(to_wake), nudger.wakeJobs(job_ids)]);
    for (const group of groups) {
      const [{ contract_id }] = group;
      const applied = changed.get(contract_id);
      if (applied !== undefined && applied.decided > 0) addTo(batch, group, applied.decided);
      const undecided = applied?.undecided ?? group.map(({ id }) => id);
      if (undecided.length > 0) batch[(await leave(group, undecided)) ? 'left' : 'passed_over'].push(contract_id);
    }
  }

  /** Removes records of the invoices of these contracts from other contracts; returns the contracts for which that succeeded. */
  async function removeOutdated(groups: readonly Group[], now: Instant): Promise<Group[]> {
    const seen = groups.map((group) => seenInvoices(group[0].contract_id, group, lookOf));
    const failed = new Set<string>();
    for (const [contract_id, elsewhere] of await findOutdatedElsewhere(db, seen)) {
      try {
        await removeOutdatedElsewhere({ db, nudger }, elsewhere, now);
      } catch (error) {
        if (isDatabaseUnavailable(error)) throw error;
        warn('cannot remove outdated invoices from other contracts', { contract_id, error });
        failed.add(contract_id);
      }
    }
    return groups.filter(([{ contract_id }]) => !failed.has(contract_id));
  }

  function hasKnownInvoice(group: Group): boolean {
    return group.some((event) => lookOf(event) !== null);
  }

  /** Leaves events to the workflow of their contract and signals it; false when they are still in the queue. */
  async function leave(group: Group, ids: string[]): Promise<boolean> {
    const [first] = group;
    const { contract_id, ...notice } = noticeOf(group.find(({ id }) => ids.includes(id)) ?? first);
    try {
      await leaveToContract(db, ids, LEAVE_LOCK_WAIT_MS);
    } catch (error) {
      if (isDatabaseUnavailable(error)) throw error;
      warn('cannot leave billing events to their contract', { contract_id, error });
      return false;
    }
    await nudger.signalBillingEvent(contract_id, notice);
    return true;
  }
}

/** Writes to the log of the worker; outside an activity, nothing. */
function warn(message: string, details: { contract_id: string; error: unknown }): void {
  asyncLocalStorage.getStore()?.log.warn(message, details);
}

/** The events by contract, in the order of the first event of each contract. */
function groupByContract(events: readonly QueuedBillingEvent[]): Group[] {
  const groups = new Map<string, Group>();
  for (const event of events) {
    const group = groups.get(event.contract_id);
    if (group) group.push(event);
    else groups.set(event.contract_id, [event]);
  }
  return [...groups.values()];
}

function addTo(batch: BillingBatch, group: Group, decided: number): void {
  const [{ contract_id }] = group;
  batch.events += decided;
  batch.applied[contract_id] = [batch.applied[contract_id] ?? [], namesOf(group)].flat().join(', ');
}

function noticeOf({ id, contract_id, event_id, type }: QueuedBillingEvent): QueuedEventNotice {
  return { inbox_id: id, contract_id, details: `${event_id} ${type}` };
}

function namesOf(group: Group): string {
  const named = group.slice(0, NAMED_EVENTS_MAX).map(({ event_id, type }) => `${event_id} ${type}`);
  const more = group.length - named.length;
  return named.map((name) => cutToBytes(name, NAME_BYTES_MAX)).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
