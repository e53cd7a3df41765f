/**
 * `advanceTestClock` moves a clock through years and applies the boundaries of every contract on it: in order, each once and at its own
 * instant, whatever fails.
 */
import { randomUUID } from 'node:crypto';
import { findContract, lockContract } from '../../db/contract/contract';
import { listJobLicenses } from '../../db/license/license';
import { failAdvance } from '../../db/system/test-clock';
import type { TestClockRow } from '../../db/system/test-clock';
import { waitFor } from '../../dev/waiting';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import { contractWorkflowId, generationJobWorkflowId, testClockWorkflowId } from '../../temporal/ids';
import type { advanceTestClock } from '../../workflows/advance-test-clock';
import { sweep } from '../../workflows/sweep';
import { createBillingSystem, listEventOutcomes, insertInvoiceEvent } from '../harness/billing';
import { buildContract, jobOf, requestJob } from '../harness/contract-rows';
import type { ContractOptions } from '../harness/contract-rows';
import { TEST_PUBLIC_URL, startCovenantWorker, withOverrides } from '../harness/covenant-worker';
import type { Activities, ActivityOverrides, CovenantWorker } from '../harness/covenant-worker';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectInvariants } from '../harness/invariants';
import { connectPreparedTemporal } from '../harness/temporal';
import type { TestTemporal } from '../harness/temporal';
import {
  buildContractOnClock,
  buildTestClock,
  startClockAdvance,
  settleWithNotifier,
  testClockOf,
} from '../harness/test-clocks';
import { stepsOf } from '../harness/workflow-steps';

const NOW = '2027-01-15T10:00:00.000Z';
const WAIT_MS = 20_000;
const LONG_TEST_MS = 60_000;
/** More contracts than are notified at the same time. */
const SAME_INSTANT_CONTRACTS = 60;

let temporal: TestTemporal;
let database: TestDatabase;
let sql: TestDatabase['sql'];
let worker: CovenantWorker;
const billing = createBillingSystem();
/** The activities that the current test overrides. */
let overrides: ActivityOverrides = () => ({});

beforeAll(async () => {
  temporal = await connectPreparedTemporal();
  database = await createTestDatabase();
  sql = database.sql;
  const { client, nativeConnection } = temporal;
  const wrap = withOverrides(() => overrides);
  worker = await startCovenantWorker({ db: sql, client, nativeConnection, wrap, billingPorts: billing.ports });
});
afterEach(async () => {
  overrides = () => ({});
  await expectInvariants(sql);
});
afterAll(async () => {
  await worker.stop();
  await temporal.close();
  await database.drop();
});

const handleOf = (clock_id: string) =>
  temporal.client.workflow.getHandle<typeof advanceTestClock>(testClockWorkflowId(clock_id));

const newClock = (now = NOW): Promise<string> => buildTestClock(sql, now);
const clockOf = (id: string): Promise<TestClockRow> => testClockOf(sql, id);
const startAdvance = (id: string, to: string): Promise<void> => startClockAdvance(sql, worker.clocks, id, to);

/** A contract on a clock whose workflow has taken its first step: it waits for the clock to move. */
async function contractOnClock(clock_id: string, options: ContractOptions = {}): Promise<string> {
  const id = await buildContractOnClock(sql, clock_id, options);
  await worker.clocks.notify(id, new AbortController().signal);
  return id;
}

/** Advances a clock and waits until the advance ends. */
async function advance(id: string, to: string): Promise<TestClockRow> {
  await startAdvance(id, to);
  await handleOf(id).result();
  return clockOf(id);
}

interface AuditedChange {
  action: string;
  at: string;
  state: string | null;
}

/** The audited changes of contracts after their creation, in the order of writing. */
async function changesOf(contract_ids: string[]): Promise<(AuditedChange & { contract_id: string; clock: string })[]> {
  const rows = await sql<(AuditedChange & { contract_id: string; clock: string })[]>`
    SELECT contract_id, action, at, after ->> 'state' AS state, clock FROM audit_events
    WHERE contract_id = ANY(${contract_ids}) AND subject_type = 'contract' AND action <> 'contract.created' ORDER BY id`;
  return [...rows];
}

