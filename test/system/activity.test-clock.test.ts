/**
 * The activities of a test clock, called one by one: where a step moves the clock, which contracts are notified, and what happens when a
 * contract does not settle.
 */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { ROW_LOCKED } from '../../activities/base/short-wait';
import { createTestClockActivities, NOTIFY_ATTEMPTS_MAX } from '../../activities/system/test-clock';
import type { SettledAtClock, TestClockActivities } from '../../activities/system/test-clock';
import { openDatabase } from '../../db/base/database';
import { NO_LIMITS } from '../../db/base/session';
import type { ClockNotifier } from '../../activities/ports';
import { insertInvoiceEvent } from '../harness/billing';
import { buildContract } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import { createRecordingNudger } from '../harness/recording-nudger';
import type { TestDatabase } from '../harness/database';
import { buildTestClock, acceptAdvance, testClockOf } from '../harness/test-clocks';

const NOW = '2027-01-01T00:00:00.000Z';
const FIRST = '2027-02-01T00:00:00.000Z';
const SECOND = '2027-03-01T00:00:00.000Z';
const END = '2028-01-01T00:00:00.000Z';

let database: TestDatabase;
let sql: TestDatabase['sql'];
let stepTestClock: TestClockActivities['stepTestClock'];

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
  ({ stepTestClock } = activitiesWith(settles));
});
afterAll(() => database.drop());

/** Activities whose contracts the test notifies. */
function activitiesWith(notify: ClockNotifier['notify']): TestClockActivities {
  const clocks: ClockNotifier = { notify, startAdvance: async () => undefined };
  return createTestClockActivities({
    db: sql,
    clocks,
    nudger: createRecordingNudger().nudger,
    settleTaskQueue: 'settle',
  });
}

/** Settles a contract like its workflow: afterwards nothing is due. */
async function settles(id: string): Promise<void> {
  await sql`UPDATE contracts SET next_boundary_at = NULL, verify_at = NULL WHERE id = ${id}`;
}

async function clockOnItsWay(to: string | null = END): Promise<string> {
  const id = await buildTestClock(sql, NOW);
  if (to !== null) await acceptAdvance(sql, id, to);
  return id;
}

/** A contract on a clock, with something due at given instants. */
async function contractDue(test_clock_id: string, next_boundary_at: string | null, verify_at: string | null = null) {
  const { facts } = await buildContract(sql, { catalogue: { environment: 'staging' }, now: NOW });
  await sql`UPDATE contracts SET ${sql({ test_clock_id, next_boundary_at, verify_at })} WHERE id = ${facts.id}`;
  return facts.id;
}

function settleAt(activities: TestClockActivities, clock_id: string, environment = attempt()): Promise<SettledAtClock> {
  return environment.run(() => activities.settleAtClock({ clock_id, now: FIRST }));
}

function attempt(): MockActivityEnvironment {
  return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
}

