/** One pass of `settleDue`: each contract that is due is settled once, and what cannot be settled stops no other contract. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createContractActivities } from '../../activities/contract/contract';
import { createDueBatchActivities } from '../../activities/contract/due-batch';
import { ROW_LOCKED } from '../../activities/base/short-wait';
import type { SettledDue } from '../../activities/contract/due-batch';
import { findBusyMoment, hasManyDue, listDueContracts } from '../../db/contract/due-contract';
import { findContract } from '../../db/contract/contract';
import { LATEST, instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { BATCH_CONTRACTS_MIN } from '../../domain/contract/due-batch';
import { runCommand } from '../../transactions/contract/run-command';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { TEST_ACTOR } from '../harness/contract-facts';
import { buildContract } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectInvariants } from '../harness/invariants';
import { createRecordingNudger } from '../harness/recording-nudger';

const EPOCH = 'epoch-1';
const PAUSED_AT = '2026-03-01T00:00:00.000Z';
const RESUME_AT = '2026-03-02T00:00:00.000Z';
const NOW = '2026-03-02T00:00:05.000Z';
/** A contract beside the many. */
const CONTRACTS = BATCH_CONTRACTS_MIN + 3;

let database: TestDatabase;
let sql: TestDatabase['sql'];
const { nudger, contracts: woken } = createRecordingNudger();
const settleDue = (now: Instant = NOW, details?: unknown): Promise<SettledDue> => {
  const { settleDueContracts } = createDueBatchActivities({ db: sql, nudger });
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

/** Contracts whose pauses end at an instant. */
function buildPaused(count: number, resume_at: Instant = RESUME_AT): Promise<string[]> {
  const pause = { name: 'pause', input: { resume_at } } as const;
  return Promise.all(
    Array.from({ length: count }, async () => {
      const { id } = (await buildContract(sql, { now: PAUSED_AT })).facts;
      const act = { id, actor: TEST_ACTOR, now: PAUSED_AT, request_id: null };
      await sql.begin((tx) => runCommand(tx, act, pause));
      return id;
    }),
  );
}

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

test('a later attempt continues behind the last page', async () => {
  const ids = await buildPaused(4);
  const due = await listDueContracts(sql, { now: NOW, after: undefined, limit: 10 });
  expect(due.map(({ id }) => id)).toEqual([...ids].sort());
  const done = await settleDue(NOW, { settled: 7, left: 1, after: due[1] });
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
