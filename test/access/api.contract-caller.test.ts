/** What the API key of a contract can call: it generates for its own contract, and nothing of another contract exists for it. */
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import { addContractKey } from '../harness/contract-keys';
import { expectRefusal } from '../harness/expect-refusal';

let api: TestApi;
let own: { id: string; key: string };
let other: { id: string; key: string };

beforeAll(async () => {
  api = await startTestApi();
  const catalogue = await addCatalogue(api);
  const withKey = async () => {
    const { id } = await addContract(api, catalogue);
    return { id: id as string, key: await addContractKey(api, id) };
  };
  [own, other] = [await withKey(), await withKey()];
});
afterAll(() => api.close());

function generate(contract_id: string, key: string, body: object = { count: 2 }): Promise<ApiAnswer> {
  return api.call('POST', `/contracts/${contract_id}/generate`, { key, body });
}

test('it generates licenses of its contract by the channel api, and the history names the key and its address apart', async () => {
  const { status, body } = await generate(own.id, own.key);
  expect(status).toBe(201);
  const [row] = await api.sql`
    SELECT channel, actor, shown_actor(actor) AS shown FROM generation_jobs WHERE id = ${body.job_id}`;
  expect(row).toMatchObject({
    channel: 'api',
    actor: { type: 'api_key', name_id: expect.any(Number), origin_id: expect.any(Number) },
    shown: { type: 'api_key', name: `API key …${own.key.slice(-4)}`, ip: '127.0.0.1' },
  });
  expect(row?.actor).not.toHaveProperty('ip');
  expect(row?.actor).not.toHaveProperty('name');
  const [used] = await api.sql`SELECT last_used_at FROM contract_api_keys WHERE contract_id = ${own.id}`;
  expect(used?.last_used_at).not.toBeNull();
});

test('it sees the jobs of its contract and their licenses, but not the people of the vendor', async () => {
  const by_admin = (await generate(own.id, api.keys.admin)).body.job_id as string;
  const by_key = (await generate(own.id, own.key)).body.job_id as string;
  const listed = await api.call('GET', '/jobs', { key: own.key });
  const ids = listed.body.data.map(({ id }: { id: string }) => id);
  expect(ids.slice(0, 2)).toEqual([by_key, by_admin]);
  const job = await api.call('GET', `/jobs/${by_admin}`, { key: own.key });
  expect(job.body.actor).toEqual({ type: 'user', id: 'vendor', name: 'Vendor' });
  expect(job.body.allowed_actions).toEqual({
    cancel: { code: 'FORBIDDEN_CALLER' },
    resume: { code: 'FORBIDDEN_CALLER' },
  });
  const followed = await api.call('GET', `/jobs/${by_admin}/progress`, { key: own.key });
  expect(followed.text).toContain('event: end');
  for (const text of [listed.text, job.text, followed.text]) {
    expect(text).not.toContain(api.admins.admin.name);
    expect(text).not.toContain(api.admins.admin.id);
  }
  const csv = await api.call('GET', `/jobs/${by_admin}/licenses.csv`, { key: own.key });
  expect(csv.text.trim().split('\n')).toHaveLength(1 + 2);
});

test('it lists the licenses of its contract by pages, with their keys, and finds them by a key', async () => {
  const { licenses, job_id } = (await generate(own.id, own.key, { count: 3 })).body;
  const keys = licenses.map((license: { key: string }) => license.key);
  const path = `/licenses?job_id=${job_id}&order=asc&limit=2`;
  const first = (await api.call('GET', path, { key: own.key })).body;
  const rest = (await api.call('GET', `${path}&cursor=${first.next_cursor}`, { key: own.key })).body;
  expect([...first.data, ...rest.data].map((license) => license.key)).toEqual(keys);
  expect(rest.next_cursor).toBeNull();
  const found = await api.call('GET', `/licenses?search=${keys[1]}`, { key: own.key });
  expect(found.body.data.map((license: { key: string }) => license.key)).toEqual([keys[1]]);
  const all = await api.call('GET', '/licenses?limit=100', { key: own.key });
  expect(new Set(all.body.data.map((license: { contract_id: string }) => license.contract_id))).toEqual(
    new Set([own.id]),
  );
});

test('another contract, its jobs and its licenses do not exist for it, before its request is read', async () => {
  const made = (await generate(other.id, other.key)).body;
  const job = made.job_id as string;
  const { key } = own;
  expectRefusal(await generate(other.id, key, { count: 'many' }), 404, 'NOT_FOUND');
  for (const list of ['jobs', 'licenses'])
    expectRefusal(await api.call('GET', `/${list}?contract_id=${other.id}`, { key }), 404, 'NOT_FOUND');
  expectRefusal(await api.call('GET', `/licenses?job_id=${job}`, { key }), 404, 'NOT_FOUND');
  for (const filter of [`search=${made.licenses[0].key}`, `search=${made.licenses[0].id}`])
    expect((await api.call('GET', `/licenses?${filter}`, { key })).body.data).toEqual([]);
  for (const path of ['', '/progress', '/licenses.csv'])
    expectRefusal(await api.call('GET', `/jobs/${job}${path}`, { key }), 404, 'NOT_FOUND');
  const listed = await api.call('GET', '/jobs', { key });
  expect(listed.text).not.toContain(other.id);
});

