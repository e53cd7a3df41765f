/**
 * When workers, Temporal or Postgres are killed, Temporal loses its state, or everything is down, all open work is stored in
 * Postgres and continues without a lost or duplicated license. A start takes seconds, so the tests share a stack.
 */
import { rmSync } from 'node:fs';
import type { Client } from '@temporalio/client';
import { contractWorkflowId } from '../../temporal/ids';
import { contractViewQuery } from '../../workflows/contract-lifecycle';
import { closeChunkGate, installChunkGate, openChunkGates } from '../harness/chunk-gate';
import { gate } from '../harness/gate';
import { expectInvariants } from '../harness/invariants';
import { addPastContract, listAuditedBoundaries } from '../harness/past-contract';
import { startTestStack, waitFor, type TestStack } from '../harness/stack';
import {
  RECOVERY_TIMEOUT_MS,
  addStackContract,
  callStack,
  countLicenses,
  waitForJobSuccess,
  quotaOf,
  requestJob,
  withTemporal,
} from '../harness/stack-client';
import { startMailServer } from '../harness/mail-server';
import type { TestMailServer } from '../harness/mail-server';
import { testImportFaults } from './import-cases';
import { mailSettings, oweMail, testMailFaults } from './mail-cases';
import { testPostgresFaults } from './postgres-cases';
import {
  addSchedule,
  expectRuns,
  makeRunDue,
  startRuns,
  testScheduleFaults,
  waitUntilInTemporal,
} from './schedule-cases';
import { oweWebhooks, testWebhookFaults } from './webhook-cases';

jest.setTimeout(300_000);

let stack: TestStack;
let mails: TestMailServer;
beforeAll(async () => {
  mails = await startMailServer();
  stack = await startTestStack({ worker: { env: mailSettings(mails) } });
  await installChunkGate(stack);
});
afterEach(openChunkGates);
afterAll(async () => {
  await stack?.end();
  await mails.close();
});

describe('Postgres', () => testPostgresFaults(() => stack));
describe('an import', () => testImportFaults(() => stack));
describe('a schedule', () => testScheduleFaults(() => stack));
describe('webhooks', () => testWebhookFaults(() => stack));
describe('mail', () => testMailFaults(() => ({ stack, mails })));

/** Resolves with the contract's state when its workflow waits on the server. */
function waitUntilWorkflowWaits(client: Client, contract_id: string): Promise<string> {
  return waitFor(
    async () => {
      const handle = client.workflow.getHandle(contractWorkflowId(contract_id));
      const { status } = await handle.describe();
      return status.name === 'RUNNING' ? (await handle.query(contractViewQuery))?.state : undefined;
    },
    { timeout_ms: RECOVERY_TIMEOUT_MS, what: `the workflow of contract ${contract_id} to wait` },
  );
}

test('a worker that is killed with -9 twice during 20,000 licenses loses and duplicates none', async () => {
  const contract_id = await addStackContract(stack, 20_000);
  // Two ranges of ten chunks each. Both are partly filled.
  const chunks = await closeChunkGate(stack, [4, 14]);
  const job_id = await requestJob(stack, contract_id, 20_000);

  await chunks.waitForBlocked(2);
  expect(await countLicenses(stack, job_id)).toBe(8_000);
  await stack.kill('worker');
  await expectInvariants(stack.sql);
  // The statements of the killed worker continue in Postgres and commit, but no process receives their results.
  await chunks.open([8, 18]);

  await chunks.waitForBlocked(2);
  expect(await countLicenses(stack, job_id)).toBe(16_000);
  await stack.kill('worker');
  await expectInvariants(stack.sql);
  await chunks.open();

  await waitForJobSuccess(stack, job_id);
  await expectInvariants(stack.sql);
  expect(await countLicenses(stack, job_id)).toBe(20_000);
  expect(await quotaOf(stack, contract_id)).toMatchObject({ generated: 20_000, reserved: 0, remaining: 0 });
});

