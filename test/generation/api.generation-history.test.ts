/** The generation history over HTTP: what a job shows, which filter finds it, and the same as a file. */
import fc from 'fast-check';
import { CHANNELS, JOB_EXECUTIONS } from '../../domain/base/channel';
import { GENERATION_METHODS } from '../../domain/generation/generation-history';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { buildContract } from '../harness/contract-rows';
import { expectRefusal } from '../harness/expect-refusal';
import { insertJobs } from '../harness/job-rows';
import type { JobSpec } from '../harness/job-rows';
import { buildTestClock } from '../harness/test-clocks';
import { walkPages } from '../harness/walk-pages';

type Job = any;

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

async function addContract(input = {}): Promise<string> {
  return (await buildContract(api.sql, input)).facts.id;
}

async function jobsOf(contract_id: string, query = ''): Promise<Job[]> {
  const answer = await api.call('GET', `/jobs?limit=100&contract_id=${contract_id}${query}`, {
    key: api.keys.operator,
  });
  expect(answer.status).toBe(200);
  return answer.body.data;
}

test('a request of an admin is shown with date, number, method, person and status, inline and in the background', async () => {
  const contract_id = await addContract();
  for (const count of [3, 150]) await api.call('POST', `/contracts/${contract_id}/generate`, { body: { count } });
  const { id, name } = api.admins.super_admin;
  const shared = { channel: 'ui', actor: { type: 'user', id, name }, created_at: expect.any(String) };
  expect(await jobsOf(contract_id)).toMatchObject([
    { ...shared, requested: 150, completed: 0, method: 'background_job', execution: 'background', status: 'queued' },
    { ...shared, requested: 3, completed: 3, method: 'manual', execution: 'inline', status: 'completed' },
  ]);
});

test('every job is found by its method, and by no other', async () => {
  const contract_id = await addContract();
  const at = '2026-03-01T10:00:00.000Z';
  const asked = CHANNELS.flatMap((channel) =>
    JOB_EXECUTIONS.map((execution): JobSpec => ({ contract_id, at, requested: 1, channel, execution })),
  );
  await insertJobs(api.sql, asked);
  const all = await jobsOf(contract_id);
  expect(all).toHaveLength(12);
  const listed = await Promise.all(
    GENERATION_METHODS.map(async (method) => {
      const jobs = await jobsOf(contract_id, `&method=${method}`);
      expect(jobs.map((job) => job.id)).toEqual(all.filter((job) => job.method === method).map((job) => job.id));
      return jobs.length;
    }),
  );
  expect(listed).toEqual([1, 1, 2, 2, 2, 4]);
});

test('the states of a job have the statuses of the source', async () => {
  const contract_id = await addContract();
  const at = '2026-03-01T10:00:00.000Z';
  const states = ['SUCCEEDED', 'PARTIAL', 'FAILED', 'CANCELLED', 'PAUSED'] as const;
  const base = { contract_id, at, requested: 100, execution: 'background' } as const;
  await insertJobs(
    api.sql,
    states.map((state) => ({ ...base, state, chunks: state === 'PARTIAL' ? [{ licenses: 40, at }] : [] })),
  );
  const shown = (await jobsOf(contract_id)).map(({ state, status, completed, failed }) => [
    state,
    status,
    completed,
    failed,
  ]);
  expect(shown.reverse()).toEqual([
    ['SUCCEEDED', 'completed', 0, 100],
    ['PARTIAL', 'completed_with_errors', 40, 60],
    ['FAILED', 'failed', 0, 100],
    ['CANCELLED', 'cancelled', 0, 0],
    ['PAUSED', 'paused', 0, 0],
  ]);
});

