/** The API key of a contract over HTTP: who gets it when, how it is shown again, replaced and revoked. */
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { addCatalogue, addContract, contractBody } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { expectRefusal } from '../harness/expect-refusal';

let api: TestApi;
let catalogue: TestCatalogue;

beforeAll(async () => {
  api = await startTestApi({ worker: true });
  catalogue = await addCatalogue(api);
});
afterAll(() => api.close());

const post = (
  id: string,
  path: string,
  body?: unknown,
  more: { key?: string; headers?: Record<string, string> } = {},
) => api.call('POST', `/contracts/${id}${path}`, { ...(body === undefined ? {} : { body }), ...more });
const patch = (id: string, body: unknown): Promise<ApiAnswer> => api.call('PATCH', `/contracts/${id}`, { body });
const generate = (id: string, key: string) => post(id, '/generate', { count: 1 }, { key });
const keyOf = ({ body }: ApiAnswer): string => body.api_access.key;

/** A contract with API access, and its key. */
async function contractWithKey(changes: object = {}): Promise<{ id: string; key: string }> {
  const answer = await api.call('POST', '/contracts', {
    body: contractBody(catalogue, { api_access: true, ...changes }),
  });
  expect(answer.status).toBe(201);
  return { id: answer.body.id, key: keyOf(answer) };
}

/** The actions in the audit of a contract that are about its key, oldest first, with the key ids before and after. */
async function auditOfKeys(id: string): Promise<unknown[]> {
  return [
    ...(await api.sql`
    SELECT action, before ->> 'key_id' AS before, after ->> 'key_id' AS after, actor ->> 'type' AS by FROM audit_events
    WHERE contract_id = ${id} AND action LIKE 'apikey.%' ORDER BY id`),
  ];
}

const keyIdOf = (key: string): string | undefined => key.split('_')[2];

test('creation with API access shows the key once, stores no readable key, and the key works', async () => {
  const body = contractBody(catalogue, { api_access: true });
  const headers = { 'Idempotency-Key': `create-${Date.now()}` };
  const created = await api.call('POST', '/contracts', { body, headers });
  const key = keyOf(created);
  const { id } = created.body;
  expect(key).toMatch(/^cov_live_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/);
  expect(created.body.api_access).toEqual({
    enabled: true,
    masked_key: `cov_live_${keyIdOf(key)}_…${key.slice(-4)}`,
    endpoint_url: `https://licenses.test/api/v1/contracts/${id}/generate`,
    last_used_at: null,
    key,
  });
  expect((await generate(id, key)).status).toBe(201);

  const repeated = await api.call('POST', '/contracts', { body, headers });
  expect([repeated.body.id, repeated.body.api_access.key]).toEqual([id, null]);
  const read = await api.call('GET', `/contracts/${id}`);
  expect(read.body.api_access).toMatchObject({ enabled: true, last_used_at: expect.any(String) });
  expect(read.text).not.toContain(key.slice(-30));
  const [stored] = await api.sql`
    SELECT (SELECT string_agg(k::text, ' ') FROM contract_api_keys k) || (SELECT string_agg(a::text, ' ') FROM audit_events a)
      || (SELECT string_agg(i::text, ' ') FROM idempotency_keys i) || (SELECT string_agg(r::text, ' ') FROM contract_revisions r) AS text`;
  expect(stored?.text).not.toContain(key.slice(-30));
  expect(await auditOfKeys(id)).toEqual([{ action: 'apikey.created', before: null, after: keyIdOf(key), by: 'user' }]);
});

test('contracts outside production have test keys, and no contract has a key without API access', async () => {
  const staging = await addCatalogue(api, { environment: 'staging' });
  const created = await api.call('POST', '/contracts', { body: contractBody(staging, { api_access: true }) });
  expect(keyOf(created)).toMatch(/^cov_test_/);
  const without = await addContract(api, catalogue);
  expect(without.api_access).toMatchObject({ enabled: false, masked_key: null });
  expect(without.api_access).not.toHaveProperty('key');
  expectRefusal(await post(without.id, '/api-key/reveal'), 409, 'API_ACCESS_OFF');
  expectRefusal(await post(without.id, '/api-key/rotate'), 409, 'API_ACCESS_OFF');
});

