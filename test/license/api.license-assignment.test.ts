/** Assigning licenses to a customer in bulk. */
import { randomUUID } from 'node:crypto';
import { SYSTEM } from '../../domain/base/actor';
import { assignLicenses } from '../../transactions/license/assign-licenses';
import { deleteOldOutcomes } from '../../transactions/system/delete-expired';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { auditOf, expectRefusal } from '../harness/expect-refusal';
import { gatedDatabase } from '../harness/gated-database';

let api: TestApi;
let catalogue: TestCatalogue;
beforeAll(async () => {
  api = await startTestApi();
  catalogue = await addCatalogue(api);
});
afterAll(() => api.close());

async function addLicenses(count: number, more: Record<string, unknown> = {}) {
  const { id: contract_id } = await addContract(api, catalogue, more);
  const { body } = await api.call('POST', `/contracts/${contract_id}/generate`, { body: { count } });
  return { contract_id: contract_id as string, ids: body.licenses.map(({ id }: any) => id) as string[] };
}

const address = () => `${randomUUID()}@covenant.test`;
const assign = (body: object, query = '') => api.call('POST', `/licenses/assign${query}`, { body });
const outcomesOf = ({ body }: ApiAnswer) => body.licenses.map(({ outcome, reason }: any) => reason ?? outcome);
const customerOf = async (id: string) => (await api.call('GET', `/licenses/${id}`)).body.customer_id;

async function eventsOf(contract_id: string): Promise<any[]> {
  const { body } = await api.call('GET', `/contracts/${contract_id}/events`);
  return body.data.filter(({ type }: any) => type.startsWith('license.') && type.endsWith('assigned'));
}

test.each(['a\u0000b', '\udb66', 'x'.repeat(101)])(
  'an id that is no text on one line, or too long, is refused, also with an idempotency key: %j',
  async (id) => {
    const headers = { 'Idempotency-Key': randomUUID() };
    const body = { ids: [id], customer_email: address() };
    const answer = await api.call('POST', '/licenses/assign', { body, headers });
    expect([answer.status, answer.body.errors?.[0]?.path]).toEqual([422, 'ids.0']);
  },
);

test('licenses are assigned to a customer who is created, with one audit row and one event', async () => {
  const { contract_id, ids } = await addLicenses(3);
  const email = address();
  const answer = await assign({ ids, customer_email: email, customer_name: 'Ada Ltd' });
  expect(answer.body).toMatchObject({
    customer_created: true,
    counts: { assigned: 3, reassigned: 0, already_assigned_same: 0, conflict: 0, not_available: 0 },
  });
  const { customer_id, id: operation_id } = answer.body;
  expect((await api.call('GET', `/assignments/${operation_id}`)).body).toMatchObject({
    ...{ execution: 'inline', state: 'SUCCEEDED', percent: 100, decided: 3 },
    allowed_actions: { resume: { code: 'OPERATION_NOT_RESUMABLE' } },
  });
  expect((await api.call('GET', `/customers/${customer_id}`)).body).toMatchObject({ email, name: 'Ada Ltd' });
  const listed = await api.call('GET', `/licenses?customer_id=${customer_id}&order=asc`);
  expect(listed.body.data.map(({ id, status }: any) => [id, status])).toEqual(ids.map((id) => [id, 'assigned']));
  expect((await auditOf(api, customer_id)).map(({ action, after }) => [action, after])).toEqual([
    ['customer.created', expect.anything()],
    ['license.assigned', { operation_id, count: 3, reassigned: 0, license_ids: ids }],
  ]);
  expect((await eventsOf(contract_id)).map(({ type, data }) => [type, data])).toEqual([
    ['license.assigned', { operation_id, customer_id, count: 3, reassigned: 0, license_ids: ids, hold_id: null, order_ref: null }],
  ]);
});

