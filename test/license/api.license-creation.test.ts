/** Licenses that an admin creates without a contract: their creation, and everything that happens to them later. */
import { randomUUID } from 'node:crypto';
import { addPeriodToInstant, startOfDay } from '../../domain/base/calendar';
import { joinedKeys } from '../../domain/catalogue/license-key';
import { insertDirectLicenses } from '../../db/license/direct-creation';
import { jobSerialOf, parseLicenseId } from '../../domain/license/license';
import { runBatch } from '../../transactions/license/operation-batch';
import { closeOperation, openOperation } from '../../transactions/license/change-operation';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { buildAssignment } from '../harness/license-operations';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { expectRefusal } from '../harness/expect-refusal';
import { expectInvariants } from '../harness/invariants';

let api: TestApi;
let catalogue: TestCatalogue;
beforeAll(async () => {
  api = await startTestApi();
  catalogue = await addCatalogue(api, { features: { seats: 5, beta: true }, activation_limit: 2 });
});
afterAll(async () => {
  await expectInvariants(api.sql);
  await api.close();
});

const address = () => `${randomUUID()}@covenant.test`;
const create = (body: object = {}, options: { headers?: Record<string, string>; query?: string } = {}) =>
  api.call('POST', `/licenses${options.query ?? ''}`, {
    body: { ...catalogue, ...body },
    ...(options.headers ? { headers: options.headers } : {}),
  });
const read = async (id: string) => (await api.call('GET', `/licenses/${id}`)).body;
const countOf = async (table: string) => {
  const [row] = await api.sql<[{ count: number }]>`SELECT count(*)::int AS count FROM ${api.sql(table)}`;
  return row.count;
};
const eventsOf = (type: string) => api.sql`
  SELECT contract_id, environment, sequence, data FROM domain_events WHERE type = ${type} AND contract_id IS NULL ORDER BY id`;

test('licenses without a contract are available, belong to no job, and have one audit row and one event', async () => {
  const answer = await create({ count: 3, note: 'A prize' });
  expect(answer.status).toBe(201);
  const { licenses, ...summary } = answer.body;
  expect(summary).toEqual({ source: 'Manual', count: 3, ...catalogue, customer_id: null, customer_created: false });
  expect(new Set(licenses.map(({ key }: any) => key)).size).toBe(3);
  const { id, key } = licenses[0];
  expect(await read(id)).toMatchObject({
    ...{ id, key, source: 'Manual', contract_id: null, job_id: null, ordinal: 1, status: 'available', channel: 'ui' },
    ...{ ...catalogue, features: { seats: 5, beta: true }, activation_limit: 2, expires_at: null, is_test: false },
  });
  const license_ids = licenses.map((license: any) => license.id);
  const data = { ...catalogue, count: 3, customer_id: null, expires_at: null, license_ids };
  const { data: audit } = (await api.call('GET', `/activity?subject=${id}`)).body;
  expect(audit.map(({ action, after, reason, clock }: any) => ({ action, after, reason, clock }))).toEqual([
    { action: 'license.created', after: data, reason: 'A prize', clock: 'real' },
  ]);
  expect(await eventsOf('license.created')).toEqual([
    { contract_id: null, environment: 'production', sequence: null, data },
  ]);
  expect((await api.call('GET', '/jobs')).body.data).toEqual([]);
});

test('licenses of a customer are assigned at once and expire by their assignment, until they are returned', async () => {
  const customer_email = address();
  const expiry = { duration: 'P1M', basis: 'assignment' };
  const { body } = await create({ count: 2, customer_email, customer_name: 'Ada Ltd', expiry });
  expect(body.customer_created).toBe(true);
  expect((await api.call('GET', `/customers/${body.customer_id}`)).body).toMatchObject({ name: 'Ada Ltd' });
  const [{ id, expires_at }] = body.licenses;
  const assigned = await read(id);
  expect(assigned).toMatchObject({ status: 'assigned', customer_id: body.customer_id, expires_at });
  expect(expires_at).toBe(addPeriodToInstant(assigned.assigned_at, 'P1M', 'UTC'));
  const again = await create({ customer_email: customer_email.toUpperCase() });
  expect(again.body).toMatchObject({ customer_id: body.customer_id, customer_created: false });

  expect((await api.call('POST', `/licenses/${id}/return`)).body).toMatchObject({
    ...{ status: 'available', customer_id: null, expires_at: null },
  });
  expect(await eventsOf('license.returned')).toMatchObject([{ sequence: null, data: { license_id: id } }]);
});

test('overrides and the expiry follow the rules of contracts, with dates of UTC', async () => {
  const { body } = await create({
    ...{ feature_overrides: { seats: 9, beta: null }, activation_limit: 'unlimited' },
    expiry: { date: '2099-12-31' },
  });
  expect(await read(body.licenses[0].id)).toMatchObject({
    ...{ features: { seats: 9 }, activation_limit: null, expires_at: startOfDay('2100-01-01', 'UTC') },
  });
});