/** The changes of one contract without its reminders. */
async function transitionsOf(contract_id: string): Promise<AuditedChange[]> {
  const rows = await changesOf([contract_id]);
  expect(rows.every(({ clock }) => clock === 'test')).toBe(true);
  return rows
    .filter(({ action }) => /^contract\./.test(action))
    .map(({ action, at, state }) => ({ action, at, state }));
}

const MONTH: ContractOptions = { start_date: '2027-02-01', end_date: '2027-03-01', expiry_grace_days: 5 };
const MONTH_TRANSITIONS: AuditedChange[] = [
  { action: 'contract.term_started', at: '2027-02-01T00:00:00.000Z', state: 'ACTIVE' },
  { action: 'contract.grace_started', at: '2027-03-01T00:00:00.000Z', state: 'EXPIRY_GRACE' },
  { action: 'contract.expired', at: '2027-03-06T00:00:00.000Z', state: 'EXPIRED' },
];
const AFTER_MONTH = '2027-04-01T00:00:00.000Z';

test(
  'in a year of its clock a contract starts, resumes from a pause, enters grace and expires, each at its instant',
  async () => {
    const clock = await newClock();
    const id = await contractOnClock(clock, {
      timezone: 'Europe/Berlin',
      start_date: '2027-02-01',
      term: 'P1Y',
      expiry_grace_days: 14,
    });
    const paused_at = '2027-05-01T00:00:00.000Z';
    const resume_at = '2027-08-01T09:30:00.250Z';
    expect(await advance(clock, paused_at)).toMatchObject({ status: 'ready', now: paused_at });
    expect((await findContract(sql, id))?.state).toBe('ACTIVE');
    expect(await worker.send(id, { name: 'pause', input: { resume_at } })).toMatchObject({ changed: true });
    expect(await advance(clock, '2028-06-01T00:00:00.000Z')).toMatchObject({ status: 'ready', error: null });

    expect(await transitionsOf(id)).toEqual([
      { action: 'contract.term_started', at: '2027-01-31T23:00:00.000Z', state: 'ACTIVE' },
      { action: 'contract.paused', at: paused_at, state: 'PAUSED' },
      { action: 'contract.resumed', at: resume_at, state: 'ACTIVE' },
      { action: 'contract.grace_started', at: '2028-01-31T23:00:00.000Z', state: 'EXPIRY_GRACE' },
      { action: 'contract.expired', at: '2028-02-14T23:00:00.000Z', state: 'EXPIRED' },
    ]);
    expect(await temporal.client.workflow.getHandle(contractWorkflowId(id)).result()).toMatchObject({
      state: 'EXPIRED',
    });
  },
  LONG_TEST_MS,
);

test(
  'the boundaries of each contract on a clock are applied in the order of their instants, in every time zone',
  async () => {
    const clock = await newClock();
    const ids = [
      await contractOnClock(clock, { start_date: '2027-02-10', end_date: '2027-06-10', expiry_grace_days: 30 }),
      await contractOnClock(clock, { start_date: '2027-02-01', end_date: '2027-06-20', timezone: 'Pacific/Auckland' }),
      await contractOnClock(clock, { start_date: '2027-03-01', term: 'P4M', timezone: 'America/New_York' }),
    ];
    await advance(clock, '2028-01-01T00:00:00.000Z');
    for (const id of ids) {
      const instants = (await changesOf([id])).map(({ at }) => at);
      expect(instants).toEqual([...instants].sort());
    }
    const ends = (await changesOf(ids)).filter(({ action }) => action === 'contract.expired');
    expect(Object.fromEntries(ends.map(({ contract_id, at }) => [ids.indexOf(contract_id), at]))).toEqual({
      1: '2027-06-19T12:00:00.000Z',
      2: '2027-07-01T04:00:00.000Z',
      0: '2027-07-10T00:00:00.000Z',
    });
  },
  LONG_TEST_MS,
);

test(
  'a term with its reminders is applied in one step, and no reminder is superseded by a later one',
  async () => {
    const clock = await newClock();
    const id = await contractOnClock(clock, { start_date: '2027-02-01', term: 'P10M' });
    let steps = 0;
    overrides = (real) => ({ settleAtClock: (input) => ((steps += 1), real.settleAtClock(input)) });
    await advance(clock, '2027-12-20T00:00:00.000Z');
    expect(steps).toBe(1);
    const reminders = await sql<{ superseded: string | null }[]>`
      SELECT after ->> 'superseded' AS superseded FROM audit_events
      WHERE contract_id = ${id} AND action = 'renewal.reminder_due'`;
    expect(reminders.length).toBeGreaterThan(1);
    expect(reminders.every(({ superseded }) => superseded === null)).toBe(true);
  },
  LONG_TEST_MS,
);

