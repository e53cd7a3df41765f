/**
 * Advances a test clock step by step. Each step moves the clock to the next instant at which a contract must settle; the
 * contracts settle themselves.
 */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import {
  findTestClock,
  listContractsOnClock,
  lockTestClock,
  setAdvancing,
  setTestClock,
} from '../../db/system/test-clock';
import type { TestClockRow } from '../../db/system/test-clock';
import type { Act } from '../../domain/base/edit';
import type { Instant } from '../../domain/base/instant';
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { advanceDecision, contractsToAwait, nextClockPosition, withStops } from '../../domain/system/test-clock';
import type { ContractCoupling, ContractOnClock, TestClockStatus } from '../../domain/system/test-clock';

/** The state of an advance after a step. */
export interface ClockStep {
  status: TestClockStatus;
  now: Instant;
  /** Contracts that must settle before the clock continues. */
  due: number;
}

/**
 * Starts to advance a clock to an instant, or refuses with `CLOCK_BACKWARDS`, `CLOCK_ADVANCING` or `VALIDATION_FAILED`.
 * `changed` is false for a ready clock that is already there. `stepTestClock` makes the steps.
 */
export async function advanceTestClock(
  tx: Sql,
  id: string,
  to: Instant,
  act: Act,
): Promise<{ clock: TestClockRow; changed: boolean } | Refusal> {
  const clock = await lockTestClock(tx, id);
  if (!clock) return notFound('test clock', id);
  const decision = advanceDecision(clock, to);
  if (isRefusal(decision)) return decision;
  if (decision === 'unchanged') return { clock, changed: false };
  await setAdvancing(tx, id, to);
  const audited = { action: 'clock.advanced', before: { now: clock.now }, after: { to } };
  // Its audit rows use real time, because they say when a person advanced the clock.
  await auditAct(tx, act, { subject_type: 'test_clock', subject_id: id, ...audited });
  return { clock: { ...clock, status: 'advancing', advancing_to: to, error: null }, changed: true };
}

/**
 * Moves an advancing clock to the next instant at which it must wait for a contract (`nextClockPosition`). If it waits for none at its
 * target, the clock is ready. Another clock stays unchanged. Safe to run twice; undefined when there is no clock. Call it
 * inside a transaction.
 *
 * Receiving a billing event and changing a schedule take the same lock (`lockTestClockTime`), so an event that was accepted before
 * the clock moves is seen here and stops it, and so does a run of the changed schedule.
 */
export async function stepTestClock(tx: Sql, id: string): Promise<ClockStep | undefined> {
  const clock = await lockTestClock(tx, id);
  if (!clock) return undefined;
  const { advancing_to } = clock;
  if (clock.status !== 'advancing' || advancing_to === null) return { status: clock.status, now: clock.now, due: 0 };
  const contracts = withStops(await listContractsOnClock(tx, id));
  const { now, awaited } = nextClockPosition({ now: clock.now, advancing_to }, contracts);
  const arrived = awaited.length === 0 && now === advancing_to;
  const status = arrived ? 'ready' : clock.status;
  await setTestClock(tx, id, { now, status, advancing_to: arrived ? null : advancing_to });
  return { status, now, due: awaited.length };
}

/** A contract that a clock waits for, with the next run of its schedules. */
export type AwaitedContract = ContractOnClock & Pick<ContractCoupling, 'run_at'>;

/**
 * The contracts that an advancing clock waits for at its current time, in the order of their ids; none for another clock. Reads
 * only.
 */
export async function listAwaitedContracts(sql: Sql, clock_id: string): Promise<AwaitedContract[]> {
  const clock = await findTestClock(sql, clock_id);
  if (!clock || clock.advancing_to === null) return [];
  const { now, advancing_to } = clock;
  return contractsToAwait({ now, advancing_to }, now, withStops(await listContractsOnClock(sql, clock_id)));
}
