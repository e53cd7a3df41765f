/** `settleDue` with a real server: it settles what is due together, waits for a moment, and can be cancelled. */
import { Context } from '@temporalio/activity';
import { withHeartbeat } from '../../activities/base/heartbeat';
import { waitFor } from '../../dev/waiting';
import { instantFromMillis } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { BATCH_CONTRACTS_MIN } from '../../domain/contract/due-batch';
import { contractWorkflowId } from '../../temporal/ids';
import { dueBatchStart } from '../../temporal/start';
import { runCommand } from '../../transactions/contract/run-command';
import { contractViewQuery } from '../../workflows/contract-lifecycle';
import type { contractLifecycle } from '../../workflows/contract-lifecycle';
import { dueSignal, settleDue } from '../../workflows/settle-due';
import { TEST_ACTOR } from '../harness/contract-facts';
import { buildContract } from '../harness/contract-rows';
import { startCovenantWorker, withOverrides } from '../harness/covenant-worker';
import type { ActivityOverrides, CovenantWorker } from '../harness/covenant-worker';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectInvariants } from '../harness/invariants';
import { connectPreparedTemporal, uniqueTaskQueue } from '../harness/temporal';
import type { TestTemporal } from '../harness/temporal';

const WAIT_MS = 20_000;
const PAST = '2026-01-01T00:00:00.000Z';

let temporal: TestTemporal;
let database: TestDatabase;
let sql: TestDatabase['sql'];
let worker: CovenantWorker;
let around: ActivityOverrides = () => ({});

beforeAll(async () => {
  temporal = await connectPreparedTemporal();
  database = await createTestDatabase();
  sql = database.sql;
  const { client, nativeConnection } = temporal;
  worker = await startCovenantWorker({ db: sql, client, nativeConnection, wrap: withOverrides(() => around) });
});
afterEach(async () => {
  around = () => ({});
  await expectInvariants(sql);
});
afterAll(async () => {
  await worker.stop();
  await temporal.close();
  await database.drop();
});

const instantIn = (ms: number): Instant => instantFromMillis(Date.now() + ms);

function buildPaused(count: number, resume_at: Instant): Promise<string[]> {
  const pause = { name: 'pause', input: { resume_at } } as const;
  return Promise.all(
    Array.from({ length: count }, async () => {
      const { id } = (await buildContract(sql, { now: PAST })).facts;
      await sql.begin((tx) => runCommand(tx, { id, actor: TEST_ACTOR, now: PAST, request_id: null }, pause));
      return id;
    }),
  );
}

async function countPaused(ids: string[]): Promise<number> {
  const { count } = await sql`SELECT FROM contracts WHERE id = ANY(${ids}) AND state = 'PAUSED'`;
  return count;
}

/** Starts a batch of this test, which waits for an instant. */
function startBatch(at: Instant) {
  const workflowId = uniqueTaskQueue('due-batch');
  const start = { ...dueBatchStart(worker.queues, {}), workflowId };
  return temporal.client.workflow.signalWithStart(settleDue, { ...start, signal: dueSignal, signalArgs: [at] });
}

test('it waits for a moment, settles earlier when it is asked to, and ends when few are due', async () => {
  const at = instantIn(3_600_000);
  const later = await buildPaused(1, at);
  const handle = await startBatch(at);
  const due = await buildPaused(BATCH_CONTRACTS_MIN, instantIn(-1_000));
  await handle.signal(dueSignal, instantIn(0));
  await waitFor(async () => (await countPaused(due)) === 0, { timeout_ms: WAIT_MS, what: 'what is due to be settled' });
  expect(await countPaused(later)).toBe(1);
  await handle.signal(dueSignal, 'by hand');
  expect(await handle.result()).toEqual({ settled: BATCH_CONTRACTS_MIN, left: 0 });
});

test('a command that is sent in the middle of a batch is answered, and the batch can be cancelled', async () => {
  const [id] = (await buildPaused(1, instantIn(3_600_000))) as [string];
  let has_begun = false;
  around = () => ({
    settleDueContracts() {
      has_begun = true;
      return withHeartbeat(Context.current().cancelled);
    },
  });
  const handle = await startBatch(instantIn(0));
  await waitFor(() => has_begun, { timeout_ms: WAIT_MS, what: 'the pass to begin' });
  expect(await worker.send(id, { name: 'resume', input: {} })).toMatchObject({ refusal: null, changed: true });
  await handle.cancel();
  await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
});

test('the timers of contracts that wait for the same moment as many others are late', async () => {
  const at = instantIn(3_600_000);
  const ids = await buildPaused(BATCH_CONTRACTS_MIN, at);
  const [first] = ids as [string];
  await worker.nudger.wakeContracts([first]);
  const handle = temporal.client.workflow.getHandle<typeof contractLifecycle>(contractWorkflowId(first));
  await waitFor(async () => (await handle.query(contractViewQuery))?.is_in_batch, {
    timeout_ms: WAIT_MS,
    what: 'the contract to wait',
  });
  const { events } = await handle.fetchHistory();
  const timer = events?.find((event) => event.timerStartedEventAttributes)?.timerStartedEventAttributes;
  expect(Number(timer?.startToFireTimeout?.seconds)).toBeGreaterThan(3_600 + 25);
});

test('a step that finds a busy moment near starts the batch for it, so that no contract waits for the sweep', async () => {
  const at = instantIn(2_000);
  const ids = await buildPaused(BATCH_CONTRACTS_MIN, at);
  await worker.nudger.wakeContracts(ids);
  await waitFor(async () => (await countPaused(ids)) === 0, {
    timeout_ms: WAIT_MS,
    what: 'every contract to be resumed',
  });
  const rows = await sql`
    SELECT FROM audit_events WHERE action = 'contract.resumed' AND at = ${at} AND contract_id = ANY(${ids})`;
  expect(rows.count).toBe(ids.length);
});
