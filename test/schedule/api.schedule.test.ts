/** The schedules of a contract over HTTP: what people set, what they see of its runs, and what is refused. */
import { makeNextRun } from '../../transactions/schedule/run-schedules';
import { runCommand } from '../../transactions/contract/run-command';
import { TEST_ACTOR } from '../harness/contract-facts';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { backdateContract, dateInDays } from '../harness/contract-states';
import { expectRefusal } from '../harness/expect-refusal';
import { expectInvariants } from '../harness/invariants';
import { runsOf } from '../harness/schedules';

let api: TestApi;
let catalogue: TestCatalogue;
beforeAll(async () => {
  api = await startTestApi();
  catalogue = await addCatalogue(api);
});
afterAll(async () => {
  await expectInvariants(api.sql);
  await api.close();
});

const SCHEDULE = { count: 10, every: 'P1M', on_day: 31, at: '02:30', from: '2030-01-01' };
const pathOf = async (contract: Record<string, unknown> = {}) =>
  `/contracts/${(await addContract(api, catalogue, { timezone: 'Europe/Berlin', quota: 100, ...contract })).id}/schedules`;
const create = (path: string, body: object) => api.call('POST', path, { body });

test('a new schedule shows its next runs by the calendar of the contract, and a dry run shows the same', async () => {
  const path = await pathOf();
  const dry_run = await create(`${path}?dry_run=true`, { ...SCHEDULE, assign_to: 'new@example.com' });
  const without_ids = { id: null, customer_id: null, temporal_schedule_id: null };
  expect(dry_run).toMatchObject({ status: 201, body: { dry_run: true, assign_to: 'new@example.com', ...without_ids } });
  expect((await api.call('GET', path)).body.data).toEqual([]);
  const created = await create(path, { ...SCHEDULE, assign_to: 'New@example.com' });
  expect(created).toMatchObject({
    status: 201,
    body: {
      ...SCHEDULE,
      ...{ status: 'active', until: null, enabled: true, assign_to: 'New@example.com', timezone: 'Europe/Berlin' },
      ...{ last_run: null, next_run_at: '2030-01-31T01:30:00.000Z', ended_at: null },
      temporal_schedule_id: `generation-schedule:${created.body.id}`,
      next_runs: [
        { date: '2030-01-31', at: '2030-01-31T01:30:00.000Z' },
        { date: '2030-02-28', at: '2030-02-28T01:30:00.000Z' },
        // 02:30 does not exist on this day.
        { date: '2030-03-31', at: '2030-03-31T01:00:00.000Z' },
        { date: '2030-04-30', at: '2030-04-30T00:30:00.000Z' },
        { date: '2030-05-31', at: '2030-05-31T00:30:00.000Z' },
      ],
    },
  });
  expect(dry_run.body.next_runs).toEqual(created.body.next_runs);
  // Five runs of ten licenses fit into the quota of 100, and five of 21 do not.
  expect([dry_run.body.warnings, created.body.warnings]).toEqual([[], []]);
  for (const enabled of [true, false])
    expect((await create(`${path}?dry_run=true`, { ...SCHEDULE, count: 21, enabled })).body.warnings).toEqual([
      'QUOTA_TOO_SMALL',
    ]);
  const paused = await create(`${path}?dry_run=true`, { ...SCHEDULE, enabled: false });
  expect(paused.body).toMatchObject({ status: 'paused', next_run_at: null, next_runs: created.body.next_runs });
  const pausing = await api.call('PATCH', `${path}/${created.body.id}?dry_run=true`, { body: { enabled: false } });
  const { id, customer_id, next_runs } = created.body;
  expect(pausing.body).toMatchObject({ id, customer_id, status: 'paused', next_runs });
  expect((await api.call('GET', `${path}/${created.body.id}`)).body).toEqual(created.body);
});