test('a worker that is killed with -9 while licenses are assigned, and then revoked, changes each of them exactly once', async () => {
  const contract_id = await addStackContract(stack, 3_000);
  await waitForJobSuccess(stack, await requestJob(stack, contract_id, 3_000));
  const { sql } = stack;
  const [middle] = await sql<[{ id: string }]>`
    SELECT id FROM issued_licenses WHERE contract_id = ${contract_id} ORDER BY id OFFSET 1700 LIMIT 1`;

  /** Kills the worker in the fourth batch of an operation, and returns the operation after its end. */
  async function killDuring(kind: 'assign' | 'revoke', more: object): Promise<any> {
    // The lock of one license stops the batch after it has locked others.
    const killed = gate();
    const locked = sql.begin(async (tx) => {
      await tx`
        INSERT INTO license_facts (license_id) VALUES (${middle.id}) ON CONFLICT (license_id) DO UPDATE SET license_id = excluded.license_id`;
      killed.arrive();
      await killed.opened;
    });
    await killed.reached;
    const body = { filter: { contract_id }, ...more };
    const { body: queued } = await callStack(stack, 'POST', `/licenses/${kind}`, { body });
    const read = async () => (await callStack(stack, 'GET', `/license-operations/${queued.id}`)).body;
    const wait = (what: string, is: (operation: any) => boolean) =>
      waitFor(async () => is(await read()), { timeout_ms: RECOVERY_TIMEOUT_MS, what });
    await wait('three batches', ({ decided }) => decided === 1_500);
    await stack.kill('worker');
    killed.open();
    await locked;
    await wait('the end of the job', ({ state }) => state === 'SUCCEEDED');
    return read();
  }

  /** The licenses in the events of an operation, their number, and the audit rows of its end. */
  async function recordsOf({ id, customer_id }: any): Promise<object> {
    const [row] = await sql<[object]>`
      SELECT (SELECT count(*)::int FROM domain_events WHERE data ->> 'operation_id' = ${id}) AS events,
             (SELECT sum((data ->> 'count')::int)::int FROM domain_events WHERE data ->> 'operation_id' = ${id}) AS licenses,
             (SELECT count(*)::int FROM audit_events
              WHERE action = 'license_operation.finished' AND subject_id = ${customer_id ?? id}) AS finished`;
    return row;
  }

  const assigned = await killDuring('assign', { customer_email: 'outage@covenant.test' });
  const revoked = await killDuring('revoke', { reason: 'A leak' });
  for (const operation of [assigned, revoked]) {
    expect(operation.counts).toMatchObject({ done: 3_000, unchanged: 0, not_available: 0 });
    expect(await recordsOf(operation)).toEqual({ events: 1, licenses: 3_000, finished: 1 });
  }
  const [row] = await sql<[{ count: number }]>`
    SELECT count(*)::int FROM license_facts WHERE customer_id = ${assigned.customer_id} AND revoked_at IS NOT NULL`;
  expect(row.count).toBe(3_000);
  await expectInvariants(sql);
});

test('a worker that is killed with -9 while it replenishes a pool leaves exactly the target', async () => {
  const { sql } = stack;
  const contract_id = await addStackContract(stack, 20_000, { type: 'pool' });
  const chunks = await closeChunkGate(stack, [4, 14]);
  const edit = { auto_replenish: { target: 20_000 } };
  expect(await callStack(stack, 'PATCH', `/contracts/${contract_id}`, { body: edit })).toMatchObject({ status: 200 });
  await chunks.waitForBlocked(2);
  await stack.kill('worker');
  await chunks.open();

  const [job] = await sql<[{ id: string }]>`
    SELECT id FROM generation_jobs WHERE contract_id = ${contract_id} AND channel = 'replenish'`;
  await waitForJobSuccess(stack, job.id);
  const { data } = (await callStack(stack, 'GET', `/jobs?contract_id=${contract_id}`)).body;
  expect(data).toMatchObject([{ id: job.id, method: 'replenishment', requested: 20_000, completed: 20_000 }]);
  const contract = (await callStack(stack, 'GET', `/contracts/${contract_id}`)).body;
  expect([contract.pool.available, contract.warnings]).toEqual([20_000, ['QUOTA_USED']]);
  await expectInvariants(sql);
});

test('a Temporal server that is killed during a job continues it after a restart with its state file', async () => {
  const contract_id = await addStackContract(stack, 20_000);
  const chunks = await closeChunkGate(stack, [4, 14]);
  const job_id = await requestJob(stack, contract_id, 20_000);

  await chunks.waitForBlocked(2);
  await stack.kill('temporal');
  await chunks.open();
  await waitForJobSuccess(stack, job_id);

  await expectInvariants(stack.sql);
  expect(await countLicenses(stack, job_id)).toBe(20_000);
  expect(await quotaOf(stack, contract_id)).toMatchObject({ generated: 20_000, reserved: 0 });
  expect(await withTemporal(stack, (client) => waitUntilWorkflowWaits(client, contract_id))).toBe('ACTIVE');
});

