/** One pass of `settleDue`: each contract that is due is settled once, and what cannot be settled stops no other contract. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createBillingActivities } from '../../activities/billing/billing';
import { createContractActivities } from '../../activities/contract/contract';
import { BATCH_CONTRACTS } from '../../activities/contract/contract-batch';
import { createDueBatchActivities } from '../../activities/contract/due-batch';
import { ROW_LOCKED } from '../../activities/base/short-wait';
import type { SettledDue } from '../../activities/contract/due-batch';
import { findBusyMoment, hasManyDue, listDueContracts } from '../../db/contract/due-contract';
import { findContract } from '../../db/contract/contract';
import { LATEST, instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { BATCH_CONTRACTS_MIN } from '../../domain/contract/due-batch';
import type { Database } from '../../db/base/database';
import { findStuckRows, STUCK_FROM_ATTEMPTS } from '../../db/system/sweep-attempt';
import { runCommand } from '../../transactions/contract/run-command';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { createBillingSystem, insertInvoiceEvent } from '../harness/billing';
import { TEST_ACTOR } from '../harness/contract-facts';
import { auditOf, buildContract, requestJob } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { gatedDatabase } from '../harness/gated-database';
import { expectInvariants } from '../harness/invariants';
import { buildPausedContracts } from '../harness/paused-contracts';
import { createRecordingNudger } from '../harness/recording-nudger';

const EPOCH = 'epoch-1';
const PAUSED_AT = '2026-03-01T00:00:00.000Z';
const RESUME_AT = '2026-03-02T00:00:00.000Z';
const NOW = '2026-03-02T00:00:05.000Z';
const HOUR_MS = 3_600_000;
/** A contract beside the many. */
const CONTRACTS = BATCH_CONTRACTS_MIN + 3;

let database: TestDatabase;
let sql: TestDatabase['sql'];
const { nudger, contracts: woken, jobs: woken_jobs, moments } = createRecordingNudger();

interface PassOptions {
  /** The details of the last heartbeat of an earlier attempt. */
  details?: unknown;
  db?: Database;
}

const settleDue = (now: Instant = NOW, { details, db = sql }: PassOptions = {}): Promise<SettledDue> => {
  const { settleDueContracts } = createDueBatchActivities({ db, nudger });
  const logger = new DefaultLogger('ERROR');
  const environment = new MockActivityEnvironment({ heartbeatDetails: details }, { logger });
  return environment.run(settleDueContracts, { now, epoch: EPOCH });
};
/** The step of the contract's own workflow, repeated like by Temporal while another transaction holds the row. */
function settleOne(contract_id: string): Promise<unknown> {
  const { settleContract } = createContractActivities({ db: sql, nudger });
  return settleContract({ contract_id, now: NOW }).catch((error: unknown) => {
    if ((error as { type?: unknown }).type === ROW_LOCKED) return settleOne(contract_id);
    throw error;
  });
}