test(
  'a boundary that many contracts have at the same instant is applied once for each',
  async () => {
    const clock = await newClock();
    const ids = await Promise.all(Array.from({ length: SAME_INSTANT_CONTRACTS }, () => contractOnClock(clock, MONTH)));
    expect(await advance(clock, AFTER_MONTH)).toMatchObject({ status: 'ready' });
    for (const id of ids) expect(await transitionsOf(id)).toEqual(MONTH_TRANSITIONS);
    const [{ done }] = (await sql`
      SELECT count(*)::int AS done FROM audit_events WHERE contract_id = ANY(${ids}) AND action = 'contract.expired'`) as [
      { done: number },
    ];
    expect(done).toBe(ids.length);
  },
  LONG_TEST_MS,
);

test(
  'several clocks advance in parallel and change neither each other nor contracts without a clock',
  async () => {
    const clocks = [await newClock(), await newClock(), await newClock()] as [string, string, string];
    const [one, other, idle] = [
      await contractOnClock(clocks[0], MONTH),
      await contractOnClock(clocks[1], MONTH),
      await contractOnClock(clocks[2], MONTH),
    ];
    const { facts: real } = await buildContract(sql, { end_date: '2099-01-01' });
    const half = '2027-02-15T00:00:00.000Z';
    const [first, second] = await Promise.all([advance(clocks[0], AFTER_MONTH), advance(clocks[1], half)]);
    expect([first.now, second.now, (await clockOf(clocks[2])).now]).toEqual([AFTER_MONTH, half, NOW]);
    expect(await transitionsOf(one)).toEqual(MONTH_TRANSITIONS);
    expect(await transitionsOf(other)).toEqual(MONTH_TRANSITIONS.slice(0, 1));
    expect(await transitionsOf(idle)).toEqual([]);
    expect(await changesOf([real.id])).toEqual([]);
  },
  LONG_TEST_MS,
);

test(
  'real time does not change a contract on a clock, and a command on it applies the boundaries that its clock has passed',
  async () => {
    const clock = await newClock('2020-01-01T00:00:00.000Z');
    const id = await contractOnClock(clock, { start_date: '2020-02-01', end_date: '2021-02-01' });
    await temporal.client.workflow.getHandle(contractWorkflowId(id)).describe();
    expect((await findContract(sql, id))?.state).toBe('SCHEDULED');
    // Moves the clock without its workflow, like an advance that was interrupted.
    await sql`UPDATE test_clocks SET now = '2020-03-01T00:00:00.000Z' WHERE id = ${clock}`;
    expect(await worker.send(id, { name: 'edit', input: { name: 'Renamed' } })).toMatchObject({ changed: true });
    expect(await transitionsOf(id)).toMatchObject([
      { action: 'contract.term_started', at: '2020-02-01T00:00:00.000Z' },
      { action: 'contract.updated', at: '2020-03-01T00:00:00.000Z' },
    ]);
  },
  LONG_TEST_MS,
);

test(
  'every month of two years is renewed once while the workflow continues as new',
  async () => {
    const clock = await newClock();
    const renewal = { ...DEFAULT_RENEWAL, mode: 'auto', quota_effect: { add: 5 } } as const;
    const id = await contractOnClock(clock, { start_date: '2027-02-01', term: 'P1M', renewal, quota: 500 });
    // With an unfinished job, the clock stops at every instant of its contract.
    await advance(clock, '2027-02-02T00:00:00.000Z');
    await requestJob(sql, id, 200);
    await startAdvance(clock, '2029-01-31T23:59:59.999Z');
    const first_run = (await handleOf(clock).describe()).runId;
    await handleOf(clock).result();
    expect((await handleOf(clock).describe()).runId).not.toBe(first_run);
    const renewals =
      await sql`SELECT term_number, start_date FROM contract_renewals WHERE contract_id = ${id} ORDER BY term_number`;
    expect(renewals.map((row) => row['term_number'] as number)).toEqual(Array.from({ length: 23 }, (_, i) => i + 2));
    expect(renewals.at(-1)?.['start_date']).toBe('2029-01-01');
    expect((await findContract(sql, id))?.quota_total).toBe(500 + 23 * 5);
    const crossed = await changesOf([id]);
    expect(crossed.map(({ at }) => at)).toEqual(crossed.map(({ at }) => at).sort());
  },
  LONG_TEST_MS,
);

