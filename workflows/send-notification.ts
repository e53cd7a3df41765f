/**
 * Sends one mail: at once, and again at growing intervals for three days until the mail server accepts it or refuses it for good.
 *
 * Postgres holds the state and every attempt, so a run that is lost loses nothing, and the sweep starts another one. No name and no address
 * passes through Temporal.
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
import type { SendingActivities, SentMail } from '../activities/notification/sending';
import { instantFromMillis } from '../domain/base/instant';
import { taskQueueName } from './task-queue-name';

export interface SendNotificationInput {
  notification_id: string;
  /** The epoch of the Temporal server, as far as the starter knew. */
  epoch?: string | undefined;
}

/** The notification was changed: it is sent again by hand, or no longer. */
export const wakeNotificationSignal = defineSignal('wake');

/** Composing a mail and sending it. An attempt counts as lost later. */
const ACTIVITY_TIMEOUT = '150s';
/** After this long another worker gets the activity of a worker that died. */
const ACTIVITY_HEARTBEAT_TIMEOUT = '10s';
/** While Postgres does not answer. */
const RETRY = { initialInterval: '1s', maximumInterval: '30s' } as const;

export async function sendNotification({ notification_id, epoch }: SendNotificationInput): Promise<SentMail['state']> {
  let woken = false;
  setHandler(wakeNotificationSignal, () => void (woken = true), { description: 'Look at the notification' });
  const { sendMail } = proxyActivities<SendingActivities>({
    taskQueue: taskQueueName(workflowInfo().taskQueue, 'mail'),
    startToCloseTimeout: ACTIVITY_TIMEOUT,
    heartbeatTimeout: ACTIVITY_HEARTBEAT_TIMEOUT,
    retry: RETRY,
  });

  for (;;) {
    woken = false;
    const now = instantFromMillis(Date.now());
    const sent = await sendMail.executeWithOptions({ summary: 'send the mail' }, [{ notification_id, now, epoch }]);
    setCurrentDetails(details(sent));
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof sendNotification>({ notification_id, epoch });
    if (sent.next_ms === null && !woken) return sent.state;
    if (sent.next_ms !== null && sent.next_ms > 0)
      await condition(() => woken, sent.next_ms, {
        summary: `the next attempt is due; ${sent.problem ?? 'one is in flight'}`,
      });
  }
}

function details({ state, problem, next_ms }: SentMail): string {
  const why = problem === null ? '' : ` (${problem})`;
  const next = next_ms === null ? '' : `; next attempt ${instantFromMillis(Date.now() + next_ms)}`;
  return `**${state}**${why}${next}`;
}
