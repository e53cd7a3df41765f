/** History over HTTP: audit, domain events and revisions. */
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { expectRefusal } from '../harness/expect-refusal';
import { rowsOf, walkPages } from '../harness/walk-pages';

const UNKNOWN_ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';

let api: TestApi;
let catalogue: TestCatalogue;

beforeAll(async () => {
  api = await startTestApi();
  catalogue = await addCatalogue(api);
});

afterAll(() => api.close());

function edit(id: string, body: Record<string, unknown>) {
  return api.call('PATCH', `/contracts/${id}`, { body });
}

test('the activity of a contract has each change once, newest first, including generation', async () => {
  const contract = await addContract(api, catalogue, { name: 'Before' });
  await edit(contract.id, { name: 'After' });
  await api.call('POST', `/contracts/${contract.id}/generate`, {
    body: { count: 2 },
    headers: { 'X-Request-Id': 'req-generate' },
  });
  const answer = await api.call('GET', `/contracts/${contract.id}/activity`);
  const { body } = answer;
  expect(rowsOf<{ action: string }>(answer).map((row) => row.action)).toEqual([
    'generation.requested',
    'contract.updated',
    'contract.created',
  ]);
  expect(body.data[0]).toMatchObject({ request_id: 'req-generate', subject: { type: 'job' }, clock: 'real' });
  expect(body.data[1]).toMatchObject({
    actor: { type: 'user', id: api.admins.super_admin.id, name: api.admins.super_admin.name },
    subject: { type: 'contract', id: contract.id },
    contract_id: contract.id,
    environment: 'production',
    before: { name: 'Before' },
    after: { name: 'After' },
    revision: 2,
  });
});

test('pages show every row once while rows are written', async () => {
  const contract = await addContract(api, catalogue);
  for (let i = 0; i < 6; i++) await edit(contract.id, { name: `Name ${i}` });
  const all = rowsOf(await api.call('GET', `/contracts/${contract.id}/activity?limit=100`)).map((row) => row.id);
  expect(all).toHaveLength(7);
  const more = async (): Promise<void> => void (await edit(contract.id, { name: 'Later' }));
  expect(await walkPages(api, `/contracts/${contract.id}/activity?limit=2`, 'id', more)).toEqual(all);
});

test('a contract shows its domain events and its revisions, newest first', async () => {
  const contract = await addContract(api, catalogue, { name: 'One' });
  await edit(contract.id, { name: 'Two' });
  await edit(contract.id, { quota: 1_500 });
  await api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 1 } });
  expect(await walkPages(api, `/contracts/${contract.id}/events?limit=1`, 'type')).toEqual([
    'license.batch_generated',
    'quota.granted',
    'contract.updated',
    'contract.updated',
    'contract.created',
  ]);
  const revisions = rowsOf<{ revision: number }>(await api.call('GET', `/contracts/${contract.id}/revisions`));
  expect(revisions.map((row) => row.revision)).toEqual([3, 2, 1]);
  expect(revisions[1]).toMatchObject({ action: 'contract.updated', snapshot: { name: 'Two', quota: 1000 } });
  expect(await walkPages(api, `/contracts/${contract.id}/revisions?limit=1`, 'revision')).toEqual(['3', '2', '1']);
  const oldest_first = `/contracts/${contract.id}/revisions?limit=1&order=asc`;
  expect(await walkPages(api, oldest_first, 'revision')).toEqual(['1', '2', '3']);
});

test('a program that has processed some events of a contract reads the later ones, oldest first and without gaps', async () => {
  const contract = await addContract(api, catalogue, { name: 'Followed' });
  const before = rowsOf<{ sequence: number }>(await api.call('GET', `/contracts/${contract.id}/events`));
  const last = before[0]?.sequence as number;
  await Promise.all(
    Array.from({ length: 6 }, (_, n) =>
      n % 2 === 0
        ? api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 1 } })
        : edit(contract.id, { name: `Followed ${n}` }),
    ),
  );
  const list = `/contracts/${contract.id}/events?after=${last}&limit=2`;
  const more = async (): Promise<void> => void (await edit(contract.id, { name: `Later ${Math.random()}` }));
  const seen = (await walkPages(api, list, 'sequence', more)).map(Number);
  expect(seen.length).toBeGreaterThanOrEqual(6);
  expect(seen).toEqual(seen.map((_, index) => last + 1 + index));
  expect(rowsOf(await api.call('GET', `/contracts/${contract.id}/events?after=${last + seen.length + 100}`))).toEqual(
    [],
  );
  for (const after of ['-1', '1.5', 'x', '1234567890'])
    expectRefusal(await api.call('GET', `/contracts/${contract.id}/events?after=${after}`), 422, 'VALIDATION_FAILED');
});