test('a dry run shows no key and creates none', async () => {
  const body = contractBody(catalogue, { api_access: true });
  const created = await api.call('POST', '/contracts?dry_run=true', { body });
  expect(created.body.api_access).toMatchObject({ enabled: true, masked_key: null });
  expect(created.body.api_access).not.toHaveProperty('key');
  const { id, key } = await contractWithKey();
  const rotated = await post(id, '/api-key/rotate?dry_run=true');
  expect([rotated.status, rotated.body.key, rotated.body.dry_run]).toEqual([200, null, true]);
  const shown = await post(id, '/api-key/reveal?dry_run=true');
  expect([shown.body.key, shown.body.key_id]).toEqual([null, keyIdOf(key)]);
  expect((await generate(id, key)).status).toBe(201);
  expect(await auditOfKeys(id)).toHaveLength(1);
});

test('switching API access on by edit shows a key, and off revokes it; on again gives another key', async () => {
  const { id } = await addContract(api, catalogue);
  const on = await patch(id, { api_access: true });
  const key = keyOf(on);
  expect((await generate(id, key)).status).toBe(201);
  expect((await patch(id, { api_access: true, name: 'Renamed' })).body.api_access).not.toHaveProperty('key');
  expect((await patch(id, { api_access: false })).body.api_access).toMatchObject({ enabled: false, masked_key: null });
  expectRefusal(await generate(id, key), 401, 'INVALID_API_KEY');
  const again = keyOf(await patch(id, { api_access: true }));
  expect(again).not.toBe(key);
  expectRefusal(await generate(id, key), 401, 'INVALID_API_KEY');
  expect((await generate(id, again)).status).toBe(201);
  expect(await auditOfKeys(id)).toEqual([
    { action: 'apikey.created', before: null, after: keyIdOf(key), by: 'user' },
    { action: 'apikey.revoked', before: keyIdOf(key), after: null, by: 'user' },
    { action: 'apikey.created', before: null, after: keyIdOf(again), by: 'user' },
  ]);
});

test('an edit that also activates the draft shows the key, which has not passed through Temporal', async () => {
  const draft = await addContract(api, catalogue, { status: 'inactive' });
  const activated = await patch(draft.id, { status: 'active', api_access: true });
  expect(activated.body).toMatchObject({ state: 'ACTIVE', api_access: { enabled: true } });
  const key = keyOf(activated);
  expect((await generate(draft.id, key)).status).toBe(201);
  const history = await api.api.client.workflow.getHandle(activated.body.workflow_id).fetchHistory();
  expect(JSON.stringify(history)).not.toContain(Buffer.from(key.slice(-30)).toString('base64').slice(4, -4));
});

test('a draft has its key before it is activated, so that the partner can test', async () => {
  const { id, key } = await contractWithKey({ status: 'inactive' });
  expectRefusal(await generate(id, key), 409, 'CONTRACT_INACTIVE');
  expect((await post(id, '/generate', { count: 1, test: true }, { key })).status).toBe(201);
});

test('termination and deletion revoke the key, and a reinstated contract has a new one', async () => {
  const { id, key } = await contractWithKey();
  expect((await post(id, '/terminate', { reason: 'The partner left.' })).status).toBe(200);
  expectRefusal(await generate(id, key), 401, 'INVALID_API_KEY');
  expectRefusal(await post(id, '/api-key/rotate'), 409, 'CONTRACT_TERMINATED');
  const reinstated = keyOf(await post(id, '/reinstate'));
  expect((await generate(id, reinstated)).status).toBe(201);
  expectRefusal(await generate(id, key), 401, 'INVALID_API_KEY');
  await post(id, '/pause');
  const { name } = (await api.call('GET', `/contracts/${id}`)).body;
  expect((await api.call('DELETE', `/contracts/${id}`, { body: { confirm_name: name } })).status).toBe(204);
  expectRefusal(await generate(id, reinstated), 401, 'INVALID_API_KEY');
  expect((await auditOfKeys(id)).map((row) => (row as { action: string }).action)).toEqual([
    'apikey.created',
    'apikey.revoked',
    'apikey.created',
    'apikey.revoked',
  ]);
});