test('refused creations leave nothing behind', async () => {
  const inactive = await addCatalogue(api, { product_status: 'inactive' });
  const stopped = await addCatalogue(api, { generator_status: 'inactive' });
  const small = await addCatalogue(api, { groups: 1, group_length: 2 });
  const before = await Promise.all(['generation_jobs', 'license_terms', 'customers', 'audit_events'].map(countOf));
  const customer_email = address();
  expectRefusal(await create({ ...inactive, customer_email }), 409, 'PRODUCT_INACTIVE');
  expectRefusal(await create({ ...stopped, customer_email }), 409, 'GENERATOR_NOT_AVAILABLE');
  expectRefusal(await create({ generator_id: small.generator_id }), 409, 'GENERATOR_NOT_AVAILABLE');
  expectRefusal(await create(small), 409, 'GENERATOR_KEYSPACE_TOO_SMALL');
  expectRefusal(await create({ feature_overrides: { seats: 'many' } }), 422, 'FEATURE_TYPE_MISMATCH');
  expectRefusal(await create({ expiry: { date: '2020-01-01' }, customer_email }), 409, 'EXPIRY_IN_PAST');
  expectRefusal(await create({ expiry: { date: '2099-01-01', duration: 'P1Y' } }), 422, 'EXPIRY_CONFLICT');
  expectRefusal(await create({ product_id: randomUUID() }), 422, 'VALIDATION_FAILED');
  expectRefusal(await create({ count: 101 }), 422, 'VALIDATION_FAILED');
  const dry = await create({ customer_email }, { query: '?dry_run=true' });
  expect(dry.body).toEqual({
    ...{ source: 'Manual', count: 1, ...catalogue, customer_id: null, customer_created: true, licenses: [], dry_run: true },
  });
  expect(await Promise.all(['generation_jobs', 'license_terms', 'customers', 'audit_events'].map(countOf))).toEqual(before);
});

test('a repeated Idempotency-Key gets the same licenses, whose keys are stored only in their rows', async () => {
  const headers = { 'Idempotency-Key': `order-${randomUUID()}` };
  const first = await create({ count: 2 }, { headers });
  const again = await create({ count: 2 }, { headers });
  expect(again.body).toEqual(first.body);
  expect(again.headers.get('Idempotent-Replayed')).toBe('true');
  expectRefusal(await create({ count: 3 }, { headers }), 422, 'IDEMPOTENCY_KEY_REUSED');
  const [stored] = await api.sql`SELECT body::text FROM idempotency_keys WHERE key = ${headers['Idempotency-Key']}`;
  expect(stored!['body']).toContain(first.body.licenses[0].id);
  expect(stored!['body']).not.toContain(first.body.licenses[0].key);
});

test('keys that exist are passed over and drawn again', async () => {
  const [first, second] = (await create({ count: 2 })).body.licenses;
  const serial = jobSerialOf(parseLicenseId(first.id) ?? '');
  const format = { prefix: '', groups: 1, group_length: 9, alphabet: 'ABCDEF', separator: '-' };
  const fresh = joinedKeys(format, 1, (bytes) => bytes.fill(1));
  await expect(
    api.sql.begin(async (tx) => {
      const keys = [first.key, fresh, second.key].join(',');
      const inserted = await insertDirectLicenses(tx as never, serial, { ordinals: [5, 6, 7], keys });
      throw new Error(`inserted ${inserted.join()}`);
    }),
  ).rejects.toThrow('inserted 6');
});

test('programs in the field use them like the licenses of a contract, and admins suspend and revoke them', async () => {
  const [{ id, key }] = (await create({ expiry: { duration: 'P1Y', basis: 'first_activation' } })).body.licenses;
  const [product] = await api.sql`SELECT code FROM products WHERE id = ${catalogue.product_id}`;
  const field = async (action: string, more: object = {}) =>
    (await api.call('POST', `/licenses/${action}`, { key: null, body: { key, ...more } })).body;
  const validate = () => field('validate', { product_code: product!['code'], environment: 'production' });
  expect(await validate()).toMatchObject({ valid: true, code: 'VALID', license: { id, activation_limit: 2 } });
  expect(await field('validate', { product_code: 'other' })).toMatchObject({ code: 'WRONG_PRODUCT', license: null });
  await field('activate', { device_id: 'a' });
  await field('activate', { device_id: 'b' });
  expect(await field('activate', { device_id: 'c' })).toMatchObject({ code: 'TOO_MANY_DEVICES' });
  const { activated_at, expires_at, status } = await read(id);
  expect([status, expires_at]).toEqual(['active', addPeriodToInstant(activated_at, 'P1Y', 'UTC')]);
  expect(await field('heartbeat', { device_id: 'a' })).toMatchObject({ device: { leased_until: null } });
  expect(await field('deactivate', { device_id: 'b' })).toMatchObject({ license: { activations: 1 } });
  await api.call('DELETE', `/licenses/${id}/devices/a`);
  await api.call('POST', `/licenses/${id}/suspend`);
  expect(await validate()).toMatchObject({ valid: false, code: 'SUSPENDED' });
  await api.call('POST', `/licenses/${id}/reinstate`);
  expect(await validate()).toMatchObject({ valid: true });
  await api.call('POST', `/licenses/${id}/revoke`);
  expect(await validate()).toMatchObject({ valid: false, code: 'REVOKED' });
  const { data } = (await api.call('GET', `/activity?subject=${id}`)).body;
  expect(data.map(({ action }: any) => action)).toEqual([
    ...['license.revoked', 'license.reinstated', 'license.suspended', 'license.device_removed', 'license.created'],
  ]);
});

