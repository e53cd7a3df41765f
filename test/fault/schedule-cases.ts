/**
 * When a worker is killed, or Temporal loses its state, while runs of schedules are due, each run is made once and its licenses are assigned
 * once. The tests of a file that has a stack with a chunk gate.
 */
import { scheduleName } from '../../domain/schedule/name';
import { closeChunkGate } from '../harness/chunk-gate';
import { gate } from '../harness/gate';
import { expectInvariants } from '../harness/invariants';
import { waitFor, type TestStack } from '../harness/stack';
import { RECOVERY_TIMEOUT_MS, addStackContract, callStack, quotaOf, withTemporal } from '../harness/stack-client';

/** Licenses of a run: a background job with one chunk. */
const COUNT = 600;
/** Decades ahead, so that only the runs that a test makes due are made. */
const FIRST_RUN = '2090-01-01';

interface StackSchedule {
  id: string;
  contract_id: string;
  /** The address of its customer. */
  assign_to: string;
}

/** Creates a schedule whose licenses are assigned, and waits until Temporal has it. */
export async function addSchedule(stack: TestStack, contract_id: string, assign_to: string): Promise<StackSchedule> {
  const body = { count: COUNT, every: 'P1D', from: FIRST_RUN, assign_to };
  const created = await callStack(stack, 'POST', `/contracts/${contract_id}/schedules`, { body });
  expect(created).toMatchObject({ status: 201, body: { next_run_at: `${FIRST_RUN}T00:00:00.000Z` } });
  const schedule = { id: created.body.id, contract_id, assign_to };
  await waitUntilPlaced(stack, schedule);
  return schedule;
}

/** Resolves when the last change of a schedule has reached Temporal. */
async function waitUntilPlaced({ sql }: TestStack, { id }: StackSchedule): Promise<void> {
  await waitFor(
    async () =>
      (await sql`SELECT FROM generation_schedules WHERE id = ${id} AND placed_revision = revision`).count === 1,
    { timeout_ms: RECOVERY_TIMEOUT_MS, what: `Temporal to have schedule ${id}` },
  );
}

/** Makes the next run of a schedule due since some seconds, for the day that is so many days ago. */
export async function makeRunDue(
  { sql }: TestStack,
  { id }: StackSchedule,
  { seconds_ago, days_ago = 0 }: { seconds_ago: number; days_ago?: number },
): Promise<void> {
  await sql`
    UPDATE generation_schedules
    SET next_run_at = date_trunc('milliseconds', now()) - ${seconds_ago} * interval '1 second', next_date = current_date - ${days_ago}::int
    WHERE id = ${id}`;
}

/** Lets Temporal start the workflows of schedules, as it does at the instants of their runs. */
export async function startRuns(stack: TestStack, schedules: readonly StackSchedule[]): Promise<void> {
  await withTemporal(stack, async ({ schedule }) => {
    for (const { id } of schedules) await schedule.getHandle(scheduleName(id)).trigger();
  });
}

/** Resolves when Temporal has the first run of a schedule, also on a server that has lost its state. */
export async function waitUntilInTemporal(stack: TestStack, schedule: StackSchedule): Promise<void> {
  await waitFor(
    async () => (await nextInTemporal(stack, schedule).catch(() => undefined)) === `${FIRST_RUN}T00:00:00.000Z`,
    { timeout_ms: RECOVERY_TIMEOUT_MS, what: `Temporal to have schedule ${schedule.id} again` },
  );
}

/** When Temporal starts the next run of a schedule. Throws when it does not have the schedule. */
function nextInTemporal(stack: TestStack, { id }: StackSchedule): Promise<string | undefined> {
  return withTemporal(stack, async (client) => {
    const { info } = await client.schedule.getHandle(scheduleName(id)).describe();
    return info.nextActionTimes[0]?.toISOString();
  });
}