test('a repeated request, in any letter case, changes and records nothing', async () => {
  const { contract_id, ids } = await addLicenses(2);
  const email = address();
  const { customer_id } = (await assign({ ids, customer_email: email })).body;
  const facts = await api.sql`SELECT * FROM license_facts WHERE customer_id = ${customer_id}`;
  const again = await assign({ ids, customer_email: email.toUpperCase() });
  expect(again.body).toMatchObject({ customer_id, customer_created: false, counts: { already_assigned_same: 2 } });
  expect(await api.sql`SELECT * FROM license_facts WHERE customer_id = ${customer_id}`).toEqual(facts);
  expect(await auditOf(api, customer_id)).toHaveLength(2);
  expect(await eventsOf(contract_id)).toHaveLength(1);
});

test('each license has its own outcome, and only assigned ones are written', async () => {
  const { ids } = await addLicenses(5);
  const [free, taken, revoked, suspended, mine] = ids as [string, string, string, string, string];
  const email = address();
  await assign({ ids: [taken], customer_email: address() });
  await assign({ ids: [mine], customer_email: email });
  await api.call('POST', `/licenses/${revoked}/revoke`);
  await api.call('POST', `/licenses/${suspended}/suspend`);
  const draft = await addContract(api, catalogue, { status: 'inactive' });
  const tests = await api.call('POST', `/contracts/${draft.id}/generate`, { body: { count: 1, test: true } });
  const test_license = tests.body.licenses[0].id;
  const answer = await assign({ ids: [...ids, test_license, 'lic_1', 'x', free], customer_email: email });
  expect(Object.fromEntries(answer.body.licenses.map((one: any) => [one.license_id, one.reason ?? one.outcome]))).toEqual({
    [free]: 'assigned',
    [taken]: 'conflict',
    [revoked]: 'revoked',
    [suspended]: 'suspended',
    [mine]: 'already_assigned_same',
    [test_license]: 'test_license',
    lic_1: 'not_found',
    x: 'not_found',
  });
  expect(answer.body.counts).toEqual({
    assigned: 1,
    reassigned: 0,
    already_assigned_same: 1,
    conflict: 1,
    not_available: 5,
  });
  const stored = await api.sql`SELECT FROM license_facts WHERE license_id = ${test_license.slice(4)}`;
  expect(stored.count).toBe(0);
});

test('each license that was not assigned can be read by pages and as CSV, for 90 days', async () => {
  const { ids } = await addLicenses(5);
  const [, taken, revoked, lost] = ids as [string, string, string, string];
  const [unknown, typo] = [{ license_id: 'lic_1', reason: 'not_found' }, { license_id: 'x,1', reason: 'not_found' }];
  const { customer_id: other } = (await assign({ ids: [taken], customer_email: address() })).body;
  for (const id of [revoked, lost]) await api.call('POST', `/licenses/${id}/revoke`);
  const answer = (await assign({ ids: ['x,1', ...ids, 'lic_1'], customer_email: address() })).body;
  const { id } = answer;
  const path = `/license-operations/${id}/outcomes`;
  const first = (await api.call('GET', `${path}?limit=1`)).body;
  expect(first.data).toMatchObject([typo]);
  const second = (await api.call('GET', `${path}?limit=3&cursor=${first.next_cursor}`)).body;
  expect(second.data).toEqual([
    { ...unknown, outcome: 'not_available', other_customer_id: null },
    { license_id: taken, outcome: 'conflict', reason: null, other_customer_id: other },
    { license_id: revoked, outcome: 'not_available', reason: 'revoked', other_customer_id: null },
  ]);
  const third = (await api.call('GET', `${path}?limit=2&cursor=${second.next_cursor}`)).body;
  expect(third).toMatchObject({ data: [{ license_id: lost }], next_cursor: null });
  const listed = [...first.data, ...second.data, ...third.data];
  const stored = (await api.call('GET', `/assignments/${id}`)).body;
  expect(stored).toMatchObject({ requested: 7, decided: 7, counts: answer.counts, not_assigned: listed });
  expect(answer.licenses.filter(({ outcome }: any) => outcome !== 'assigned' && outcome !== 'already_assigned_same')).toEqual(listed);
  const file = `license_id,outcome,reason,other_customer_id\n"x,1",not_available,not_found,\nlic_1,not_available,not_found,\n${taken},conflict,,${other}\n${revoked},not_available,revoked,\n${lost},not_available,revoked,\n`;
  expect((await api.call('GET', `${path}.csv`)).text).toBe(file);

  const until = async () => (await api.call('GET', `/assignments/${id}`)).body.outcomes_until;
  expect(Date.parse(await until()) - Date.now()).toBeGreaterThan(89 * 86_400_000);
  await deleteOldOutcomes(api.sql);
  expect((await api.call('GET', path)).body.data).toEqual(listed);
  await api.sql`UPDATE license_operations SET outcomes_until = now() WHERE id = ${id}`;
  await deleteOldOutcomes(api.sql);
  expect([(await api.call('GET', path)).body.data, await until()]).toEqual([[], null]);
});

