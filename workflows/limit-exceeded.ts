/**
 * Notices that a limit of one contract is exceeded, for as long as that lasts: once, again when the demand grows, and weekly.
 *
 * Postgres decides at each look under a lock and counts the notices, so a second run, a late look or a lost one writes no notice twice. The
 * sweep starts the workflow after the first refusal; no refusal signals it. It ends when the limit is no longer exceeded.
 */
import {
  condition,
  continueAsNew,
  defineSignal,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { JudgedLimit, LimitActivities } from '../activities/notification/limit';
import { instantFromMillis, millisOf } from '../domain/base/instant';
import { shortActivities } from './short-activity';

export interface LimitExceededInput {
  contract_id: string;
  /** The epoch of the server on which the workflow was started, to be recorded. */
  epoch?: string | undefined;
}

/** The limit, the demand or a test clock may have changed: look again. */
export const wakeLimitSignal = defineSignal('wake');

/** Postgres may be behind Temporal's clock. A look that is due is not repeated sooner. */
const LEAST_WAIT_MS = 1_000;

const runShort = shortActivities<LimitActivities>();

export async function limitExceeded({ contract_id, epoch }: LimitExceededInput): Promise<JudgedLimit> {
  let woken = false;
  setHandler(wakeLimitSignal, () => void (woken = true), { description: 'Look at the limit again' });
  for (;;) {
    woken = false;
    const limit = await runShort('judgeLimit', 'look at the limit', { contract_id, now: now(), epoch });
    setCurrentDetails(details(limit));
    if (!limit.is_open && !woken) return limit;
    // On a test clock the sweep wakes the workflow.
    if (limit.next_look_at === null) await condition(() => woken || !limit.is_open);
    else await condition(() => woken, Math.max(LEAST_WAIT_MS, millisOf(limit.next_look_at) - Date.now()));
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof limitExceeded>({ contract_id, epoch });
  }
}

function details({ is_open, notice, next_look_at }: JudgedLimit): string {
  const noticed = notice === null ? '' : `; notice ${notice} written`;
  return is_open ? `**exceeded**${noticed}; next look ${next_look_at ?? 'by the test clock'}` : 'not exceeded';
}

/** The workflow's own time: it follows skipped time, and a replay repeats it. */
function now(): string {
  return instantFromMillis(Date.now());
}
