/** Programs activate, deactivate and report devices; admins see and remove them. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../../api/http/app';
import { createFastServer } from '../../api/http/fast-server';
import { openDatabase } from '../../db/base/database';
import type { Database } from '../../db/base/database';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { expectRefusal } from '../harness/expect-refusal';

const LIMIT = 3;

let api: TestApi;
let catalogue: TestCatalogue;
/** A second process: it has connections and turns of its own. */
let other_db: Database;
let other_server: Server;
let other_origin: string;
beforeAll(async () => {
  api = await startTestApi();
  const limits = { statement_ms: 7_000, idle_in_transaction_ms: 10_000 };
  other_db = openDatabase(api.database.url, { max: 10, application_name: 'covenant-test-other', limits });
  other_server = createFastServer(createApp({ ...api.api, db: other_db }, { trustProxy: false }));
  await new Promise<void>((resolve) => other_server.listen(0, '127.0.0.1', resolve));
  other_origin = `http://127.0.0.1:${(other_server.address() as AddressInfo).port}`;
  catalogue = await addCatalogue(api, { features: { seats: 5 }, activation_limit: LIMIT });
});
afterAll(async () => {
  other_server.closeAllConnections();
  await new Promise((resolve) => other_server.close(resolve));
  await other_db.end();
  await api.close();
});

async function addLicense(more: Record<string, unknown> = {}): Promise<{ id: string; key: string; contract_id: string }> {
  const { id: contract_id } = await addContract(api, catalogue, more);
  const { body } = await api.call('POST', `/contracts/${contract_id}/generate`, { body: { count: 1 } });
  return { ...body.licenses[0], contract_id };
}

const call = (action: string, body: object): Promise<ApiAnswer> =>
  api.call('POST', `/licenses/${action}`, { key: null, body });
const read = async (id: string) => (await api.call('GET', `/licenses/${id}`)).body;
const devicesOf = async (id: string) => (await api.call('GET', `/licenses/${id}/devices`)).body.data;

test('a device activates a license, and again without a further place', async () => {
  const { id, key } = await addLicense();
  const { status, body } = await call('activate', { key, device_id: 'a', device_name: 'Reception' });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    license: { id, status: 'active', activations: 1, activation_limit: LIMIT, activated_at: expect.any(String) },
    features: { seats: 5 },
    device: { device_id: 'a', leased_until: null },
  });
  expect((await call('activate', { key, device_id: 'a' })).body).toEqual(body);
  expect(await devicesOf(id)).toMatchObject([{ device_id: 'a', name: 'Reception' }]);
  expect(await read(id)).toMatchObject({ status: 'active', activations: 1, activated_at: body.license.activated_at });
  const file = await api.call('GET', `/licenses.csv?contract_id=${(await read(id)).contract_id}`);
  const [head, row] = file.text.split('\n').map((line) => line.split(','));
  expect(row?.[head?.indexOf('activations') ?? -1]).toBe('1');
});

test('64 devices that activate a license at the same time, in two processes, get exactly its places', async () => {
  const { id, key } = await addLicense();
  const askOther = async (body: object): Promise<{ status: number; body: any }> => {
    const headers = { 'Content-Type': 'application/json' };
    const answer = await fetch(`${other_origin}/api/v1/licenses/activate`, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: answer.status, body: await answer.json() };
  };
  const answers: Promise<{ status: number; body: any }>[] = [];
  await api.sql.begin(async (tx) => {
    // Each process has one call of Postgres for the license, and both wait for this lock.
    await tx`INSERT INTO license_facts (license_id) VALUES (${id.slice(4)})`;
    for (let n = 0; n < 64; n++) {
      const body = { key, device_id: `device-${n}` };
      answers.push(n % 2 === 0 ? call('activate', body) : askOther(body));
    }
    await waitUntilBlocked(api.sql, 2);
  });
  const done = await Promise.all(answers);
  const codes = done.map(({ status, body }) => `${status} ${body.code ?? ''}`);
  expect(codes.filter((code) => code === '200 ')).toHaveLength(LIMIT);
  expect(codes.filter((code) => code === '409 TOO_MANY_DEVICES')).toHaveLength(64 - LIMIT);
  expect(await devicesOf(id)).toHaveLength(LIMIT);
});

