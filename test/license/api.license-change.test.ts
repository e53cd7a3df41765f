/** Suspending, reinstating and revoking a license over HTTP. */
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { expectRefusal } from '../harness/expect-refusal';

let api: TestApi;
let catalogue: TestCatalogue;
beforeAll(async () => {
  api = await startTestApi();
  catalogue = await addCatalogue(api);
});
afterAll(() => api.close());

async function addLicense(): Promise<{ id: string; contract_id: string }> {
  const { id: contract_id } = await addContract(api, catalogue);
  const { body } = await api.call('POST', `/contracts/${contract_id}/generate`, { body: { count: 1 } });
  return { id: body.licenses[0].id, contract_id };
}

const change = (id: string, action: string, body?: object) =>
  api.call('POST', `/licenses/${id}/${action}`, body === undefined ? {} : { body });

const rowsOf = async (id: string) =>
  (await api.call('GET', `/activity?subject=${id}`)).body.data.map(({ action, before, after, reason }: any) => ({
    action,
    before,
    after,
    reason,
  }));

const eventsOf = async (contract_id: string) =>
  (await api.call('GET', `/contracts/${contract_id}/events`)).body.data.map(({ type, data }: any) => [type, data]);

test('a license is suspended, reinstated and revoked, each with one audit row and one event', async () => {
  const { id, contract_id } = await addLicense();
  const suspended = (await change(id, 'suspend', { reason: 'The payment failed' })).body;
  expect(suspended).toMatchObject({ id, status: 'suspended', suspended_at: expect.any(String), revoked_at: null });
  const reinstated = (await change(id, 'reinstate')).body;
  expect(reinstated).toMatchObject({ status: 'available', suspended_at: null });
  const revoked = (await change(id, 'revoke', { reason: 'The order was refunded' })).body;
  expect(revoked).toMatchObject({ status: 'revoked', revoked_at: expect.any(String) });
  expect(revoked.allowed_actions).toEqual({
    suspend: { code: 'LICENSE_REVOKED' },
    reinstate: { code: 'LICENSE_REVOKED' },
    revoke: true,
  });
  expect((await api.call('GET', `/licenses/${id}`)).body).toEqual(revoked);

  const unused = { suspended_at: null, revoked_at: null };
  const { suspended_at } = suspended;
  expect(await rowsOf(id)).toEqual([
    { action: 'license.revoked', before: unused, after: { ...unused, revoked_at: revoked.revoked_at }, reason: 'The order was refunded' },
    { action: 'license.reinstated', before: { ...unused, suspended_at }, after: unused, reason: null },
    { action: 'license.suspended', before: unused, after: { ...unused, suspended_at }, reason: 'The payment failed' },
  ]);
  const event_data = { license_id: id, job_id: revoked.job_id };
  expect(await eventsOf(contract_id)).toEqual(
    expect.arrayContaining([
      ['license.suspended', { ...event_data, reason: 'The payment failed' }],
      ['license.reinstated', { ...event_data, reason: null }],
      ['license.revoked', { ...event_data, reason: 'The order was refunded' }],
    ]),
  );
});

test.each(['suspend', 'revoke'])('to %s a license again changes and records nothing', async (action) => {
  const { id, contract_id } = await addLicense();
  const first = (await change(id, action)).body;
  const events = await eventsOf(contract_id);
  expect((await change(id, action)).body).toEqual(first);
  expect(await rowsOf(id)).toHaveLength(1);
  expect(await eventsOf(contract_id)).toEqual(events);
});

test('to reinstate a license that is not suspended changes and records nothing', async () => {
  const { id } = await addLicense();
  const before = (await api.call('GET', `/licenses/${id}`)).body;
  const answer = await change(id, 'reinstate');
  expect([answer.status, answer.body]).toEqual([200, before]);
  expect(await rowsOf(id)).toEqual([]);
});

test.each(['suspend', 'reinstate'])('a revoked license refuses to %s', async (action) => {
  const { id } = await addLicense();
  const { revoked_at } = (await change(id, 'revoke')).body;
  const answer = await change(id, action);
  expectRefusal(answer, 409, 'LICENSE_REVOKED');
  expect(answer.body.metadata).toEqual({ revoked_at });
  expect(await rowsOf(id)).toHaveLength(1);
});

test.each(['lic_1', 'lic_9223372036854775807', 'lic_0', 'x'])('%s is not found', async (id) => {
  expectRefusal(await change(id, 'suspend'), 404, 'NOT_FOUND');
});

test('of 16 simultaneous revocations one is recorded', async () => {
  const { id } = await addLicense();
  const answers = await Promise.all(Array.from({ length: 16 }, () => change(id, 'revoke')));
  expect(new Set(answers.map(({ status, body }) => `${status} ${body.revoked_at}`)).size).toBe(1);
  expect(await rowsOf(id)).toHaveLength(1);
});

test('a license of a deleted contract can be revoked', async () => {
  const { id, contract_id } = await addLicense();
  const { name } = (await api.call('GET', `/contracts/${contract_id}`)).body;
  await api.sql`UPDATE contracts SET deleted_at = now(), state = 'DELETED' WHERE id = ${contract_id}`;
  expect((await change(id, 'revoke')).body).toMatchObject({ status: 'revoked', source: `Contract: ${name}` });
});

test('a license of a contract on a test clock changes at the time of that clock', async () => {
  const staging = await addCatalogue(api, { environment: 'staging' });
  const clock = (await api.call('POST', '/test-clocks', { body: { now: '2031-05-01T00:00:00.000Z' } })).body;
  const { id } = await addContract(api, staging, { test_clock_id: clock.id });
  const { body } = await api.call('POST', `/contracts/${id}/generate`, { body: { count: 1 } });
  const license = body.licenses[0].id;
  expect((await change(license, 'suspend')).body.suspended_at).toBe('2031-05-01T00:00:00.000Z');
  const [row] = (await api.call('GET', `/activity?subject=${license}&environment=staging`)).body.data;
  expect([row.at, row.clock]).toEqual(['2031-05-01T00:00:00.000Z', 'test']);
});
