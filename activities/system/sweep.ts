/** The activity of the sweep: it wakes the workflows of rows that are due, forecasts quotas, notices low pools, and deletes rows that are past their retention. */
import { millisLater, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import { BATCH_AHEAD_MS } from '../../domain/contract/due-batch';
import { reviewWaitingBillingEvents } from '../../db/billing/billing-event';
import { findFirstQueuedEvent } from '../../db/billing/billing-queue';
import { TIME_ZONE_RULES } from '../../transactions/base/time-zone-rules';
import {
  deleteExpiredIdempotency,
  deleteOldDeliveries,
  deleteOldNotifications,
  deleteOldImports,
  deleteOldOutcomes,
} from '../../transactions/system/delete-expired';
import { confirmBoundaries } from '../../transactions/contract/confirm-boundaries';
import { settleContract } from '../../transactions/contract/settle-contract';
import { endOverdueHolds } from '../../transactions/pool/end-overdue-holds';
import { noticePoolLevels } from '../../transactions/pool/notice-pool-levels';
import { sendDueReport } from '../../transactions/notification/send-due-report';
import { forecastQuotas } from '../../transactions/metric/forecast-quotas';
import type { Database } from '../../db/base/database';
import { hasManyDue, isAnyDue, listBusyMoments } from '../../db/contract/due-contract';
import { dropOldFailures } from '../../db/access/failed-authentication';
import { dropOldSignIns } from '../../db/access/session';
import { dropOldAttempts } from '../../db/access/sign-in-attempt';
import { dropOldRefusedCalls } from '../../db/access/refused-call';
import { dropOldRefusedAttempts } from '../../db/generation/refused-attempt';
import { listOperationKinds } from '../../db/license/license-operation';
import { LATE_AFTER_MS, dropSettledAttempts, markStarted, listRowsToWake, SWEEP_KINDS } from '../../db/system/sweep';
import type { SweepKind, SweepSubject } from '../../db/system/sweep';
import { recordAttempts } from '../../db/system/sweep-attempt';
import type { Nudger, ClockNotifier } from '../ports';
import { beginAttempt } from '../base/attempt';
import { withHeartbeat } from '../base/heartbeat';
import { beginWithShortWaits } from '../base/short-wait';

/** Rows of each kind that one sweep wakes, so that it does not overload a server that lost its data and gets every workflow again. */
export const SWEEP_ROWS_MAX = 500;
/** Contracts that one sweep computes again by new time zone rules. Only those whose boundary moves are woken, and these are few. */
export const RULES_ROWS_MAX = 5_000;
/** Rows that are woken before they are marked as started. An interrupted sweep wakes at most this many rows twice. */
export const SWEEP_BATCH_ROWS = 50;
/** Records of attempts that one sweep removes for each kind; more than one sweep can add. */
const DROPPED_ATTEMPTS_MAX = 5_000;
/** How long one sweep wakes rows; the next sweep continues. It is short enough that the last batch ends before the next sweep. */
const WAKING_MS_MAX = 40_000;

/** A boundary that is late by this time is settled by the batch. A timer or a signal usually takes less than a second. */
const DUE_LATE_MS = 5_000;
/** Busy moments ahead for which one sweep starts the batch. */
const MOMENTS_MAX = 10;

/** With a new epoch the server may also have lost the values of search attributes. Setting them again is harmless. */
const REFRESH_ATTRIBUTES = { refresh_search_attributes: true } as const;

export interface SweepOnceInput {
  epoch: string;
  now: Instant;
}

export interface Swept {
  contracts: number;
  /** Generation jobs and operations on licenses. */
  jobs: number;
  /** Test clocks that are advancing. */
  test_clocks: number;
}

/** Rows of one kind to wake; the kind is null for contracts whose parked events were just set pending. */
interface Share {
  kind: SweepKind | null;
  ids: string[];
}

export type SweepActivities = ReturnType<typeof createSweepActivities>;

export interface SweepDependencies {
  db: Database;
  nudger: Nudger;
  clocks: ClockNotifier;
  /** How many days deliveries of webhooks are kept after their end. */
  webhookRetentionDays: number;
  /** How many days notifications are kept after their end. */
  mailRetentionDays: number;
}

export function createSweepActivities({
  db,
  nudger,
  clocks,
  webhookRetentionDays,
  mailRetentionDays,
}: SweepDependencies) {
  return {
    /**
     * Wakes rows that are due or were last started on another server, in batches that alternate between the kinds, and marks each batch
     * before the next. A kind that fails stops no other; its error is thrown at the end. Safe to run twice: waking a running workflow
     * changes nothing.
     */
    sweepOnce: (input: SweepOnceInput): Promise<Swept> => withHeartbeat(sweepOnce(input)),
  };

  async function sweepOnce({ epoch, now }: SweepOnceInput): Promise<Swept> {
    const attempt = beginAttempt(WAKING_MS_MAX);
    const failures: unknown[] = [];
    /** Runs one part of the sweep. When it fails, the error is kept and the sweep continues. */
    async function runPart<T>(run: () => Promise<T>, otherwise: T): Promise<T> {
      try {
        return await run();
      } catch (error) {
        failures.push(error);
        return otherwise;
      }
    }

    const limit = SWEEP_ROWS_MAX;
    const query = { epoch, now, time_zone_rules: TIME_ZONE_RULES };
    const shares: Share[] = [
      { kind: null, ids: await runPart(() => reviewWaitingBillingEvents(db, { now, limit }), []) },
    ];
    for (const kind of kindsOf(SWEEP_KINDS)) {
      await runPart(() => dropSettledAttempts(db, kind, { ...query, limit: DROPPED_ATTEMPTS_MAX }), undefined);
      const rows_max = kind === 'time_zone_rules' ? RULES_ROWS_MAX : limit;
      shares.push({ kind, ids: await runPart(() => listRowsToWake(db, kind, { ...query, limit: rows_max }), []) });
    }

    await runPart(() => startBillingBatch(now), undefined);
    await runPart(() => startDueBatch(now), undefined);
    const woken: Record<SweepSubject, Set<string>> = {
      contract: new Set(),
      job: new Set(),
      operation: new Set(),
      pool: new Set(),
      schedule: new Set(),
      limit: new Set(),
      endpoint: new Set(),
      notification: new Set(),
      planning: new Set(),
      test_clock: new Set(),
    };
    for (const { kind, ids } of interleaveBatches(shares)) {
      if (!attempt.hasTimeLeft()) break;
      if (kind === 'overdue_hold') {
        const left = await endHolds(ids);
        await runPart(() => recordAttempts(db, kind, left, { epoch, now }), undefined);
        continue;
      }
      if (kind === 'due_report') {
        const left = await sendReports(ids);
        await runPart(() => recordAttempts(db, kind, left, { epoch, now }), undefined);
        continue;
      }
      const subject = kind === null ? 'contract' : SWEEP_KINDS[kind];
      if (kind === 'time_zone_rules') {
        const left = await computeBoundaries(ids);
        await runPart(() => recordAttempts(db, kind, left, { epoch, now }), undefined);
        continue;
      }
      const not_woken = ids.filter((id) => !woken[subject].has(id));
      const reached = await runPart(() => wake(subject, not_woken), undefined);
      if (reached === undefined) continue;
      for (const id of reached) woken[subject].add(id);
      await runPart(() => markStarted(db, subject, reached, epoch), undefined);
      // Also when marking failed: a row without a next try would stay first in its share.
      if (kind !== null)
        await runPart(() => recordAttempts(db, kind, stillDue(kind, ids, woken[subject]), { epoch, now }), undefined);
    }
    await runPart(() => forecastQuotas(db, now, () => attempt.hasTimeLeft()), 0);
    await runPart(() => noticePoolLevels(db, () => attempt.hasTimeLeft()), 0);
    await runPart(() => deleteExpiredIdempotency(db), undefined);
    await runPart(() => deleteOldOutcomes(db), undefined);
    await runPart(() => deleteOldImports(db), undefined);
    await runPart(() => deleteOldDeliveries(db, webhookRetentionDays), undefined);
    await runPart(() => deleteOldNotifications(db, mailRetentionDays), undefined);
    await runPart(() => dropOldRefusedAttempts(db), 0);
    await runPart(() => dropOldRefusedCalls(db), 0);
    await runPart(() => dropOldFailures(db), 0);
    await runPart(() => dropOldAttempts(db), 0);
    await runPart(() => dropOldSignIns(db), 0);
    if (failures.length > 0) throw failures[0];
    return {
      contracts: woken.contract.size,
      jobs: woken.job.size + woken.operation.size,
      test_clocks: woken.test_clock.size,
    };

    /** Ends holds that are over, together, or one by one when one of them fails. Returns those that are left. */
    async function endHolds(ids: string[]): Promise<string[]> {
      const end = (hold_ids: string[]) => endOverdueHolds(db, { hold_ids, now });
      const together = await end(ids).catch(() => undefined);
      const ended = new Set(together);
      if (together === undefined)
        for (const id of ids) for (const one of await runPart(() => end([id]), [])) ended.add(one);
      return ids.filter((id) => !ended.has(id));
    }

    /** Writes the events of reports that are due, each in a transaction of its own. Returns the schedules that are left. */
    async function sendReports(ids: string[]): Promise<string[]> {
      const left: string[] = [];
      for (const id of ids) {
        const send = () => beginWithShortWaits(db, (tx) => sendDueReport(tx, id, now));
        if (!(await runPart(send, false))) left.push(id);
      }
      return left;
    }

    /**
     * Computes the next boundaries of contracts by the time zone rules of this process, and wakes the contracts whose boundary has moved.
     * Returns the contracts that are left because they were locked or failed.
     */
    async function computeBoundaries(ids: string[]): Promise<string[]> {
      const nothing = { confirmed: [] as string[], moved: [] as string[] };
      const { confirmed, moved } = await runPart(() => db.begin((tx) => confirmBoundaries(tx, ids)), nothing);
      const computed = new Set(confirmed);
      const to_wake: Record<'contract' | 'job', string[]> = { contract: [], job: [] };
      for (const id of moved) {
        const settle = () => beginWithShortWaits(db, (tx) => settleContract(tx, { id, now }));
        const changed = await runPart(settle, undefined);
        if (changed === undefined) continue;
        computed.add(id);
        if (isRefusal(changed)) continue;
        if (changed.nudge.contract_id !== null) to_wake.contract.push(id);
        to_wake.job.push(...changed.nudge.job_ids);
      }
      for (const subject of ['contract', 'job'] as const) {
        const reached = await runPart(() => wake(subject, to_wake[subject]), []);
        for (const id of reached) woken[subject].add(id);
      }
      return ids.filter((id) => !computed.has(id));
    }
  }

  /** Starts the billing batch when an event has waited in its queue for a minute: its signal was lost, or so was the run. */
  async function startBillingBatch(now: Instant): Promise<void> {
    const first = await findFirstQueuedEvent(db, now);
    if (first !== undefined && millisOf(now) - millisOf(first.received_at) >= LATE_AFTER_MS)
      await nudger.startBillingBatch();
  }

  /**
   * Starts the batch of boundaries for the moments at which many will be due before the next sweep has looked, and now when many are
   * due, or one is late: its timer may be late for a batch that was not started, because the other contracts of its moment have changed.
   */
  async function startDueBatch(now: Instant): Promise<void> {
    const late = millisLater(now, -DUE_LATE_MS);
    if ((await hasManyDue(db, now)) || (await isAnyDue(db, now, late))) await nudger.settleDue(now);
    const until = millisLater(now, BATCH_AHEAD_MS);
    for (const moment of await listBusyMoments(db, now, until, MOMENTS_MAX)) await nudger.settleDue(moment);
  }

  /** Wakes the workflows of rows of one subject; returns the ids that were reached. */
  async function wake(subject: SweepSubject, ids: string[]): Promise<string[]> {
    if (subject === 'contract') return nudger.wakeContracts(ids, REFRESH_ATTRIBUTES);
    if (subject === 'job') return nudger.wakeJobs(ids, REFRESH_ATTRIBUTES);
    if (subject === 'operation') return nudger.wakeOperations(await listOperationKinds(db, ids));
    if (subject === 'pool') return nudger.wakePools(ids);
    if (subject === 'schedule') return nudger.wakeSchedules(ids);
    if (subject === 'limit') return nudger.wakeLimits(ids);
    if (subject === 'endpoint') return nudger.wakeEndpoints(ids);
    if (subject === 'notification') return nudger.wakeNotifications(ids);
    if (subject === 'planning') return (await nudger.planNotifications()) ? ids : [];
    const started = await Promise.allSettled(ids.map((id) => clocks.startAdvance(id)));
    return ids.filter((_id, index) => started[index]?.status === 'fulfilled');
  }
}

/** Kinds of rows that only have to be started on this server. */
const STARTED_KINDS: readonly SweepKind[] = [
  'contract_workflow',
  'job_workflow',
  'operation_workflow',
  'endpoint_workflow',
  'notification_workflow',
];

/** The rows of a batch that are still due. A row that only had to be started on this server is no longer due when it was reached. */
function stillDue(kind: SweepKind, ids: string[], reached: ReadonlySet<string>): string[] {
  return STARTED_KINDS.includes(kind) ? ids.filter((id) => !reached.has(id)) : ids;
}

/** Yields batches of the shares alternately, so that each kind gets its part of the time. */
function* interleaveBatches(shares: readonly Share[]): Generator<Share> {
  for (let from = 0; shares.some(({ ids }) => ids.length > from); from += SWEEP_BATCH_ROWS) {
    for (const { kind, ids } of shares) {
      const batch = ids.slice(from, from + SWEEP_BATCH_ROWS);
      if (batch.length > 0) yield { kind, ids: batch };
    }
  }
}

function kindsOf<Kind extends string>(kinds: Record<Kind, unknown>): Kind[] {
  return Object.keys(kinds) as Kind[];
}
