/**
 * Applies the billing events that wait in the queue of all contracts; one run at a time for the installation.
 *
 * An arriving event is in Postgres before the workflow is signaled, and the queue is there too: a run that is lost loses nothing, and
 * the sweep starts another one. The run ends when its activity found the queue empty and no signal is new. So an event that arrives while
 * the queue is not empty needs no signal (`transactions/billing/receive-billing-event.ts`).
 */
import {
  condition,
  continueAsNew,
  defineSignal,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { BillingBatch, BillingBatchActivities } from '../activities/billing/billing-batch';
import type { QueuedEventNotice } from '../activities/ports';
import { instantFromMillis } from '../domain/base/instant';
import { cutToBytes } from '../domain/base/operator-text';
import { taskQueueName } from './task-queue-name';

export interface ApplyBillingInput {
  /** What earlier runs did. */
  totals?: BillingTotals;
  /** Contracts whose events earlier runs could neither apply nor leave to their workflow. */
  passed_over?: string[];
}

/** What all runs did since the queue was empty. */
export interface BillingTotals {
  events: number;
  /** Contracts in all batches; a contract counts once for each batch. */
  contracts: number;
  /** How often events were left to the workflow of their contract. */
  left: number;
}

/** An event entered the queue: read the queue again. */
export const billingEventQueuedSignal = defineSignal<[notice?: QueuedEventNotice]>('billingEventQueued');

/** A batch ends itself after ten seconds; one that hangs is tried again. */
const BATCH_TIMEOUT = '1m';
/** After this long another worker gets the batch of a worker that died. */
const BATCH_HEARTBEAT_TIMEOUT = '5s';
/** While Postgres does not answer. */
const RETRY = { initialInterval: '200ms', maximumInterval: '15s' } as const;

/** Patch: a run does not end while contracts are passed over. */
const WAITS_FOR_PASSED_OVER = 'waits-for-passed-over';
/** After this long what was passed over is tried again, and events are found that did not signal because they are behind it. */
const PASSED_OVER_PAUSE = '5s';
/** Contracts that are passed over. If there are more, the run ends, and the sweep starts one that tries all of them again. */
const PASSED_OVER_MAX = 1_000;
/** Events that one summary names, and how much of each: Temporal allows a summary 400 bytes. */
const NAMED_EVENTS_MAX = 2;
const EVENT_BYTES_MAX = 100;
/** Contracts that the current details name. */
const NAMED_CONTRACTS_MAX = 5;

export async function applyBilling(input: ApplyBillingInput = {}): Promise<BillingTotals> {
  const totals = input.totals ?? { events: 0, contracts: 0, left: 0 };
  const passed_over = [...(input.passed_over ?? [])];
  /** What arrived since the last batch began. */
  const signaled: { is_new: boolean; notices: QueuedEventNotice[] } = { is_new: false, notices: [] };
  setHandler(
    billingEventQueuedSignal,
    (notice) => {
      signaled.is_new = true;
      if (notice) signaled.notices.push(notice);
    },
    { description: 'Read the queue of billing events again' },
  );
  const { applyBillingBatch } = proxyActivities<BillingBatchActivities>({
    taskQueue: taskQueueName(workflowInfo().taskQueue, 'batches'),
    startToCloseTimeout: BATCH_TIMEOUT,
    heartbeatTimeout: BATCH_HEARTBEAT_TIMEOUT,
    retry: RETRY,
  });

  for (let next: QueuedEventNotice | null = null; ;) {
    const summary = batchSummary(next === null ? signaled.notices : [next, ...signaled.notices]);
    signaled.notices = [];
    signaled.is_new = false;
    const batch: BillingBatch = await applyBillingBatch.executeWithOptions({ summary }, [
      { now: instantFromMillis(Date.now()), passed_over },
    ]);
    totals.events += batch.events;
    totals.contracts += Object.keys(batch.applied).length;
    totals.left += batch.left.length;
    passed_over.push(...batch.passed_over);
    setCurrentDetails(detailsOf(totals, batch, passed_over));
    next = batch.next;
    if (passed_over.length > PASSED_OVER_MAX) return totals;
    if (next === null && !signaled.is_new) {
      if (passed_over.length === 0 || !patched(WAITS_FOR_PASSED_OVER)) return totals;
      await condition(() => signaled.is_new, PASSED_OVER_PAUSE, { summary: 'try again what was passed over' });
      passed_over.length = 0;
    }
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof applyBilling>({ totals, passed_over });
  }
}

/** The step that applies queued events: "apply evt_1 invoice.paid of contract 0192… and what else is due". */
function batchSummary(notices: readonly Partial<QueuedEventNotice>[]): string {
  const named = notices.slice(0, NAMED_EVENTS_MAX).flatMap(eventName);
  if (named.length === 0) return 'apply the billing events that are due';
  return `apply ${named.join(', ')} and what else is due`;
}

/** One event with its contract. An operator can send any value by hand, so nothing about its shape is certain. */
function eventName({ details, contract_id }: Partial<QueuedEventNotice>): string | [] {
  if (typeof details !== 'string') return [];
  const contract = typeof contract_id === 'string' ? ` of contract ${cutToBytes(contract_id, EVENT_BYTES_MAX)}` : '';
  return `${cutToBytes(details, EVENT_BYTES_MAX)}${contract}`;
}

/** "**12 events** of 7 contracts; left to their workflows: 0192…". */
function detailsOf(totals: BillingTotals, { left }: BillingBatch, passed_over: readonly string[]): string {
  const list = (ids: readonly string[]): string =>
    ids.slice(0, NAMED_CONTRACTS_MAX).join(', ') + (ids.length > NAMED_CONTRACTS_MAX ? ', …' : '');
  return [
    `**${totals.events} events** of ${totals.contracts} contracts are decided`,
    ...(left.length > 0 ? [`left to the workflows of the contracts ${list(left)}`] : []),
    ...(passed_over.length > 0 ? [`passed over: ${list(passed_over)}`] : []),
  ].join('\n\n');
}
