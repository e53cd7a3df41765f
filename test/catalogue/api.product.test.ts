/** Products over HTTP. */
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { auditOf, expectRefusal, wrongFieldsOf } from '../harness/expect-refusal';
import { walkPages } from '../harness/walk-pages';

const UNKNOWN_ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';

let api: TestApi;
let created_count = 0;

beforeAll(async () => {
  api = await startTestApi();
});

afterAll(() => api.close());

function create(more: Record<string, unknown> = {}): Promise<ApiAnswer> {
  return api.call('POST', '/products', { body: { name: 'CAD Suite', code: `cad-${++created_count}`, ...more } });
}

test('a name and a code are enough, and the response equals a later read', async () => {
  const answer = await create();
  expect(answer.status).toBe(201);
  expect(answer.headers.get('location')).toBe(`/api/v1/products/${answer.body.id}`);
  expect(answer.body).toMatchObject({ name: 'CAD Suite', environment: 'production', status: 'active', modules: [] });
  expect((await api.call('GET', `/products/${answer.body.id}`)).body).toEqual(answer.body);
});

test('creating writes one audit row with the actor, the request and the changes', async () => {
  const { body } = await api.call('POST', '/products', {
    body: { name: 'Audited', code: 'audited', environment: 'staging' },
    headers: { 'X-Request-Id': 'req-product' },
  });
  const rows = await auditOf(api, body.id);
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({
    action: 'product.created',
    actor: { id: api.admins.super_admin.id, name: api.admins.super_admin.name },
    environment: 'staging',
    before: null,
    after: { name: 'Audited', code: 'audited' },
    request_id: 'req-product',
  });
});

test('a code is unique within its environment, and available in another one', async () => {
  await create({ code: 'shared', environment: 'production' });
  expectRefusal(await create({ code: 'shared' }), 409, 'CODE_TAKEN');
  expect((await create({ code: 'shared', environment: 'development' })).status).toBe(201);
});

test('of many simultaneous requests with the same code, exactly one succeeds', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => create({ code: 'contended' })));
  expect(answers.map((answer) => answer.status).sort()).toEqual([201, ...Array<number>(7).fill(409)]);
  const [row] = await api.sql`SELECT count(*)::int AS audited FROM audit_events WHERE after->>'code' = 'contended'`;
  expect(row?.audited).toBe(1);
});

test('an edit changes the given fields, and its audit row has exactly the difference', async () => {
  const { body } = await create({ modules: ['mesh'] });
  const edited = await api.call('PATCH', `/products/${body.id}`, {
    body: { name: 'CAD Suite 2', modules: ['mesh', 'render'] },
  });
  expect(edited.body).toEqual({
    ...body,
    name: 'CAD Suite 2',
    modules: ['mesh', 'render'],
    updated_at: edited.body.updated_at,
  });
  const rows = await auditOf(api, body.id);
  expect(rows.map((row) => row.action)).toEqual(['product.created', 'product.updated']);
  expect(rows[1]).toMatchObject({
    before: { name: 'CAD Suite', modules: ['mesh'] },
    after: { name: 'CAD Suite 2', modules: ['mesh', 'render'] },
  });
  expect(Object.keys(rows[1]?.after ?? {}).sort()).toEqual(['modules', 'name']);
});

test('an edit that changes nothing responds with 200 and writes nothing', async () => {
  const { body } = await create({ modules: ['mesh'] });
  const edit = { name: body.name, code: body.code, status: 'active', modules: ['mesh'], environment: 'production' };
  for (const same of [edit, {}])
    expect((await api.call('PATCH', `/products/${body.id}`, { body: same })).body).toEqual(body);
  expect(await auditOf(api, body.id)).toHaveLength(1);
});

test('an edit to a code that another product has changes nothing', async () => {
  await create({ code: 'first' });
  const { body } = await create({ code: 'second' });
  const answer = await api.call('PATCH', `/products/${body.id}`, { body: { code: 'first', name: 'Never' } });
  expectRefusal(answer, 409, 'CODE_TAKEN');
  expect(answer.body.metadata).toEqual({ code: 'first', environment: 'production' });
  expect((await api.call('GET', `/products/${body.id}`)).body).toEqual(body);
});

test('the environment cannot be changed', async () => {
  const { body } = await create();
  expectRefusal(
    await api.call('PATCH', `/products/${body.id}`, { body: { environment: 'staging' } }),
    422,
    'IMMUTABLE_FIELD',
  );
});