beforeEach(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
afterEach(async () => {
  await expectInvariants(sql);
  await database.drop();
});

const buildPaused = (count: number, resume_at: Instant = RESUME_AT): Promise<string[]> =>
  buildPausedContracts(sql, count, { paused_at: PAUSED_AT, resume_at });

/** The number of audit rows of the end of the pause, by contract. */
async function resumptionsOf(ids: string[]): Promise<number[]> {
  const rows = await sql<{ contract_id: string; rows: number }[]>`
    SELECT contract_id, count(*)::int AS rows FROM audit_events
    WHERE action = 'contract.resumed' AND at = ${RESUME_AT} GROUP BY contract_id`;
  return ids.map((id) => rows.find((row) => row.contract_id === id)?.rows ?? 0);
}

/** Makes every change of a contract fail, like a trigger that an operator has added. */
async function forbidChanges(id: string): Promise<void> {
  await sql.unsafe(`
    CREATE FUNCTION test_forbidden() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF NEW.contract_id = '${id}' THEN RAISE EXCEPTION 'forbidden by the test'; END IF; RETURN NEW; END $$;
    CREATE TRIGGER test_forbidden BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION test_forbidden()`);
}

test('two batches and the steps of the contracts apply each boundary once; a locked and a failing contract stop no other', async () => {
  const ids = await buildPaused(CONTRACTS);
  const [locked, failing, ...others] = ids as [string, string, ...string[]];
  await forbidChanges(failing);
  let own_step: Promise<unknown> | undefined;
  await sql.begin(async (holder) => {
    await holder`SELECT FROM contracts WHERE id = ${locked} FOR UPDATE`;
    own_step = settleOne(locked);
    await waitUntilBlocked(sql);
    await Promise.all([settleDue(), settleDue(), ...others.map(settleOne)]);
    expect(await resumptionsOf(others)).toEqual(others.map(() => 1));
    expect(await resumptionsOf([locked, failing])).toEqual([0, 0]);
  });
  await own_step;
  expect(await resumptionsOf([locked, ...others])).toEqual([locked, ...others].map(() => 1));

  // What is left waits for its next try, starts no batch, and is tried by the sweep.
  expect(await settleDue()).toEqual({ settled: 0, left: 0, has_more: false });
  const tried = await sql`SELECT subject_id FROM sweep_attempts WHERE kind = 'boundary' AND subject_id = ${failing}`;
  expect(tried.count).toBe(1);
  await sql`DROP TRIGGER test_forbidden ON audit_events`;
  expect(await settleDue(instantFromMillis(millisOf(NOW) + 3_600_000))).toMatchObject({ settled: 1, left: 0 });
  expect(await resumptionsOf([failing])).toEqual([1]);
});

test('a workflow whose timer did not wait for the boundary is woken after it was applied', async () => {
  const [late, other] = (await buildPaused(2)) as [string, string];
  await sql`UPDATE contracts SET timer_at = ${LATEST} WHERE id = ${late}`;
  expect(await settleDue()).toMatchObject({ settled: 2 });
  expect(woken).toContain(late);
  expect(woken).not.toContain(other);
});

test('two passes that have read the same contracts settle each of them once, also while one has not committed', async () => {
  const ids = await buildPaused(BATCH_CONTRACTS);
  const [committing, beginning] = [gatedDatabase(sql, { at: 'commit' }), gatedDatabase(sql)];
  const passes = [committing, beginning].map(({ db }) => settleDue(NOW, { db }));
  await Promise.all([committing.gate.reached, beginning.gate.reached]);
  // It has read the contracts too, and waits for the locks of the first one.
  const waiting = settleDue();
  await waitUntilBlocked(sql);
  committing.gate.open();
  expect(await passes[0]).toMatchObject({ settled: ids.length, left: 0 });
  await waiting;
  beginning.gate.open();
  expect(await passes[1]).toMatchObject({ settled: ids.length, left: 0 });
  expect(await resumptionsOf(ids)).toEqual(ids.map(() => 1));
});

test('a contract that fails at every pass stops none of the others, and operators see it', async () => {
  const [failing] = (await buildPaused(1)) as [string];
  await forbidChanges(failing);
  for (let tries = 1; tries <= STUCK_FROM_ATTEMPTS; tries += 1) {
    const others = await buildPaused(2);
    const now = instantFromMillis(millisOf(NOW) + tries * HOUR_MS);
    expect(await settleDue(now)).toEqual({ settled: 2, left: 1, has_more: false });
    expect(await resumptionsOf([failing, ...others])).toEqual([0, 1, 1]);
  }
  expect(await findStuckRows(sql)).toEqual([{ kind: 'boundary', rows: 1, ids: [failing] }]);
});

test('a suspension and a termination in a batch are left to the workflows of their contracts, which ask first', async () => {
  const billing = createBillingSystem();
  const own = createBillingActivities({ db: sql, nudger, billingPorts: billing.ports });
  const contracts = createContractActivities({ db: sql, nudger });
  const MARCH_15 = '2026-03-15T00:00:00.000Z';
  /** A contract with an unpaid invoice that is due on a date. */
  const buildOwing = async (due: string, status: 'OPEN' | 'PAID'): Promise<string> => {
    const { id } = (await buildContract(sql, { now: '2026-01-01T00:00:00.000Z' })).facts;
    const invoice = { invoice_id: `in_${id}`, due, occurred_at: '2026-01-02T00:00:00.000Z' };
    await insertInvoiceEvent(sql, id, { ...invoice, version: 1 });
    billing.invoices.set(invoice.invoice_id, { ...invoice, contract_id: id, status });
    await own.applyBillingEvents({ contract_id: id, now: '2026-01-02T00:00:00.000Z' });
    return id;
  };
  const [owing, paid] = [await buildOwing('2026-03-01', 'OPEN'), await buildOwing('2026-03-01', 'PAID')];
  const ending = await buildOwing('2026-01-14', 'OPEN');
  await own.verifyBilling({ contract_id: ending, now: '2026-01-28T00:00:00.000Z' });
  const others = await buildPaused(BATCH_CONTRACTS_MIN, MARCH_15);
  const looks = await Promise.all(
    [owing, paid, ending, others[0] as string].map((contract_id) =>
      contracts.settleContract({ contract_id, now: '2026-03-14T12:00:00.000Z' }),
    ),
  );
  expect(looks.map((view) => [view.next_boundary?.kind, view.next_boundary?.at, view.is_in_batch])).toEqual([
    ['suspends', MARCH_15, false],
    ['suspends', MARCH_15, false],
    ['terminates', MARCH_15, false],
    ['resumes', MARCH_15, true],
  ]);

  billing.fetchedInvoiceIds = [];
  expect(await settleDue(MARCH_15)).toMatchObject({ settled: others.length, left: 3 });
  expect(billing.fetchedInvoiceIds).toEqual([]);
  for (const contract_id of [owing, paid, ending]) await own.verifyBilling({ contract_id, now: MARCH_15 });
  const changesOf = async (id: string) =>
    (await auditOf(sql, id)).filter(({ at }) => at === MARCH_15).map(({ action }) => action);
  expect(await changesOf(owing)).toEqual(['contract.suspended']);
  expect(await changesOf(paid)).toEqual(['billing.invoices_fetched', 'billing.cleared']);
  expect(await changesOf(ending)).toEqual(['contract.terminated']);
  for (const id of others) expect(await changesOf(id)).toEqual(['contract.resumed']);
});

test('a contract is woken when its next boundary comes before its timer can fire, and so are jobs that can continue', async () => {
  const ends_soon = { paused_at: PAUSED_AT, resume_at: '2026-03-01T23:58:00.000Z', end_date: '2026-03-02' };
  const [near] = (await buildPausedContracts(sql, 1, ends_soon)) as [string];
  const { id: opened } = (await buildContract(sql, { now: PAUSED_AT })).facts;
  const job = await requestJob(sql, opened, 200);
  await sql`UPDATE generation_jobs SET state = 'PAUSED' WHERE id = ${job.id}`;
  const pause = { name: 'pause', input: { resume_at: ends_soon.resume_at } } as const;
  await sql.begin((tx) => runCommand(tx, { id: opened, actor: TEST_ACTOR, now: PAUSED_AT, request_id: null }, pause));
  expect(await settleDue('2026-03-01T23:58:05.000Z')).toMatchObject({ settled: 2, left: 0 });
  expect(woken).toContain(near);
  expect(woken).not.toContain(opened);
  expect(woken_jobs).toEqual([job.id]);
});

test('the steps of contracts start a batch once for a moment that is near, and when many are due', async () => {
  const ids = await buildPaused(BATCH_CONTRACTS_MIN);
  const { settleContract } = createContractActivities({ db: sql, nudger });
  const look = async (seconds: number) => {
    moments.length = 0;
    const now = instantFromMillis(millisOf(RESUME_AT) + seconds * 1_000);
    for (const contract_id of ids.slice(0, 2)) await settleContract({ contract_id, now });
    return [...moments];
  };
  expect(await look(-120)).toEqual([]);
  expect(await look(-80)).toEqual([RESUME_AT]);
});

test('a step that finds many contracts due starts a batch for them', async () => {
  const ids = await buildPaused(BATCH_CONTRACTS_MIN + 1);
  moments.length = 0;
  await settleOne(ids[0] as string);
  expect(moments).toEqual([NOW]);
});

test('a later attempt continues behind the last page', async () => {
  const ids = await buildPaused(4);
  const due = await listDueContracts(sql, { now: NOW, after: undefined, limit: 10 });
  expect(due.map(({ id }) => id)).toEqual(ids);
  const done = await settleDue(NOW, { details: { settled: 7, left: 1, after: due[1] } });
  expect(done).toEqual({ settled: 9, left: 1, has_more: false });
  expect(await resumptionsOf(due.map(({ id }) => id))).toEqual([0, 0, 1, 1]);
});

test('many contracts that wait for one moment are found before it, and due after it; few are not', async () => {
  const later = '2026-03-05T00:00:00.000Z';
  await buildPaused(BATCH_CONTRACTS_MIN - 1, later);
  const find = () => findBusyMoment(sql, RESUME_AT, later);
  expect([await find(), await hasManyDue(sql, later)]).toEqual([null, false]);
  const [last] = (await buildPaused(1, later)) as [string];
  expect([await find(), await hasManyDue(sql, later), await hasManyDue(sql, NOW)]).toEqual([later, true, false]);
  await settleDue(later);
  expect(await hasManyDue(sql, later)).toBe(false);
  expect(await findContract(sql, last)).toMatchObject({ state: 'ACTIVE' });
});
