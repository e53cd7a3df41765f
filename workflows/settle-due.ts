/**
 * Settles contracts in batches when the boundaries of many are due at the same moment. There is one for the installation.
 *
 * Each boundary is applied once, at its own instant, with its audit row, in the order of the instants. A contract that is locked, fails
 * or must be verified with a billing system stops no other: its own workflow settles it. Nothing depends on a batch: contracts that a
 * batch does not settle are settled by their own timers and the sweep.
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
import type { DueBatchActivities } from '../activities/contract/due-batch';
import { instantFromMillis, millisOf } from '../domain/base/instant';
import type { Instant } from '../domain/base/instant';
import { BATCH_CONTRACTS_MIN } from '../domain/contract/due-batch';
import { taskQueueName } from './task-queue-name';

export interface SettleDueWorkflowInput {
  /** The epoch of the Temporal server, as far as the starter knew. */
  epoch?: string | undefined;
  /** What earlier runs did, when this run continues another one. */
  before?: Totals;
  /** The instant of the next pass, when this run continues another one. */
  next_at?: Instant;
  /** The instants of the passes after it. */
  later?: Instant[];
}

interface Totals {
  settled: number;
  left: number;
}

/** Asks for a pass at an instant; without one, or with another value, now. */
export const dueSignal = defineSignal<[at?: Instant]>('due');

/** Longer than one pass, which ends by itself. */
const PASS_TIMEOUT = '5m';
/** After this long, not after the whole attempt, another worker gets the pass of a worker that died. */
const PASS_HEARTBEAT_TIMEOUT = '10s';
/** One activity in the installation: frequent attempts cost little while Postgres does not answer, and many contracts wait. */
const RETRY = { initialInterval: '1s', maximumInterval: '5s' } as const;

/** Patch: a run keeps the later of two moments, and not only the next one. */
const KEEPS_MOMENTS = 'keeps-moments';
/** Moments that a run keeps. It needs one for each busy moment of the next minutes; the sweep finds what is forgotten. */
const MOMENTS_MAX = 100;

export async function settleDue({ epoch, before, next_at, later }: SettleDueWorkflowInput): Promise<Totals> {
  const { settleDueContracts } = proxyActivities<DueBatchActivities>({
    taskQueue: taskQueueName(workflowInfo().taskQueue, 'batches'),
    startToCloseTimeout: PASS_TIMEOUT,
    heartbeatTimeout: PASS_HEARTBEAT_TIMEOUT,
    retry: RETRY,
  });
  const totals: Totals = { settled: 0, left: 0, ...before };
  /** The instants of the passes that are wanted, the next one first. */
  let wanted: Instant[] = [...(next_at === undefined ? [] : [next_at]), ...(later ?? [])];
  const keeps_moments = patched(KEEPS_MOMENTS);
  const want = (instant: Instant): void => {
    wanted = [...new Set([...wanted, instant])].sort().slice(0, keeps_moments ? MOMENTS_MAX : 1);
  };
  setHandler(dueSignal, (at) => want(isInstant(at) ? at : now()), {
    description: 'Settle the contracts that are due at an instant, or now',
  });
  // A start by hand comes without a signal.
  if (wanted.length === 0) want(now());

  for (let [next] = wanted; next !== undefined; [next] = wanted) {
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof settleDue>({ epoch, before: totals, next_at: next, later: wanted.slice(1) });
    if (next > now()) {
      await waitUntil(next);
      continue;
    }
    wanted = keeps_moments ? wanted.filter((instant) => instant > now()) : [];
    const summary = `settle the contracts that are due by ${now()}`;
    const pass = await settleDueContracts.executeWithOptions({ summary }, [{ now: now(), epoch }]);
    totals.settled += pass.settled;
    totals.left += pass.left;
    setCurrentDetails(`settled ${totals.settled} contracts, left ${totals.left} to their own workflows`);
    // While many were due, others have become due meanwhile.
    if (pass.has_more || pass.settled >= BATCH_CONTRACTS_MIN) want(now());
  }
  return totals;

  /** Waits until an instant, or until a signal asks for an earlier pass. */
  async function waitUntil(instant: Instant): Promise<void> {
    setCurrentDetails(`waits until ${instant}; settled ${totals.settled} contracts so far`);
    const isEarlier = () => wanted[0] !== undefined && wanted[0] < instant;
    await condition(isEarlier, millisOf(instant) - Date.now(), { summary: `many contracts are due at ${instant}` });
  }
}

/** An operator can send any value by hand. */
function isInstant(at: unknown): at is Instant {
  return typeof at === 'string' && !Number.isNaN(Date.parse(at)) && new Date(at).toISOString() === at;
}

/** The workflow's own time, which a replay repeats. */
function now(): Instant {
  return instantFromMillis(Date.now());
}
