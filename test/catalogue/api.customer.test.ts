/** Customers over HTTP. */
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { auditOf, expectRefusal } from '../harness/expect-refusal';
import { walkPages } from '../harness/walk-pages';

let api: TestApi;
let created_count = 0;

beforeAll(async () => {
  api = await startTestApi();
});

afterAll(() => api.close());

function create(more: Record<string, unknown> = {}): Promise<ApiAnswer> {
  return api.call('POST', '/customers', {
    body: { name: 'Ada Ltd', email: `ada${++created_count}@example.com`, ...more },
  });
}

test('a name and an address are enough, and the response equals a later read', async () => {
  const answer = await create();
  expect(answer.status).toBe(201);
  expect(answer.headers.get('location')).toBe(`/api/v1/customers/${answer.body.id}`);
  expect(answer.body).toMatchObject({ name: 'Ada Ltd', billing_contact: null });
  expect((await api.call('GET', `/customers/${answer.body.id}`)).body).toEqual(answer.body);
  expect((await auditOf(api, answer.body.id)).map((row) => row.action)).toEqual(['customer.created']);
});

test('an address belongs to one customer, regardless of letter case', async () => {
  const first = await create({ email: 'Grace@Example.com' });
  expect(first.body.email).toBe('Grace@Example.com');
  expectRefusal(await create({ email: 'gRACE@example.COM' }), 409, 'EMAIL_TAKEN');
  const other = await create();
  expectRefusal(
    await api.call('PATCH', `/customers/${other.body.id}`, { body: { email: 'GRACE@EXAMPLE.COM' } }),
    409,
    'EMAIL_TAKEN',
  );
  expect(
    (await api.call('PATCH', `/customers/${first.body.id}`, { body: { email: 'grace@example.com' } })).status,
  ).toBe(200);
});

test('of many simultaneous requests with the same address, exactly one succeeds', async () => {
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, i) => create({ email: i % 2 ? 'race@example.com' : 'RACE@example.com' })),
  );
  expect(answers.map((answer) => answer.status).sort()).toEqual([201, ...Array<number>(7).fill(409)]);
});

test('an edit changes the given fields, null clears the billing contact, and each edit writes one audit row', async () => {
  const { body } = await create();
  await api.call('PATCH', `/customers/${body.id}`, { body: { billing_contact: 'bills@example.com' } });
  const cleared = await api.call('PATCH', `/customers/${body.id}`, { body: { billing_contact: null } });
  expect(cleared.body).toEqual({ ...body, updated_at: cleared.body.updated_at });
  const rows = await auditOf(api, body.id);
  expect(rows.map(({ action, before, after }) => ({ action, before, after })).slice(1)).toEqual([
    { action: 'customer.updated', before: { billing_contact: null }, after: { billing_contact: 'bills@example.com' } },
    { action: 'customer.updated', before: { billing_contact: 'bills@example.com' }, after: { billing_contact: null } },
  ]);
});

test('customers are found by the address of their account manager, in any letter case', async () => {
  const account_manager = 'Key.Accounts@vendor.example';
  const { body } = await create({ account_manager });
  const other = await create();
  const found = () => api.call('GET', `/customers?account_manager=${account_manager.toLowerCase()}`);
  expect((await found()).body.data).toEqual([body]);
  await api.call('PATCH', `/customers/${other.body.id}`, { body: { account_manager } });
  await api.call('PATCH', `/customers/${body.id}`, { body: { account_manager: null } });
  expect((await found()).body.data.map(({ id }: any) => id)).toEqual([other.body.id]);
  expect((await auditOf(api, other.body.id)).at(-1)).toMatchObject({
    action: 'customer.updated',
    before: { account_manager: null },
    after: { account_manager },
  });
});

test('an edit that changes nothing responds with 200 and writes nothing', async () => {
  const { body } = await create();
  const same = { name: body.name, email: body.email, billing_contact: null };
  expect((await api.call('PATCH', `/customers/${body.id}`, { body: same })).body).toEqual(body);
  expect(await auditOf(api, body.id)).toHaveLength(1);
});

test.each([
  { email: 'not-an-address' },
  { email: `${'a'.repeat(250)}@example.com` },
  { billing_contact: 'x' },
  { account_manager: 'x' },
  { responsible_person: 'x' },
  { language: 'fr' },
  { name: '' },
  { phone: '1' },
])('a body with %j is refused', async (more) => {
  expectRefusal(await create(more), 422, 'VALIDATION_FAILED');
});

test('a customer has one responsible person, and two addresses are refused with what to do', async () => {
  const responsible_person = 'it-group@nordwind.example';
  const { body } = await create({ responsible_person, language: 'de' });
  expect(body).toMatchObject({ responsible_person, language: 'de' });
  for (const two of ['a@x.example, b@x.example', 'a@x.example;b@x.example', 'a@x.example b@x.example'])
    expect(await create({ responsible_person: two })).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'responsible_person', message: expect.stringContaining('must be one address') }] },
    });
  await api.call('PATCH', `/customers/${body.id}`, { body: { responsible_person: null, language: null } });
  expect((await auditOf(api, body.id)).at(-1)).toMatchObject({
    before: { responsible_person, language: 'de' },
    after: { responsible_person: null, language: null },
  });
});

test('search accepts a part of the address or name in any letter case, and pages show every customer once', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.push((await create({ name: `Searched ${i}` })).body.id);
  expect(await walkPages(api, '/customers?search=sEaRcHeD&limit=2&order=asc')).toEqual(ids);
  expect(await walkPages(api, '/customers?search=searched&limit=2')).toEqual(ids.reverse());
  const { body } = await create({ email: 'un_usual@example.com' });
  expect(await walkPages(api, '/customers?search=N_USUAL')).toEqual([body.id]);
});

test('an unknown id is not found, and viewers can only read', async () => {
  const { body } = await create();
  const key = api.keys.viewer;
  expectRefusal(await api.call('GET', '/customers/0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f'), 404, 'NOT_FOUND');
  expect((await api.call('GET', `/customers/${body.id}`, { key })).status).toBe(200);
  expectRefusal(await api.call('PATCH', `/customers/${body.id}`, { key, body: {} }), 403, 'FORBIDDEN_ROLE');
});
