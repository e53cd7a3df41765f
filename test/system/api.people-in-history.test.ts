/** Personal data in the history, over HTTP: what a write stores of its caller, and how many statements that takes. */
import type { Database } from '../../db/base/database';
import { startTestApi } from '../harness/api';
import type { TestAdmin, TestApi } from '../harness/api';
import { addCatalogue, addContract, contractBody } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';

let api: TestApi;
let catalogue: TestCatalogue;
/** The statements that the API has sent to Postgres. */
let sent: string[] = [];

beforeAll(async () => {
  api = await startTestApi({ trustProxy: 1 });
  catalogue = await addCatalogue(api);
  // The driver calls this with each statement before it sends it.
  (api.api.db.options as Database['options'] & { debug: unknown }).debug = (_: number, text: string) => sent.push(text);
});
afterAll(() => api.close());

const forwardedFor = (ip: string) => ({ 'X-Forwarded-For': ip });

/** Renames a product, and returns the statements for it. The API also reads the clock of Postgres from time to time. */
async function rename(product_id: string, { key }: TestAdmin, ip: string): Promise<string[]> {
  sent = [];
  const body = { name: `Named from ${ip} ${Math.random()}` };
  expect((await api.call('PATCH', `/products/${product_id}`, { key, body, headers: forwardedFor(ip) })).status).toBe(
    200,
  );
  return sent.filter((text) => !text.includes('clock_timestamp() AS now'));
}

const countPersonInserts = (statements: string[]): number =>
  statements.filter((text) => text.includes('audit_name_id(')).length;

test('only the first write of an admin from an address sends a statement to store the person', async () => {
  const admin = await api.addAdmin('admin');
  const { product_id } = catalogue;
  expect(countPersonInserts(await rename(product_id, admin, '192.0.2.1'))).toBe(1);
  const known = await rename(product_id, admin, '192.0.2.1');
  expect(countPersonInserts(known)).toBe(0);
  const from_other_address = await rename(product_id, admin, '192.0.2.2');
  expect(countPersonInserts(from_other_address)).toBe(1);
  expect(from_other_address.length).toBe(known.length + 1);
  expect(countPersonInserts(await rename(product_id, admin, '192.0.2.2'))).toBe(0);
});

test('a write stores ids of its caller in every row, and responses show the name and the address', async () => {
  const admin = await api.addAdmin('admin');
  const options = { key: admin.key, headers: forwardedFor('192.0.2.3') };
  const created = await api.call('POST', '/contracts', { ...options, body: contractBody(catalogue) });
  const contract = created.body;
  const generated = await api.call('POST', `/contracts/${contract.id}/generate`, { ...options, body: { count: 2 } });
  expect(generated.status).toBe(201);
  const stored = await api.sql<{ actor: object; row: string }[]>`
    SELECT actor, e::text AS row FROM audit_events e WHERE contract_id = ${contract.id}
    UNION ALL SELECT actor, r::text FROM contract_revisions r WHERE contract_id = ${contract.id}
    UNION ALL SELECT actor, q::text FROM quota_grants q WHERE contract_id = ${contract.id}
    UNION ALL SELECT actor, j::text FROM generation_jobs j WHERE contract_id = ${contract.id}`;
  expect(stored).toHaveLength(5);
  const id = expect.any(Number);
  for (const { actor, row } of stored) {
    expect(actor).toEqual({ type: 'user', id: admin.id, name_id: id, origin_id: id });
    expect(row).not.toContain(admin.name);
    expect(row).not.toContain('192.0.2.3');
  }
  const actor = { type: 'user', id: admin.id, name: admin.name, ip: '192.0.2.3' };
  for (const list of ['activity', 'revisions']) {
    const { data } = (await api.call('GET', `/contracts/${contract.id}/${list}`)).body;
    expect(data.length).toBeGreaterThan(0);
    for (const row of data) expect(row.actor).toEqual(actor);
  }
});

test('an audit event shows the name that the admin had at that time', async () => {
  const admin = await api.addAdmin('admin');
  const contract = await addContract(api, catalogue);
  const edit = (name: string) => api.call('PATCH', `/contracts/${contract.id}`, { key: admin.key, body: { name } });
  await edit('First');
  await api.call('PATCH', `/admins/${admin.id}`, { body: { name: 'Renamed' } });
  await edit('Second');
  await api.call('PATCH', `/admins/${admin.id}`, { body: { name: admin.name } });
  await edit('Third');
  const { data } = (await api.call('GET', `/contracts/${contract.id}/activity`)).body;
  const names = data.map((row: { actor: { name: string } }) => row.actor.name);
  expect(names.slice(0, 3)).toEqual([admin.name, 'Renamed', admin.name]);
  const found = (await api.call('GET', '/activity?actor=Renamed')).body.data;
  expect(found.map((row: { after: object }) => row.after)).toEqual([expect.objectContaining({ name: 'Second' })]);
});