test('lists, searches and files show and filter them by their source', async () => {
  const staging = await addCatalogue(api, { environment: 'staging' });
  const contract = await addContract(api, staging);
  const generated = await api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 2 } });
  const manual = (await create({ ...staging, count: 2, customer_email: address() })).body;
  const later = await api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 1 } });
  const ids = (licenses: { id: string }[]) => licenses.map(({ id }) => id);
  const of_contract = ids([...generated.body.licenses, ...later.body.licenses]);
  const listed = async (query: string) =>
    ids((await api.call('GET', `/licenses?environment=staging&order=asc&${query}`)).body.data);
  expect(await listed('source=Manual')).toEqual(ids(manual.licenses));
  expect(await listed('source=Manual&status=assigned')).toEqual(ids(manual.licenses));
  expect(await listed(`source=Manual&customer_id=${manual.customer_id}`)).toEqual(ids(manual.licenses));
  expect(await listed('source=Manual&status=available')).toEqual([]);
  expect(await listed(`source=Manual&contract_customer_id=${manual.customer_id}`)).toEqual([]);
  expect(await listed('source=Contract')).toEqual(of_contract);
  expect(await listed(`source=Contract: ${contract.name}`)).toEqual(of_contract);
  expect(await listed('')).toEqual([...of_contract.slice(0, 2), ...ids(manual.licenses), ...of_contract.slice(2)]);
  expect(await listed(`search=${manual.licenses[1].key}`)).toEqual([manual.licenses[1].id]);

  const csv = (await api.call('GET', '/licenses.csv?environment=staging')).text.trim().split(/\r?\n/);
  const [header, ...rows] = csv.map((line: string) => line.split(','));
  const column = (name: string) => rows.map((row: string[]) => row[header!.indexOf(name)]);
  const source = `Contract: ${contract.name}`;
  expect(column('source')).toEqual([source, source, 'Manual', 'Manual', source]);
  expect(column('job').map((job) => job === '')).toEqual([false, false, true, true, false]);

  expect((await api.call('GET', '/jobs?environment=staging')).body.data.map(({ requested }: any) => requested)).toEqual([1, 2]);
  expect((await api.call('GET', `/contracts/${contract.id}`)).body.quota.generated).toBe(3);
  const [{ id: job_id }] = await api.sql<[{ id: string }]>`SELECT id FROM generation_jobs WHERE execution = 'direct' LIMIT 1`;
  expectRefusal(await api.call('GET', `/jobs/${job_id}`), 404, 'NOT_FOUND');
});

test('an assignment of licenses with and without contracts has one event for each contract and environment', async () => {
  const staging = await addCatalogue(api, { environment: 'staging' });
  const contract = await addContract(api, catalogue);
  const generated = await api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 1 } });
  const before = (await eventsOf('license.assigned')).length;
  const [one, two, three] = [
    (await create({ count: 2 })).body.licenses,
    (await create(staging)).body.licenses,
    generated.body.licenses,
  ].map((licenses) => licenses.map(({ id }: any) => id)) as [string[], string[], string[]];
  const ids = [...one, ...two, ...three];
  const inline = await api.call('POST', '/licenses/assign', { body: { ids, customer_email: address() } });
  expect(inline.body.counts).toMatchObject({ assigned: 4 });

  const stored = ids.map((id) => parseLicenseId(id) ?? '').sort((a, b) => Number(BigInt(a) - BigInt(b)));
  const job_id = await buildAssignment(api.sql, { ids: stored }, true);
  const now = new Date().toISOString();
  await api.sql.begin((tx) => openOperation(tx as never, { job_id, now, epoch: undefined }));
  await api.sql.begin((tx) => runBatch(tx as never, job_id, now));
  expect(await api.sql.begin((tx) => closeOperation(tx as never, job_id, now))).toBe('SUCCEEDED');

  const counts = async (type: string) =>
    (await eventsOf(type)).map(({ environment, data }) => [environment, data.count]).sort();
  expect((await counts('license.assigned')).slice(0, before)).toHaveLength(before);
  expect(await counts('license.reassigned')).toEqual([['production', 2], ['staging', 1]]);
  const { data } = (await api.call('GET', `/contracts/${contract.id}/events`)).body;
  expect(data.map(({ type }: any) => type)).toEqual(expect.arrayContaining(['license.assigned', 'license.reassigned']));
});