describe('by time', () => {
  const START = millisOf('2026-03-01T00:00:00.000Z');
  const at = (second: number) => instantFromMillis(START + second * 1_000);
  const SECONDS_MAX = 20;

  test('a period and a state find exactly their jobs, newest first, whatever the order in which they were granted', async () => {
    const job = fc.record({
      second: fc.nat(SECONDS_MAX),
      channel: fc.constantFrom(...CHANNELS),
      kind: fc.constantFrom(
        { execution: 'inline', state: 'SUCCEEDED' } as const,
        { execution: 'background', state: 'SUCCEEDED' } as const,
        { execution: 'background', state: 'FAILED' } as const,
      ),
    });
    const filter = fc.record({
      seconds: fc.tuple(fc.nat(SECONDS_MAX), fc.nat(SECONDS_MAX)),
      state: fc.constantFrom('', 'SUCCEEDED', 'FAILED', 'RUNNING'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(job, { maxLength: 30 }), filter, async (jobs, { seconds, state }) => {
        const contract_id = await addContract();
        const ids = await insertJobs(
          api.sql,
          jobs.map(({ second, channel, kind }) => ({ contract_id, at: at(second), requested: 1, channel, ...kind })),
        );
        const [from, to] = seconds.sort((a, b) => a - b);
        const expected = jobs
          .map((spec, serial) => ({ ...spec, serial, id: ids[serial] }))
          .filter(({ second, kind }) => second >= from && second < to && (state === '' || kind.state === state))
          .sort((a, b) => b.second - a.second || b.serial - a.serial)
          .map(({ id }) => id);
        const query = `from=${at(from)}&to=${at(to)}${state && `&state=${state}`}`;
        expect(await walkPages(api, `/jobs?limit=3&contract_id=${contract_id}&${query}`)).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });

  test('the jobs of a contract on a test clock are found by the time of that clock', async () => {
    const test_clock_id = await buildTestClock(api.sql, '2031-05-01T00:00:00.000Z');
    const contract_id = await addContract({
      catalogue: { environment: 'staging' },
      test_clock_id,
      now: '2031-05-01T00:00:00.000Z',
    });
    await api.call('POST', `/contracts/${contract_id}/generate`, { body: { count: 2 } });
    const counts = ['from=2031-05-01T00:00:00Z', 'to=2031-05-01T00:00:00Z', 'from=2031-05-02T00:00:00Z'].map(
      async (query) => (await jobsOf(contract_id, `&${query}`)).length,
    );
    expect(await Promise.all(counts)).toEqual([1, 0, 0]);
    expect((await api.call('GET', '/jobs?environment=staging&from=2031-05-01T00:00:00Z')).body.data).toHaveLength(1);
  });
});

describe('the file', () => {
  test('has the columns of the history, the same rows as the list, and no formula', async () => {
    const contract_id = await addContract({ name: '=2+3' });
    const at = '2026-03-01T10:00:00.000Z';
    const [job_id] = await insertJobs(api.sql, [
      { contract_id, at, requested: 7, actor: { type: 'system', id: 'x', name: '@SUM(A1)' } },
      { contract_id, at, requested: 1, channel: 'api' },
    ]);
    const answer = await api.call('GET', `/jobs.csv?contract_id=${contract_id}&method=manual`, {
      key: api.keys.operator,
    });
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="jobs.csv"');
    expect(answer.text.split('\n')).toEqual([
      'date,licenses,method,generated_by,status,requested,failed,channel,execution,is_test,contract,contract_id,job_id,schedule_id',
      `${at},7,manual,'@SUM(A1),completed,7,0,ui,inline,false,'=2+3,${contract_id},${job_id},`,
      '',
    ]);
  });

  test('has more rows than one page of its reading, each once, newest first', async () => {
    const contract_id = await addContract();
    const at = '2026-03-01T10:00:00.000Z';
    const ids = await insertJobs(
      api.sql,
      Array.from({ length: 2_005 }, () => ({ contract_id, at, requested: 1 })),
    );
    const { text } = await api.call('GET', `/jobs.csv?contract_id=${contract_id}`);
    const exported = text
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',').at(-2));
    expect(exported).toEqual(ids.reverse());
    expect(await walkPages(api, `/jobs?limit=100&contract_id=${contract_id}`)).toEqual(exported);
  });

  test('is for operators and above', async () => {
    expectRefusal(await api.call('GET', '/jobs.csv', { key: api.keys.viewer }), 403, 'FORBIDDEN_ROLE');
  });
});