test('an explicit wish moves licenses of another customer, which the audit shows', async () => {
  const { contract_id, ids } = await addLicenses(2);
  const first = (await assign({ ids: [ids[0]], customer_email: address() })).body;
  const moved = await assign({ ids, customer_email: address(), reassign: true });
  expect(moved.body.counts).toMatchObject({ assigned: 2, reassigned: 1 });
  expect(moved.body.licenses[0]).toMatchObject({ outcome: 'assigned', other_customer_id: first.customer_id });
  expect(await customerOf(ids[0] as string)).toBe(moved.body.customer_id);
  expect((await auditOf(api, moved.body.customer_id)).map(({ action }) => action)).toEqual([
    'customer.created',
    'license.reassigned',
  ]);
  expect((await eventsOf(contract_id)).map(({ type }) => type).sort()).toEqual(['license.assigned', 'license.reassigned']);
});

test('a filter with a limit assigns exactly so many, earliest first', async () => {
  const { contract_id, ids } = await addLicenses(6);
  await assign({ ids: [ids[1]], customer_email: address() });
  const answer = await assign({ filter: { contract_id, limit: 3 }, customer_email: address() });
  expect(answer.body.licenses.map((one: any) => one.license_id)).toEqual([ids[0], ids[2], ids[3]]);
  expect(outcomesOf(answer)).toEqual(['assigned', 'assigned', 'assigned']);
});

test('a limit passes over many licenses of the same customer, and leaves those after the last one unused', async () => {
  const { contract_id, ids } = await addLicenses(14, { type: 'pool' });
  const customer_email = address();
  await assign({ ids: ids.slice(0, 9), customer_email });
  const answer = await assign({ filter: { contract_id, limit: 2 }, customer_email, reassign: true });
  expect(answer.body.licenses.map((one: any) => one.license_id)).toEqual(ids.slice(9, 11));
  const used = await api.sql`SELECT 'lic_' || license_id AS id FROM license_facts WHERE 'lic_' || license_id = ANY(${ids}) ORDER BY license_id`;
  expect(used.map(({ id }) => id as string)).toEqual(ids.slice(0, 11));
  expect((await api.call('GET', `/contracts/${contract_id}`)).body.pool).toMatchObject({ available: 3, held: 0, assigned: 11 });
});

test('fewer licenses than the limit are refused with their number, and nothing is written', async () => {
  const { contract_id } = await addLicenses(3);
  const email = address();
  const answer = await assign({ filter: { contract_id, limit: 4 }, customer_email: email });
  expectRefusal(answer, 409, 'NOT_ENOUGH_LICENSES');
  expect(answer.body.metadata).toEqual({ requested: 4, available: 3 });
  expect((await api.call('GET', `/customers?search=${email}`)).body.data).toEqual([]);
  expect((await api.call('GET', `/licenses?contract_id=${contract_id}&status=available`)).body.data).toHaveLength(3);
  expect(await eventsOf(contract_id)).toEqual([]);
});

test('a filter without a limit decides about all that match, except test licenses', async () => {
  const { contract_id, ids } = await addLicenses(3);
  await assign({ ids: [ids[2]], customer_email: address() });
  const answer = await assign({ filter: { contract_id }, customer_email: address() });
  expect(outcomesOf(answer)).toEqual(['assigned', 'assigned', 'conflict']);
});

