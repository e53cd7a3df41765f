/** Admins, their API keys and `/me` over HTTP. */
import { randomUUID } from 'node:crypto';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { auditOf, expectRefusal } from '../harness/expect-refusal';
import { walkPages } from '../harness/walk-pages';

let api: TestApi;
let created_count = 0;

beforeAll(async () => {
  api = await startTestApi();
});

afterAll(() => api.close());

function create(more: Record<string, unknown> = {}): Promise<ApiAnswer> {
  return api.call('POST', '/admins', {
    body: { name: 'Lin', email: `lin${++created_count}@example.com`, role: 'viewer', ...more },
  });
}

function edit(id: string, body: Record<string, unknown>, key?: string): Promise<ApiAnswer> {
  return api.call('PATCH', `/admins/${id}`, { body, ...(key === undefined ? {} : { key }) });
}

async function createWithKey(role: string): Promise<{ id: string; key: string }> {
  const { id } = (await create({ role })).body;
  return { id, key: (await api.call('POST', `/admins/${id}/api-keys`)).body.key };
}

test('every caller with a key reads the admin of the key', async () => {
  for (const role of ['super_admin', 'admin', 'operator', 'viewer'] as const) {
    const { status, body } = await api.call('GET', '/me', { key: api.keys[role] });
    expect({ status, id: body.id, role: body.role, name: body.name }).toEqual({
      status: 200,
      id: api.admins[role].id,
      role,
      name: api.admins[role].name,
    });
  }
  expectRefusal(await api.call('GET', '/me', { key: null }), 401, 'UNAUTHENTICATED');
});

test('an admin is created without a key, and the response equals a later read', async () => {
  const answer = await create({ role: 'operator' });
  expect(answer.status).toBe(201);
  expect(answer.body).toMatchObject({ role: 'operator', status: 'active' });
  expect((await api.call('GET', `/admins/${answer.body.id}`)).body).toEqual(answer.body);
  expect((await api.call('GET', `/admins/${answer.body.id}/api-keys`)).body.data).toEqual([]);
  expect((await auditOf(api, answer.body.id)).map((row) => row.action)).toEqual(['admin.created']);
});

test('an address belongs to one admin, regardless of letter case', async () => {
  await create({ email: 'mae@example.com' });
  expectRefusal(await create({ email: 'MAE@example.com' }), 409, 'EMAIL_TAKEN');
});

test('only super admins can read or change admins', async () => {
  const { id } = (await create()).body;
  for (const role of ['admin', 'operator', 'viewer'] as const) {
    const key = api.keys[role];
    for (const [method, path] of [
      ['GET', '/admins'],
      ['GET', `/admins/${id}`],
      ['GET', `/admins/${id}/api-keys`],
      ['POST', `/admins/${id}/api-keys`],
    ] as const) {
      expectRefusal(await api.call(method, path, { key }), 403, 'FORBIDDEN_ROLE');
    }
    expectRefusal(await edit(id, { role: 'super_admin' }, key), 403, 'FORBIDDEN_ROLE');
  }
});

test('a new role applies from the next request on', async () => {
  const { id, key } = await createWithKey('viewer');
  const body = { name: 'Made', code: `made-${id}` };
  expectRefusal(await api.call('POST', '/products', { key, body }), 403, 'FORBIDDEN_ROLE');
  await edit(id, { role: 'admin' });
  expect((await api.call('POST', '/products', { key, body })).status).toBe(201);
  expect((await auditOf(api, id)).at(-1)).toMatchObject({
    action: 'admin.updated',
    before: { role: 'viewer' },
    after: { role: 'admin' },
  });
});

test('the keys of a disabled admin are rejected until the admin is enabled', async () => {
  const { id, key } = await createWithKey('admin');
  await edit(id, { status: 'disabled' });
  expectRefusal(await api.call('GET', '/me', { key }), 401, 'INVALID_API_KEY');
  await edit(id, { status: 'active' });
  expect((await api.call('GET', '/me', { key })).status).toBe(200);
});

test('an edit that changes nothing responds with 200 and writes nothing', async () => {
  const { body } = await create();
  expect((await edit(body.id, { name: body.name, role: body.role, status: 'active' })).body).toEqual(body);
  expect(await auditOf(api, body.id)).toHaveLength(1);
  expectRefusal(await edit(randomUUID(), { name: 'x' }), 404, 'NOT_FOUND');
});