test('runs are listed newest first with their reasons and jobs, and the last one is shown; their licenses are of the contract', async () => {
  const path = await pathOf({ quota: 15 });
  const contract_id = path.split('/')[2] as string;
  const { body } = await create(path, { ...SCHEDULE, every: 'P1D', on_day: null });
  for (const now of ['2030-01-01T02:00:00.000Z', '2030-01-02T02:00:00.000Z', '2030-01-03T02:00:00.000Z'])
    await makeNextRun({ contract_id, now }, (work) => api.sql.begin(work) as never);
  const first = await api.call('GET', `${path}/${body.id}/runs?limit=2`);
  expect(first.body.data).toMatchObject([
    { date: '2030-01-03', outcome: 'skipped', code: 'QUOTA_EXCEEDED', licenses: 0, job_id: null },
    { date: '2030-01-02', outcome: 'shortened', code: 'QUOTA_EXCEEDED', requested: 10, licenses: 5 },
  ]);
  const second = await api.call('GET', `${path}/${body.id}/runs?limit=2&cursor=${first.body.next_cursor}`);
  expect(second.body).toMatchObject({
    data: [{ date: '2030-01-01', outcome: 'generated', due_at: '2030-01-01T01:30:00.000Z' }],
    next_cursor: null,
  });
  const [run] = second.body.data;
  expect((await api.call('GET', `${path}/${body.id}`)).body.last_run).toMatchObject({
    outcome: 'skipped',
    at: '2030-01-03T01:30:00.000Z',
  });
  const job = (await api.call('GET', `/jobs/${run.job_id}`)).body;
  expect(job).toMatchObject({
    ...{ channel: 'schedule', method: 'schedule', requested: 10 },
    ...{ schedule_id: body.id, schedule_run_date: '2030-01-01' },
  });
  const jobs = (await api.call('GET', `/jobs?schedule_id=${body.id}`)).body.data;
  expect(jobs).toMatchObject([{ schedule_run_date: '2030-01-02' }, job]);
  expect((await api.call('GET', `/jobs?schedule_id=${body.id}&method=manual`)).body.data).toEqual([]);
  expect((await api.call('GET', `/licenses?contract_id=${contract_id}`)).body.data[0].source).toMatch(/^Contract: /);
  const timeline = (await api.call('GET', `/contracts/${contract_id}/timeline?until=2030-02-01`)).body.data;
  expect(timeline.filter(({ kind }: { kind: string }) => kind === 'scheduled_run').slice(0, 4)).toMatchObject([
    {
      at: '2030-01-01T01:30:00.000Z',
      past: true,
      action: 'schedule.run_generated',
      reason: null,
      schedule_id: body.id,
      licenses: 10,
    },
    {
      at: '2030-01-02T01:30:00.000Z',
      past: true,
      action: 'schedule.run_shortened',
      reason: 'QUOTA_EXCEEDED',
      licenses: 5,
    },
    {
      at: '2030-01-03T01:30:00.000Z',
      past: true,
      action: 'schedule.run_skipped',
      reason: 'QUOTA_EXCEEDED',
      licenses: 0,
    },
    { at: '2030-01-04T01:30:00.000Z', past: false, schedule_id: body.id, licenses: 10, assumes: 'the quota is enough' },
  ]);
});

test('an edit changes the calendar, a pause has no next run, and a run that is due is made before an edit or the deletion', async () => {
  const path = await pathOf();
  const { body } = await create(path, SCHEDULE);
  const edit = async (changes: object) => (await api.call('PATCH', `${path}/${body.id}`, { body: changes })).body;
  expect(await edit({ every: 'P2W', on_day: 5, until: '2030-01-31' })).toMatchObject({
    next_runs: [{ date: '2030-01-04' }, { date: '2030-01-18' }],
  });
  expect(await edit({ enabled: false })).toMatchObject({ status: 'paused', next_run_at: null, next_runs: [] });
  expect(await edit({ enabled: true, assign_to: 'edited@example.com' })).toMatchObject({
    status: 'active',
    assign_to: 'edited@example.com',
  });
  const makeDue = (date: string) =>
    api.sql`UPDATE generation_schedules SET next_date = ${date}, next_run_at = now() - interval '1 minute' WHERE id = ${body.id}`;
  const licenses = async () => (await runsOf(api.sql, path.split('/')[2] as string)).map(([, , count]) => count);
  await makeDue('2026-01-02');
  expect(await edit({ count: 20 })).toMatchObject({
    count: 20,
    last_run: { outcome: 'generated' },
    next_runs: [{ date: '2030-01-04' }, {}],
  });
  expect(await licenses()).toEqual([10]);
  await makeDue('2026-01-03');
  expect(await api.call('DELETE', `${path}/${body.id}`)).toMatchObject({ status: 204 });
  expect(await licenses()).toEqual([10, 20]);
  expect((await api.call('GET', `${path}/${body.id}`)).body).toMatchObject({ status: 'ended', end_reason: 'DELETED' });
  expectRefusal(await api.call('PATCH', `${path}/${body.id}`, { body: { count: 1 } }), 409, 'SCHEDULE_ENDED');
});

test('a quota below the count lets a schedule be paused and edited, and refuses to raise its count or to resume it', async () => {
  const path = await pathOf();
  const { body } = await create(path, { ...SCHEDULE, count: 100 });
  const edit = (changes: object) => api.call('PATCH', `${path}/${body.id}`, { body: changes });
  const lowered = await api.call('PATCH', path.replace('/schedules', ''), { body: { quota: 50 } });
  expect(lowered.status).toBe(200);
  expect(await edit({ at: '03:30' })).toMatchObject({ status: 200, body: { at: '03:30', count: 100 } });
  expectRefusal(await edit({ count: 60 }), 422, 'VALIDATION_FAILED');
  expect(await edit({ enabled: false })).toMatchObject({ status: 200, body: { status: 'paused' } });
  expectRefusal(await edit({ enabled: true }), 422, 'VALIDATION_FAILED');
  expect(await edit({ enabled: true, count: 50 })).toMatchObject({ status: 200, body: { status: 'active' } });
});

