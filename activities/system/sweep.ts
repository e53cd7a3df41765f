/** What the sweep does each minute: finds what is owed in Postgres and wakes it, and forgets what has run its time. */
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import { unparkDueBillingEvents } from '../../db/billing/billing-event';
import { TIME_ZONE_RULES } from '../../transactions/base/time-zone-rules';
import { dropExpiredIdempotency } from '../../transactions/system/drop-expired';
import { confirmBoundaries } from '../../transactions/contract/confirm-boundaries';
import { settleContract } from '../../transactions/contract/settle-contract';
import type { Database } from '../../db/base/database';
import { dropOldRefusedAttempts } from '../../db/generation/refused-attempt';
import { dropSettledAttempts, markStarted, listRowsToWake, SWEEP_KINDS } from '../../db/system/sweep';
import type { SweepKind, SweepSubject } from '../../db/system/sweep';
import { recordAttempts } from '../../db/system/sweep-attempt';
import type { Nudger, ClockNotifier } from '../ports';
import { beginAttempt } from '../base/attempt';
import { withHeartbeat } from '../base/heartbeat';
import { beginWithShortWaits } from '../base/short-wait';

/** Rows of each kind woken in one run, so that a server that lost its data is filled again without being flooded. */
export const SWEEP_ROWS_MAX = 500;
/** Contracts looked at in one run because the rules of time zones have changed. Few of them move, and only those are woken. */
export const RULES_ROWS_MAX = 5_000;
/** Rows woken before they are marked: what a sweep that is cut short has to wake again. */
export const SWEEP_BATCH_ROWS = 50;
/** Records of attempts removed for each kind in one run; more than one run can add. */
const FORGOTTEN_ROWS_MAX = 5_000;
/** How long one run wakes rows; what is left comes in the next. With a batch under way it ends before the next minute. */
const WAKING_MS_MAX = 40_000;

/** A new epoch also says that the server may have lost the values of search attributes; setting them again does no harm. */
const REFRESH_ATTRIBUTES = { refresh_search_attributes: true } as const;

export interface SweepOnceInput {
  epoch: string;
  now: Instant;
}

export interface Swept {
  contracts: number;
  jobs: number;
  /** Test clocks on their way. */
  test_clocks: number;
}

/** Rows that wait for their turn; null for contracts whose parked events were set pending just now. */
interface Share {
  kind: SweepKind | null;
  ids: string[];
}

export type SweepActivities = ReturnType<typeof createSweepActivities>;

export interface SweepDependencies {
  db: Database;
  nudger: Nudger;
  clocks: ClockNotifier;
}

export function createSweepActivities({ db, nudger, clocks }: SweepDependencies) {
  return {
    /**
     * Wakes what is due or was last started on another server, each kind in its turn, and marks each batch before the next.
     * One kind that fails stops no other; its error is thrown at the end. Safe to run twice: waking the living changes
     * nothing.
     */
    sweepOnce: (input: SweepOnceInput): Promise<Swept> => withHeartbeat(sweepOnce(input)),
  };

  async function sweepOnce({ epoch, now }: SweepOnceInput): Promise<Swept> {
    const attempt = beginAttempt(WAKING_MS_MAX);
    const failures: unknown[] = [];
    /** Runs one part; when it fails the others still have their turn. */
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
    const shares: Share[] = [{ kind: null, ids: await runPart(() => unparkDueBillingEvents(db, { now, limit }), []) }];
    for (const kind of kindsOf(SWEEP_KINDS)) {
      await runPart(() => dropSettledAttempts(db, kind, { ...query, limit: FORGOTTEN_ROWS_MAX }), undefined);
      const rows_max = kind === 'time_zone_rules' ? RULES_ROWS_MAX : limit;
      shares.push({ kind, ids: await runPart(() => listRowsToWake(db, kind, { ...query, limit: rows_max }), []) });
    }

    const woken: Record<SweepSubject, Set<string>> = { contract: new Set(), job: new Set(), test_clock: new Set() };
    for (const { kind, ids } of interleaveBatches(shares)) {
      if (!attempt.hasTimeLeft()) break;
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
      // Also when the marking failed: a row without a next try keeps its place at the head of its share.
      if (kind !== null)
        await runPart(() => recordAttempts(db, kind, stillDue(kind, ids, woken[subject]), { epoch, now }), undefined);
    }
    await runPart(() => dropExpiredIdempotency(db), undefined);
    await runPart(() => dropOldRefusedAttempts(db), 0);
    if (failures.length > 0) throw failures[0];
    return { contracts: woken.contract.size, jobs: woken.job.size, test_clocks: woken.test_clock.size };

    /**
     * Computes the next boundaries of contracts by the rules of this process, and wakes those whose boundary has moved. Answers
     * the contracts that are left: locked by others, or failed.
     */
    async function computeBoundaries(ids: string[]): Promise<string[]> {
      const nothing = { confirmed: [] as string[], moved: [] as string[] };
      const { confirmed, moved } = await runPart(() => db.begin((tx) => confirmBoundaries(tx, ids)), nothing);
      const done = new Set(confirmed);
      const to_wake: Record<'contract' | 'job', string[]> = { contract: [], job: [] };
      for (const id of moved) {
        const settle = () => beginWithShortWaits(db, (tx) => settleContract(tx, { id, now }));
        const changed = await runPart(settle, undefined);
        if (changed === undefined) continue;
        done.add(id);
        if (isRefusal(changed)) continue;
        if (changed.nudge.contract_id !== null) to_wake.contract.push(id);
        to_wake.job.push(...changed.nudge.job_ids);
      }
      for (const subject of ['contract', 'job'] as const) {
        const reached = await runPart(() => wake(subject, to_wake[subject]), []);
        for (const id of reached) woken[subject].add(id);
      }
      return ids.filter((id) => !done.has(id));
    }
  }

  /** Wakes rows of one subject; answers those that were reached. */
  async function wake(subject: SweepSubject, ids: string[]): Promise<string[]> {
    if (subject === 'contract') return nudger.wakeContracts(ids, REFRESH_ATTRIBUTES);
    if (subject === 'job') return nudger.wakeJobs(ids, REFRESH_ATTRIBUTES);
    const started = await Promise.allSettled(ids.map((id) => clocks.startAdvance(id)));
    return ids.filter((_id, index) => started[index]?.status === 'fulfilled');
  }
}

/** Those of a batch that are due still: what was to be started on this server is due no more when it was reached. */
function stillDue(kind: SweepKind, ids: string[], reached: ReadonlySet<string>): string[] {
  const settled_by_waking = kind === 'contract_workflow' || kind === 'job_workflow';
  return settled_by_waking ? ids.filter((id) => !reached.has(id)) : ids;
}

/** A batch of each share in turn until all are through: when the time is short, each kind has had its part of it. */
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
