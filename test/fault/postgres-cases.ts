/**
 * When Postgres loses connections, hangs or is stopped, jobs continue where they were, and no answer is wrong. The tests of a file that
 * has a stack with a chunk gate.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { closeChunkGate } from '../harness/chunk-gate';
import { freezeServer } from '../harness/frozen-server';
import { expectInvariants } from '../harness/invariants';
import { waitFor, type TestStack } from '../harness/stack';
import {
  RECOVERY_TIMEOUT_MS,
  addStackContract,
  callStack,
  countLicenses,
  waitForJobSuccess,
  quotaOf,
  requestJob,
} from '../harness/stack-client';
import type { StackAnswer } from '../harness/stack-client';

/** How long Postgres hangs: longer than the timeout of any single statement. */
const FROZEN_MS = 10_000;
const JOB_LICENSES = 20_000;
const INLINE_LICENSES = 50;

let stack: TestStack;

/** Expects that the job is complete, and that the contract has exactly its licenses and `others` more. */
async function expectComplete(contract_id: string, job_id: string, others = 0): Promise<void> {
  await waitForJobSuccess(stack, job_id);
  await expectInvariants(stack.sql);
  expect(await countLicenses(stack, job_id)).toBe(JOB_LICENSES);
  expect(await quotaOf(stack, contract_id)).toMatchObject({ generated: JOB_LICENSES + others, reserved: 0 });
}

/** Repeats a request with one idempotency key until it is answered with licenses, like a client that receives 503. */
async function generateUntilAnswered(contract_id: string, key: string): Promise<StackAnswer> {
  return waitFor(
    async () => {
      const headers = { 'Idempotency-Key': key };
      const body = { count: INLINE_LICENSES };
      const answer = await callStack(stack, 'POST', `/contracts/${contract_id}/generate`, { body, headers });
      if (answer.status < 500) expect(answer.status).toBe(201);
      return answer.status === 201 ? answer : undefined;
    },
    { timeout_ms: RECOVERY_TIMEOUT_MS, what: 'the request to be answered' },
  );
}

async function expectExists({ body }: StackAnswer): Promise<void> {
  const keys = (body as { licenses: { key: string }[] }).licenses.map(({ key }) => key);
  const [found] = await stack.sql<
    [{ count: number }]
  >`SELECT count(*)::int AS count FROM licenses WHERE key = ANY(${keys})`;
  expect(found.count).toBe(INLINE_LICENSES);
}

/** Declares the tests. `start` returns the stack of their file. */
export function testPostgresFaults(start: () => TestStack): void {
  beforeAll(() => {
    stack = start();
  });

  test('backends that are terminated repeatedly in the middle of a chunk leave no partial chunk and no gap', async () => {
    const contract_id = await addStackContract(stack, JOB_LICENSES);
    const gate = await closeChunkGate(stack, [3, 12]);
    const job_id = await requestJob(stack, contract_id, JOB_LICENSES);
    for (const next of [
      [3, 12],
      [6, 17],
      [9, 19],
    ]) {
      const backends = await gate.waitForBlocked(2);
      for (const pid of backends) await stack.sql`SELECT pg_terminate_backend(${pid})`;
      await expectInvariants(stack.sql);
      // The same chunks again, then others, so that both a repeated and a new chunk fail.
      await gate.waitForBlocked(2);
      await gate.open(next);
    }
    await gate.waitForBlocked(2);
    await stack.sql`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^covenant (worker|api) '`;
    await gate.open();
    await expectComplete(contract_id, job_id);
  });

  test('requests whose backends end in the middle of a transaction get 503, and the API process keeps running', async () => {
    const contract_id = await addStackContract(stack, JOB_LICENSES);
    const { api } = stack.describe().pids;
    let pendingAnswer: Promise<StackAnswer> | undefined;
    await stack.sql.begin(async (tx) => {
      // The transaction of the edit waits for this row.
      await tx`SELECT FROM contracts WHERE id = ${contract_id} FOR UPDATE`;
      pendingAnswer = callStack(stack, 'PATCH', `/contracts/${contract_id}`, { body: { name: 'Renamed' } });
      await waitFor(
        async () => {
          const ended = await stack.sql`
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'covenant api %' AND wait_event_type = 'Lock'`;
          return ended.count === 1;
        },
        { timeout_ms: RECOVERY_TIMEOUT_MS, what: 'the edit to wait for the row' },
      );
    });
    expect(await pendingAnswer).toMatchObject({ status: 503, body: { code: 'DATABASE_UNAVAILABLE' } });

    const again = await callStack(stack, 'PATCH', `/contracts/${contract_id}`, { body: { name: 'Renamed' } });
    expect(again).toMatchObject({ status: 200, body: { name: 'Renamed' } });
    expect(stack.describe().pids.api).toBe(api);
    await expectInvariants(stack.sql);
  });

  test('a Postgres that hangs for ten seconds in the middle of a job only delays the job', async () => {
    const contract_id = await addStackContract(stack, JOB_LICENSES + INLINE_LICENSES);
    const gate = await closeChunkGate(stack, [4, 14]);
    const job_id = await requestJob(stack, contract_id, JOB_LICENSES);
    await gate.waitForBlocked(2);
    const thaw = freezeServer(stack.describe().pids.postgres);
    const pendingAnswer = generateUntilAnswered(contract_id, 'while it hangs');
    await sleep(FROZEN_MS);
    thaw();
    await gate.open();

    await expectExists(await pendingAnswer);
    await expectComplete(contract_id, job_id, INLINE_LICENSES);
  });

  test('a job waits while Postgres is stopped and started, and requests in the meantime get 503', async () => {
    const contract_id = await addStackContract(stack, JOB_LICENSES + INLINE_LICENSES);
    const gate = await closeChunkGate(stack, [4, 14]);
    const job_id = await requestJob(stack, contract_id, JOB_LICENSES);
    await gate.waitForBlocked(2);
    // The gate opened with the end of its connection.
    await stack.stop('postgres');
    await gate.open();
    const down = await callStack(stack, 'GET', `/contracts/${contract_id}`);
    expect(down).toMatchObject({ status: 503, body: { code: 'DATABASE_UNAVAILABLE' } });
    const pendingAnswer = generateUntilAnswered(contract_id, 'while it is down');
    await stack.start('postgres');

    await expectExists(await pendingAnswer);
    await expectComplete(contract_id, job_id, INLINE_LICENSES);
  });

  test('a Postgres that is killed with -9 in the middle of a job recovers all committed data, and the job continues', async () => {
    const contract_id = await addStackContract(stack, JOB_LICENSES);
    const gate = await closeChunkGate(stack, [4, 14]);
    const job_id = await requestJob(stack, contract_id, JOB_LICENSES);
    await gate.waitForBlocked(2);
    await stack.kill('postgres');
    await stack.ready('postgres');
    await expectComplete(contract_id, job_id);
  });
}