test('an idempotency key of one contract says nothing about that of another', async () => {
  const body = { count: 1, idempotency_key: 'order-1' };
  const [first, second] = [await generate(own.id, own.key, body), await generate(other.id, other.key, body)];
  expect(second.body.job_id).not.toBe(first.body.job_id);
  const repeated = await generate(own.id, own.key, body);
  expect([repeated.body.job_id, repeated.headers.get('idempotent-replayed')]).toEqual([first.body.job_id, 'true']);
});

test('a refusal tells it what a partner can do, and tells an admin what an admin can do', async () => {
  const body = { count: 99_000 };
  const refused = await generate(own.id, own.key, body);
  expectRefusal(refused, 409, 'QUOTA_EXCEEDED');
  expect(refused.body.detail).toMatch(/ask the vendor to raise the quota\.$/);
  expect((await generate(own.id, api.keys.admin, body)).body.detail).toMatch(/Raise the quota\.$/);
  const catalogue = await addCatalogue(api);
  const { id } = await addContract(api, catalogue, { type: 'pool', status: 'inactive' });
  const key = await addContractKey(api, id);
  const draft = await api.call('POST', `/contracts/${id}/pool/grab`, { key, body: { order_ref: 'SO-1', count: 1 } });
  const remedy = 'Ask the vendor to activate it. Until then it generates test licenses only ("test": true).';
  expect(draft.body.metadata).toMatchObject({ inactive_reason: 'CONFIGURING', remedy });
  expect(draft.body.detail).toBe(`The contract gives no licenses now (CONFIGURING). ${remedy}`);
});

test('a dry run neither stores an idempotency key nor answers with the response that is stored for it', async () => {
  const body = { count: 1, idempotency_key: 'order-dry' };
  const path = `/contracts/${own.id}/generate`;
  const dryRun = () => api.call('POST', `${path}?dry_run=true`, { key: own.key, body });
  const before = await dryRun();
  const first = await generate(own.id, own.key, body);
  expect([first.status, first.headers.get('idempotent-replayed')]).toEqual([201, null]);
  const after = await dryRun();
  expect([after.status, after.headers.get('idempotent-replayed'), after.body.job_id]).toEqual([201, null, undefined]);
  expect([before, after].map((answer) => answer.body.quota_remaining - first.body.quota_remaining)).toEqual([0, -1]);
});

test('an API key is refused as an idempotency key, in the header and in the body, and is not stored', async () => {
  const { key } = own;
  const in_header = await api.call('POST', `/contracts/${own.id}/generate`, {
    key,
    body: { count: 1 },
    headers: { 'Idempotency-Key': `again ${key}` },
  });
  const in_body = await generate(own.id, key, { count: 1, idempotency_key: key });
  for (const answer of [in_header, in_body]) {
    expectRefusal(answer, 422, 'API_KEY_AS_IDEMPOTENCY_KEY');
    expect(answer.text).not.toContain(key);
  }
  const stored = await api.sql`SELECT FROM generation_jobs WHERE idempotency_key LIKE '%cov_%'`;
  expect(stored.count).toBe(0);
});

test('the cursor of a list of jobs shows nothing that its rows do not show', async () => {
  for (const count of [1, 2]) await generate(own.id, own.key, { count });
  const { data, next_cursor } = (await api.call('GET', '/jobs?limit=1', { key: own.key })).body;
  const [, at, id] = JSON.parse(Buffer.from(next_cursor, 'base64url').toString()) as string[];
  expect(id).toBe(data[0].id);
  expect(at?.slice(0, 19)).toBe(data[0].created_at.slice(0, 19));
});

test('it can read who it is', async () => {
  expect((await api.call('GET', '/me', { key: own.key })).body).toMatchObject({
    kind: 'contract',
    contract_id: own.id,
  });
});

test.each([
  ['revoked', () => api.sql`UPDATE contract_api_keys SET revoked_at = now() WHERE contract_id = ${own.id}`],
  [
    'past the end of its overlap',
    () => api.sql`UPDATE contract_api_keys SET expires_at = now() WHERE contract_id = ${own.id}`,
  ],
])('a key that is %s stops at once, also for requests that the granting statement would check', async (_what, end) => {
  const count = async () => (await api.sql`SELECT FROM generation_jobs WHERE contract_id = ${own.id}`).count;
  await generate(own.id, own.key);
  const before = await count();
  await end();
  for (const body of [{ count: 1 }, { count: 200 }, { count: 'many' }])
    expectRefusal(await generate(own.id, own.key, body), 401, 'INVALID_API_KEY');
  expect(await count()).toBe(before);
  await api.sql`UPDATE contract_api_keys SET revoked_at = NULL, expires_at = NULL WHERE contract_id = ${own.id}`;
});

test('a key is not accepted under the kind of another environment', async () => {
  const kind = own.key.startsWith('cov_live_') ? 'test' : 'live';
  const { key_id } = (await api.call('GET', '/me', { key: own.key })).body;
  expect(own.key).toContain(key_id);
  // The checksum covers the kind, so a key with another kind is refused without a lookup.
  expectRefusal(await api.call('GET', '/me', { key: own.key.replace(/live|test/, kind) }), 401, 'API_KEY_MISTYPED');
});