test.each([
  [{ code: 'has space' }, 'code'],
  [{ code: '' }, 'code'],
  [{ name: ' ' }, 'name'],
  [{ name: 'nul\u0000' }, 'name'],
  [{ modules: ['a', 'a'] }, 'modules'],
  [{ environment: 'live' }, 'environment'],
  [{ price: 5 }, 'price'],
])('a body with %j is refused with its field', async (more, path) => {
  const answer = await create(more);
  expectRefusal(answer, 422, 'VALIDATION_FAILED');
  expect(wrongFieldsOf(answer)).toEqual([path]);
});

test('a malformed or unknown id is not found', async () => {
  for (const id of [UNKNOWN_ID, 'none']) {
    expectRefusal(await api.call('GET', `/products/${id}`), 404, 'NOT_FOUND');
    expectRefusal(await api.call('PATCH', `/products/${id}`, { body: {} }), 404, 'NOT_FOUND');
  }
});

test('viewers and operators can read, and only admins and super admins can write', async () => {
  const { body } = await create();
  for (const role of ['viewer', 'operator'] as const) {
    const key = api.keys[role];
    expect((await api.call('GET', `/products/${body.id}`, { key })).status).toBe(200);
    expectRefusal(await api.call('POST', '/products', { key, body: { name: 'x', code: 'x' } }), 403, 'FORBIDDEN_ROLE');
    expectRefusal(await api.call('PATCH', `/products/${body.id}`, { key, body: { name: 'x' } }), 403, 'FORBIDDEN_ROLE');
  }
  expect(
    (await api.call('PATCH', `/products/${body.id}`, { key: api.keys.admin, body: { name: 'Renamed' } })).status,
  ).toBe(200);
});

test('a repetition with the same idempotency key creates no second product', async () => {
  const headers = { 'Idempotency-Key': 'product-1' };
  const body = { name: 'Once', code: 'once' };
  const [first, second] = [
    await api.call('POST', '/products', { body, headers }),
    await api.call('POST', '/products', { body, headers }),
  ];
  expect(second.status).toBe(201);
  expect(second.body).toEqual(first.body);
  expect(second.headers.get('idempotent-replayed')).toBe('true');
  expectRefusal(
    await api.call('POST', '/products', { body: { ...body, name: 'Other' }, headers }),
    422,
    'IDEMPOTENCY_KEY_REUSED',
  );
});

test('a refusal is not stored: the same key works when the code is available', async () => {
  const headers = { 'Idempotency-Key': 'product-2' };
  const existing = await create({ code: 'wanted' });
  expectRefusal(
    await api.call('POST', '/products', { body: { name: 'W', code: 'wanted' }, headers }),
    409,
    'CODE_TAKEN',
  );
  await api.call('PATCH', `/products/${existing.body.id}`, { body: { code: 'given-up' } });
  expect((await api.call('POST', '/products', { body: { name: 'W', code: 'wanted' }, headers })).status).toBe(201);
});

describe('listing', () => {
  test('pages show every product once, in order, while products are added', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) ids.push((await create({ environment: 'staging', code: `page-${i}` })).body.id);
    const path = '/products?environment=staging&search=page-&limit=2';
    expect(await walkPages(api, `${path}&order=asc`)).toEqual(ids);
    const add = async (): Promise<void> => void (await create({ environment: 'staging', code: 'page-late' }));
    expect(await walkPages(api, path, 'id', add)).toEqual(ids.reverse());
  });

  test('a list shows only its environment, and production is the default', async () => {
    const { body } = await create({ code: 'dev-only', environment: 'development' });
    expect(await walkPages(api, '/products?search=dev-only')).toEqual([]);
    expect(await walkPages(api, '/products?search=dev-only&environment=development')).toEqual([body.id]);
  });

  test('search accepts a part of the name or code in any letter case or the complete id, and takes wildcards literally', async () => {
    const { body } = await create({ name: '100% Ünïque_Name', code: 'SEARCH.me' });
    for (const search of ['00% ünïque', 'search.ME', '%', body.id, `${body.id}`.toUpperCase(), ' SEARCH.me ']) {
      expect(await walkPages(api, `/products?search=${encodeURIComponent(search)}`)).toEqual([body.id]);
    }
    expect(await walkPages(api, '/products?search=1000_')).toEqual([]);
  });

  test('lists filter by status', async () => {
    const { body } = await create({ status: 'inactive' });
    expect(await walkPages(api, '/products?status=inactive')).toEqual([body.id]);
  });

  test.each(['cursor=nonsense', 'limit=0', 'limit=101', 'limit=x', 'environment=live', 'order=up', 'search=%00'])(
    '%s is refused',
    async (query) => {
      expectRefusal(await api.call('GET', `/products?${query}`), 422, 'VALIDATION_FAILED');
    },
  );
});
