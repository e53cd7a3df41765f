/**
 * When a write succeeds but its answer is lost, the caller repeats the write, and it takes effect once.
 */
import { randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createContractActivities } from '../../activities/contract/contract';
import { ROW_LOCKED } from '../../activities/base/short-wait';
import { createGenerationJobActivities } from '../../activities/generation/generation-job';
import type { FilledRange, FillChunksInput } from '../../activities/generation/generation-job';
import { isDatabaseUnavailable } from '../../db/base/errors';
import { createLicenseRequests } from '../../transactions/generation/request-licenses';
import type { Granted, LicenseRequest } from '../../transactions/generation/license-request';
import { isRefusal } from '../../domain/base/refusal';
import type { Nudger } from '../../activities/ports';
import { buildImport, rowsWithKeys } from '../harness/imports';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { createFlakyDatabase, seededRandom } from '../harness/flaky-database';
import { expectInvariants } from '../harness/invariants';
import { addRunningContract } from '../harness/past-contract';

/** A higher share than in any network, so that few repetitions cover every place where an answer can be lost. */
const LOST_SHARE = 0.25;
const SEEDS = [1, 2, 3, 4];
const REPETITIONS_MAX = 50;
/** Of concurrent requests, the first is granted alone and the others together. */
const ROUNDS = 12;
const REQUESTS_AT_ONCE = 6;
const JOB_LICENSES = 20_000;

const IDLE_NUDGER: Nudger = {
  wakeContracts: (ids) => Promise.resolve(ids),
  wakeJobs: (ids) => Promise.resolve(ids),
  wakeOperations: async () => [],
  wakePools: (ids) => Promise.resolve(ids),
  wakeSchedules: (ids) => Promise.resolve(ids),
  wakeLimits: (ids) => Promise.resolve(ids),
  wakeEndpoints: (ids) => Promise.resolve(ids),
  planNotifications: async () => true,
  wakeNotifications: async (ids) => ids,
  signalBillingEvent: (id) => Promise.resolve([id]),
  startBillingBatch: async () => undefined,
  settleDue: async () => undefined,
  wake: () => Promise.resolve(),
};

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
afterEach(() => expectInvariants(database.sql));

/** Repeats a call while its answer is lost. Throws every other error. */
async function untilAnswered<T>(call: () => Promise<T>): Promise<T> {
  for (let repetition = 0; repetition < REPETITIONS_MAX; repetition++) {
    try {
      return await call();
    } catch (error) {
      if (!isDatabaseUnavailable(error)) throw error;
    }
  }
  throw new Error(`no answer in ${REPETITIONS_MAX} repetitions`);
}

function licenseRequest(contract_id: string, count: number, key: string): LicenseRequest {
  return {
    contract_id,
    count,
    test: false,
    actor: { type: 'user', id: 'test', name: 'Test' },
    channel: 'ui',
    now: new Date().toISOString(),
    idempotency: { key, fingerprint: `${count} licenses` },
    request_id: null,
    rated: false,
    credential: null,
  };
}

/** An activity environment without logs, because its failures are intended. */
function quietActivity(): MockActivityEnvironment {
  return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
}

function requireGranted(outcome: Awaited<ReturnType<ReturnType<typeof createLicenseRequests>>>): Granted {
  if (isRefusal(outcome.result)) throw new Error(outcome.result.detail);
  return outcome.result;
}

test.each(SEEDS)('concurrent requests whose answers are lost use the quota once (seed %i)', async (seed) => {
  const contract_id = await addRunningContract(database.sql, 100_000);
  const flaky = createFlakyDatabase(database.sql, { seed, lost_share: LOST_SHARE });
  const requestLicenses = createLicenseRequests(flaky.db);
  const random = seededRandom(seed);
  let requested = 0;
  const job_ids = new Set<string>();

  for (let round = 0; round < ROUNDS; round++) {
    const counts = Array.from({ length: REQUESTS_AT_ONCE }, () => 1 + Math.floor(random() * 150));
    const grants = await Promise.all(
      counts.map((count, n) =>
        untilAnswered(() => requestLicenses(licenseRequest(contract_id, count, `${round} ${n}`))).then(requireGranted),
      ),
    );
    expect(grants.map(({ job }) => job.requested)).toEqual(counts);
    for (const { job } of grants) job_ids.add(job.id);
    requested += counts.reduce((sum, count) => sum + count, 0);
  }

  expect(flaky.lost()).toBeGreaterThan(0);
  expect(job_ids.size).toBe(ROUNDS * REQUESTS_AT_ONCE);
  const [quota] = await database.sql`SELECT claimed FROM contract_quotas WHERE contract_id = ${contract_id}`;
  expect(quota?.['claimed']).toBe(requested);
});