test('a schedule of an expired contract can be paused, and not be changed in another way', async () => {
  const term = { start_date: dateInDays(0), end_date: dateInDays(3), expiry_grace_days: 0 };
  const path = await pathOf(term);
  const { body } = await create(path, { ...SCHEDULE, assign_to: 'old@example.com' });
  await backdateContract(api.sql, path.split('/')[2] as string, 30);
  const edit = (changes: object) => api.call('PATCH', `${path}/${body.id}`, { body: changes });
  for (const change of [
    { count: 1 },
    { enabled: false, at: '04:00' },
    { enabled: false, assign_to: 'new@example.com' },
  ])
    expectRefusal(await edit(change), 409, 'CONTRACT_EXPIRED');
  expect(await edit({ enabled: false })).toMatchObject({ status: 200, body: { status: 'paused' } });
  expectRefusal(await edit({ enabled: true }), 409, 'CONTRACT_EXPIRED');
});

test.each<[string, object]>([
  ['count', { count: 101 }],
  ['count', { count: 0 }],
  ['count', { count: 1e30 }],
  ['count', { count: -1e30 }],
  ['every', { every: 'PT1H' }],
  ['every', { every: 'P11Y' }],
  ['on_day', { every: 'P1D' }],
  ['on_day', { every: 'P1W' }],
  ['on_day', { on_day: 32 }],
  ['at', { at: '24:00' }],
  ['until', { until: '2029-12-31' }],
  ['until', { from: '2020-01-01', until: '2020-12-31' }],
  ['from', { from: '2030-02-30' }],
  ['from', { from: 'bad' }],
  ['assign_to', { assign_to: 'nobody' }],
])('a wrong %s is refused: %j', async (path, changes) => {
  const answer = await create(await pathOf(), { ...SCHEDULE, ...changes });
  expectRefusal(answer, 422, 'VALIDATION_FAILED');
  expect(answer.body.errors?.length ?? 1).toBe(1);
  expect([answer.body.errors?.[0]?.path ?? answer.body.metadata.path].flat().join('.')).toBe(path);
});

test('a contract has a limited number of schedules, and none when it is over', async () => {
  const path = await pathOf();
  const answers = await Promise.all(Array.from({ length: 21 }, () => create(path, SCHEDULE)));
  expect(answers.map(({ status }) => status).sort()).toEqual([...Array<number>(20).fill(201), 409]);
  expectRefusal(await create(path, SCHEDULE), 409, 'TOO_MANY_SCHEDULES');
  // A schedule whose last run is over does not count, cannot be paused, and counts again when its calendar becomes longer.
  const done = `${path}/${(await api.call('GET', path)).body.data[0].id as string}`;
  const edit = (changes: object) => api.call('PATCH', done, { body: changes });
  await api.sql`
    UPDATE generation_schedules SET from_date = '2020-01-01', until_date = '2020-01-31', next_date = NULL, next_run_at = NULL, last_date = '2020-01-31'
    WHERE id = ${done.split('/')[4] as string}`;
  expect(await edit({ count: 5 })).toMatchObject({ status: 200, body: { status: 'completed' } });
  expectRefusal(await edit({ enabled: false }), 422, 'VALIDATION_FAILED');
  expect((await edit({ until: '2020-02-27' })).text).toMatch(
    /no run from 2020-01-01 until 2020-02-27 that is after 20/,
  );
  expect((await create(path, SCHEDULE)).status).toBe(201);
  expectRefusal(await edit({ until: null }), 409, 'TOO_MANY_SCHEDULES');
  const [id] = path.split('/').slice(2) as [string];
  const act = { id, actor: TEST_ACTOR, now: new Date().toISOString(), request_id: null };
  await api.sql.begin((tx) => runCommand(tx, act, { name: 'terminate', input: { reason: 'over' } }));
  expect((await api.call('GET', path)).body.data[0]).toMatchObject({
    status: 'ended',
    end_reason: 'CONTRACT_TERMINATED',
  });
  expectRefusal(await create(path, SCHEDULE), 409, 'CONTRACT_TERMINATED');
  // Reinstating the contract would not help: the schedule has ended for good.
  const { id: ended } = answers.find(({ status }) => status === 201)?.body as { id: string };
  expectRefusal(await api.call('PATCH', `${path}/${ended}`, { body: { count: 1 } }), 409, 'SCHEDULE_ENDED');
  expectRefusal(await create('/contracts/0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f/schedules', SCHEDULE), 404, 'NOT_FOUND');
});