test(
  'each activity may run twice',
  async () => {
    overrides = (real) => ({
      stepTestClock: async (input) => (await real.stepTestClock(input), real.stepTestClock(input)),
      settleAtClock: async (input) => (await Promise.all([real.settleAtClock(input), real.settleAtClock(input)]))[0],
      settleContract: async (input) => (await real.settleContract(input), real.settleContract(input)),
    });
    const clock = await newClock();
    const ids = [await contractOnClock(clock, MONTH), await contractOnClock(clock, MONTH)];
    expect(await advance(clock, AFTER_MONTH)).toMatchObject({ status: 'ready', now: AFTER_MONTH });
    for (const id of ids) expect(await transitionsOf(id)).toEqual(MONTH_TRANSITIONS);
  },
  LONG_TEST_MS,
);

test.each(['before', 'after'] as const)(
  'an activity that fails %s its work is retried and leaves nothing half done',
  async (when) => {
    const failed = new Set<string>();
    function failOnce<A extends keyof Activities>(real: Activities, name: A, key: string): Activities[A] {
      const run = real[name] as (input: never) => Promise<never>;
      const failing = async (input: never): Promise<never> => {
        if (failed.has(key)) return run(input);
        failed.add(key);
        if (when === 'after') await run(input);
        throw new Error('the connection was lost');
      };
      return failing as unknown as Activities[A];
    }
    overrides = (real) => ({
      stepTestClock: failOnce(real, 'stepTestClock', 'step'),
      settleAtClock: failOnce(real, 'settleAtClock', 'settle'),
      settleContract: failOnce(real, 'settleContract', 'contract'),
    });
    const clock = await newClock();
    const id = await contractOnClock(clock, MONTH);
    expect(await advance(clock, AFTER_MONTH)).toMatchObject({ status: 'ready', now: AFTER_MONTH, error: null });
    expect(failed.size).toBe(3);
    expect(await transitionsOf(id)).toEqual(MONTH_TRANSITIONS);
  },
  LONG_TEST_MS,
);

test(
  'a contract that does not settle fails the advance with its id, all others settle, and the next advance continues from there',
  async () => {
    const clock = await newClock();
    const [stuck, healthy] = [await contractOnClock(clock, MONTH), await contractOnClock(clock, MONTH)];
    overrides = () => ({
      settleAtClock: settleWithNotifier(sql, worker, (id, pass) =>
        id === stuck ? Promise.reject(new Error('out of order')) : pass(),
      ),
    });
    const failed = await advance(clock, AFTER_MONTH);
    expect(failed).toMatchObject({ status: 'failed', now: AFTER_MONTH, advancing_to: AFTER_MONTH });
    expect(failed.error).toContain(stuck);
    expect(failed.error).toContain('out of order');
    expect(await transitionsOf(healthy)).toEqual(MONTH_TRANSITIONS);
    expect(await transitionsOf(stuck)).toEqual([]);

    overrides = () => ({});
    expect(await advance(clock, AFTER_MONTH)).toMatchObject({ status: 'ready', error: null });
    for (const id of [stuck, healthy]) expect(await transitionsOf(id)).toEqual(MONTH_TRANSITIONS);
  },
  LONG_TEST_MS,
);

test(
  'cancelling the workflow ends the advance and keeps the time of the clock; contracts that were notified settle, and the next advance continues',
  async () => {
    const clock = await newClock();
    const id = await contractOnClock(clock, MONTH);
    let arrive = (): void => undefined;
    let release = (): void => undefined;
    const notified = new Promise<void>((resolve) => (arrive = resolve));
    const released = new Promise<void>((resolve) => (release = resolve));
    overrides = () => ({
      settleAtClock: settleWithNotifier(sql, worker, async (_id, pass) => {
        arrive();
        await released;
        await pass();
      }),
    });
    await startAdvance(clock, AFTER_MONTH);
    await notified;
    await handleOf(clock).cancel();
    await expect(handleOf(clock).result()).rejects.toThrow();
    expect(await clockOf(clock)).toMatchObject({
      status: 'failed',
      now: AFTER_MONTH,
      error: expect.stringContaining('cancelled'),
    });
    release();
    await waitFor(async () => (await transitionsOf(id)).length > 0, {
      timeout_ms: WAIT_MS,
      what: 'the contract to settle',
    });
    overrides = () => ({});
    expect(await advance(clock, AFTER_MONTH)).toMatchObject({ status: 'ready' });
    expect(await transitionsOf(id)).toEqual(MONTH_TRANSITIONS);
  },
  LONG_TEST_MS,
);

