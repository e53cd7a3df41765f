/**
 * A year in the life of a contract, on a server that skips time: every boundary is crossed by a timer, with nobody asking.
 */
import { temporal as proto } from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { instantFromMillis, millisOf } from '../domain/instant';
import { contractWorkflowId } from '../temporal/ids';
import { contractViewQuery } from '../workflows/contract-lifecycle';
import type { contractLifecycle } from '../workflows/contract-lifecycle';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes';
import { auditOf, buildContract } from './harness/contract-rows';
import { startCovenantWorker } from './harness/covenant-worker';
import type { CovenantWorker } from './harness/covenant-worker';
import { createTestDatabase } from './harness/database';
import type { TestDatabase } from './harness/database';
import { expectInvariants } from './harness/invariants';
import { createTimeSkippingEnvironment } from './harness/temporal';
import { waitFor } from '../dev/waiting';

/** The first run of a machine fetches the server. */
const FETCH_TIMEOUT_MS = 180_000;

let environment: TestWorkflowEnvironment;
let database: TestDatabase;
let worker: CovenantWorker;

beforeAll(async () => {
  environment = await createTimeSkippingEnvironment();
  await registerAll();
  database = await createTestDatabase();
  const { client, nativeConnection } = environment;
  worker = await startCovenantWorker({ db: database.sql, client, nativeConnection });
}, FETCH_TIMEOUT_MS);

afterAll(async () => {
  await worker.stop();
  await environment.teardown();
  await database.drop();
});

/** This server cannot list what it has, which `registerSearchAttributes` asks for, but it takes new ones. */
async function registerAll(): Promise<void> {
  const types = proto.api.enums.v1.IndexedValueType;
  const typeOf = {
    KEYWORD: types.INDEXED_VALUE_TYPE_KEYWORD,
    INT: types.INDEXED_VALUE_TYPE_INT,
    DATETIME: types.INDEXED_VALUE_TYPE_DATETIME,
  };
  const searchAttributes = Object.fromEntries(SEARCH_ATTRIBUTES.map(({ name, type }) => [name, typeOf[type]]));
  await environment.connection.operatorService.addSearchAttributes({
    namespace: environment.namespace ?? 'default',
    searchAttributes,
  });
}

const now = async (): Promise<string> => instantFromMillis(await environment.currentTimeMs());

/** Lets the server's time pass up to an instant. */
async function passUntil(instant: string): Promise<void> {
  await environment.sleep(millisOf(instant) - (await environment.currentTimeMs()));
}

function firstOfMonth(from: string, months: number): string {
  const date = new Date(from);
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1)).toISOString();
}

test('a contract starts next month, is paused, resumes by itself, has its grace, and expires in a year', async () => {
  const created_at = await now();
  const starts_at = firstOfMonth(created_at, 1);
  const pause_from = firstOfMonth(created_at, 4);
  const resume_at = firstOfMonth(created_at, 7).replace('00:00:00.000', '09:30:00.250');
  const ends_at = firstOfMonth(created_at, 13);
  const expires_at = instantFromMillis(millisOf(ends_at) + 14 * 86_400_000);
  const { facts } = await buildContract(database.sql, {
    now: created_at,
    start_date: starts_at.slice(0, 10),
    term: 'P1Y',
    expiry_grace_days: 14,
  });
  await worker.nudger.wakeContracts([facts.id]);

  const handle = environment.client.workflow.getHandle<typeof contractLifecycle>(contractWorkflowId(facts.id));
  const stateBecomes = (state: string): Promise<unknown> =>
    waitFor(async () => (await handle.query(contractViewQuery))?.state === state, {
      timeout_ms: 10_000,
      what: `the state ${state}`,
    });
  await stateBecomes('SCHEDULED');
  await passUntil(pause_from);
  await stateBecomes('ACTIVE');
  expect(await worker.send(facts.id, { name: 'pause', input: { resume_at, note: 'stock-taking' } })).toMatchObject({
    changed: true,
  });
  await stateBecomes('PAUSED');
  expect(await handle.result()).toMatchObject({ state: 'EXPIRED', at_rest: true });

  const [paused, ...others] = (await auditOf(database.sql, facts.id)).filter(
    ({ action }) => action === 'contract.paused',
  );
  expect(others).toEqual([]);
  expect(paused && paused.at >= pause_from && paused.at < resume_at).toBe(true);
  expect(await auditOf(database.sql, facts.id)).toEqual([
    { action: 'contract.created', at: created_at, actor: 'user', state: 'SCHEDULED' },
    { action: 'contract.term_started', at: starts_at, actor: 'system', state: 'ACTIVE' },
    paused,
    { action: 'contract.resumed', at: resume_at, actor: 'system', state: 'ACTIVE' },
    { action: 'contract.grace_started', at: ends_at, actor: 'system', state: 'EXPIRY_GRACE' },
    { action: 'contract.expired', at: expires_at, actor: 'system', state: 'EXPIRED' },
  ]);
  await expectInvariants(database.sql);
});

test('a contract whose whole life passed before anybody looked is told the same', async () => {
  const created_at = await now();
  const starts_at = firstOfMonth(created_at, 1);
  const { facts } = await buildContract(database.sql, {
    now: created_at,
    start_date: starts_at.slice(0, 10),
    term: 'P1M',
  });
  const ends_at = firstOfMonth(created_at, 2);
  await passUntil(firstOfMonth(created_at, 6));
  await worker.nudger.wakeContracts([facts.id]);
  const handle = environment.client.workflow.getHandle<typeof contractLifecycle>(contractWorkflowId(facts.id));
  expect(await handle.result()).toMatchObject({ state: 'EXPIRED' });
  expect((await auditOf(database.sql, facts.id)).slice(1)).toEqual([
    { action: 'contract.term_started', at: starts_at, actor: 'system', state: 'ACTIVE' },
    { action: 'contract.expired', at: ends_at, actor: 'system', state: 'EXPIRED' },
  ]);
});
