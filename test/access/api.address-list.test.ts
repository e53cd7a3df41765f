/** The API key of a contract is accepted from the listed addresses only, and its refused calls are recorded in bounded space. */
import { dropOldRefusedCalls, SAMPLES_MAX } from '../../db/access/refused-call';
import { createRefusedCallCounter } from '../../transactions/access/count-refused-calls';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, CallOptions, TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { addContractKey } from '../harness/contract-keys';
import { expectRefusal } from '../harness/expect-refusal';

const INSIDE = '203.0.113.9';
const OUTSIDE = '198.51.100.7';

let api: TestApi;
let catalogue: TestCatalogue;
let contract: { id: string; key: string };

beforeAll(async () => {
  api = await startTestApi({ trustProxy: 1 });
  catalogue = await addCatalogue(api);
  contract = await addPartner(['203.0.113.0/24', '2001:db8:1::/48']);
});
afterAll(() => api.close());

async function addPartner(ip_allowlist: string[]): Promise<{ id: string; key: string }> {
  const { id } = await addContract(api, catalogue, { ip_allowlist });
  return { id, key: await addContractKey(api, id) };
}

function callFrom(address: string, options: CallOptions = {}, path = `/contracts/${contract.id}/generate`) {
  const { key = contract.key, body = { count: 1 }, headers = {} } = options;
  return api.call('POST', path, { key, body, headers: { 'X-Forwarded-For': address, ...headers } });
}

function countsOf(contract_id: string) {
  return api.sql<{ code: string; calls: number }[]>`
    SELECT code, sum(calls)::int AS calls FROM refused_calls WHERE contract_id = ${contract_id} GROUP BY code ORDER BY code`;
}

test('a listed address is accepted, also as a mapped one and by IPv6, and any other is refused by its name', async () => {
  const with_ports = [`${INSIDE}:50123`, '[2001:db8:1:2::3]:50123', '[2001:db8:1:2::3]'];
  for (const address of [INSIDE, `::ffff:${INSIDE}`, '2001:db8:1:2::3', ...with_ports])
    expect([address, (await callFrom(address)).status]).toEqual([address, 201]);
  expect((await callFrom(`${OUTSIDE}:50123`)).body.metadata).toEqual({ ip: OUTSIDE });
  const refused = await callFrom(OUTSIDE);
  expectRefusal(refused, 403, 'ADDRESS_NOT_ALLOWED');
  expect(refused.body.metadata).toEqual({ ip: OUTSIDE });
});

test('the address is the one that the trusted proxy sends: an address that the client claims before it counts for nothing', async () => {
  expectRefusal(await callFrom(`${INSIDE}, ${OUTSIDE}`), 403, 'ADDRESS_NOT_ALLOWED');
  expect((await callFrom(`${OUTSIDE}, ${INSIDE}`)).status).toBe(201);
  for (const name of ['X-Real-IP', 'Forwarded', 'X-Client-IP', 'CF-Connecting-IP'])
    expectRefusal(await callFrom(OUTSIDE, { headers: { [name]: INSIDE } }), 403, 'ADDRESS_NOT_ALLOWED');
});

test('without a trusted proxy the address is that of the connection', async () => {
  const direct = await startTestApi();
  const { id } = await addContract(direct, await addCatalogue(direct), { ip_allowlist: [INSIDE] });
  const key = await addContractKey(direct, id);
  const headers = { 'X-Forwarded-For': INSIDE };
  const call = () => direct.call('POST', `/contracts/${id}/generate`, { key, body: { count: 1 }, headers });
  expectRefusal(await call(), 403, 'ADDRESS_NOT_ALLOWED');
  await direct.call('PATCH', `/contracts/${id}`, { body: { ip_allowlist: ['127.0.0.1', '::1'] } });
  expect((await call()).status).toBe(201);
  await direct.close();
});

test('the address is judged after the key and before scope, permission and body', async () => {
  const wrong = `${contract.key.slice(0, -1)}${contract.key.endsWith('0') ? '1' : '0'}`;
  expectRefusal(await callFrom(OUTSIDE, { key: wrong }), 401, 'API_KEY_MISTYPED');
  const other = await addPartner([]);
  for (const path of [`/contracts/${other.id}/generate`, '/products', `/contracts/${contract.id}/generate`])
    expectRefusal(await callFrom(OUTSIDE, { body: { count: 'many' } }, path), 403, 'ADDRESS_NOT_ALLOWED');
});

test('a change of the list holds from the next call, also for a key that was looked up a moment before', async () => {
  const partner = await addPartner([INSIDE]);
  const path = `/contracts/${partner.id}/generate`;
  const call = (address: string) => callFrom(address, { key: partner.key }, path);
  const list = (ip_allowlist: string[]) => api.call('PATCH', `/contracts/${partner.id}`, { body: { ip_allowlist } });
  for (let round = 0; round < 5; round++) {
    expect((await call(INSIDE)).status).toBe(201);
    expectRefusal(await call(OUTSIDE), 403, 'ADDRESS_NOT_ALLOWED');
    await list([OUTSIDE]);
    // The process learns the edited contract from another call.
    expect((await callFrom(OUTSIDE, { key: api.keys.admin }, path)).status).toBe(201);
    expectRefusal(await call(INSIDE), 403, 'ADDRESS_NOT_ALLOWED');
    expect((await call(OUTSIDE)).status).toBe(201);
    await list([INSIDE]);
  }
});