describe('stepTestClock', () => {
  test('moves to the first instant at which a billing system must be asked, and stays until it was asked', async () => {
    const clock_id = await clockOnItsWay();
    const [one, other] = [await contractDue(clock_id, SECOND, FIRST), await contractDue(clock_id, SECOND, FIRST)];
    const step = { status: 'advancing', now: FIRST, due: 2, task_queue: 'settle' };
    expect(await stepTestClock({ clock_id })).toEqual(step);
    expect(await stepTestClock({ clock_id })).toEqual(step);
    await settles(one);
    expect(await stepTestClock({ clock_id })).toEqual({ ...step, due: 1 });
    await settles(other);
    expect(await stepTestClock({ clock_id })).toMatchObject({ status: 'ready', now: END, due: 0 });
  });

  test('moves to its target at once when nothing has to be asked, and waits there for every boundary on the way', async () => {
    const clock_id = await clockOnItsWay();
    const [one, other] = [await contractDue(clock_id, FIRST), await contractDue(clock_id, SECOND)];
    await contractDue(clock_id, '2029-01-01T00:00:00.000Z');
    expect(await stepTestClock({ clock_id })).toMatchObject({ status: 'advancing', now: END, due: 2 });
    await settles(one);
    await settles(other);
    expect(await stepTestClock({ clock_id })).toMatchObject({ status: 'ready', now: END });
  });

  test('reaches its target, and a repeated step changes nothing', async () => {
    const clock_id = await clockOnItsWay(FIRST);
    await contractDue(clock_id, SECOND);
    const ready = { status: 'ready', now: FIRST, due: 0, task_queue: 'settle' };
    expect(await stepTestClock({ clock_id })).toEqual(ready);
    expect(await stepTestClock({ clock_id })).toEqual(ready);
    expect(await testClockOf(sql, clock_id)).toMatchObject({ status: 'ready', now: FIRST, advancing_to: null });
  });

  test('a boundary at the target is crossed before the clock is ready', async () => {
    const clock_id = await clockOnItsWay(FIRST);
    const id = await contractDue(clock_id, FIRST);
    expect(await stepTestClock({ clock_id })).toMatchObject({ status: 'advancing', now: FIRST, due: 1 });
    await settles(id);
    expect(await stepTestClock({ clock_id })).toMatchObject({ status: 'ready', now: FIRST });
  });

  test('a question that was due before the time of the clock stops the clock and does not move it back', async () => {
    const clock_id = await clockOnItsWay();
    await contractDue(clock_id, null, '2026-06-01T00:00:00.000Z');
    expect(await stepTestClock({ clock_id })).toMatchObject({ status: 'advancing', now: NOW, due: 1 });
  });

  test('a clock that is not advancing does not move, and deleted contracts and those of other clocks do not delay it', async () => {
    const [resting, clock_id] = [await clockOnItsWay(null), await clockOnItsWay(FIRST)];
    await contractDue(resting, NOW);
    const deleted = await contractDue(clock_id, NOW);
    await sql`UPDATE contracts SET deleted_at = ${NOW}, state = 'DELETED' WHERE id = ${deleted}`;
    expect(await stepTestClock({ clock_id: resting })).toMatchObject({ status: 'ready', now: NOW, due: 0 });
    expect(await stepTestClock({ clock_id })).toMatchObject({ status: 'ready', now: FIRST });
  });

  test('a clock that does not exist is a failure that is not retried', async () => {
    const missing = { clock_id: '00000000-0000-7000-8000-00000000dead' };
    await expect(stepTestClock(missing)).rejects.toMatchObject({ nonRetryable: true });
  });
});

