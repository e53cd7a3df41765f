/** Test clocks over HTTP: created, read, advanced and refused, and not found when they are disabled. */
import { TIME_ZONE_RULES } from '../../transactions/base/time-zone-rules';
import { listRowsToWake } from '../../db/system/sweep';
import { failAdvance } from '../../db/system/test-clock';
import { waitFor } from '../../dev/waiting';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { listEventOutcomes, insertInvoiceEvent } from '../harness/billing';
import { addCatalogue, addContract } from '../harness/catalogue';
import { auditOf, expectRefusal, wrongFieldsOf } from '../harness/expect-refusal';
import { walkPages } from '../harness/walk-pages';

const NOW = '2027-01-01T00:00:00.000Z';
const LATER = '2029-01-01T00:00:00.000Z';
const UNKNOWN_ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';
const WAIT_MS = 15_000;

/** No server listens on this port. */
const NO_TEMPORAL = '127.0.0.1:9';

let api: TestApi;
/** An API whose advances are accepted, but never run. */
let apiWithoutWorker: TestApi;

beforeAll(async () => {
  [api, apiWithoutWorker] = await Promise.all([
    startTestApi({ worker: true }),
    startTestApi({ temporalAddress: NO_TEMPORAL }),
  ]);
});
afterAll(() => Promise.all([api.close(), apiWithoutWorker.close()]));

function create(given: TestApi = api, body: Record<string, unknown> = { now: NOW }): Promise<ApiAnswer> {
  return given.call('POST', '/test-clocks', { body });
}

function advance(
  id: string,
  to: string,
  given: TestApi = api,
  headers: Record<string, string> = {},
): Promise<ApiAnswer> {
  return given.call('POST', `/test-clocks/${id}/advance`, { body: { to }, headers });
}

/** Waits until the clock is no longer advancing, and returns it. */
async function waitUntilArrived(id: string): Promise<any> {
  let clock: any;
  await waitFor(async () => (clock = (await api.call('GET', `/test-clocks/${id}`)).body).status !== 'advancing', {
    timeout_ms: WAIT_MS,
    what: 'the clock to arrive',
  });
  return clock;
}

describe('creating', () => {
  test('an instant is enough, and the response equals a later read', async () => {
    const answer = await create();
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`/api/v1/test-clocks/${answer.body.id}`);
    expect(answer.body).toMatchObject({
      now: NOW,
      name: `Test clock from ${NOW}`,
      status: 'ready',
      advancing_to: null,
      error: null,
      contracts: 0,
      pending_events: 0,
      workflow_id: `test-clock:${answer.body.id}`,
      created_by: api.admins.super_admin.id,
    });
    expect((await api.call('GET', `/test-clocks/${answer.body.id}`)).body).toEqual(answer.body);
  });

  test('writes one audit row, in real time', async () => {
    const { body } = await create(api, { now: NOW, name: 'The reseller’s quarter' });
    expect(await auditOf(api, body.id)).toMatchObject([
      { action: 'clock.created', before: null, after: { name: 'The reseller’s quarter', now: NOW } },
    ]);
    const shown = await api.call('GET', `/activity?subject=${body.id}&subject_type=test_clock`);
    expect(shown.body.data).toMatchObject([{ action: 'clock.created', at: body.created_at, clock: 'real' }]);
  });

  test.each([
    [{}, 'now'],
    [{ now: 'tomorrow' }, 'now'],
    [{ now: '2027-02-30T00:00:00Z' }, 'now'],
    [{ now: '0999-01-01T00:00:00Z' }, 'now'],
    [{ now: NOW, name: '' }, 'name'],
    [{ now: NOW, status: 'ready' }, 'status'],
  ])('a body of %j is refused with its field', async (body, path) => {
    const answer = await create(api, body);
    expectRefusal(answer, 422, 'VALIDATION_FAILED');
    expect([...new Set(wrongFieldsOf(answer))]).toEqual([path]);
  });
});

