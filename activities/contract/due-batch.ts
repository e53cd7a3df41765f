/** The activity of `settleDue`: it settles contracts that are due, in the order of their boundaries, several in one transaction. */
import { ApplicationFailure, asyncLocalStorage, log } from '@temporalio/activity';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { wakeInstant } from '../../domain/contract/copies';
import { BATCH_AHEAD_MS, DELAY_MS_MAX } from '../../domain/contract/due-batch';
import type { Database, Sql } from '../../db/base/database';
import { hasManyDue, listDueContracts } from '../../db/contract/due-contract';
import type { DueContract } from '../../db/contract/due-contract';
import { recordAttempts } from '../../db/system/sweep-attempt';
import type { ChangedContract } from '../../transactions/contract/changed-contract';
import { settleContract } from '../../transactions/contract/settle-contract';
import { beginAttempt } from '../base/attempt';
import { withHeartbeat } from '../base/heartbeat';
import { LOCAL_LOCK_WAIT_MS, ROW_LOCKED } from '../base/short-wait';
import type { Nudger } from '../ports';
import { changeInBatches } from './contract-batch';

/** Contracts that are read, and then recorded, together. */
const PAGE_CONTRACTS = 100;
/** How long one pass runs; it is shorter than the time limit of the activity, and the workflow begins the next pass. */
const PASS_MS_MAX = 240_000;
/** The least interval between two looks of this process at how many contracts are due. */
const LOOK_INTERVAL_MS = 1_000;
/** Moments for which this process has started the batch; it does not start it again for them. */
const MOMENTS_KEPT = 100;

export interface SettleDueInput {
  /** Contracts that are due at this time are settled. */
  now: Instant;
  /** The epoch of the Temporal server; absent while the starter does not know it. */
  epoch?: string | undefined;
}

/** What one pass did. */
export interface SettledDue {
  /** Contracts that are no longer due. */
  settled: number;
  /**
   * Contracts that are still due: they are locked, they fail, or their own workflow must ask a billing system or apply a billing event
   * first. They are tried again by their own workflow, and by the sweep at growing intervals.
   */
  left: number;
  /** Whether the pass ended before the last contract. */
  has_more: boolean;
}

/** The details of a heartbeat: a later attempt continues behind the last page, and does not try again what was left. */
interface Progress {
  settled: number;
  left: number;
  after?: DueContract;
}

/** What settling one contract did. */
interface Outcome {
  /** Whether the contract is still due. */
  is_left: boolean;
  /**
   * Whether its own timer may be too late: its next boundary comes before the timer, which waits for the boundary that was applied,
   * has certainly fired, or the timer did not wait for that boundary (`timer_at`).
   */
  is_timer_late: boolean;
  job_ids: string[];
}

export type DueBatchActivities = ReturnType<typeof createDueBatchActivities>;

export function createDueBatchActivities({ db, nudger }: { db: Database; nudger: Nudger }) {
  return {
    /**
     * Settles each contract that is due once, as its own workflow does. Safe to run twice, and beside the workflows of the contracts: a
     * boundary is applied once, under the lock of its contract. Throws while Postgres is unreachable, so that Temporal retries it.
     */
    settleDueContracts(input: SettleDueInput): Promise<SettledDue> {
      const details: unknown = asyncLocalStorage.getStore()?.info.heartbeatDetails;
      const progress: Progress = { settled: 0, left: 0, ...(details as Progress | undefined) };
      return withHeartbeat(settlePages(input, progress), () => progress);
    },
  };

  async function settlePages({ now, epoch }: SettleDueInput, progress: Progress): Promise<SettledDue> {
    const attempt = beginAttempt(PASS_MS_MAX);
    for (;;) {
      const { settled, left, after } = progress;
      if (!attempt.hasTimeLeft()) return { settled, left, has_more: true };
      const page = await listDueContracts(db, { now, after, limit: PAGE_CONTRACTS });
      const outcomes = await settlePage(page, now);
      const left_ids = page.filter((_contract, index) => outcomes[index]?.is_left).map(({ id }) => id);
      // The contracts that are left wait behind others, and operators find those that stay due.
      if (epoch !== undefined) await recordAttempts(db, 'boundary', left_ids, { epoch, now });
      await nudger.wakeJobs(outcomes.flatMap(({ job_ids }) => job_ids));
      await nudger.wakeContracts(page.filter((_contract, index) => outcomes[index]?.is_timer_late).map(({ id }) => id));

      progress.settled += page.length - left_ids.length;
      progress.left += left_ids.length;
      if (page.length < PAGE_CONTRACTS) return { settled: progress.settled, left: progress.left, has_more: false };
      progress.after = page.at(-1) as DueContract;
    }
  }

  /** Settles the contracts of a page. Returns their outcomes in the order of the page. */
  async function settlePage(page: readonly DueContract[], now: Instant): Promise<Outcome[]> {
    const ids = page.map(({ id }) => id);
    const settle = (tx: Sql, id: string) => settleContract(tx, { id, now });
    const { changed, failed } = await changeInBatches(db, ids, settle, { lock_ms: LOCAL_LOCK_WAIT_MS });
    for (const [contract_id, error] of failed) {
      const is_locked = error instanceof ApplicationFailure && error.type === ROW_LOCKED;
      if (!is_locked) log.warn('a contract cannot be settled in a batch', { contract_id, error });
    }
    return page.map((contract) => outcomeOf(contract, changed.get(contract.id), now));
  }
}

/** `settled` is undefined when the contract could not be settled, and a refusal when it is gone. */
function outcomeOf({ due_at }: DueContract, settled: ChangedContract | Refusal | undefined, now: Instant): Outcome {
  if (settled === undefined) return { is_left: true, is_timer_late: false, job_ids: [] };
  if (isRefusal(settled)) return { is_left: false, is_timer_late: false, job_ids: [] };
  const next_at = wakeInstant(settled.stored);
  const timer_ends_at = instantFromMillis(millisOf(due_at) + DELAY_MS_MAX);
  const is_left = next_at !== null && next_at <= now;
  const is_next_near = !is_left && next_at !== null && next_at < timer_ends_at;
  return { is_left, is_timer_late: is_next_near || settled.stored.timer_at !== null, job_ids: settled.nudge.job_ids };
}

/** Starts `settleDue` for the steps of contracts, with few requests however many contracts this process settles. */
export interface BatchStarter {
  /** Starts it when many contracts are due at `now`; it looks at most once a second. */
  startIfManyAreDue(now: Instant): Promise<void>;
  /** Starts it for a moment for which many contracts wait, if that moment is near; the sweep starts it for the others. */
  startAhead(moment: Instant, now: Instant): Promise<void>;
}

export function createBatchStarter({ db, nudger }: { db: Database; nudger: Nudger }): BatchStarter {
  let looked_at_ms = Number.NEGATIVE_INFINITY;
  let started_for: Instant[] = [];
  return {
    async startIfManyAreDue(now) {
      if (performance.now() - looked_at_ms < LOOK_INTERVAL_MS) return;
      looked_at_ms = performance.now();
      if (await hasManyDue(db, now)) await nudger.settleDue(now);
    },
    async startAhead(moment, now) {
      if (started_for.includes(moment) || millisOf(moment) - millisOf(now) > BATCH_AHEAD_MS) return;
      started_for = [...started_for, moment].slice(-MOMENTS_KEPT);
      await nudger.settleDue(moment);
    },
  };
}