describe('settleAtClock', () => {
  test('notifies each due contract once, with a heartbeat for each', async () => {
    const clock_id = await clockOnItsWay(FIRST);
    const due: string[] = [];
    for (let i = 0; i < 30; i++) due.push(await contractDue(clock_id, FIRST));
    await contractDue(clock_id, SECOND);
    await stepTestClock({ clock_id });
    const notified: string[] = [];
    const notify = (id: string): Promise<void> => (notified.push(id), settles(id));
    const environment = attempt();
    let heartbeats = 0;
    environment.on('heartbeat', () => (heartbeats += 1));
    expect(await settleAt(activitiesWith(notify), clock_id, environment)).toEqual({ notified: 30, unsettled: null });
    expect(notified.sort()).toEqual(due.sort());
    expect(heartbeats).toBe(30);
    expect(await settleAt(activitiesWith(notify), clock_id)).toEqual({ notified: 0, unsettled: null });
  });

  test('a contract that fails once is notified again, and the others are not', async () => {
    const clock_id = await clockOnItsWay(FIRST);
    const ids = [await contractDue(clock_id, FIRST), await contractDue(clock_id, FIRST)];
    await stepTestClock({ clock_id });
    const notified: string[] = [];
    const notify = (id: string): Promise<void> => {
      notified.push(id);
      return id === ids[0] && notified.filter((other) => other === id).length === 1
        ? Promise.reject(new Error('not yet'))
        : settles(id);
    };
    expect(await settleAt(activitiesWith(notify), clock_id)).toEqual({ notified: 3, unsettled: null });
    expect(notified.sort()).toEqual([...ids, ids[0]].sort());
  });

  test('a contract that never settles is named with the reason after its last notification, and all others settle', async () => {
    const clock_id = await clockOnItsWay(FIRST);
    const ids = [await contractDue(clock_id, FIRST), await contractDue(clock_id, FIRST)].sort();
    await stepTestClock({ clock_id });
    const [stuck] = ids as [string, string];
    const notified: string[] = [];
    const failing = (id: string): Promise<void> => {
      notified.push(id);
      return id === stuck ? Promise.reject(new Error('out of order')) : settles(id);
    };
    const { unsettled } = await settleAt(activitiesWith(failing), clock_id);
    expect(unsettled).toContain(`The contract ${stuck} did not settle at ${FIRST}`);
    expect(unsettled).toContain('out of order');
    expect(notified.filter((id) => id === stuck)).toHaveLength(NOTIFY_ATTEMPTS_MAX);

    const unsettled_clock = await settleAt(
      activitiesWith(async () => undefined),
      clock_id,
    );
    expect(unsettled_clock).toMatchObject({ notified: NOTIFY_ATTEMPTS_MAX });
    expect(unsettled_clock.unsettled).toContain('still due');
  });

  test('a contract with an event that arrived after its notification does not count as unsettled', async () => {
    const clock_id = await clockOnItsWay(FIRST);
    const id = await contractDue(clock_id, FIRST);
    await stepTestClock({ clock_id });
    let notified = 0;
    const notify = async (): Promise<void> => {
      notified += 1;
      await settles(id);
      await sql`UPDATE billing_inbox SET outcome = 'APPLIED', decided_at = received_at WHERE contract_id = ${id}`;
      await insertInvoiceEvent(sql, id, { occurred_at: NOW });
    };
    expect(await settleAt(activitiesWith(notify), clock_id)).toEqual({
      notified: NOTIFY_ATTEMPTS_MAX,
      unsettled: null,
    });
    expect(notified).toBe(NOTIFY_ATTEMPTS_MAX);
    expect(await stepTestClock({ clock_id })).toMatchObject({ status: 'advancing', now: FIRST, due: 1 });
  });

  test('stops notifying when it is cancelled', async () => {
    const clock_id = await clockOnItsWay(FIRST);
    for (let i = 0; i < 40; i++) await contractDue(clock_id, FIRST);
    await stepTestClock({ clock_id });
    const environment = attempt();
    let notified = 0;
    const notify = async (): Promise<void> => {
      notified += 1;
      environment.cancel();
    };
    await expect(settleAt(activitiesWith(notify), clock_id, environment)).rejects.toThrow();
    expect(notified).toBeLessThanOrEqual(20);
  });
});

test('a failed advance has a reason, and a clock that is not advancing cannot fail', async () => {
  const { failTestClock } = activitiesWith(settles);
  const clock_id = await clockOnItsWay();
  await failTestClock({ clock_id, error: 'first' });
  await failTestClock({ clock_id, error: 'second' });
  expect(await testClockOf(sql, clock_id)).toMatchObject({
    status: 'failed',
    error: 'first',
    advancing_to: END,
    now: NOW,
  });
});

test.each(['stepTestClock', 'failTestClock'] as const)(
  '%s waits at most a second for a clock that another transaction has locked, and is then retried',
  async (name) => {
    const clock_id = await clockOnItsWay();
    const db = openDatabase(database.url, {
      max: 1,
      application_name: 'covenant test',
      limits: { ...NO_LIMITS, lock_ms: 0 },
    });
    const { [name]: step } = createTestClockActivities({
      db,
      clocks: { notify: settles, startAdvance: async () => undefined },
      nudger: createRecordingNudger().nudger,
      settleTaskQueue: 'settle',
    });
    const input = { clock_id, error: 'as the test asked' };
    try {
      await sql.begin(async (holder) => {
        await holder`SELECT FROM test_clocks WHERE id = ${clock_id} FOR UPDATE`;
        await expect(step(input)).rejects.toMatchObject({ type: ROW_LOCKED, nonRetryable: false, nextRetryDelay: 500 });
      });
      await step(input);
    } finally {
      await db.end();
    }
  },
);