test('the list is newest first and paged, and counts contracts that are not deleted', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.push((await create(apiWithoutWorker)).body.id);
  expect(await walkPages(apiWithoutWorker, '/test-clocks?limit=2')).toEqual([...ids].reverse());

  const catalogue = await addCatalogue(apiWithoutWorker, { environment: 'staging' });
  await addContract(apiWithoutWorker, catalogue, { test_clock_id: ids[0] });
  const draft = await addContract(apiWithoutWorker, catalogue, { test_clock_id: ids[0], status: 'inactive' });
  expect((await apiWithoutWorker.call('GET', `/test-clocks/${ids[0]}`)).body.contracts).toBe(2);
  await apiWithoutWorker.call('DELETE', `/contracts/${draft.id}`, { body: { confirm_name: draft.name } });
  expect((await apiWithoutWorker.call('GET', `/test-clocks/${ids[0]}`)).body.contracts).toBe(1);
});

test('a clock that does not exist is not found', async () => {
  for (const id of [UNKNOWN_ID, 'none']) {
    expectRefusal(await api.call('GET', `/test-clocks/${id}`), 404, 'NOT_FOUND');
    expectRefusal(await advance(id, LATER), 404, 'NOT_FOUND');
  }
});

describe('advancing', () => {
  test('responds with `advancing` at once, and the clock becomes ready', async () => {
    const { body } = await create();
    const answer = await advance(body.id, LATER);
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ now: NOW, status: 'advancing', advancing_to: LATER });
    expect(await waitUntilArrived(body.id)).toMatchObject({
      now: LATER,
      status: 'ready',
      advancing_to: null,
      error: null,
    });
    expect(await auditOf(api, body.id)).toMatchObject([
      { action: 'clock.created' },
      { action: 'clock.advanced', before: { now: NOW }, after: { to: LATER } },
    ]);
  });

  test('a clock can be advanced repeatedly', async () => {
    const { body } = await create();
    for (const to of ['2027-02-01T00:00:00.000Z', '2027-02-01T00:00:00.001Z', LATER]) {
      expect((await advance(body.id, to)).status).toBe(202);
      expect(await waitUntilArrived(body.id)).toMatchObject({ now: to, status: 'ready' });
    }
  });

  test('to the current time of the clock is 200 and writes nothing', async () => {
    const { body } = await create();
    const answer = await advance(body.id, NOW);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual(body);
    expect(await auditOf(api, body.id)).toHaveLength(1);
  });

  test('backwards is refused', async () => {
    const { body } = await create();
    const answer = await advance(body.id, '2026-12-31T23:59:59.999Z');
    expectRefusal(answer, 409, 'CLOCK_BACKWARDS');
    expect(answer.body.metadata).toEqual({ now: NOW, to: '2026-12-31T23:59:59.999Z' });
    expect((await api.call('GET', `/test-clocks/${body.id}`)).body).toEqual(body);
  });

  test('more than ten years at once is refused with its field and a sentence', async () => {
    const { body } = await create();
    const answer = await advance(body.id, '2037-01-01T00:00:00.001Z');
    expectRefusal(answer, 422, 'VALIDATION_FAILED');
    expect(answer.body.errors).toEqual([{ path: 'to', message: expect.stringContaining('ten years') }]);
    expect((await advance(body.id, '2037-01-01T00:00:00.000Z')).status).toBe(202);
    expect(await waitUntilArrived(body.id)).toMatchObject({ status: 'ready', now: '2037-01-01T00:00:00.000Z' });
  });

  test('of many simultaneous advances exactly one is accepted', async () => {
    const { body } = await create(apiWithoutWorker);
    const answers = await Promise.all(Array.from({ length: 6 }, () => advance(body.id, LATER, apiWithoutWorker)));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409, 409, 409, 409]);
    for (const answer of answers.filter(({ status }) => status === 409)) expectRefusal(answer, 409, 'CLOCK_ADVANCING');
    expect(await auditOf(apiWithoutWorker, body.id)).toHaveLength(2);
  });

  test('a repetition with the same idempotency key gets the first advance', async () => {
    const { body } = await create();
    const headers = { 'Idempotency-Key': `advance-${body.id}` };
    const first = await advance(body.id, LATER, api, headers);
    await waitUntilArrived(body.id);
    const second = await advance(body.id, LATER, api, headers);
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(await waitUntilArrived(body.id)).toMatchObject({ status: 'ready', now: LATER });
    expect(await auditOf(api, body.id)).toHaveLength(2);
  });

  const clocksToWake = () =>
    listRowsToWake(apiWithoutWorker.sql, 'test_clock', {
      epoch: 'epoch-1',
      now: NOW,
      limit: 100,
      time_zone_rules: TIME_ZONE_RULES,
    });

  test('without Temporal the clock stays `advancing`, and the sweep finds it', async () => {
    const { body } = await create(apiWithoutWorker);
    expect((await advance(body.id, LATER, apiWithoutWorker)).status).toBe(202);
    expect((await apiWithoutWorker.call('GET', `/test-clocks/${body.id}`)).body).toMatchObject({
      status: 'advancing',
      now: NOW,
    });
    expect(await clocksToWake()).toContain(body.id);
  });

  test('a failed clock shows its error, and continues when it is advanced again', async () => {
    const { body } = await create(apiWithoutWorker);
    await advance(body.id, LATER, apiWithoutWorker);
    await failAdvance(apiWithoutWorker.sql, body.id, 'The contract did not settle.');
    const failed = await apiWithoutWorker.call('GET', `/test-clocks/${body.id}`);
    expect(failed.body).toMatchObject({ status: 'failed', error: 'The contract did not settle.', advancing_to: LATER });
    expect(await clocksToWake()).not.toContain(body.id);
    const again = await advance(body.id, NOW, apiWithoutWorker);
    expect(again.status).toBe(202);
    expect(again.body).toMatchObject({ status: 'advancing', error: null, advancing_to: NOW });
  });
});