test('a deactivated device frees its place, and a repetition changes nothing', async () => {
  const { key } = await addLicense({ activation_limit: 1 });
  await call('activate', { key, device_id: 'a' });
  const full = await call('activate', { key, device_id: 'b' });
  expectRefusal(full, 409, 'TOO_MANY_DEVICES');
  expect(full.body.metadata).toEqual({ activation_limit: 1, activations: 1 });
  for (let time = 0; time < 2; time++)
    expect((await call('deactivate', { key, device_id: 'a' })).body).toMatchObject({ device: null, license: { activations: 0 } });
  expect((await call('activate', { key, device_id: 'b' })).status).toBe(200);
});

test('the first activation alone gives a license its own expiry', async () => {
  const { id, key } = await addLicense({ expiry: { duration: 'P1Y', basis: 'first_activation' } });
  expect(await read(id)).toMatchObject({ expires_at: null });
  const { license } = (await call('activate', { key, device_id: 'a' })).body;
  const year_later = new Date(license.activated_at);
  year_later.setUTCFullYear(year_later.getUTCFullYear() + 1);
  expect(license.expires_at.slice(0, 10)).toBe(year_later.toISOString().slice(0, 10));
  await api.sql`UPDATE license_facts SET expires_at = expires_at - interval '1 day' WHERE license_id = ${id.slice(4)}`;
  const again = (await call('activate', { key, device_id: 'b' })).body.license;
  expect(again.activated_at).toBe(license.activated_at);
  expect(again.expires_at < license.expires_at).toBe(true);
});

test('the license of a contract that has ended is not activated when the contract caps its expiry', async () => {
  const more = { expiry: { duration: 'P1Y', basis: 'first_activation' }, cap_expiry_at_contract_end: true };
  const { id, key, contract_id } = await addLicense({ ...more, end_date: '2099-01-01' });
  await api.sql`UPDATE contracts SET start_date = '2019-01-01', end_date = '2020-01-01' WHERE id = ${contract_id}`;
  expectRefusal(await call('activate', { key, device_id: 'a' }), 409, 'LICENSE_EXPIRED');
  expect(await devicesOf(id)).toEqual([]);
});

test('a license of another product or environment is not activated, and the answer says nothing about it', async () => {
  const { id, key } = await addLicense({ activation_limit: 1 });
  const { code } = (await api.call('GET', `/products/${catalogue.product_id}`)).body;
  await api.call('POST', `/licenses/${id}/suspend`);
  for (const [asked, refusal] of [
    [{ product_code: 'another' }, 'WRONG_PRODUCT'],
    [{ product_code: code, environment: 'staging' }, 'ENVIRONMENT_MISMATCH'],
  ] as const) {
    const answer = await call('activate', { key, device_id: 'a', ...asked });
    expectRefusal(answer, 409, refusal);
    expect([answer.body.reasons, answer.body.metadata]).toEqual([[refusal], {}]);
  }
  expect(await devicesOf(id)).toEqual([]);
  await api.call('POST', `/licenses/${id}/reinstate`);
  const own = { key, device_id: 'a', product_code: code, environment: 'production' };
  expect((await call('activate', own)).status).toBe(200);
});

test.each([
  ['suspend', 'LICENSE_SUSPENDED'],
  ['revoke', 'LICENSE_REVOKED'],
])('after %s a license refuses its devices with %s, and they can still be deactivated', async (change, code) => {
  const { id, key } = await addLicense();
  await call('activate', { key, device_id: 'a' });
  await api.call('POST', `/licenses/${id}/${change}`);
  expectRefusal(await call('activate', { key, device_id: 'b' }), 409, code);
  expectRefusal(await call('heartbeat', { key, device_id: 'a' }), 409, code);
  expect((await call('deactivate', { key, device_id: 'a' })).status).toBe(200);
});