describe('keys', () => {
  test('a key is shown once, works, and is stored and listed without its secret', async () => {
    const { id } = (await create()).body;
    const { status, body } = await api.call('POST', `/admins/${id}/api-keys`, { body: { label: 'laptop' } });
    expect(status).toBe(201);
    expect(body.key).toMatch(/^cov_admin_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/);
    expect((await api.call('GET', '/me', { key: body.key })).body).toMatchObject({ id, api_key_id: body.id });

    const listed = await api.call('GET', `/admins/${id}/api-keys`);
    const { key, ...rest } = body;
    expect(listed.body.data).toEqual([{ ...rest, last_used_at: expect.any(String) }]);
    const secret = String(key).split('_')[3] as string;
    expect(listed.text).not.toContain(secret);
    const stored =
      await api.sql`SELECT (SELECT jsonb_agg(to_jsonb(k)) FROM admin_api_keys k)::text || (SELECT jsonb_agg(to_jsonb(a)) FROM audit_events a)::text AS text`;
    expect(stored[0]?.text).not.toContain(secret);
    expect((await auditOf(api, id)).at(-1)).toMatchObject({
      action: 'admin.key_created',
      after: { key_id: body.key_id, label: 'laptop' },
    });
  });

  test('a repetition with the same idempotency key creates no second key and shows no key', async () => {
    const { id } = (await create()).body;
    const headers = { 'Idempotency-Key': 'key-1' };
    const first = await api.call('POST', `/admins/${id}/api-keys`, { headers });
    const second = await api.call('POST', `/admins/${id}/api-keys`, { headers });
    expect(second.status).toBe(201);
    expect(second.body).toEqual({ ...first.body, key: null });
    expect((await api.call('GET', `/admins/${id}/api-keys`)).body.data).toHaveLength(1);
    const [remembered] = await api.sql`SELECT body->'key' AS key FROM idempotency_keys WHERE key = 'key-1'`;
    expect(remembered?.key).toBeNull();
  });

  test.each(['id', 'key_id'])(
    'a key revoked by its %s is rejected, other keys of the admin stay valid, and revoking again changes nothing',
    async (name) => {
      const { id, key: kept } = await createWithKey('viewer');
      const { body } = await api.call('POST', `/admins/${id}/api-keys`);
      for (let time = 0; time < 2; time++)
        expect((await api.call('DELETE', `/admins/${id}/api-keys/${body[name]}`)).status).toBe(204);
      expectRefusal(await api.call('GET', '/me', { key: body.key }), 401, 'INVALID_API_KEY');
      expect((await api.call('GET', '/me', { key: kept })).status).toBe(200);
      expect((await auditOf(api, id)).filter((row) => row.action === 'admin.key_revoked')).toHaveLength(1);
    },
  );

  test('a key of another admin is not found', async () => {
    const [one, other] = [(await create()).body.id, (await create()).body.id];
    const { body } = await api.call('POST', `/admins/${other}/api-keys`);
    expectRefusal(await api.call('DELETE', `/admins/${one}/api-keys/${body.id}`), 404, 'NOT_FOUND');
    expectRefusal(await api.call('POST', `/admins/${randomUUID()}/api-keys`), 404, 'NOT_FOUND');
    expectRefusal(await api.call('GET', `/admins/${randomUUID()}/api-keys`), 404, 'NOT_FOUND');
  });

  test('pages show every key once, newest first', async () => {
    const { id } = (await create()).body;
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await api.call('POST', `/admins/${id}/api-keys`)).body.id);
    expect(await walkPages(api, `/admins/${id}/api-keys?limit=2`)).toEqual(ids.reverse());
  });
});

describe('the last super admin', () => {
  test('cannot be disabled or get a lower role, by any caller', async () => {
    const { id } = api.admins.super_admin;
    for (const body of [{ role: 'admin' }, { status: 'disabled' }])
      expectRefusal(await edit(id, body), 409, 'LAST_SUPER_ADMIN');
    expect((await edit(id, { name: 'Renamed', role: 'super_admin' })).status).toBe(200);
  });

  test('a disabled super admin does not count', async () => {
    const other = (await create({ role: 'super_admin' })).body;
    await edit(other.id, { status: 'disabled' });
    expectRefusal(await edit(api.admins.super_admin.id, { role: 'viewer' }), 409, 'LAST_SUPER_ADMIN');
    await edit(other.id, { role: 'viewer' });
  });

  test('when two super admins lower each other simultaneously, one of them stays super admin', async () => {
    for (let round = 0; round < 5; round++) {
      const other = await createWithKey('super_admin');
      const me = api.admins.super_admin;
      const answers = await Promise.all([edit(other.id, { role: 'admin' }), edit(me.id, { role: 'admin' }, other.key)]);
      const [row] =
        await api.sql`SELECT count(*)::int AS left FROM admins WHERE role = 'super_admin' AND status = 'active'`;
      // The caller of the slower request may already have lost the role.
      expect({ left: row?.left, done: answers.filter((answer) => answer.status === 200).length }).toEqual({
        left: 1,
        done: 1,
      });
      await api.sql`UPDATE admins SET role = CASE id WHEN ${me.id} THEN 'super_admin' ELSE 'admin' END WHERE id IN (${me.id}, ${other.id})`;
    }
  });
});