test('licenses of several contracts have one audit row, and one event for each contract', async () => {
  const [one, other] = [await addLicenses(1), await addLicenses(2)];
  const { customer_id } = (await assign({ ids: [...one.ids, ...other.ids], customer_email: address() })).body;
  expect((await auditOf(api, customer_id)).map(({ action, after }) => [action, after?.['count']])).toEqual([
    ['customer.created', undefined],
    ['license.assigned', 3],
  ]);
  expect((await eventsOf(one.contract_id)).map(({ data }) => data.count)).toEqual([1]);
  expect((await eventsOf(other.contract_id)).map(({ data }) => data.count)).toEqual([2]);
});

test('a dry run shows the same outcomes and writes nothing', async () => {
  const { contract_id, ids } = await addLicenses(2);
  const email = address();
  const answer = await assign({ filter: { contract_id }, customer_email: email }, '?dry_run=true');
  expect(answer.body).toMatchObject({ dry_run: true, customer_id: null, customer_created: true, counts: { assigned: 2 } });
  expect(await customerOf(ids[0] as string)).toBeNull();
  expect((await api.call('GET', `/customers?search=${email}`)).body.data).toEqual([]);
});

test.each<[string, object, string[]]>([
  ['all licenses belong to another customer', {}, ['conflict', 'conflict']],
  ['no license matches', { status: 'held' }, []],
])('no customer is created when %s', async (_why, more, outcomes) => {
  const { contract_id, ids } = await addLicenses(2);
  await assign({ ids, customer_email: address() });
  const email = address();
  const answer = await assign({ filter: { contract_id, ...more }, customer_email: email });
  expect(answer.body).toMatchObject({ id: null, customer_id: null, customer_created: false });
  expect(outcomesOf(answer)).toEqual(outcomes);
  expect((await api.call('GET', `/customers?search=${email}`)).body.data).toEqual([]);
  expect((await api.sql`SELECT FROM audit_events WHERE request_id = ${answer.headers.get('x-request-id')}`).count).toBe(0);
  expect((await api.sql`SELECT FROM license_facts WHERE license_id = ANY(${ids.map((id) => id.slice(4))})`).count).toBe(2);
});

test('of two assignments to a new address, one of which assigns nothing, the customer is that of the other', async () => {
  const { ids } = await addLicenses(3);
  await assign({ ids: [ids[0]], customer_email: address() });
  const act = { actor: SYSTEM, now: new Date().toISOString(), request_id: null };
  for (const first_assigns of [true, false]) {
    const email = address();
    const free = (first_assigns ? ids[1] : ids[2]) as string;
    const [first, second] = first_assigns ? [free, ids[0]] : [ids[0], free];
    const { db, gate } = gatedDatabase(api.sql, { at: 'commit' });
    const request = { selection: { ids: [(first as string).slice(4)] }, customer: { email, name: null }, reassign: false };
    const held = db.begin((tx) => assignLicenses(tx, request, act));
    await gate.reached;
    const other = assign({ ids: [second], customer_email: email });
    // What assigns nothing holds no lock of a customer, so nothing waits for it.
    if (first_assigns) await waitUntilBlocked(api.sql);
    else await other;
    gate.open();
    const created = [((await held) as any).customer_created, (await other).body.customer_created];
    expect(created).toEqual([first_assigns, !first_assigns]);
    const customer_id = await customerOf(free);
    const { data } = (await api.call('GET', `/customers?search=${email}`)).body;
    expect(data.map(({ id }: any) => id)).toEqual([customer_id]);
    expect((await auditOf(api, customer_id)).map(({ action }) => action)).toEqual(['customer.created', 'license.assigned']);
  }
});

test('an erased customer is refused', async () => {
  const { ids } = await addLicenses(1);
  const customer = (await api.call('POST', '/customers', { body: { name: 'Ada', email: address() } })).body;
  await api.sql`UPDATE customers SET email = ${`${customer.id}@erased.invalid`}, erased_at = now() WHERE id = ${customer.id}`;
  const answer = await assign({ ids, customer_email: `${customer.id}@erased.invalid` });
  expectRefusal(answer, 409, 'PERSON_ERASED');
});