test('after its state file is deleted, the empty Temporal server gets every open contract, job, schedule, due boundary and owed webhook again', async () => {
  const contract_id = await addStackContract(stack, 40_000);
  const paused_id = await addStackContract(stack, 1_000);
  expect(await callStack(stack, 'POST', `/contracts/${paused_id}/pause`, { body: {} })).toMatchObject({ status: 200 });
  const scheduled_id = await addStackContract(stack, 3_000);
  const schedules = [
    await addSchedule(stack, scheduled_id, 'lost-1@covenant.test'),
    await addSchedule(stack, scheduled_id, 'lost-2@covenant.test'),
  ];
  // The due run of a schedule lets it be placed again anyway.
  const idle = await addSchedule(stack, scheduled_id, 'lost-3@covenant.test');
  const owed = await oweWebhooks(stack, 40);
  const mail = await oweMail(stack, mails);
  const chunks = await closeChunkGate(stack, [4, 14]);
  const job_id = await requestJob(stack, contract_id, 20_000);
  await chunks.waitForBlocked(2);
  const before = stack.describe().pids.temporal;

  rmSync(stack.temporalStateFile);
  const past = await addPastContract(stack.sql);
  await owed.becomeDue();
  await mail.becomeDue();
  // The lost server does not start these runs.
  for (const schedule of schedules) await makeRunDue(stack, schedule, { seconds_ago: 2, days_ago: 1 });
  await waitFor(() => stack.describe().pids.temporal !== before, {
    timeout_ms: RECOVERY_TIMEOUT_MS,
    what: 'Temporal to be restarted',
  });
  await chunks.open();
  const waiting_id = await requestJob(stack, contract_id, 20_000);

  await waitForJobSuccess(stack, job_id);
  await waitForJobSuccess(stack, waiting_id);
  await waitFor(
    async () => {
      const [row] = await stack.sql<{ state: string }[]>`SELECT state FROM contracts WHERE id = ${past.id}`;
      return row?.state === 'EXPIRED';
    },
    { timeout_ms: RECOVERY_TIMEOUT_MS, what: 'the due boundaries to be applied' },
  );
  expect(await listAuditedBoundaries(stack.sql, past.id)).toEqual(past.boundaries);
  await withTemporal(stack, async (client) => {
    expect(await waitUntilWorkflowWaits(client, contract_id)).toBe('ACTIVE');
    expect(await waitUntilWorkflowWaits(client, paused_id)).toBe('PAUSED');
  });
  await expectRuns(stack, schedules, 1);
  await waitUntilInTemporal(stack, idle);
  for (const schedule of schedules) await makeRunDue(stack, schedule, { seconds_ago: 1 });
  await startRuns(stack, schedules);
  await expectRuns(stack, schedules, 2);
  await owed.expectDelivered();
  await mail.expectSent();
  // The contract accepts commands in its new workflow.
  expect(await callStack(stack, 'POST', `/contracts/${paused_id}/resume`, { body: {} })).toMatchObject({ status: 200 });

  await expectInvariants(stack.sql);
  expect(await quotaOf(stack, contract_id)).toMatchObject({ generated: 40_000, reserved: 0, remaining: 0 });
});

test('a contract whose dates passed while everything was down is correct at the first read, with each boundary at its own instant', async () => {
  for (const server of ['api', 'worker', 'temporal'] as const) await stack.stop(server);
  const past = await addPastContract(stack.sql);
  expect(await listAuditedBoundaries(stack.sql, past.id)).toEqual(past.boundaries.slice(0, 1));
  await stack.start('temporal');
  await stack.start('api');

  const first = await callStack(stack, 'GET', `/contracts/${past.id}`);
  expect(first).toMatchObject({
    status: 200,
    body: { state: 'EXPIRED', status: 'inactive', inactive_reason: 'EXPIRED', next_boundary: null },
  });
  expect(await listAuditedBoundaries(stack.sql, past.id)).toEqual(past.boundaries);

  const second = await callStack(stack, 'GET', `/contracts/${past.id}`);
  expect(second).toEqual(first);
  const refused = await callStack(stack, 'POST', `/contracts/${past.id}/generate`, { body: { count: 1 } });
  expect(refused).toMatchObject({ status: 409, body: { code: 'CONTRACT_EXPIRED' } });
  await stack.start('worker');
  expect(await listAuditedBoundaries(stack.sql, past.id)).toEqual(past.boundaries);
  await expectInvariants(stack.sql);
});