test('an admin may call from every address', async () => {
  expect((await callFrom(OUTSIDE, { key: api.keys.admin })).status).toBe(201);
});

test('refused calls are counted for their contract by code, and accepted ones and those of admins are not', async () => {
  const partner = await addPartner([INSIDE]);
  const call = (address: string, options: CallOptions): Promise<ApiAnswer> =>
    callFrom(address, { key: partner.key, ...options }, `/contracts/${partner.id}/generate`);
  await call(INSIDE, {});
  await call(OUTSIDE, { headers: { 'X-Request-Id': 'from-outside' } });
  await call(OUTSIDE, {});
  await call(INSIDE, { body: { count: 0 } });
  await call(INSIDE, { body: { count: 5_000_000 } });
  await call(INSIDE, { key: api.keys.admin, body: { count: 0 } });
  await callFrom(INSIDE, { key: partner.key }, '/products');
  await callFrom(INSIDE, { key: partner.key });
  expect([...(await countsOf(partner.id))]).toEqual([
    { code: 'ADDRESS_NOT_ALLOWED', calls: 2 },
    { code: 'FORBIDDEN_CALLER', calls: 1 },
    { code: 'NOT_FOUND', calls: 1 },
    { code: 'QUOTA_EXCEEDED', calls: 1 },
    { code: 'VALIDATION_FAILED', calls: 1 },
  ]);
  const [sample] = await api.sql`
    SELECT code, address, key_last_four, request_id FROM refused_call_samples WHERE contract_id = ${partner.id} AND slot = 0`;
  const key_last_four = partner.key.slice(-4);
  expect(sample).toEqual({ code: 'ADDRESS_NOT_ALLOWED', address: OUTSIDE, key_last_four, request_id: 'from-outside' });
});

test('a script that repeats refused calls fills neither the audit nor the disk, and its calls share statements', async () => {
  const { id } = await addPartner([]);
  const count = createRefusedCallCounter(api.api.db);
  const [before] = await api.sql`SELECT count(*)::int AS rows FROM audit_events`;
  const statements: string[] = [];
  const { options } = api.api.db as unknown as { options: { debug: unknown } };
  options.debug = (_connection: number, statement: string) => void statements.push(statement);
  const sent = 4_000;
  // At most a hundred calls wait for one row.
  for (let first = 0; first < sent; first += 100)
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        count({
          contract_id: id,
          code: index % 2 ? 'RATE_LIMITED' : 'QUOTA_EXCEEDED',
          address: INSIDE,
          key_last_four: 'abcd',
          request_id: String(first + index),
        }),
      ),
    );
  options.debug = false;
  expect(statements.length).toBeLessThan(sent / 10);
  const counts = await countsOf(id);
  expect(counts.map(({ calls }) => calls)).toEqual([sent / 2, sent / 2]);
  const [stored] = await api.sql`
    SELECT (SELECT count(*)::int FROM refused_calls WHERE contract_id = ${id}) AS counts,
           (SELECT count(*)::int FROM refused_call_samples WHERE contract_id = ${id}) AS samples,
           (SELECT count(*)::int FROM audit_events) AS audit`;
  // Two codes, and one more minute if the minute ended meanwhile.
  expect(stored?.counts).toBeLessThanOrEqual(4);
  expect(stored).toMatchObject({ samples: SAMPLES_MAX, audit: before?.rows });
  const newest = await api.sql<{ request_id: string }[]>`
    SELECT request_id FROM refused_call_samples WHERE contract_id = ${id}`;
  expect(newest.every(({ request_id }) => Number(request_id) >= sent - 200)).toBe(true);
});

test('counts and samples are removed after 30 days', async () => {
  const { id } = await addPartner([]);
  const count = createRefusedCallCounter(api.api.db);
  const call = { contract_id: id, code: 'RATE_LIMITED', address: INSIDE, key_last_four: 'abcd', request_id: 'old' };
  await count(call);
  const leftOf = async () => {
    const [left] = await api.sql`
      SELECT (SELECT count(*)::int FROM refused_calls WHERE contract_id = ${id}) AS counts,
             (SELECT count(*)::int FROM refused_call_samples WHERE contract_id = ${id}) AS samples`;
    return left;
  };
  await dropOldRefusedCalls(api.sql);
  expect(await leftOf()).toEqual({ counts: 1, samples: 1 });
  await api.sql`UPDATE refused_calls SET minute = now() - interval '31 days' WHERE contract_id = ${id}`;
  await api.sql`UPDATE refused_call_samples SET at = now() - interval '31 days' WHERE contract_id = ${id}`;
  await dropOldRefusedCalls(api.sql);
  expect(await leftOf()).toEqual({ counts: 0, samples: 0 });
});
