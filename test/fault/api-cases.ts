/**
 * Two API processes on one database: together they never exceed a quota, and they carry out requests with one
 * idempotency key once. When an API process ends between its commit and the start of the workflow, the sweep starts the
 * job. The tests of a file that has a stack with two API processes.
 */
import { SWEEP_SCHEDULE_ID, contractWorkflowId } from '../../temporal/ids';
import { findSweepSchedule } from '../../temporal/sweep-schedule';
import type { ExtraApi } from '../../dev/stack';
import { expectInvariants } from '../harness/invariants';
import { startSilentProxy } from '../harness/silent-proxy';
import { waitFor, type TestStack } from '../harness/stack';
import {
  RECOVERY_TIMEOUT_MS,
  addStackContract,
  callStack,
  countLicenses,
  hasWorkflow,
  waitForJobSuccess,
  quotaOf,
  withTemporal,
} from '../harness/stack-client';
import type { StackAnswer } from '../harness/stack-client';

const QUOTA = 1_000;
const CLIENTS = 64;
const REPETITIONS = 50;
/**
 * Every client requests each of these counts until it no longer fits the quota: inline requests and background jobs.
 */
const COUNTS = [120, 37, 7, 3, 1];

let stack: TestStack;
let second: ExtraApi;

/** Alternates between the two API processes. */
function urlOf(turn: number): string {
  return turn % 2 === 0 ? stack.addresses.api_url : second.url;
}

async function licensesInJobs(answers: StackAnswer[]): Promise<number> {
  let licenses = 0;
  for (const { status, body } of answers) {
    if (status === 202) await waitForJobSuccess(stack, (body as { job_id: string }).job_id);
    licenses += await countLicenses(stack, (body as { job_id: string }).job_id);
  }
  return licenses;
}

async function epochOf(contract_id: string): Promise<string | null | undefined> {
  const [row] = await stack.sql<{ workflow_epoch: string | null }[]>`
    SELECT workflow_epoch FROM contracts WHERE id = ${contract_id}`;
  return row?.workflow_epoch;
}