test.each(SEEDS)(
  'a job whose chunks are inserted but reported as lost has every license once (seed %i)',
  async (seed) => {
    const contract_id = await addRunningContract(database.sql, JOB_LICENSES);
    const { job } = requireGranted(
      await createLicenseRequests(database.sql)(licenseRequest(contract_id, JOB_LICENSES, 'the job')),
    );
    const flaky = createFlakyDatabase(database.sql, { seed, lost_share: LOST_SHARE });
    const { openJob, fillChunks, closeJob } = createGenerationJobActivities({
      nudger: IDLE_NUDGER,
      db: flaky.db,
      fillTaskQueue: 'generation',
    });
    const now = new Date().toISOString();

    const opened = await untilAnswered(() => openJob({ job_id: job.id, now }));
    expect(opened).toMatchObject({ state: 'RUNNING', chunks: 20 });
    const half = opened.chunks / 2;
    // Two workers fill the same ranges, as when one is wrongly considered dead.
    await Promise.all(
      [0, half, 0, half].map((from_chunk) => {
        const range = { job_id: job.id, from_chunk, to_chunk: from_chunk + half, now, attempts_max: 1 };
        return untilAnswered(async () => {
          const filled: FilledRange = await quietActivity().run<[FillChunksInput], FilledRange, typeof fillChunks>(
            fillChunks,
            range,
          );
          if (filled.stopped) throw Object.assign(new Error('two workers met at a chunk'), { code: 'ETIMEDOUT' });
          expect(filled.given_up).toEqual([]);
        });
      }),
    );
    const closed = await untilAnswered(() => closeJob({ job_id: job.id, now, given_up: [] }));

    expect(flaky.lost()).toBeGreaterThan(0);
    expect(closed).toMatchObject({ state: 'SUCCEEDED', completed: JOB_LICENSES });
  },
);

test.each(SEEDS)(
  'an import whose chunks are stored but reported as lost has every row once (seed %i)',
  async (seed) => {
    const rows = rowsWithKeys(Array.from({ length: JOB_LICENSES }, () => randomUUID()));
    const contract_id = await addRunningContract(database.sql, JOB_LICENSES);
    const job_id = await buildImport(database.sql, contract_id, rows);
    const flaky = createFlakyDatabase(database.sql, { seed, lost_share: LOST_SHARE });
    const { openJob, fillChunks, closeJob } = createGenerationJobActivities({
      nudger: IDLE_NUDGER,
      db: flaky.db,
      fillTaskQueue: 'generation',
    });
    const now = new Date().toISOString();
    const opened = await untilAnswered(() => openJob({ job_id, now }));
    expect(opened).toMatchObject({ state: 'RUNNING', chunks: 4 });
    const half = opened.chunks / 2;
    // Two workers import the same ranges. One waits for the other, for a time that is limited.
    await Promise.all(
      [0, half, 0, half].map((from_chunk) => {
        const range = { job_id, from_chunk, to_chunk: from_chunk + half, now, attempts_max: 1 };
        return untilAnswered(async () => {
          const filled = await quietActivity()
            .run<[FillChunksInput], FilledRange, typeof fillChunks>(fillChunks, range)
            .catch((error: unknown) => {
              throw (error as { type?: string }).type === ROW_LOCKED
                ? Object.assign(new Error('locked'), { code: 'ETIMEDOUT' })
                : error;
            });
          expect(filled).toEqual({ stopped: false, given_up: [] });
        });
      }),
    );
    const closed = await untilAnswered(() => closeJob({ job_id, now, given_up: [] }));

    expect(flaky.lost()).toBeGreaterThan(0);
    expect(closed).toMatchObject({ state: 'SUCCEEDED', completed: JOB_LICENSES });
  },
);

test.each(SEEDS)('commands whose answers are lost are carried out once (seed %i)', async (seed) => {
  const contract_id = await addRunningContract(database.sql, 1_000);
  const flaky = createFlakyDatabase(database.sql, { seed, lost_share: LOST_SHARE });
  const { runContractCommand } = createContractActivities({ db: flaky.db, nudger: IDLE_NUDGER });
  const [admin] = await database.sql<[{ id: string }]>`
    INSERT INTO admins ${database.sql({ email: `${contract_id}@covenant.test`, name: 'Test', role: 'admin', created_at: 'now', updated_at: 'now' })}
    RETURNING id`;
  const commands = Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? 'pause' : 'resume'));

  for (const [n, name] of commands.entries()) {
    const outcome = await untilAnswered(() =>
      runContractCommand({
        contract_id,
        now: new Date().toISOString(),
        command: name === 'pause' ? { name, input: { reason: 'paused' } } : { name: 'resume', input: {} },
        command_id: `command ${n}`,
        fingerprint: name,
        actor_id: admin.id,
        request_id: `request ${n}`,
      }),
    );
    expect(outcome.refusal).toBeNull();
  }

  expect(flaky.lost()).toBeGreaterThan(0);
  const audited = await database.sql<{ action: string }[]>`
    SELECT action FROM audit_events WHERE contract_id = ${contract_id} AND action <> 'contract.created' ORDER BY id`;
  expect(audited.map(({ action }) => action)).toEqual(commands.map((name) => `contract.${name}d`));
});