test.each([
  [{}, 'ids'],
  [{ ids: [] }, 'ids'],
  [{ ids: [1] }, 'ids.0'],
  [{ ids: ['lic_1'], filter: {} }, 'filter'],
  [{ filter: { limit: 0 } }, 'filter.limit'],
  [{ filter: { contract_id: '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f', is_test: 'true' } }, 'filter.is_test'],
  [{ filter: { contract_id: null } }, 'filter.contract_id'],
  // They would match the licenses of all contracts.
  [{ filter: {} }, 'filter'],
  [{ filter: { environment: 'production', status: 'available' } }, 'filter'],
])('a body with %j is refused, and the answer names %s', async (more, path) => {
  const answer = await assign({ customer_email: address(), ...more });
  expectRefusal(answer, 422, 'VALIDATION_FAILED');
  expect(answer.body.errors).toMatchObject([{ path }]);
});

test('more than 1,000 licenses are assigned by a job, which can be read, listed, cancelled and resumed', async () => {
  const ids = Array.from({ length: 1_001 }, (_, i) => `lic_${i + 1}`);
  const email = address();
  const dry = await assign({ ids, customer_email: email }, '?dry_run=true');
  expect([dry.status, dry.body]).toMatchObject([202, { id: null, requested: 1_001, dry_run: true }]);
  const queued = await assign({ ids, customer_email: email });
  const { customer_created, ...job } = queued.body;
  const { id, customer_id } = job;
  expect([queued.status, queued.headers.get('location')]).toEqual([202, `/api/v1/assignments/${id}`]);
  expect([customer_created, job]).toMatchObject([true, { state: 'QUEUED', requested: 1_001, decided: 0 }]);
  expect((await api.call('GET', `/assignments/${id}`)).body).toEqual(job);
  expect((await api.call('GET', `/assignments?customer_id=${customer_id}&state=QUEUED`)).body.data).toEqual([job]);
  expectRefusal(await api.call('POST', `/assignments/${id}/resume`), 409, 'OPERATION_NOT_RESUMABLE');
  expect((await api.call('POST', `/assignments/${id}/cancel`)).body.state).toBe('CANCELLING');
  await api.sql`UPDATE license_operations SET state = 'CANCELLED', finished_at = now() WHERE id = ${id}`;
  expectRefusal(await api.call('POST', `/assignments/${id}/cancel`), 409, 'OPERATION_ALREADY_FINISHED');
  expect((await api.call('POST', `/assignments/${id}/resume`)).body).toMatchObject({ state: 'QUEUED', finished_at: null });
});

test('a job for exactly so many licenses is refused when fewer match', async () => {
  const { contract_id } = await addLicenses(2);
  const answer = await assign({ filter: { contract_id, limit: 1_001 }, customer_email: address() });
  expectRefusal(answer, 409, 'NOT_ENOUGH_LICENSES');
  expect(answer.body.metadata).toEqual({ requested: 1_001, available: 2 });
});

test('16 simultaneous assignments to a new address create one customer', async () => {
  const { ids } = await addLicenses(16);
  const email = address();
  const answers = await Promise.all(
    ids.map((id, i) => assign({ ids: [id], customer_email: i % 2 ? email : email.toUpperCase() })),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array<number>(16).fill(200));
  const customers = new Set(answers.map(({ body }) => body.customer_id));
  expect([customers.size, answers.filter(({ body }) => body.customer_created).length]).toEqual([1, 1]);
  const [customer_id] = [...customers];
  const rows = await auditOf(api, customer_id as string);
  expect(rows.filter(({ action }) => action === 'customer.created')).toHaveLength(1);
  expect(rows.filter(({ action }) => action === 'license.assigned')).toHaveLength(16);
});

test('of two assignments of one filter, each license has one customer, and both get their number', async () => {
  const { contract_id, ids } = await addLicenses(10);
  const filter = { contract_id };
  const act = { actor: SYSTEM, now: new Date().toISOString(), request_id: null };
  const request = (limit: number) => ({
    selection: { filter, limit },
    customer: { email: address(), name: null },
    reassign: false,
  });
  // The first holds its locks while the second selects the same licenses and waits for them.
  const { db, gate } = gatedDatabase(api.sql, { at: 'commit' });
  const first = db.begin((tx) => assignLicenses(tx, request(4), act));
  await gate.reached;
  const second = api.sql.begin((tx) => assignLicenses(tx, request(6), act));
  await waitUntilBlocked(api.sql);
  gate.open();
  const results = (await Promise.all([first, second])) as any[];
  expect(results.map(({ result }) => result.counts.done)).toEqual([4, 6]);
  const taken = results.flatMap(({ result }) => result.licenses.map(({ id }: any) => `lic_${id}`));
  expect(taken.sort()).toEqual([...ids].sort());
  for (const { customer, result } of results)
    for (const { id } of result.licenses) expect(await customerOf(`lic_${id}`)).toBe(customer.id);
});

