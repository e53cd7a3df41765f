/** The activity of `planNotifications`: for some seconds it writes the mails that follow from events, and starts sending them. */
import { asyncLocalStorage } from '@temporalio/activity';
import type { Database } from '../../db/base/database';
import { listDueDigests, restPlanning } from '../../db/notification/notice-queue';
import { millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { composeDigest } from '../../transactions/notification/compose-digest';
import { planNotices } from '../../transactions/notification/plan-notices';
import { postponeDigest } from '../../transactions/notification/postpone-digest';
import { clockFrom } from '../base/elapsed-clock';
import { withHeartbeat } from '../base/heartbeat';
import type { Nudger } from '../ports';

/** How long batches are begun. The workflow begins another activity for the rest. */
const BEGIN_MS_MAX = 20_000;
/** Notices of one transaction. */
const PLANNED_NOTICES_MAX = 100;
/** Digests of one activity. */
const DIGESTS_MAX = 100;
/** When it is looked again after nothing was due: an event may have been committed by a transaction that read the flag before. */
const LOOK_AGAIN_MS = 500;
/** When something stays due: another process plans it. */
const STILL_DUE_MS = 15_000;

export interface PlanDueInput {
  now: Instant;
}

export interface PlannedDue {
  /** Events whose mails are written. */
  planned: number;
  /** Mails that are to be sent. */
  mails: number;
  /** In how many milliseconds something is to be done; null: when it is woken. */
  next_ms: number | null;
}

export interface PlanningDependencies {
  db: Database;
  nudger: Pick<Nudger, 'wakeNotifications'>;
  /** Called when the digest of a recipient cannot be composed. */
  onFailure: (error: unknown, recipient_id: string) => void;
}

export type PlanningActivities = ReturnType<typeof createPlanningActivities>;

export function createPlanningActivities({ db, nudger, onFailure }: PlanningDependencies) {
  return {
    /**
     * Plans what is due, and starts a workflow for each mail that is to be sent. Safe to run twice, also at the same time: a mail is written
     * once. Throws while Postgres is unreachable, so that Temporal retries it. The sweep starts what a process that died did not.
     */
    planDue: (input: PlanDueInput): Promise<PlannedDue> => withHeartbeat(planDue(input)),
  };

  async function planDue({ now: began_at }: PlanDueInput): Promise<PlannedDue> {
    const now = clockFrom(began_at);
    const cancelled = asyncLocalStorage.getStore()?.cancellationSignal;
    const mayBegin = (): boolean => millisOf(now()) - millisOf(began_at) < BEGIN_MS_MAX && cancelled?.aborted !== true;
    const done = { planned: 0, mails: 0 };
    let has_more = true;
    while (has_more && mayBegin()) {
      const batch = await planNotices(db, { now: now(), limit: PLANNED_NOTICES_MAX });
      done.planned += batch.planned;
      done.mails += batch.notification_ids.length;
      has_more = batch.more;
      await nudger.wakeNotifications(batch.notification_ids);
    }
    const digests = await composeDue(now(), mayBegin);
    done.mails += digests.composed;
    return { ...done, next_ms: await nextLook(now(), done.planned + done.mails + digests.postponed > 0) };
  }

  /** Composes the digests that are due. One that fails is postponed, so that it delays no other. */
  async function composeDue(now: Instant, mayBegin: () => boolean): Promise<{ composed: number; postponed: number }> {
    const done = { composed: 0, postponed: 0 };
    for (const recipient_id of await listDueDigests(db, now, DIGESTS_MAX)) {
      if (!mayBegin()) break;
      const id = await composeDigest(db, { recipient_id, now }).catch(async (error: unknown) => {
        onFailure(error, recipient_id);
        await postponeDigest(db, { recipient_id, error, now });
        done.postponed += 1;
        return null;
      });
      if (id === null) continue;
      done.composed += 1;
      await nudger.wakeNotifications([id]);
    }
    return done;
  }

  async function nextLook(now: Instant, has_done_something: boolean): Promise<number | null> {
    const { due_at, was_waiting } = await restPlanning(db, now);
    const due_ms = due_at === null ? Infinity : millisOf(due_at) - millisOf(now);
    if (due_ms <= 0) return has_done_something ? 0 : STILL_DUE_MS;
    const next_ms = was_waiting ? due_ms : Math.min(due_ms, LOOK_AGAIN_MS);
    return next_ms === Infinity ? null : next_ms;
  }
}