/** Expects that each schedule has made so many runs, each with its licenses for its customer, and that Temporal has its next one. */
export async function expectRuns(stack: TestStack, schedules: readonly StackSchedule[], runs: number): Promise<void> {
  const { sql } = stack;
  for (const schedule of schedules) {
    const { id, contract_id, assign_to } = schedule;
    const licenses = runs * COUNT;
    await waitFor(
      async () => {
        const [row] = await sql<[{ count: number }]>`
          SELECT count(*)::int FROM license_facts f JOIN customers u ON u.id = f.customer_id WHERE u.email = ${assign_to}`;
        return row.count >= licenses;
      },
      { timeout_ms: RECOVERY_TIMEOUT_MS, what: `${licenses} licenses for ${assign_to}` },
    );
    const { body } = await callStack(stack, 'GET', `/contracts/${contract_id}/schedules/${id}/runs`);
    const made = { outcome: 'generated', code: null, licenses: COUNT };
    expect(body.data).toEqual(Array.from({ length: runs }, () => expect.objectContaining(made)));
    const [row] = await sql`
      SELECT (SELECT count(*)::int FROM schedule_runs r JOIN generation_jobs j ON j.id = r.job_id WHERE r.schedule_id = ${id} AND j.state = 'SUCCEEDED') AS jobs,
             (SELECT count(*)::int FROM license_facts f JOIN generation_jobs j ON j.serial = f.license_id >> 24
              JOIN schedule_runs r ON r.job_id = j.id JOIN customers u ON u.id = f.customer_id
              WHERE r.schedule_id = ${id} AND u.email = ${assign_to}) AS assigned`;
    expect(row).toEqual({ jobs: runs, assigned: licenses });
    await waitUntilPlaced(stack, schedule);
    expect(await nextInTemporal(stack, schedule)).toBe(`${FIRST_RUN}T00:00:00.000Z`);
  }
  await expectInvariants(sql);
}

/** Declares the tests. `start` returns the stack of their file. */
export function testScheduleFaults(start: () => TestStack): void {
  let stack: TestStack;
  beforeAll(() => {
    stack = start();
  });

  test('a worker that is killed with -9 between runs that are due together, and during their jobs, makes each run once', async () => {
    const { sql } = stack;
    const contract_id = await addStackContract(stack, 5_000);
    const made = await addSchedule(stack, contract_id, 'run-1@covenant.test');
    const stopped = await addSchedule(stack, contract_id, 'run-2@covenant.test');
    const other = await addSchedule(stack, await addStackContract(stack, 5_000), 'run-3@covenant.test');
    const schedules = [made, stopped, other];
    const chunks = await closeChunkGate(stack, [0]);

    // The lock of its customer stops the second run of the contract, whose job is requested and not committed.
    const killed = gate();
    const locked = sql.begin(async (tx) => {
      await tx`SELECT FROM customers WHERE email = ${stopped.assign_to} FOR UPDATE`;
      killed.arrive();
      await killed.opened;
    });
    await killed.reached;
    for (const [index, schedule] of schedules.entries()) await makeRunDue(stack, schedule, { seconds_ago: 9 - index });
    await startRuns(stack, schedules);
    await waitFor(
      async () => {
        const waiting = await sql`
          SELECT FROM pg_stat_activity WHERE application_name LIKE 'covenant worker %' AND wait_event_type = 'Lock' AND query LIKE '%customers%'`;
        const jobs = await sql`
          SELECT FROM schedule_runs r JOIN generation_jobs j ON j.id = r.job_id
          WHERE r.schedule_id IN ${sql([made.id, other.id])} AND j.started_at IS NOT NULL`;
        return jobs.count === 2 && waiting.count > 0;
      },
      { timeout_ms: RECOVERY_TIMEOUT_MS, what: 'the jobs of two runs to start, and the third run to wait' },
    );
    await stack.kill('worker');
    expect((await sql`SELECT FROM schedule_runs WHERE schedule_id = ${stopped.id}`).count).toBe(0);
    await expectInvariants(sql);
    killed.open();
    await locked;
    // The statements of the killed worker continue in Postgres and commit, but no process receives their results.
    await chunks.open();

    await expectRuns(stack, schedules, 1);
    expect(await quotaOf(stack, contract_id)).toMatchObject({ generated: 2 * COUNT, reserved: 0 });
  });
}