test('viewers and operators can read, and only admins and super admins can create and advance', async () => {
  const { body } = await create(apiWithoutWorker);
  for (const role of ['viewer', 'operator'] as const) {
    const key = apiWithoutWorker.keys[role];
    expect((await apiWithoutWorker.call('GET', `/test-clocks/${body.id}`, { key })).status).toBe(200);
    expect((await apiWithoutWorker.call('GET', '/test-clocks', { key })).status).toBe(200);
    expectRefusal(
      await apiWithoutWorker.call('POST', '/test-clocks', { key, body: { now: NOW } }),
      403,
      'FORBIDDEN_ROLE',
    );
    const path = `/test-clocks/${body.id}/advance`;
    expectRefusal(await apiWithoutWorker.call('POST', path, { key, body: { to: LATER } }), 403, 'FORBIDDEN_ROLE');
  }
});

test('when test clocks are disabled, all their operations are not found, and the refusal has the reason', async () => {
  const off = await startTestApi({ testClocks: false });
  try {
    const calls = [
      await create(off),
      await off.call('GET', '/test-clocks'),
      await off.call('GET', `/test-clocks/${UNKNOWN_ID}`),
      await advance(UNKNOWN_ID, LATER, off),
    ];
    for (const answer of calls) {
      expectRefusal(answer, 404, 'NOT_FOUND');
      expect(answer.body.detail).toContain('disabled');
    }
  } finally {
    await off.close();
  }
});