test(
  'the sweep starts an advance again whose workflow was terminated, and does not start one that ended',
  async () => {
    const clock = await newClock();
    const id = await contractOnClock(clock, MONTH);
    let arrive = (): void => undefined;
    let release = (): void => undefined;
    const notified = new Promise<void>((resolve) => (arrive = resolve));
    const released = new Promise<void>((resolve) => (release = resolve));
    overrides = () => ({ settleAtClock: settleWithNotifier(sql, worker, () => (arrive(), released)) });
    await startAdvance(clock, AFTER_MONTH);
    await notified;
    await handleOf(clock).terminate('by hand');
    overrides = () => ({});
    release();
    expect(await runSweep()).toMatchObject({ test_clocks: 1 });
    await handleOf(clock).result();
    expect(await clockOf(clock)).toMatchObject({ status: 'ready', now: AFTER_MONTH });
    expect(await transitionsOf(id)).toEqual(MONTH_TRANSITIONS);
    expect(await runSweep()).toMatchObject({ test_clocks: 0 });
  },
  LONG_TEST_MS,
);

function runSweep(): Promise<unknown> {
  return temporal.client.workflow.execute(sweep, {
    workflowId: `sweep:${randomUUID()}`,
    taskQueue: worker.queues.contracts,
    args: [{ epoch: 'epoch-1' }],
  });
}

test(
  'an advance that starts while the workflow of the previous one ends is carried out',
  async () => {
    const clock = await newClock();
    const id = await contractOnClock(clock, MONTH);
    const half = '2027-02-15T00:00:00.000Z';
    overrides = (real) => ({
      async stepTestClock(input) {
        const step = await real.stepTestClock(input);
        if (step.status === 'ready' && step.now === half) await startAdvance(clock, AFTER_MONTH);
        return step;
      },
    });
    await startAdvance(clock, half);
    await waitFor(async () => (await clockOf(clock)).now === AFTER_MONTH, {
      timeout_ms: WAIT_MS,
      what: 'the second advance to arrive',
    });
    expect(await handleOf(clock).result()).toMatchObject({ status: 'ready', now: AFTER_MONTH });
    expect(await transitionsOf(id)).toEqual(MONTH_TRANSITIONS);
  },
  LONG_TEST_MS,
);

test('operators see the name of a clock and a link to it', async () => {
  const clock = await newClock();
  await advance(clock, AFTER_MONTH);
  const execution = await handleOf(clock).describe();
  expect(await execution.staticSummary()).toBe(`Test clock: ${(await clockOf(clock)).name}`);
  expect(await execution.staticDetails()).toBe(`[Test clock](${TEST_PUBLIC_URL}/api/v1/test-clocks/${clock})`);
});

test('the workflow of a clock that failed or is ready moves nothing', async () => {
  const clock = await newClock();
  await worker.clocks.startAdvance(clock);
  expect(await handleOf(clock).result()).toMatchObject({ status: 'ready', now: NOW, due: 0 });
  await sql`UPDATE test_clocks SET status = 'advancing', advancing_to = ${AFTER_MONTH} WHERE id = ${clock}`;
  await failAdvance(sql, clock, 'simulated');
  await worker.clocks.startAdvance(clock);
  expect(await handleOf(clock).result()).toMatchObject({ status: 'failed', now: NOW });
});