describe('the last working key of the super admins', () => {
  const keysOf = (id: string) =>
    api.sql<{ id: string }[]>`SELECT id FROM admin_api_keys WHERE admin_id = ${id} AND revoked_at IS NULL ORDER BY id`;
  const revocations = async (id: string): Promise<number> =>
    (await auditOf(api, id)).filter((row) => row.action === 'admin.key_revoked').length;

  test('cannot be revoked, and its admin cannot be disabled, although another super admin exists without a key', async () => {
    const me = api.admins.super_admin;
    const other = (await create({ role: 'super_admin' })).body;
    const [own] = await keysOf(me.id);
    const revoked = await api.call('DELETE', `/admins/${me.id}/api-keys/${own?.id}`);
    expectRefusal(revoked, 409, 'LAST_SUPER_ADMIN_KEY');
    expect(revoked.body.detail).toContain('POST /api/v1/admins/{id}/api-keys');
    for (const body of [{ role: 'admin' }, { status: 'disabled' }])
      expectRefusal(await edit(me.id, body), 409, 'LAST_SUPER_ADMIN');
    expect((await api.call('GET', '/me')).status).toBe(200);
    expect(await revocations(me.id)).toBe(0);
    // The super admin without a key can be disabled at any time.
    expect((await edit(other.id, { role: 'viewer' })).status).toBe(200);
  });

  test('can be revoked when another key is valid, of the same admin or of another', async () => {
    const me = api.admins.super_admin;
    const second = (await api.call('POST', `/admins/${me.id}/api-keys`)).body;
    expect((await api.call('DELETE', `/admins/${me.id}/api-keys/${second.id}`)).status).toBe(204);
    const other = await createWithKey('super_admin');
    const [key] = await keysOf(other.id);
    expect((await api.call('DELETE', `/admins/${other.id}/api-keys/${key?.id}`)).status).toBe(204);
    await edit(other.id, { role: 'viewer' });
  });

  test('when two keys are revoked simultaneously, one stays valid', async () => {
    const me = api.admins.super_admin;
    const other = await createWithKey('super_admin');
    const [[mine], [theirs]] = [await keysOf(me.id), await keysOf(other.id)];
    const answers = await api.sql.begin(async (tx) => {
      await tx`SELECT FROM admins WHERE role = 'super_admin' FOR NO KEY UPDATE`;
      const both = [
        api.call('DELETE', `/admins/${me.id}/api-keys/${mine?.id}`, { key: other.key }),
        api.call('DELETE', `/admins/${other.id}/api-keys/${theirs?.id}`),
      ];
      await waitUntilBlocked(api.sql, 2);
      return { both };
    });
    const [one, two] = await Promise.all(answers.both);
    expect([one?.status, two?.status].sort()).toEqual([204, 409]);
    const refused = one?.status === 409 ? one : two;
    expectRefusal(refused as ApiAnswer, 409, 'LAST_SUPER_ADMIN_KEY');
    expect((await keysOf(me.id)).length + (await keysOf(other.id)).length).toBe(1);
    await api.sql`UPDATE admin_api_keys SET revoked_at = NULL WHERE id = ${mine?.id ?? ''}`;
    await api.sql`UPDATE admins SET role = 'viewer' WHERE id = ${other.id}`;
  });
});

test('lists filter by role, status and part of address or name', async () => {
  const { body } = await create({ name: 'Rosalind', role: 'operator' });
  expect(await walkPages(api, '/admins?search=rosalind&role=operator&status=active')).toEqual([body.id]);
  expect(await walkPages(api, '/admins?search=rosalind&role=admin')).toEqual([]);
});