test('the history of a deleted contract can still be read', async () => {
  const contract = await addContract(api, catalogue, { name: 'Remembered', status: 'inactive' });
  await api.call('DELETE', `/contracts/${contract.id}`, { body: { confirm_name: 'Remembered' } });
  expect(await walkPages(api, `/contracts/${contract.id}/activity`, 'action')).toEqual([
    'contract.deleted',
    'contract.created',
  ]);
  expect(await walkPages(api, `/activity?contract_id=${contract.id}`, 'action')).toEqual([
    'contract.deleted',
    'contract.created',
  ]);
  expect(await walkPages(api, `/contracts/${contract.id}/events`, 'type')).toEqual([
    'contract.deleted',
    'contract.created',
  ]);
  expect(await walkPages(api, `/contracts/${contract.id}/revisions`, 'revision')).toContain('1');
});

test.each(['activity', 'events', 'revisions'])('%s of an unknown contract is not found', async (what) => {
  expectRefusal(await api.call('GET', `/contracts/${UNKNOWN_ID}/${what}`), 404, 'NOT_FOUND');
});

test('viewers can read events and revisions, and only operators and above can read the audit', async () => {
  const contract = await addContract(api, catalogue);
  const key = api.keys.viewer;
  for (const path of ['/activity', `/contracts/${contract.id}/activity`]) {
    expectRefusal(await api.call('GET', path, { key }), 403, 'FORBIDDEN_ROLE');
    expect((await api.call('GET', path, { key: api.keys.operator })).status).toBe(200);
  }
  for (const what of ['events', 'revisions'])
    expect((await api.call('GET', `/contracts/${contract.id}/${what}`, { key })).status).toBe(200);
});

describe('the audit of everything', () => {
  test('filters by actor, action, subject and combinations', async () => {
    const { key, id: actor, name } = await api.addAdmin('admin');
    const body = { name: 'P', code: 'filtered' };
    const product = (await api.call('POST', '/products', { key, body })).body;
    await api.call('PATCH', `/products/${product.id}`, { key, body: { name: 'Q' } });
    await api.call('PATCH', `/products/${product.id}`, { body: { name: 'R' } });
    const actions = (query: string): Promise<string[]> => walkPages(api, `/activity?${query}`, 'action');
    expect(await actions(`subject=${product.id}`)).toEqual(['product.updated', 'product.updated', 'product.created']);
    expect(await actions(`actor=${actor}`)).toEqual(['product.updated', 'product.created']);
    expect(await actions(`actor=${encodeURIComponent(name)}&action=product.updated`)).toEqual(['product.updated']);
    expect(await actions(`subject=${product.id}&subject_type=generator`)).toEqual([]);
    expect(await actions(`actor=${actor}&action=product`)).toEqual([]);
  });

  test('from is inclusive and to is exclusive', async () => {
    const contract = await addContract(api, catalogue);
    const [{ at }] = (await api.call('GET', `/contracts/${contract.id}/activity`)).body.data;
    const next = new Date(Date.parse(at) + 1).toISOString();
    const count = async (query: string): Promise<number> =>
      (await walkPages(api, `/activity?contract_id=${contract.id}&${query}`)).length;
    expect([
      await count(`from=${at}`),
      await count(`from=${next}`),
      await count(`to=${at}`),
      await count(`to=${next}`),
    ]).toEqual([1, 0, 0, 1]);
  });

  test('a list shows only its environment, and events of admins appear in every environment', async () => {
    const staging = (await api.call('POST', '/products', { body: { name: 'S', code: 's', environment: 'staging' } }))
      .body;
    const customer = (await api.call('POST', '/customers', { body: { name: 'C', email: 'c@example.com' } })).body;
    const rows = async (subject: string, environment: string): Promise<number> =>
      (await walkPages(api, `/activity?subject=${subject}${environment}`)).length;
    expect(await rows(staging.id, '')).toBe(0);
    expect(await rows(staging.id, '&environment=staging')).toBe(1);
    for (const environment of ['', '&environment=staging', '&environment=development'])
      expect(await rows(customer.id, environment)).toBe(1);
  });

  test.each(['from=yesterday', 'contract_id=1', 'subject_type=chunk', 'environment=all', 'cursor=bm9uZQ'])(
    '%s is refused',
    async (query) => {
      expectRefusal(await api.call('GET', `/activity?${query}`), 422, 'VALIDATION_FAILED');
    },
  );

  test('no row can be changed or removed', async () => {
    for (const statement of [
      'UPDATE audit_events SET reason = NULL',
      'DELETE FROM audit_events',
      'TRUNCATE audit_events',
    ]) {
      await expect(api.sql.unsafe(statement)).rejects.toThrow('append-only');
    }
  });
});