/** The domain events about the keys of a contract. */
function eventsOfKeys(contract_id: string) {
  return api.sql`
    SELECT type, data FROM domain_events WHERE contract_id = ${contract_id} AND type LIKE 'contract.api_key_%' ORDER BY sequence`;
}

describe('reveal', () => {
  test('shows the key to admins with an audit row for each time, and is never stored by caches', async () => {
    const { id, key } = await contractWithKey();
    const shown = await post(id, '/api-key/reveal', undefined, { key: api.keys.admin });
    expect([shown.status, shown.body.key]).toEqual([200, key]);
    expect(shown.headers.get('cache-control')).toContain('no-store');
    for (const role of ['operator', 'viewer'] as const)
      expectRefusal(await post(id, '/api-key/reveal', undefined, { key: api.keys[role] }), 403, 'FORBIDDEN_ROLE');
    expectRefusal(await post(id, '/api-key/reveal', undefined, { key }), 403, 'FORBIDDEN_CALLER');
    expect((await auditOfKeys(id)).slice(1)).toEqual([
      { action: 'apikey.revealed', before: null, after: keyIdOf(key), by: 'user' },
    ]);
    const events = await eventsOfKeys(id);
    expect(events).toMatchObject([{ type: 'contract.api_key_revealed', data: { key_id: keyIdOf(key) } }]);
    expect(JSON.stringify(events)).not.toContain(key);
  });

  test('a repetition with the same Idempotency-Key shows no key and has no audit row', async () => {
    const { id, key } = await contractWithKey();
    const headers = { 'Idempotency-Key': `reveal-${id}` };
    expect((await post(id, '/api-key/reveal', undefined, { headers })).body.key).toBe(key);
    const repeated = await post(id, '/api-key/reveal', undefined, { headers });
    expect([repeated.body.key, repeated.headers.get('idempotent-replayed')]).toEqual([null, 'true']);
    expect(await auditOfKeys(id)).toHaveLength(2);
  });

  test('a sealed key that was moved to the row of another contract is not shown', async () => {
    const [one, other] = [await contractWithKey(), await contractWithKey()];
    await api.sql`
      UPDATE contract_api_keys SET sealed = (SELECT sealed FROM contract_api_keys WHERE contract_id = ${other.id})
      WHERE contract_id = ${one.id}`;
    expectRefusal(await post(one.id, '/api-key/reveal'), 409, 'API_KEY_UNREADABLE');
    expect(await auditOfKeys(one.id)).toHaveLength(1);
  });
});

