/** The calls of a contract's API key, and what the contract has used: what a partner and the vendor read of them. */
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { addContractKey } from '../harness/contract-keys';
import { expectRefusal } from '../harness/expect-refusal';

const ADDRESS = '203.0.113.9';

let api: TestApi;
let catalogue: TestCatalogue;

beforeAll(async () => {
  api = await startTestApi({ trustProxy: 1 });
  catalogue = await addCatalogue(api);
});
afterAll(() => api.close());

async function addPartner(fields: object = {}): Promise<{ id: string; key: string }> {
  const { id } = await addContract(api, catalogue, { quota: 10, ...fields });
  return { id, key: await addContractKey(api, id) };
}

function generate({ id, key }: { id: string; key: string }, count: number, request_id = 'call') {
  const headers = { 'X-Forwarded-For': ADDRESS, 'X-Request-Id': request_id };
  return api.call('POST', `/contracts/${id}/generate`, { key, body: { count }, headers });
}

/** Every call in the list, page by page. */
async function callsOf(query: string) {
  const calls: { code: string; calls: number; samples: object[]; at: string; request_id: string | null }[] = [];
  let cursor = '';
  do {
    const { status, body } = await api.call('GET', `/api-calls?${query}${cursor}`, { key: api.keys.operator });
    expect(status).toBe(200);
    calls.push(...body.data);
    cursor = body.next_cursor === null ? '' : `&cursor=${body.next_cursor}`;
  } while (cursor !== '');
  return calls;
}

test('granted requests and refused calls are in one list, newest first, with samples of the refused ones', async () => {
  const partner = await addPartner();
  const job_id = (await generate(partner, 4, 'first')).body.job_id as string;
  await generate(partner, 7, 'too-many');
  await generate(partner, 8, 'too-many-again');
  await generate({ ...partner, key: api.keys.admin }, 1);
  // The refused calls of this minute precede what was granted in it, unless the minute ended meanwhile.
  await api.sql`UPDATE refused_calls SET minute = '2026-01-01T00:00:00Z' WHERE contract_id = ${partner.id}`;
  await api.sql`UPDATE refused_call_samples SET at = '2026-01-01T00:00:30Z' WHERE contract_id = ${partner.id}`;
  const [granted, refused, ...others] = await callsOf(`contract_id=${partner.id}`);
  expect(others).toEqual([]);
  expect(granted).toMatchObject({ code: 'GRANTED', calls: 1, job_id, licenses: 4, request_id: 'first', samples: [] });
  const sample = { at: '2026-01-01T00:00:30.000Z', address: ADDRESS, key_last_four: partner.key.slice(-4) };
  expect(refused).toEqual({
    at: '2026-01-01T00:00:00.000Z',
    code: 'QUOTA_EXCEEDED',
    calls: 2,
    job_id: null,
    licenses: null,
    request_id: null,
    samples: [
      { ...sample, request_id: 'too-many-again' },
      { ...sample, request_id: 'too-many' },
    ],
  });
});

test('the list is filtered by code and time, and pages of any size have every call once', async () => {
  const partner = await addPartner();
  for (let call = 0; call < 3; call++) await generate(partner, 1);
  await api.sql`
    INSERT INTO refused_calls (contract_id, code, minute, calls)
    SELECT ${partner.id}, code, '2026-01-01T00:00:00Z'::timestamptz + minute * interval '1 minute', 5
    FROM generate_series(0, 9) AS minute, unnest('{RATE_LIMITED,ADDRESS_NOT_ALLOWED}'::text[]) AS code`;
  const query = `contract_id=${partner.id}`;
  const all = await callsOf(`${query}&limit=100`);
  expect(all).toHaveLength(23);
  expect(all.map(({ at }) => at)).toEqual(
    all
      .map(({ at }) => at)
      .sort()
      .reverse(),
  );
  for (const limit of [1, 2, 7]) expect(await callsOf(`${query}&limit=${limit}`)).toEqual(all);
  expect(await callsOf(`${query}&code=GRANTED`)).toHaveLength(3);
  expect(await callsOf(`${query}&code=RATE_LIMITED`)).toHaveLength(10);
  const interval = '&from=2026-01-01T00:02:30.000Z&to=2026-01-01T00:05:00.000Z';
  // The minute in which the interval begins is shown as a whole.
  expect(await callsOf(`${query}&code=RATE_LIMITED${interval}`)).toHaveLength(3);
});

test('operators read the list, viewers and partners do not, and an unknown contract is 404', async () => {
  const partner = await addPartner();
  const path = `/api-calls?contract_id=${partner.id}`;
  expectRefusal(await api.call('GET', path, { key: api.keys.viewer }), 403, 'FORBIDDEN_ROLE');
  expectRefusal(await api.call('GET', path, { key: partner.key }), 403, 'FORBIDDEN_CALLER');
  const unknown = '/api-calls?contract_id=0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';
  expectRefusal(await api.call('GET', unknown), 404, 'NOT_FOUND');
  expectRefusal(await api.call('GET', '/api-calls'), 422, 'VALIDATION_FAILED');
});

test('the usage shows quota, windows, the last call and recent refusals, to the partner and to viewers alike', async () => {
  const partner = await addPartner({ rate_limits: { per_minute: 100, per_day: 1_000 } });
  await generate(partner, 4);
  await generate(partner, 7);
  const path = `/contracts/${partner.id}/usage`;
  const { status, body } = await api.call('GET', path, { key: partner.key });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    contract_id: partner.id,
    quota: { total: 10, generated: 4, reserved: 0, remaining: 6, utilization: 40 },
    open_jobs: 0,
    last_call_at: expect.stringMatching(/Z$/),
    refusals: [{ code: 'QUOTA_EXCEEDED', calls: 1 }],
  });
  expect(body.rate_limits.map(({ unit, window, limit }: Record<string, unknown>) => [unit, window, limit])).toEqual([
    ['requests', 'minute', 100],
    ['requests', 'day', 1_000],
  ]);
  for (const { limit, used, remaining, reset } of body.rate_limits) {
    expect(remaining).toBe(limit - used);
    expect(reset > body.as_of).toBe(true);
  }
  const viewed = await api.call('GET', path, { key: api.keys.viewer });
  expect(viewed.body.quota).toEqual(body.quota);
});

test('reading the usage consumes nothing of a rate, and the usage of another contract does not exist', async () => {
  const [partner, other] = [await addPartner({ rate_limits: { per_day: 5 } }), await addPartner()];
  const path = `/contracts/${partner.id}/usage`;
  const usedNow = async () => (await api.call('GET', path, { key: partner.key })).body.rate_limits[0].used as number;
  expect([await usedNow(), await usedNow()]).toEqual([0, 0]);
  expectRefusal(await api.call('GET', path, { key: other.key }), 404, 'NOT_FOUND');
  expect((await api.call('GET', `/contracts/${other.id}/usage`, { key: other.key })).body.rate_limits).toEqual([]);
});
