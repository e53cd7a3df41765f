/**
 * Inserts test clocks and contracts on them with the product's own functions, without the API.
 */
import { createTestClockActivities } from '../../activities/system/test-clock';
import type { TestClockActivities } from '../../activities/system/test-clock';
import { findTestClock } from '../../db/system/test-clock';
import type { TestClockRow } from '../../db/system/test-clock';
import type { Database } from '../../db/base/database';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import { advanceTestClock } from '../../transactions/system/advance-test-clock';
import { createTestClock } from '../../transactions/system/create-test-clock';
import { buildContract } from './contract-rows';
import type { ContractOptions } from './contract-rows';
import { TEST_ACTOR } from './contract-facts';
import type { CovenantWorker } from './covenant-worker';

const act = (now = new Date().toISOString()) => ({ actor: TEST_ACTOR, now, request_id: null });

/** Creates a clock at an instant. Returns its id. */
export async function buildTestClock(db: Database, now: Instant): Promise<string> {
  return (await db.begin((tx) => createTestClock(tx, { name: 'A clock', now }, act()))).id;
}

/** Returns a clock. Throws when it does not exist. */
export async function testClockOf(db: Database, id: string): Promise<TestClockRow> {
  const clock = await findTestClock(db, id);
  if (!clock) throw new Error(`there is no test clock ${id}`);
  return clock;
}

/** Stores an accepted advance with the real time `begun_at`. Does not start the workflow. */
export async function acceptAdvance(db: Database, id: string, to: Instant, begun_at?: Instant): Promise<void> {
  const advanced = await db.begin((tx) => advanceTestClock(tx, id, to, act(begun_at)));
  if (isRefusal(advanced)) throw new Error(advanced.detail);
}

/** Starts an advance as the API does. */
export async function startClockAdvance(
  db: Database,
  clocks: CovenantWorker['clocks'],
  id: string,
  to: Instant,
): Promise<void> {
  await acceptAdvance(db, id, to);
  await clocks.startAdvance(id);
}

/** Creates a staging contract on a clock, at the clock's time. Returns its id. */
export async function buildContractOnClock(
  db: Database,
  test_clock_id: string,
  options: ContractOptions = {},
): Promise<string> {
  const { now } = await testClockOf(db, test_clock_id);
  const catalogue = { environment: 'staging' } as const;
  return (await buildContract(db, { now, catalogue, test_clock_id, ...options })).facts.id;
}

/**
 * Returns the activity `settleAtClock` with a notifier that calls the test. The test receives the contract to notify
 * and can pass the notification on.
 */
export function settleWithNotifier(
  db: Database,
  worker: Pick<CovenantWorker, 'clocks' | 'nudger' | 'queues'>,
  tell: (contract_id: string, pass: () => Promise<void>) => Promise<void>,
): TestClockActivities['settleAtClock'] {
  const clocks = {
    ...worker.clocks,
    notify: (id: string, signal: AbortSignal, now?: string) => tell(id, () => worker.clocks.notify(id, signal, now)),
  };
  const { nudger } = worker;
  return createTestClockActivities({ db, clocks, nudger, settleTaskQueue: worker.queues.clocks }).settleAtClock;
}