describe('rotation', () => {
  test('without an overlap, no call with the former key succeeds after the response', async () => {
    const { id, key } = await contractWithKey();
    const rotated = await post(id, '/api-key/rotate');
    expect((await generate(id, rotated.body.key)).status).toBe(201);
    expectRefusal(await generate(id, key), 401, 'INVALID_API_KEY');
    const known = await api.call('GET', `/contracts/${id}/api-key`, { key: api.keys.viewer });
    expect(known.body).toMatchObject({
      enabled: true,
      key: { key_id: keyIdOf(rotated.body.key), age_days: 0, rotation_recommended: false },
      former_key: null,
    });
    expect((await auditOfKeys(id)).at(-1)).toMatchObject({ action: 'apikey.rotated', before: keyIdOf(key) });
  });

  test('with an overlap both keys are accepted until its end, and only the new one is shown', async () => {
    const { id, key } = await contractWithKey();
    const rotated = (await post(id, '/api-key/rotate', { overlap_minutes: 60 })).body.key;
    for (const accepted of [key, rotated]) expect((await generate(id, accepted)).status).toBe(201);
    const known = await api.call('GET', `/contracts/${id}/api-key`);
    expect(known.body.former_key).toMatchObject({ key_id: keyIdOf(key), accepted_until: expect.any(String) });
    expect(await eventsOfKeys(id)).toMatchObject([
      {
        type: 'contract.api_key_rotated',
        data: {
          ...{ contract_id: id, key_id: keyIdOf(rotated), former_key_id: keyIdOf(key) },
          former_key_accepted_until: known.body.former_key.accepted_until,
        },
      },
    ]);
    expect((await post(id, '/api-key/reveal')).body.key).toBe(rotated);
    await api.sql`UPDATE contract_api_keys SET expires_at = now() WHERE contract_id = ${id} AND expires_at IS NOT NULL`;
    expectRefusal(await generate(id, key), 401, 'INVALID_API_KEY');
    expect((await api.call('GET', `/contracts/${id}/api-key`)).body.former_key).toBeNull();
  });

  test('ends an earlier overlap, so that at most two keys are accepted', async () => {
    const { id, key } = await contractWithKey();
    const second = (await post(id, '/api-key/rotate', { overlap_minutes: 60 })).body.key;
    const third = (await post(id, '/api-key/rotate', { overlap_minutes: 60 })).body.key;
    expectRefusal(await generate(id, key), 401, 'INVALID_API_KEY');
    for (const accepted of [second, third]) expect((await generate(id, accepted)).status).toBe(201);
  });

  test('waits for the lock of the contract, and two at the same time leave one current key', async () => {
    const { id } = await contractWithKey();
    const answers = await Promise.all([0, 1, 2].map(() => post(id, '/api-key/rotate')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const works = await Promise.all(answers.map(({ body }) => generate(id, body.key)));
    expect(works.map(({ status }) => status).sort()).toEqual([201, 401, 401]);
  });

  test('under load with an overlap, no call fails', async () => {
    const { id, key } = await contractWithKey({ quota: 10_000 });
    let current = key;
    let ended = false;
    const statuses: number[] = [];
    // Half of the callers learn the new key at once, the others never.
    const callers = Array.from({ length: 8 }, async (_, index) => {
      while (!ended) statuses.push((await generate(id, index % 2 === 0 ? current : key)).status);
    });
    current = (await post(id, '/api-key/rotate', { overlap_minutes: 5 })).body.key;
    const [before, known] = [statuses.length, callers.length];
    while (statuses.length < before + 2 * known) await generate(id, current);
    ended = true;
    await Promise.all(callers);
    expect(statuses.length).toBeGreaterThan(0);
    expect(new Set(statuses)).toEqual(new Set([201]));
  });

  test.each([-1, 10_081, 1.5])('an overlap of %s minutes is refused', async (overlap_minutes) => {
    const { id } = await contractWithKey();
    expectRefusal(await post(id, '/api-key/rotate', { overlap_minutes }), 422, 'VALIDATION_FAILED');
  });
});

test('a progress stream of a key ends when the key is revoked', async () => {
  const { id, key } = await contractWithKey({ quota: 1_000 });
  const { job_id } = (await post(id, '/generate', { count: 200 }, { key })).body;
  await api.sql`UPDATE generation_jobs SET state = 'PAUSED' WHERE id = ${job_id}`;
  const followed = api.call('GET', `/jobs/${job_id}/progress`, { key });
  await patch(id, { api_access: false });
  expect((await followed).text).not.toContain('event: end');
});

test('an installation without sealing keys refuses API access and changes nothing', async () => {
  const plain = await startTestApi({ sealingKeys: [] });
  try {
    const own = await addCatalogue(plain);
    const body = contractBody(own, { api_access: true });
    expectRefusal(await plain.call('POST', '/contracts', { body }), 409, 'API_ACCESS_NOT_CONFIGURED');
    const contract = await addContract(plain, own);
    const edited = await plain.call('PATCH', `/contracts/${contract.id}`, { body: { api_access: true } });
    expectRefusal(edited, 409, 'API_ACCESS_NOT_CONFIGURED');
    expect((await plain.sql`SELECT FROM contracts`).count).toBe(1);
  } finally {
    await plain.close();
  }
});
