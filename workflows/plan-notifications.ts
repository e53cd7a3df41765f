/**
 * Plans which mails follow from domain events, and starts sending each. There is one for the installation.
 *
 * Postgres holds what is to be planned, so a run that is lost loses nothing, and the sweep starts another one. It waits for the next notice
 * or digest, or for the signal that an event is to be planned. It ends when nothing is owed.
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
import type { PlanningActivities } from '../activities/notification/planning';
import { instantFromMillis } from '../domain/base/instant';
import { taskQueueName } from './task-queue-name';

export interface PlanNotificationsInput {
  /** What earlier runs did, when this run continues another one. */
  before?: Totals;
}

interface Totals {
  planned: number;
  mails: number;
}

/** An event is to be planned. */
export const noticeSignal = defineSignal('notice');

/** The activity ends by itself within half a minute. */
const ACTIVITY_TIMEOUT = '90s';
/** After this long another worker gets the activity of a worker that died. */
const ACTIVITY_HEARTBEAT_TIMEOUT = '10s';
/** While Postgres does not answer. */
const RETRY = { initialInterval: '1s', maximumInterval: '30s' } as const;

export async function planNotifications({ before }: PlanNotificationsInput): Promise<Totals> {
  const totals: Totals = { planned: 0, mails: 0, ...before };
  let woken = false;
  setHandler(noticeSignal, () => void (woken = true), { description: 'Look at what is to be planned' });
  const { planDue } = proxyActivities<PlanningActivities>({
    taskQueue: taskQueueName(workflowInfo().taskQueue, 'mail-planning'),
    startToCloseTimeout: ACTIVITY_TIMEOUT,
    heartbeatTimeout: ACTIVITY_HEARTBEAT_TIMEOUT,
    retry: RETRY,
  });

  for (;;) {
    woken = false;
    const summary = 'plan the mails of events, and digests that are due';
    const done = await planDue.executeWithOptions({ summary }, [{ now: instantFromMillis(Date.now()) }]);
    totals.planned += done.planned;
    totals.mails += done.mails;
    setCurrentDetails(details(totals, done.next_ms));
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof planNotifications>({ before: totals });
    if (done.next_ms === null && !woken) return totals;
    if (done.next_ms !== null && done.next_ms > 0)
      await condition(() => woken, done.next_ms, { summary: 'the next notice or digest is due' });
  }
}

function details({ planned, mails }: Totals, next_ms: number | null): string {
  const next = next_ms === null ? 'nothing is owed' : `next look ${instantFromMillis(Date.now() + next_ms)}`;
  return `**${planned} events planned**, ${mails} mails to send; ${next}`;
}