describe('an unpaid invoice on a clock', () => {
  const OVERDUE = { action: 'billing.past_due', at: '2027-03-02T00:00:00.000Z', state: 'PAST_DUE' };
  const SUSPENDED = { action: 'contract.suspended', at: '2027-03-15T00:00:00.000Z', state: 'SUSPENDED' };
  const END = '2027-06-01T00:00:00.000Z';

  beforeEach(() => {
    billing.invoices.clear();
    billing.fetchedInvoiceIds.length = 0;
  });
  afterEach(() => {
    billing.reachable = true;
    billing.beforeAnswer = async () => undefined;
  });

  /** A contract on a clock of its own with an open invoice that is due on 1 March and applied. */
  async function contractWithInvoice(): Promise<{ clock: string; id: string }> {
    const clock = await newClock();
    const id = await contractOnClock(clock);
    const invoice = { status: 'OPEN', due: '2027-03-01', occurred_at: NOW } as const;
    billing.invoices.set('in_1', { contract_id: id, ...invoice });
    const inbox_id = await insertInvoiceEvent(sql, id, { ...invoice, received_at: new Date().toISOString() });
    await worker.nudger.signalBillingEvent(id, { inbox_id, details: 'invoice.open' });
    await waitFor(async () => (await listEventOutcomes(sql, id))[0]?.outcome === 'APPLIED', {
      timeout_ms: WAIT_MS,
      what: 'the invoice to be known',
    });
    return { clock, id };
  }

  /** The changes of the contract because of its invoice. */
  async function dunningOf(contract_id: string): Promise<AuditedChange[]> {
    const steps = /^(billing\.(past_due|cleared|unreachable)|contract\.)/;
    const rows = (await changesOf([contract_id])).filter(({ action }) => steps.test(action));
    return rows.map(({ action, at, state }) => ({ action, at, state }));
  }

  test(
    'suspends and terminates the contract at the instants of the dunning schedule, each after billing was asked again',
    async () => {
      const { clock, id } = await contractWithInvoice();
      const asked_before = billing.fetchedInvoiceIds.length;
      expect(await advance(clock, END)).toMatchObject({ status: 'ready', now: END, error: null });
      expect(await dunningOf(id)).toEqual([
        OVERDUE,
        SUSPENDED,
        { action: 'contract.terminated', at: '2027-04-30T00:00:00.000Z', state: 'TERMINATED' },
      ]);
      expect(billing.fetchedInvoiceIds.length - asked_before).toBe(2);
      const due = '(due 2027-04-30T00:00:00.000Z)';
      const steps = await stepsOf(temporal.client.workflow.getHandle(contractWorkflowId(id)));
      expect(steps.filter((step) => step.includes('terminates'))).toEqual([
        `stop before it terminates ${due}: ask billing first`,
        `ask billing before it terminates ${due}`,
      ]);
    },
    LONG_TEST_MS,
  );

  test(
    'that was paid without an event is found paid before the suspension, and the contract is not suspended',
    async () => {
      const { clock, id } = await contractWithInvoice();
      billing.invoices.set('in_1', {
        contract_id: id,
        status: 'PAID',
        due: '2027-03-01',
        occurred_at: '2027-03-10T00:00:00.000Z',
      });
      expect(await advance(clock, END)).toMatchObject({ status: 'ready' });
      expect(await dunningOf(id)).toEqual([OVERDUE, { action: 'billing.cleared', at: SUSPENDED.at, state: 'ACTIVE' }]);
    },
    LONG_TEST_MS,
  );

  test(
    'of a billing system that does not answer postpones the suspension by the time of the clock, and delays no other contract',
    async () => {
      const { clock, id } = await contractWithInvoice();
      const [other, silent] = [await contractOnClock(clock, { start_date: '2027-03-16' }), 3];
      let questions = 0;
      billing.reachable = false;
      billing.beforeAnswer = async () => void (billing.reachable = ++questions > silent);
      expect(await advance(clock, '2027-04-01T00:00:00.000Z')).toMatchObject({ status: 'ready' });
      const [overdue, unreachable, suspended, ...more] = await dunningOf(id);
      expect([overdue, unreachable?.action, suspended?.action, more]).toEqual([
        OVERDUE,
        'billing.unreachable',
        'contract.suspended',
        [],
      ]);
      expect(unreachable?.at).toBe(SUSPENDED.at);
      expect(suspended && suspended.at > SUSPENDED.at && suspended.at < '2027-03-16T00:00:00.000Z').toBe(true);
      expect((await transitionsOf(other)).map(({ at }) => at)).toEqual(['2027-03-16T00:00:00.000Z']);
    },
    LONG_TEST_MS,
  );
});

