/** Generators over HTTP, and their effect on the contracts that use them. */
import { DEFAULT_ALPHABET } from '../../domain/catalogue/license-key';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import { auditOf, expectRefusal, wrongFieldsOf } from '../harness/expect-refusal';
import { walkPages } from '../harness/walk-pages';

let api: TestApi;
let product_id: string;

beforeAll(async () => {
  api = await startTestApi();
  product_id = (await addCatalogue(api)).product_id;
});

afterAll(() => api.close());

function create(more: Record<string, unknown> = {}): Promise<ApiAnswer> {
  return api.call('POST', '/generators', {
    body: { name: 'Keys', product_id, format: { groups: 4, group_length: 5 }, ...more },
  });
}

function edit(id: string, body: Record<string, unknown>): Promise<ApiAnswer> {
  return api.call('PATCH', `/generators/${id}`, { body });
}

test('a name, a product and the size of the key are enough, and the response equals a later read', async () => {
  const answer = await create();
  expect(answer.status).toBe(201);
  expect(answer.headers.get('location')).toBe(`/api/v1/generators/${answer.body.id}`);
  expect(answer.body).toMatchObject({
    environment: 'production',
    format: { prefix: null, groups: 4, group_length: 5, alphabet: DEFAULT_ALPHABET, separator: '-' },
    keyspace: (BigInt(DEFAULT_ALPHABET.length) ** 20n).toString(),
    features: {},
    activation_limit: null,
    status: 'active',
    revision: 1,
  });
  expect((await api.call('GET', `/generators/${answer.body.id}`)).body).toEqual(answer.body);
  expect((await auditOf(api, answer.body.id)).map((row) => row.action)).toEqual(['generator.created']);
});

test('a generator has the environment of its product', async () => {
  const staging = await addCatalogue(api, { environment: 'staging' });
  const { body } = await create({ product_id: staging.product_id });
  expect(body.environment).toBe('staging');
  expect(await walkPages(api, `/generators?product_id=${staging.product_id}`)).toEqual([]);
  const listed = await walkPages(api, `/generators?product_id=${staging.product_id}&environment=staging`);
  expect(listed.sort()).toEqual([staging.generator_id, body.id].sort());
});

test.each([
  ['groups', { groups: 9, group_length: 4 }],
  ['groups', { groups: 0, group_length: 4 }],
  ['group_length', { groups: 2, group_length: 17 }],
  ['group_length', { groups: 2, group_length: 1.5 }],
  ['alphabet', { groups: 2, group_length: 4, alphabet: 'AAB' }],
  ['alphabet', { groups: 2, group_length: 4, alphabet: 'A' }],
  ['alphabet', { groups: 2, group_length: 4, alphabet: 'AB,C' }],
  ['alphabet', { groups: 2, group_length: 4, alphabet: 'ÄÖ' }],
  ['prefix', { groups: 2, group_length: 4, prefix: 'A,B' }],
  ['prefix', { groups: 2, group_length: 4, prefix: '=A' }],
  ['prefix', { groups: 2, group_length: 4, prefix: 'É' }],
  ['separator', { groups: 2, group_length: 4, separator: ',' }],
  ['checksum', { groups: 2, group_length: 4, checksum: true }],
])('a format with an invalid %s is refused with that field: %j', async (field, format) => {
  const answer = await create({ format });
  expectRefusal(answer, 422, 'VALIDATION_FAILED');
  expect(wrongFieldsOf(answer)).toEqual([`format.${field}`]);
});

test.each([{ activation_limit: 0 }, { features: [] }, { features: { 'a\u0000': 1 } }, { name: '' }])(
  'a body with %j is refused',
  async (more) => {
    expectRefusal(await create(more), 422, 'VALIDATION_FAILED');
  },
);

test('for an unknown product, the refusal names the field', async () => {
  const answer = await create({ product_id: '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f' });
  expectRefusal(answer, 422, 'VALIDATION_FAILED');
  expect(answer.body.errors[0].path).toBe('product_id');
});

test('a change that affects new licenses is a new revision, a new name is not', async () => {
  const { body } = await create();
  expect((await edit(body.id, { name: 'Renamed', status: 'inactive' })).body.revision).toBe(1);
  expect((await edit(body.id, { features: { seats: 5 } })).body.revision).toBe(2);
  expect((await edit(body.id, { activation_limit: 3 })).body.revision).toBe(3);
  expect((await edit(body.id, { activation_limit: null })).body.revision).toBe(4);
  expect((await edit(body.id, { format: { groups: 5, group_length: 5 } })).body.revision).toBe(5);
  expect(await auditOf(api, body.id)).toHaveLength(6);
});

test('an edit that changes nothing writes nothing, in any order of its JSON keys', async () => {
  const { body } = await create({ features: { zeta: 1, a: { y: 2, x: [1] } } });
  const same = {
    features: { a: { x: [1], y: 2 }, zeta: 1 },
    format: body.format,
    activation_limit: null,
    product_id,
    environment: 'production',
  };
  expect((await edit(body.id, same)).body).toEqual(body);
  expect(await auditOf(api, body.id)).toHaveLength(1);
});

test('the product and the environment cannot be changed', async () => {
  const { body } = await create();
  expectRefusal(await edit(body.id, { environment: 'staging' }), 422, 'IMMUTABLE_FIELD');
  expectRefusal(await edit(body.id, { product_id: body.id }), 422, 'IMMUTABLE_FIELD');
});

