/**
 * Activities that get a wrong time, from a Temporal server with a wrong clock or because the attempt is late, decide by the clock of
 * Postgres.
 */
import { MockActivityEnvironment } from '@temporalio/testing';
import { createContractActivities } from '../../activities/contract/contract';
import { limitNowByPostgres } from '../../activities/base/limit-now';
import { createGenerationJobActivities } from '../../activities/generation/generation-job';
import { CLOCK_SKEW_MS_MAX, createPostgresClock } from '../../db/base/clock';
import type { PostgresClock } from '../../db/base/clock';
import { runCommand } from '../../transactions/contract/run-command';
import { listAuditActions, buildContract, jobOf, requestJob } from '../harness/contract-rows';
import { TEST_ACTOR } from '../harness/contract-facts';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { createRecordingNudger } from '../harness/recording-nudger';
import { expectInvariants } from '../harness/invariants';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

let database: TestDatabase;
let sql: TestDatabase['sql'];
let clock: PostgresClock;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
  clock = createPostgresClock(sql);
});
afterEach(() => expectInvariants(sql));
afterAll(() => database.drop());

const real = (offset_ms = 0): string => new Date(Date.now() + offset_ms).toISOString();

function contractActivities() {
  return limitNowByPostgres(
    createContractActivities({ db: sql, nudger: createRecordingNudger().nudger }),
    clock.limitNow,
  );
}

/** A contract that was paused some time ago until an instant, and was not settled since. */
async function pausedUntil(resume_at: string): Promise<string> {
  const { facts } = await buildContract(sql, { now: real(-30 * MINUTE_MS) });
  const pause = { name: 'pause', input: { resume_at } } as const;
  const request = { id: facts.id, actor: TEST_ACTOR, now: real(-20 * MINUTE_MS), request_id: null };
  await sql.begin((tx) => runCommand(tx, request, pause));
  return facts.id;
}

test.each([10 * MINUTE_MS, DAY_MS])('a time %i ms ahead applies no boundary early', async (ahead_ms) => {
  const contract_id = await pausedUntil(real(5 * MINUTE_MS));
  const view = await contractActivities().settleContract({ contract_id, now: real(ahead_ms) });
  expect(view.state).toBe('PAUSED');
  expect(await listAuditActions(sql, contract_id)).toEqual(['contract.created', 'contract.paused']);
});

test.each([10 * MINUTE_MS, DAY_MS])(
  'with a time %i ms behind, a boundary that is due is applied',
  async (behind_ms) => {
    const contract_id = await pausedUntil(real(-5 * MINUTE_MS));
    const view = await contractActivities().settleContract({ contract_id, now: real(-behind_ms) });
    expect(view.state).toBe('ACTIVE');
    expect((await listAuditActions(sql, contract_id)).at(-1)).toBe('contract.resumed');
  },
);

test('an attempt after an outage generates nothing for a contract that ended meanwhile', async () => {
  const generation = createGenerationJobActivities({
    nudger: createRecordingNudger().nudger,
    db: sql,
    fillTaskQueue: 'generation',
  });
  const then = real(-2 * DAY_MS);
  const { facts } = await buildContract(sql, { now: then, end_date: real(-DAY_MS).slice(0, 10) });
  const job = await requestJob(sql, facts.id, 500, { now: then });
  await generation.openJob({ job_id: job.id, now: then });
  const { fillChunks } = limitNowByPostgres(generation, clock.limitNow);
  const range = { job_id: job.id, from_chunk: 0, to_chunk: 5, now: then, attempts_max: 3 };
  expect(await new MockActivityEnvironment().run(() => fillChunks(range))).toEqual({ stopped: true, given_up: [] });
  expect((await jobOf(sql, job.id)).completed).toBe(0);
  expect((await listAuditActions(sql, facts.id)).at(-1)).toBe('contract.expired');
});

describe('the clock of Postgres', () => {
  const postgresNow = async (): Promise<string> =>
    (await sql<[{ now: string }]>`SELECT clock_timestamp() AS now`)[0].now;

  test('accepts a time that is slightly ahead, so that a boundary is due when its timer fires early', async () => {
    const workflow_now = new Date(Date.parse(await postgresNow()) + CLOCK_SKEW_MS_MAX / 2).toISOString();
    expect(await clock.limitNow(workflow_now)).toBe(workflow_now);
  });

  test('is never later than Postgres, and a limited time is at most two seconds later', async () => {
    const now = await clock.now();
    const bounded = await clock.limitNow(real(DAY_MS));
    const [row] = await sql<[{ later: boolean; bounded_later: boolean }]>`
      SELECT ${now}::timestamptz > clock_timestamp() AS later,
             ${bounded}::timestamptz > clock_timestamp() + ${`${CLOCK_SKEW_MS_MAX} milliseconds`}::interval AS bounded_later`;
    expect(row).toEqual({ later: false, bounded_later: false });
  });

  test('is read once for callers at the same moment', async () => {
    const queries: string[] = [];
    const counted = new Proxy(sql, {
      apply: (target, self, parts: [TemplateStringsArray]) => {
        queries.push(parts[0].join(''));
        return Reflect.apply(target, self, parts) as unknown;
      },
    });
    const fresh = createPostgresClock(counted);
    await Promise.all(Array.from({ length: 50 }, () => fresh.now()));
    expect(queries).toHaveLength(1);
  });
});