describe('a billing event that was accepted before the advance', () => {
  const SUSPENDS_AT = '2027-03-15T00:00:00.000Z';
  const PAST_SUSPENSION = '2027-03-20T00:00:00.000Z';

  beforeEach(() => {
    billing.invoices.clear();
    billing.invoices.set('in_1', { contract_id: null, status: 'OPEN', due: '2027-03-01', occurred_at: NOW });
  });
  afterEach(() => {
    billing.reachable = true;
  });

  /** Inserts an event about the invoice, due on 1 March, without a signal to its contract. */
  const insertEvent = (id: string): Promise<string> =>
    insertInvoiceEvent(sql, id, { due: '2027-03-01', occurred_at: NOW, received_at: new Date().toISOString() });

  async function suspensionsOf(id: string): Promise<string[]> {
    return (await transitionsOf(id)).filter(({ action }) => action === 'contract.suspended').map(({ at }) => at);
  }

  /** A paused contract: time alone does not change it. */
  async function pausedOnClock(): Promise<{ clock: string; id: string }> {
    const clock = await newClock();
    const id = await contractOnClock(clock);
    await worker.send(id, { name: 'pause', input: {} });
    return { clock, id };
  }

  test(
    'is applied before the clock passes its instant, however long the application takes',
    async () => {
      const { clock, id } = await pausedOnClock();
      let settling = false;
      overrides = (real) => ({ settleAtClock: (input) => ((settling = true), real.settleAtClock(input)) });
      await sql.begin(async (holder) => {
        await lockContract(holder, id);
        const inbox_id = await insertEvent(id);
        await worker.nudger.signalBillingEvent(id, { inbox_id, details: 'invoice.open' });
        await startAdvance(clock, PAST_SUSPENSION);
        await waitFor(async () => settling || (await clockOf(clock)).status !== 'advancing', {
          timeout_ms: WAIT_MS,
          what: 'the advance to reach the event',
        });
      });
      await handleOf(clock).result();
      expect(await clockOf(clock)).toMatchObject({ status: 'ready', now: PAST_SUSPENSION, pending_events: 0 });
      expect(await suspensionsOf(id)).toEqual([SUSPENDS_AT]);
    },
    LONG_TEST_MS,
  );

  test(
    'is applied also when its signal was never sent, in each of several runs',
    async () => {
      for (let run = 0; run < 5; run++) {
        const { clock, id } = await pausedOnClock();
        await insertEvent(id);
        expect(await advance(clock, PAST_SUSPENSION)).toMatchObject({ status: 'ready', pending_events: 0 });
        expect(await suspensionsOf(id)).toEqual([SUSPENDS_AT]);
      }
    },
    LONG_TEST_MS,
  );

  test(
    'is applied before the clock is ready, also when the workflow of its contract has ended',
    async () => {
      const clock = await newClock();
      const [draft, expired, terminated] = [
        await buildContractOnClock(sql, clock, { status: 'inactive' }),
        await contractOnClock(clock, { start_date: '2027-02-01', end_date: '2027-02-02' }),
        await contractOnClock(clock),
      ];
      await worker.send(terminated, { name: 'terminate', input: { reason: 'test' } });
      await advance(clock, '2027-02-03T00:00:00.000Z');
      for (const id of [draft, expired, terminated]) await insertEvent(id);
      expect(await advance(clock, '2027-02-03T00:00:00.001Z')).toMatchObject({ status: 'ready', pending_events: 0 });
      for (const id of [draft, expired, terminated])
        expect((await listEventOutcomes(sql, id)).map(({ outcome }) => outcome)).toEqual(['APPLIED']);
    },
    LONG_TEST_MS,
  );

  test(
    'fails the advance when its billing system does not answer, and is applied at its instant by the next advance',
    async () => {
      const { clock, id } = await pausedOnClock();
      const event_id = 'evt_without_an_answer';
      billing.reachable = false;
      const fields = { due: '2027-03-01', occurred_at: NOW, received_at: new Date().toISOString(), event_id };
      await insertInvoiceEvent(sql, id, fields);
      const failed = await advance(clock, PAST_SUSPENSION);
      expect(failed).toMatchObject({ status: 'failed', now: NOW, pending_events: 1 });
      expect(failed.error).toContain(id);
      expect(failed.error).toContain(`standard gave no answer about the event ${event_id}`);
      expect(await listEventOutcomes(sql, id)).toEqual([{ outcome: 'PENDING', reason: 'BILLING_UNREACHABLE' }]);

      billing.reachable = true;
      expect(await advance(clock, PAST_SUSPENSION)).toMatchObject({ status: 'ready', error: null, pending_events: 0 });
      expect(await suspensionsOf(id)).toEqual([SUSPENDS_AT]);
    },
    LONG_TEST_MS,
  );
});