test('a heartbeat extends the lease, and a device whose lease is over frees its place', async () => {
  const staging = await addCatalogue(api, { environment: 'staging', activation_limit: 1 });
  const clock = (await api.call('POST', '/test-clocks', { body: { now: '2027-01-01T00:00:00.000Z' } })).body;
  const { id: contract_id } = await addContract(api, staging, { test_clock_id: clock.id, device_lease_minutes: 60 });
  const { body } = await api.call('POST', `/contracts/${contract_id}/generate`, { body: { count: 1 } });
  const { id, key } = body.licenses[0];
  const setClock = (now: string) => api.sql`UPDATE test_clocks SET now = ${now} WHERE id = ${clock.id}`;

  expect((await call('activate', { key, device_id: 'a' })).body.device.leased_until).toBe('2027-01-01T01:00:00.000Z');
  await setClock('2027-01-01T00:30:00.000Z');
  expect((await call('heartbeat', { key, device_id: 'a' })).body.device.leased_until).toBe('2027-01-01T01:30:00.000Z');
  await setClock('2027-01-01T01:29:59.999Z');
  expectRefusal(await call('activate', { key, device_id: 'b' }), 409, 'TOO_MANY_DEVICES');
  await setClock('2027-01-01T01:30:00.000Z');
  expect(await read(id)).toMatchObject({ activations: 0 });
  expect((await call('heartbeat', { key, device_id: 'a' })).body.device.leased_until).toBe('2027-01-01T02:30:00.000Z');
  await setClock('2027-01-01T03:00:00.000Z');
  expect((await call('activate', { key, device_id: 'b' })).status).toBe(200);
  expectRefusal(await call('heartbeat', { key, device_id: 'a' }), 409, 'DEVICE_NOT_ACTIVATED');
  expect((await devicesOf(id)).map(({ device_id }: any) => device_id)).toEqual(['b']);
});

test.each([
  ['keep', [200, 200]],
  ['no_new_activations', [409, 200]],
  ['suspend', [409, 409]],
])('a contract that is suspended with the policy %s', async (issued_licenses, [fresh, known]) => {
  const { key, contract_id } = await addLicense({ on_suspend: { issued_licenses } });
  await call('activate', { key, device_id: 'a' });
  await api.sql`UPDATE contracts SET state = 'SUSPENDED' WHERE id = ${contract_id}`;
  await api.sql`INSERT INTO contract_holds (contract_id, source, code, placed_at, placed_by) VALUES (${contract_id}, 'billing', 'BILLING_SUSPENDED', now(), 'test')`;
  expect((await call('activate', { key, device_id: 'b' })).status).toBe(fresh);
  expect((await call('heartbeat', { key, device_id: 'a' })).status).toBe(known);
  const validated = (await call('validate', { key })).body;
  expect(validated.code).toBe(known === 200 ? 'VALID' : 'BILLING_SUSPENDED');
});

test('an admin removes a device, and the audit names the license only', async () => {
  const { id, key } = await addLicense();
  await call('activate', { key, device_id: 'desk/1', device_name: 'Ada' });
  const path = `/licenses/${id}/devices/${encodeURIComponent('desk/1')}`;
  expect((await api.call('DELETE', path)).status).toBe(204);
  expectRefusal(await api.call('DELETE', path), 404, 'NOT_FOUND');
  expect(await devicesOf(id)).toEqual([]);
  const audit = (await api.call('GET', `/activity?subject=${id}`)).body.data;
  expect(audit.map(({ action }: any) => action)).toEqual(['license.device_removed']);
  expect(JSON.stringify(audit)).not.toMatch(/Ada|desk/);
});

test('devices are listed by pages', async () => {
  const { id, key } = await addLicense({ activation_limit: 'unlimited' });
  for (const device_id of ['c', 'a', 'B']) await call('activate', { key, device_id });
  const first = (await api.call('GET', `/licenses/${id}/devices?limit=2`)).body;
  const second = (await api.call('GET', `/licenses/${id}/devices?limit=2&cursor=${first.next_cursor}`)).body;
  expect([...first.data, ...second.data].map(({ device_id }: any) => device_id)).toEqual(['B', 'a', 'c']);
  expect(second.next_cursor).toBeNull();
});
