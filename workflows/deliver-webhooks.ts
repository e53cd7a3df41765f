/**
 * Delivers what one endpoint of webhooks is owed: each event at least once, however long the receiver was away.
 *
 * Postgres holds what is owed and every attempt, so a run that is lost loses nothing, and the sweep starts another one. The workflow waits:
 * for the next attempt, or for the signal that something is owed. It ends when nothing is owed, or when the endpoint is disabled. An endpoint
 * that fails is served on a task queue of its own, so that receivers that hang do not hold the slots of the others.
 */
import {
  condition,
  continueAsNew,
  defineSignal,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { DeliveryActivities } from '../activities/webhook/delivery';
import { instantFromMillis } from '../domain/base/instant';
import { taskQueueName } from './task-queue-name';

export interface DeliverWebhooksInput {
  endpoint_id: string;
  /** The epoch of the Temporal server, as far as the starter knew. */
  epoch?: string | undefined;
  /** What earlier runs did, and how the endpoint answered last, when this run continues another one. */
  before?: Totals & { is_failing: boolean };
}

interface Totals {
  delivered: number;
  failed: number;
}

/** Something is owed to the endpoint, or it was changed. */
export const wakeEndpointSignal = defineSignal('wake');

/** The activity ends by itself within half a minute. */
const ACTIVITY_TIMEOUT = '90s';
/** After this long another worker gets the activity of a worker that died. */
const ACTIVITY_HEARTBEAT_TIMEOUT = '10s';
/** While Postgres does not answer, or the secrets of the endpoint cannot be opened. */
const RETRY = { initialInterval: '1s', maximumInterval: '30s' } as const;

export async function deliverWebhooks({ endpoint_id, epoch, before }: DeliverWebhooksInput): Promise<Totals> {
  const totals: Totals = { delivered: before?.delivered ?? 0, failed: before?.failed ?? 0 };
  let is_failing = before?.is_failing ?? false;
  let woken = false;
  setHandler(wakeEndpointSignal, () => void (woken = true), { description: 'Look at what is owed' });
  const on = (purpose: 'webhooks' | 'webhooks-failing') =>
    proxyActivities<DeliveryActivities>({
      taskQueue: taskQueueName(workflowInfo().taskQueue, purpose),
      startToCloseTimeout: ACTIVITY_TIMEOUT,
      heartbeatTimeout: ACTIVITY_HEARTBEAT_TIMEOUT,
      retry: RETRY,
    });
  const queues = { well: on('webhooks'), failing: on('webhooks-failing') };

  for (;;) {
    woken = false;
    const { deliverOwed } = is_failing ? queues.failing : queues.well;
    const summary = is_failing ? 'try what is due; the last attempts failed' : 'deliver what is due';
    const now = instantFromMillis(Date.now());
    const sent = await deliverOwed.executeWithOptions({ summary }, [
      { endpoint_id, now, epoch, for_failing: is_failing },
    ]);
    totals.delivered += sent.delivered;
    totals.failed += sent.failed;
    is_failing = sent.is_failing;
    setCurrentDetails(details(totals, sent.next_ms));
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof deliverWebhooks>({ endpoint_id, epoch, before: { ...totals, is_failing } });
    if (sent.next_ms === null && !woken) return totals;
    const summary_of_wait = `the next attempt is due${is_failing ? '; the last one failed' : ''}`;
    if (sent.next_ms !== null && sent.next_ms > 0)
      await condition(() => woken, sent.next_ms, { summary: summary_of_wait });
  }
}

function details({ delivered, failed }: Totals, next_ms: number | null): string {
  const next =
    next_ms === null ? 'nothing is owed, or it is disabled' : `next look ${instantFromMillis(Date.now() + next_ms)}`;
  return `**${delivered} delivered**, ${failed} attempts failed; ${next}`;
}