test('a format that is too small for the largest quota of its contracts is refused with the numbers', async () => {
  const { body } = await create();
  for (const quota of [50, 2000])
    await addContract(api, { product_id, generator_id: body.id }, { quota, status: 'inactive' });
  const small = { groups: 1, group_length: 9, alphabet: '0123456789' };
  const answer = await edit(body.id, { format: small });
  expectRefusal(answer, 409, 'GENERATOR_KEYSPACE_TOO_SMALL');
  expect(answer.body.metadata).toEqual({ quota: 2000, keyspace: '1000000000', largest_quota: '1000' });
  expect((await edit(body.id, { format: { ...small, group_length: 10 } })).body.largest_quota).toBe('10000');
});

test('new licenses of a contract follow the edited generator, and existing licenses stay as they are', async () => {
  const { body } = await create({ format: { prefix: 'OLD', groups: 4, group_length: 5 }, features: { seats: 5 } });
  const contract = await addContract(api, { product_id, generator_id: body.id });
  const generate = async (): Promise<{ id: string; key: string }> =>
    (await api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 1 } })).body.licenses[0] as {
      id: string;
      key: string;
    };
  const before = await generate();
  await edit(body.id, {
    format: { prefix: 'NEW', groups: 4, group_length: 5 },
    features: { seats: 9 },
    activation_limit: 2,
  });
  const after = await generate();
  expect([before.key.slice(0, 4), after.key.slice(0, 4)]).toEqual(['OLD-', 'NEW-']);
  expect((await api.call('GET', `/licenses/${before.id}`)).body).toMatchObject({
    features: { seats: 5 },
    activation_limit: null,
  });
  expect((await api.call('GET', `/licenses/${after.id}`)).body).toMatchObject({
    features: { seats: 9 },
    activation_limit: 2,
  });
});

test('a generator can be deleted only when no contract uses it, and then it is not found', async () => {
  const { body } = await create();
  const contract = await addContract(api, { product_id, generator_id: body.id }, { name: 'User', status: 'inactive' });
  const refused = await api.call('DELETE', `/generators/${body.id}`);
  expectRefusal(refused, 409, 'GENERATOR_IN_USE');
  expect(refused.body.metadata.contracts).toBe(1);

  expect((await api.call('DELETE', `/contracts/${contract.id}`, { body: { confirm_name: 'User' } })).status).toBe(204);
  expect((await api.call('DELETE', `/generators/${body.id}`)).status).toBe(204);
  for (const method of ['GET', 'DELETE'])
    expectRefusal(await api.call(method, `/generators/${body.id}`), 404, 'NOT_FOUND');
  expectRefusal(await edit(body.id, { name: 'x' }), 404, 'NOT_FOUND');
  expect(await walkPages(api, '/generators?limit=100')).not.toContain(body.id);
  expect((await auditOf(api, body.id)).map((row) => row.action)).toEqual(['generator.created', 'generator.deleted']);
});

test('no contract can be created with a deleted generator', async () => {
  const { body } = await create();
  await api.call('DELETE', `/generators/${body.id}`);
  const answer = await api.call('POST', '/contracts', {
    body: { name: 'x', type: 'standard', status: 'inactive', product_id, generator_id: body.id, quota: 1 },
  });
  expectRefusal(answer, 409, 'GENERATOR_NOT_AVAILABLE');
});

test('viewers and operators can read, and only admins and super admins can write', async () => {
  const { body } = await create();
  for (const role of ['viewer', 'operator'] as const) {
    const key = api.keys[role];
    expect((await api.call('GET', `/generators/${body.id}`, { key })).status).toBe(200);
    expectRefusal(await api.call('PATCH', `/generators/${body.id}`, { key, body: {} }), 403, 'FORBIDDEN_ROLE');
    expectRefusal(await api.call('DELETE', `/generators/${body.id}`, { key }), 403, 'FORBIDDEN_ROLE');
  }
});

test('lists filter by status and part of the name', async () => {
  const { body } = await create({ name: 'Seldom Used', status: 'inactive' });
  await create({ name: 'Seldom too' });
  expect(await walkPages(api, '/generators?status=inactive&search=seldom')).toEqual([body.id]);
});

test('a preview shows keys of a format and its numbers as a generator would have them, and refuses what a generator refuses', async () => {
  const format = { prefix: 'CAD', groups: 2, group_length: 3, alphabet: 'AB', separator: '.' };
  const query = { ...format, groups: '2', group_length: '3' };
  const { status, body } = await api.call('GET', `/generators/preview?${new URLSearchParams(query).toString()}`, {
    key: api.keys.viewer,
  });
  const { keyspace, largest_quota } = (await create({ format })).body;
  expect([status, body]).toEqual([
    200,
    { format, samples: Array(3).fill(expect.any(String)), keyspace, largest_quota },
  ]);
  for (const sample of body.samples) expect(sample).toMatch(/^CAD\.[AB]{3}\.[AB]{3}$/);

  for (const [field, value] of [
    ['groups', '9'],
    ['group_length', '1.5'],
    ['alphabet', 'AA'],
    ['prefix', '=A'],
    ['separator', ','],
  ] as const) {
    const wrong = new URLSearchParams({ ...query, [field]: value });
    const answer = await api.call('GET', `/generators/preview?${wrong.toString()}`);
    expect(wrongFieldsOf(answer)).toEqual([field]);
  }
});