test('a license that is revoked while its assignment waits for it is not assigned', async () => {
  const { contract_id, ids } = await addLicenses(2);
  const { db, gate } = gatedDatabase(api.sql, { at: 'commit' });
  const revoked = db.begin(
    (tx) => tx`INSERT INTO license_facts (license_id, revoked_at) VALUES (${(ids[0] as string).slice(4)}, now())`,
  );
  await gate.reached;
  const assigned = assign({ filter: { contract_id }, customer_email: address() });
  await waitUntilBlocked(api.sql);
  gate.open();
  await revoked;
  expect(outcomesOf(await assigned)).toEqual(['revoked', 'assigned']);
});

test('a license that is sold while a revocation of available licenses waits for it is not revoked', async () => {
  const { contract_id, ids } = await addLicenses(2);
  const { db, gate } = gatedDatabase(api.sql, { at: 'commit' });
  const customer_id = (await assign({ ids: (await addLicenses(1)).ids, customer_email: address() })).body.customer_id;
  const sold = db.begin(
    (tx) =>
      tx`INSERT INTO license_facts (license_id, customer_id, assigned_at) VALUES (${(ids[0] as string).slice(4)}, ${customer_id}, now())`,
  );
  await gate.reached;
  const body = { filter: { contract_id, status: ['available', 'available'] } };
  const revoked = api.call('POST', '/licenses/revoke', { body });
  await waitUntilBlocked(api.sql);
  gate.open();
  await sold;
  expect(outcomesOf(await revoked)).toEqual(['changed_meanwhile', 'done']);
  expect((await api.call('GET', `/licenses/${ids[0]}`)).body.status).toBe('assigned');
});

test('a license on a test clock is assigned at the time of that clock', async () => {
  const staging = await addCatalogue(api, { environment: 'staging' });
  const clock = (await api.call('POST', '/test-clocks', { body: { now: '2031-05-01T00:00:00.000Z' } })).body;
  const { id } = await addContract(api, staging, { test_clock_id: clock.id });
  const { body } = await api.call('POST', `/contracts/${id}/generate`, { body: { count: 1 } });
  await assign({ filter: { contract_id: id }, customer_email: address() });
  const license = (await api.call('GET', `/licenses/${body.licenses[0].id}`)).body;
  expect(license.assigned_at).toBe('2031-05-01T00:00:00.000Z');
});

test('the period of a license that expires by its assignment begins at the first one', async () => {
  const expiry = { duration: 'P1M', basis: 'assignment' };
  const staging = await addCatalogue(api, { environment: 'staging' });
  const clock = (await api.call('POST', '/test-clocks', { body: { now: '2031-05-01T00:00:00.000Z' } })).body;
  const { id } = await addContract(api, staging, { test_clock_id: clock.id, expiry });
  const { body } = await api.call('POST', `/contracts/${id}/generate`, { body: { count: 1 } });
  const ids = [body.licenses[0].id];
  await assign({ ids, customer_email: address() });
  const expires_at = async () => (await api.call('GET', `/licenses/${ids[0]}`)).body.expires_at;
  expect(await expires_at()).toBe('2031-06-01T00:00:00.000Z');
  await api.sql`UPDATE test_clocks SET now = '2031-05-15T00:00:00.000Z' WHERE id = ${clock.id}`;
  const moved = await assign({ ids, customer_email: address(), reassign: true });
  expect(moved.body.counts).toMatchObject({ assigned: 1, reassigned: 1 });
  expect(await expires_at()).toBe('2031-06-01T00:00:00.000Z');
});