describe('generation on a clock', () => {
  test(
    'licenses, jobs, chunks, audit rows and events of generation have the time of the clock',
    async () => {
      const clock = await newClock();
      const id = await contractOnClock(clock, { quota: 5_000, expiry: { duration: 'P1Y', basis: 'generation' } });
      const now = '2027-06-01T00:00:00.000Z';
      await advance(clock, now);
      const inline = await requestJob(sql, id, 3);
      const background = await requestJob(sql, id, 200);
      await worker.nudger.wakeJobs([background.id]);
      await temporal.client.workflow.getHandle(generationJobWorkflowId(background.id)).result();

      for (const { id: job_id } of [inline, background]) {
        const job = await jobOf(sql, job_id);
        expect(job).toMatchObject({ state: 'SUCCEEDED', created_at: now, started_at: now, finished_at: now });
        expect(job.expires_at).toBe('2028-06-01T00:00:00.000Z');
        const chunks = await sql`SELECT DISTINCT created_at FROM generation_chunks WHERE job_id = ${job_id}`;
        expect([...chunks]).toEqual([{ created_at: now }]);
        const audit = await sql`SELECT DISTINCT at, clock FROM audit_events WHERE subject_id = ${job_id}`;
        expect([...audit]).toEqual([{ at: now, clock: 'test' }]);
        const events = await sql`SELECT at FROM domain_events WHERE data ->> 'job_id' = ${job_id}`;
        expect([...events]).toEqual([{ at: now }]);
      }
      expect(await listJobLicenses(sql, background.serial)).toHaveLength(200);
    },
    LONG_TEST_MS,
  );

  test(
    'a job whose contract is paused waits until the clock ends the pause and finishes at the time of the clock',
    async () => {
      const clock = await newClock();
      const id = await contractOnClock(clock, { quota: 5_000, end_date: '2028-01-01' });
      const job = await requestJob(sql, id, 400);
      let pause = (): void => undefined;
      const is_paused = new Promise<void>((resolve) => (pause = resolve));
      let stop = true;
      overrides = (real) => ({
        async fillChunks(input) {
          if (!stop) return real.fillChunks(input);
          stop = false;
          const filled = await real.fillChunks({ ...input, to_chunk: input.from_chunk + 1 });
          await worker.send(id, { name: 'pause', input: { resume_at: '2027-09-01T00:00:00.000Z' } });
          pause();
          const rest = await real.fillChunks(input);
          return { ...rest, given_up: [...filled.given_up, ...rest.given_up] };
        },
      });
      await worker.nudger.wakeJobs([job.id]);
      await is_paused;
      await waitFor(async () => (await jobOf(sql, job.id)).state === 'PAUSED', {
        timeout_ms: WAIT_MS,
        what: 'the job to pause',
      });
      const now = '2027-10-01T00:00:00.000Z';
      await advance(clock, now);
      await temporal.client.workflow.getHandle(generationJobWorkflowId(job.id)).result();
      const done = await jobOf(sql, job.id);
      expect(done).toMatchObject({ state: 'SUCCEEDED', completed: 400, started_at: NOW });
      expect(done.finished_at && done.finished_at >= '2027-09-01T00:00:00.000Z').toBe(true);
    },
    LONG_TEST_MS,
  );

  test('a request is refused by the time of the clock, and the refusal is counted by the real time', async () => {
    const clock = await newClock();
    const id = await contractOnClock(clock, { quota: 10, end_date: '2027-03-01' });
    await advance(clock, AFTER_MONTH);
    await expect(requestJob(sql, id, 1)).rejects.toThrow(/2027-02-28/);
    const counted = await sql`
      SELECT code, attempts, minute > now() - interval '1 hour' AS is_real FROM refused_attempts WHERE contract_id = ${id}`;
    expect(counted.map((row) => ({ ...row }))).toEqual([{ code: 'CONTRACT_EXPIRED', attempts: 1, is_real: true }]);
  });
});