/** Declares the tests. `start` returns the stack of their file, and its second API process. */
export function testTwoApis(start: () => { stack: TestStack; second: ExtraApi }): void {
  beforeAll(() => {
    ({ stack, second } = start());
  });

  test('64 clients with one quota of 1,000 get exactly 1,000 licenses through two API processes', async () => {
    const contract_id = await addStackContract(stack, QUOTA);
    const granted: StackAnswer[] = [];

    async function requestAll(client: number): Promise<void> {
      for (let turn = 0; turn < COUNTS.length;) {
        // Each client starts with another count, so that large and small requests compete.
        const count = COUNTS[(turn + client) % COUNTS.length] as number;
        const path = `/contracts/${contract_id}/generate`;
        const answer = await callStack(stack, 'POST', path, { body: { count }, url: urlOf(client) });
        if (answer.status === 201 || answer.status === 202) granted.push(answer);
        else {
          expect(answer).toMatchObject({ status: 409, body: { code: 'QUOTA_EXCEEDED' } });
          turn += 1;
        }
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, (_, client) => requestAll(client)));

    const granted_licenses = granted.reduce(
      (sum, { body }) => sum + (body as { licenses_requested: number }).licenses_requested,
      0,
    );
    expect(granted_licenses).toBe(QUOTA);
    expect(await licensesInJobs(granted)).toBe(QUOTA);
    await expectInvariants(stack.sql);
    expect(await quotaOf(stack, contract_id)).toMatchObject({ generated: QUOTA, reserved: 0, remaining: 0 });

    const keys = granted.flatMap(({ body }) =>
      ((body as { licenses?: { key: string }[] }).licenses ?? []).map(({ key }) => key),
    );
    const [found] = await stack.sql<
      [{ count: number }]
    >`SELECT count(*)::int AS count FROM licenses WHERE key = ANY(${keys})`;
    expect(found.count).toBe(keys.length);
  });

  test.each([
    { description: 'an inline request', count: 60, status: 201 },
    { description: 'a background job', count: 600, status: 202 },
  ])(
    '$description sent 50 times concurrently with one idempotency key, through two API processes, is carried out once',
    async ({ count, status }) => {
      const contract_id = await addStackContract(stack, QUOTA);
      const headers = { 'Idempotency-Key': `once-${count}` };
      const answers = await Promise.all(
        Array.from({ length: REPETITIONS }, (_, turn) =>
          callStack(stack, 'POST', `/contracts/${contract_id}/generate`, {
            body: { count },
            headers,
            url: urlOf(turn),
          }),
        ),
      );

      const first = answers[0] as StackAnswer;
      expect(first.status).toBe(status);
      for (const answer of answers) expect(answer).toEqual(first);
      const jobs = await stack.sql`SELECT FROM generation_jobs WHERE contract_id = ${contract_id}`;
      expect(jobs.count).toBe(1);
      expect(await licensesInJobs([first])).toBe(count);
      await expectInvariants(stack.sql);
      expect(await quotaOf(stack, contract_id)).toMatchObject({
        generated: count,
        reserved: 0,
        remaining: QUOTA - count,
      });
    },
  );

  test('the sweep starts what an API process committed but did not start before it ended', async () => {
    const proxy = await startSilentProxy(stack.addresses.temporal_address);
    const killedApi = await stack.addApi({ env: { TEMPORAL_ADDRESS: proxy.address } });
    await withTemporal(stack, async (client) => {
      const sweep = client.schedule.getHandle(SWEEP_SCHEDULE_ID);
      const { spec } = await sweep.describe();
      expect(spec.intervals).toMatchObject([{ every: 60_000 }]);
      // The test triggers the sweep itself, so the schedule must not run it earlier.
      await sweep.pause();
      const started_id = await addStackContract(stack, QUOTA);
      await waitFor(async () => (await epochOf(started_id)) === (await findSweepSchedule(client))?.epoch, {
        timeout_ms: RECOVERY_TIMEOUT_MS,
        what: 'the start of the contract to be recorded',
      });
      proxy.silence();

      const contract_id = await addStackContract(stack, QUOTA, {}, killedApi.url);
      const path = `/contracts/${contract_id}/generate`;
      const unanswered = callStack(stack, 'POST', path, { body: { count: 500 }, url: killedApi.url }).catch(
        () => undefined,
      );
      const [job] = await waitFor(
        async () => {
          const jobs = await stack.sql<
            { id: string }[]
          >`SELECT id FROM generation_jobs WHERE contract_id = ${contract_id}`;
          return jobs.count === 1 ? jobs : undefined;
        },
        { timeout_ms: RECOVERY_TIMEOUT_MS, what: 'the job to be committed' },
      );
      killedApi.server.kill();
      await unanswered;
      const job_id = (job as { id: string }).id;
      expect(await hasWorkflow(client, job_id)).toBe(false);

      // Backdated, because the sweep skips rows that are younger than a minute: their own process may still start them.
      await stack.sql`UPDATE contracts SET created_at = created_at - interval '1 minute'`;
      await stack.sql`UPDATE generation_jobs SET created_at = created_at - interval '1 minute'`;
      await sweep.trigger();
      await waitForJobSuccess(stack, job_id);
      await sweep.unpause();
      await client.workflow.getHandle(contractWorkflowId(contract_id)).describe();
      // The sweep does not signal a running workflow: the one signal is that of its start.
      const { events } = await client.workflow.getHandle(contractWorkflowId(started_id)).fetchHistory();
      expect(events?.filter((event) => event.workflowExecutionSignaledEventAttributes)).toHaveLength(1);
      expect(await quotaOf(stack, contract_id)).toMatchObject({ generated: 500, reserved: 0, remaining: QUOTA - 500 });
    });
    await expectInvariants(stack.sql);
    await proxy.close();
  });
}
