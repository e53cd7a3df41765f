/**
 * The slots of a worker: what hangs on one queue stops nothing on another, and a pool that is too small for them is refused.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createStandardPort } from '../adapters/billing-standard';
import { loadConfig } from '../config';
import { waitFor } from '../dev/waiting';
import { workerPoolSize, workerSlots } from '../worker-slots';
import { outcomesOf, tellInvoice } from './harness/billing';
import { buildContract } from './harness/contract-rows';
import { startCovenantWorker } from './harness/covenant-worker';
import { createTestDatabase } from './harness/database';
import { expectInvariants } from './harness/invariants';
import { connectPreparedTemporal } from './harness/temporal';

const REQUIRED = { DATABASE_URL: 'postgres://covenant@127.0.0.1:1/covenant', COVENANT_KEY_PEPPER: 'p'.repeat(32) };
const SLOTS = { commands: 8, billing: 4, fill: 2, clocks: 4, steps: 4 };

test('a billing system that never answers stops no command, of its own contracts neither', async () => {
  const temporal = await connectPreparedTemporal();
  const database = await createTestDatabase();
  const { sql } = database;
  let asked = 0;
  const hanging = createServer(() => void (asked += 1)).listen(0, '127.0.0.1');
  await once(hanging, 'listening');
  const url = `http://127.0.0.1:${(hanging.address() as AddressInfo).port}`;
  const worker = await startCovenantWorker({
    db: sql,
    client: temporal.client,
    nativeConnection: temporal.nativeConnection,
    billingPorts: new Map([['standard', createStandardPort(url, 60_000)]]),
    slots: { commands: 2, billing: 2, fill: 1, clocks: 1, steps: 1 },
  });

  const contracts = await Promise.all(Array.from({ length: 4 }, async () => (await buildContract(sql)).facts.id));
  const [one, other, waiting, without] = contracts as [string, string, string, string];
  for (const id of [one, other, waiting]) {
    const inbox_id = await tellInvoice(sql, id, { silent: true, occurred_at: new Date().toISOString() });
    await worker.nudger.tellBilling(id, { inbox_id, told: 'an event' });
  }
  await waitFor(() => asked === 2 || undefined, { timeout_ms: 20_000, what: 'every billing slot to be held' });
  for (const id of [one, other, waiting, without])
    expect(await worker.send(id, { name: 'pause', input: {} })).toMatchObject({ refusal: null, changed: true });
  expect(asked).toBe(2);

  hanging.closeAllConnections();
  hanging.close();
  // Its silence is an answer like another: what it was to say stays pending.
  await waitFor(async () => (await outcomesOf(sql, one))[0]?.reason === 'BILLING_UNREACHABLE' || undefined, {
    timeout_ms: 20_000,
    what: 'the questions to end',
  });
  await worker.stop();
  await expectInvariants(sql);
  await database.drop();
  await temporal.close();
});

test('the slots for commands and billing are the same on one core and on a hundred', () => {
  const slots = workerSlots(loadConfig(REQUIRED));
  expect(slots).toMatchObject({ commands: 8, billing: 4 });
  expect(workerSlots(loadConfig({ ...REQUIRED, WORKER_FILL_SLOTS: '100' }))).toEqual({ ...slots, fill: 100 });
});

test('a pool has one connection for each slot and one for readiness, unless more are given', () => {
  expect(workerPoolSize(SLOTS, undefined)).toBe(23);
  expect(workerPoolSize(SLOTS, 23)).toBe(23);
  expect(workerPoolSize(SLOTS, 50)).toBe(50);
});

test('a worker whose pool is too small for its slots does not start, and says which numbers do not fit', async () => {
  const env = {
    ...process.env,
    ...REQUIRED,
    DATABASE_POOL_SIZE: '10',
    WORKER_COMMAND_SLOTS: '5',
    WORKER_BILLING_SLOTS: '3',
    WORKER_FILL_SLOTS: '2',
  };
  const root = join(__dirname, '..');
  const worker = spawn(process.execPath, ['--import', 'tsx', 'worker.ts'], { cwd: root, env, stdio: 'pipe' });
  let written = '';
  worker.stderr.on('data', (bytes: Buffer) => (written += bytes.toString()));
  const [code] = await once(worker, 'close');
  expect({ code, written: written.trim() }).toEqual({
    code: 1,
    written:
      'DATABASE_POOL_SIZE is 10, but the slots of this worker need 19 connections: 5 for commands (WORKER_COMMAND_SLOTS), ' +
      '3 for billing (WORKER_BILLING_SLOTS), 2 for filling (WORKER_FILL_SLOTS), 4 for test clocks, 4 for steps of jobs and ' +
      '1 for readiness. Raise DATABASE_POOL_SIZE, leave it unset, or lower the slots.',
  });
});