test('a contract on a clock is created, generates, ends and is shown by the time of the clock', async () => {
  const { body: clock } = await create(api, { now: '2027-01-15T10:00:00.000Z' });
  const catalogue = await addCatalogue(api, { environment: 'staging' });
  const { id } = await addContract(api, catalogue, {
    test_clock_id: clock.id,
    start_date: '2027-02-01',
    term: 'P1Y',
    expiry_grace_days: 10,
    expiry: { duration: 'P6M', basis: 'generation' },
  });
  const read = async () => (await api.call('GET', `/contracts/${id}`)).body;
  expect(await read()).toMatchObject({
    state: 'SCHEDULED',
    created_at: clock.now,
    test_clock_id: clock.id,
    next_boundary: { kind: 'starts', at: '2027-02-01T00:00:00.000Z' },
  });

  const now = '2027-03-01T12:00:00.000Z';
  await advance(clock.id, now);
  expect(await waitUntilArrived(clock.id)).toMatchObject({ status: 'ready', now, contracts: 1 });
  expect(await read()).toMatchObject({ state: 'ACTIVE' });
  const generated = await api.call('POST', `/contracts/${id}/generate`, { body: { count: 2 } });
  expect(generated.body.licenses).toMatchObject([{ expires_at: '2027-09-01T12:00:00.000Z' }, {}]);
  expect((await api.call('GET', `/jobs/${generated.body.job_id}`)).body).toMatchObject({
    created_at: now,
    finished_at: now,
    licenses_per_second: null,
    eta: null,
  });
  const statuses = async () =>
    (await api.call('GET', `/licenses?contract_id=${id}`)).body.data.map((license: any) => license.status);
  expect(await statuses()).toEqual(['available', 'available']);

  await advance(clock.id, LATER);
  await waitUntilArrived(clock.id);
  expect(await read()).toMatchObject({ state: 'EXPIRED' });
  expect(await statuses()).toEqual(['expired', 'expired']);
  const { data } = (await api.call('GET', `/contracts/${id}/activity?limit=100`)).body;
  expect(new Set(data.map((row: any) => row.clock))).toEqual(new Set(['test']));
  const listed_events = data.filter((row: any) => !row.action.startsWith('renewal.')).reverse();
  expect(listed_events.map((row: any) => [row.action, row.at])).toEqual([
    ['contract.created', clock.now],
    ['contract.term_started', '2027-02-01T00:00:00.000Z'],
    ['generation.requested', now],
    ['contract.grace_started', '2028-02-01T00:00:00.000Z'],
    ['contract.expired', '2028-02-11T00:00:00.000Z'],
  ]);
});

test('a production contract cannot use a clock, and no contract can use an unknown clock', async () => {
  const { body } = await create();
  const production = await addCatalogue(api);
  const staging = await addCatalogue(api, { environment: 'staging' });
  const put = (catalogue: object, test_clock_id: string) =>
    api.call('POST', '/contracts', {
      body: { name: 'On a clock', type: 'standard', status: 'active', quota: 10, ...catalogue, test_clock_id },
    });
  expectRefusal(await put(production, body.id), 422, 'VALIDATION_FAILED');
  expectRefusal(await put(staging, UNKNOWN_ID), 422, 'VALIDATION_FAILED');
  expect((await put(staging, body.id)).status).toBe(201);
});

test('a clock at its target is not ready while a billing event is pending, and an advance to its current time applies the event', async () => {
  const { body: clock } = await create();
  const catalogue = await addCatalogue(api, { environment: 'staging' });
  const { id } = await addContract(api, catalogue, { test_clock_id: clock.id, status: 'inactive' });
  expect(await waitUntilArrived(clock.id)).toMatchObject({ status: 'ready', pending_events: 0 });
  // The contract is not signaled, as when the process ends right after it accepts the event.
  await insertInvoiceEvent(api.sql, id, { occurred_at: NOW, version: 1 });
  const read = async () => (await api.call('GET', `/test-clocks/${clock.id}`)).body;
  expect(await read()).toMatchObject({ status: 'advancing', advancing_to: null, pending_events: 1 });
  expect((await advance(clock.id, NOW)).status).toBe(202);
  expect(await waitUntilArrived(clock.id)).toMatchObject({ status: 'ready', now: NOW, pending_events: 0 });
  expect(await listEventOutcomes(api.sql, id)).toEqual([{ outcome: 'APPLIED', reason: null }]);
});
