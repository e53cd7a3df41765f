/** Erasing people: with the command of operators, and with the transaction that it runs. */
import { randomUUID } from 'node:crypto';
import { erasePerson } from '../../transactions/access/erase-person';
import type { Erasure } from '../../transactions/access/erase-person';
import { customerExists } from '../../db/catalogue/customer';
import { SYSTEM } from '../../domain/base/actor';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { addCatalogue, addContract, contractBody } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { runCovenant } from '../harness/covenant-command';
import type { CommandResult } from '../harness/covenant-command';
import { auditOf, expectRefusal } from '../harness/expect-refusal';

const UNKNOWN_ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';
const ADDRESS = '192.0.2.77';

let api: TestApi;
let catalogue: TestCatalogue;

beforeAll(async () => {
  api = await startTestApi({ trustProxy: 1 });
  catalogue = await addCatalogue(api);
});
afterAll(() => api.close());

const erase = (...args: string[]): Promise<CommandResult> =>
  runCovenant(['people', 'erase', ...args], {
    DATABASE_URL: api.database.url,
    COVENANT_KEY_PEPPER: 'a pepper that no key of this test is under',
  });

function eraseHere(id: string): Promise<Erasure> {
  return api.sql.begin((tx) => erasePerson(tx, id, { actor: SYSTEM, now: new Date().toISOString(), request_id: null }));
}

/** Every row of the database that holds one of these texts. */
async function rowsWith(texts: string[]): Promise<string[]> {
  const tables = await api.sql<{ name: string }[]>`
    SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`;
  const found: string[] = [];
  for (const { name } of tables)
    for (const { row } of await api.sql<{ row: string }[]>`SELECT t::text AS row FROM ${api.sql(name)} t`)
      if (texts.some((text) => row.includes(text))) found.push(`${name}: ${row}`);
  return found;
}

/** An admin who has done something everywhere, with a key that is called after them, and what names them. */
async function addBusyAdmin(name: string) {
  const body = { name, email: `${name.toLowerCase()}@example.com`, role: 'super_admin' };
  const headers = { 'X-Forwarded-For': ADDRESS };
  const created = await api.call('POST', '/admins', { body, headers: { 'Idempotency-Key': randomUUID() } });
  const { id } = created.body;
  const key = (await api.call('POST', `/admins/${id}/api-keys`, { body: { label: `Laptop of ${name}` } })).body.key;
  const contract = await addContract(api, catalogue);
  const act = (method: string, path: string, given: object) =>
    api.call(method, `/contracts/${contract.id}${path}`, { key, headers, body: given });
  await act('POST', '/generate', { count: 1 });
  await act('PATCH', '', { name: 'Changed', quota: 2_000 });
  const spare = await addContract(api, catalogue, { status: 'inactive' });
  const removed = await api.call('DELETE', `/contracts/${spare.id}`, {
    key,
    headers,
    body: { confirm_name: spare.name },
  });
  expect(removed.status).toBe(204);
  return { id, key, contract, spare, names: [name, body.email, ADDRESS] };
}

const disable = (id: string) => api.call('PATCH', `/admins/${id}`, { body: { status: 'disabled' } });

test('an admin is erased everywhere, the audit gets one row with only the id, and the rest of the history does not change', async () => {
  const admin = await addBusyAdmin('Wilhelmina');
  await disable(admin.id);
  const list = `/contracts/${admin.contract.id}/activity`;
  const before = (await api.call('GET', list)).body.data;
  const rows = await rowsWith(admin.names);
  expect(rows.length).toBeGreaterThan(5);

  const dry_run = await erase(admin.id);
  expect(dry_run).toMatchObject({ code: 0, stderr: '' });
  expect(dry_run.stdout).toContain('Would erase the admin');
  expect(dry_run.stdout).toContain('Run it again with --yes');
  expect(await rowsWith(admin.names)).toEqual(rows);

  const erased = await erase(admin.id, '--yes');
  expect(erased).toMatchObject({ code: 0, stderr: '' });
  expect(erased.stdout.split('\n').slice(1, 7)).toEqual(dry_run.stdout.split('\n').slice(1, 7));
  expect(await rowsWith(admin.names)).toEqual([]);

  const after = (await api.call('GET', list)).body.data;
  const anonymous = (row: { actor: { id: string } }) =>
    row.actor.id === admin.id ? { ...row, actor: { type: 'user', id: admin.id, name: 'Erased' } } : row;
  expect(after).toEqual(before.map(anonymous));
  expect((await api.call('GET', `/jobs?contract_id=${admin.contract.id}`)).body.data[0].actor).toEqual({
    type: 'user',
    id: admin.id,
    name: 'Erased',
  });
  expect((await api.call('GET', `/contracts/${admin.spare.id}`)).body).toMatchObject({
    metadata: { deleted_by: 'Erased' },
  });
  expect((await api.call('GET', `/admins/${admin.id}`)).body).toMatchObject({
    name: 'Erased',
    email: `${admin.id}@erased.invalid`,
    status: 'disabled',
  });
  expectRefusal(await api.call('GET', '/me', { key: admin.key }), 401, 'INVALID_API_KEY');
  const audit = await auditOf(api, admin.id);
  expect(audit.filter(({ action }) => action === 'admin.erased')).toEqual([
    expect.objectContaining({ actor: SYSTEM, before: null, after: null }),
  ]);
  expect(audit.find(({ action }) => action === 'admin.created')?.after).toEqual({
    name: 'Erased',
    email: 'Erased',
    role: 'super_admin',
    status: 'active',
  });

  const again = await erase(admin.id, '--yes');
  expect(again).toEqual({
    code: 0,
    stdout: `${admin.id} was already erased, and no new personal data exists.\n`,
    stderr: '',
  });
  expect(await auditOf(api, admin.id)).toHaveLength(audit.length);
});

test('the erasure of an active admin is refused and names the required step', async () => {
  const admin = await api.addAdmin('operator');
  const refused = await erase(admin.id, '--yes');
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toContain(`PATCH /api/v1/admins/${admin.id} {"status": "disabled"}`);
  expect((await api.call('GET', `/admins/${admin.id}`)).body.name).toBe(admin.name);
  expect(await eraseHere(UNKNOWN_ID)).toEqual({ outcome: 'not_found' });
});

test('a customer without open contracts is erased, with the messages of billing systems about them', async () => {
  const body = {
    ...{ name: 'Ottoline Ltd', email: 'ottoline@example.com', billing_contact: 'bills@ottoline.example' },
    ...{ account_manager: 'for-ottoline@vendor.example', responsible_person: 'it@ottoline.example', language: 'de' },
  };
  const customer = (await api.call('POST', '/customers', { body })).body;
  await api.call('PATCH', `/customers/${customer.id}`, { body: { name: 'Ottoline GmbH' } });
  const contract = await addContract(api, catalogue, { customer_id: customer.id, status: 'inactive' });
  const names = ['Ottoline', 'ottoline'];
  await api.sql`
    INSERT INTO billing_inbox (source, event_id, type, contract_id, invoice_id, observation, raw, occurred_at, received_at, reported_at, future_dated, outcome, try_at)
    VALUES ('stripe', 'evt_1', 'invoice.paid', ${contract.id}, 'in_1', 'null', '{"customer_name": "Ottoline"}', now(), now(), now(), false, 'APPLIED', now())`;
  expect(await eraseHere(customer.id)).toEqual({ outcome: 'customer_has_open_contracts', open_contracts: 1 });
  await api.call('DELETE', `/contracts/${contract.id}`, { body: { confirm_name: contract.name } });
  expect(await eraseHere(customer.id)).toMatchObject({ outcome: 'erased', rows: { facts: 2, billing_messages: 1 } });
  expect(await rowsWith(names)).toEqual([]);
  const audit = await auditOf(api, customer.id);
  expect(audit.map(({ action, before, after }) => ({ action, before, after }))).toEqual([
    {
      action: 'customer.created',
      before: null,
      after: {
        ...{ name: 'Erased', email: 'Erased', billing_contact: 'Erased', account_manager: 'Erased' },
        ...{ responsible_person: 'Erased', language: 'de' },
      },
    },
    { action: 'customer.updated', before: { name: 'Erased' }, after: { name: 'Erased' } },
    { action: 'customer.erased', before: null, after: null },
  ]);
  expect(await eraseHere(customer.id)).toEqual({ outcome: 'nothing_left' });
});

test('an erased admin is removed as account manager of contracts and customers, whose revisions never had the address', async () => {
  const admin = await api.addAdmin('operator');
  const [{ email }] = await api.sql<[{ email: string }]>`
    UPDATE admins SET email = 'Hildegard@vendor.example' WHERE id = ${admin.id} RETURNING email`;
  const body = contractBody(catalogue, { account_manager: 'hildegard@vendor.example' });
  const contract = (await api.call('POST', '/contracts', { body, headers: { 'Idempotency-Key': randomUUID() } })).body;
  const edit = (account_manager: string) =>
    api.call('PATCH', `/contracts/${contract.id}`, { body: { account_manager } });
  await edit('other@vendor.example');
  await edit(email);
  const other = await addContract(api, catalogue, { account_manager: 'other@vendor.example' });
  const customer = await api.call('POST', '/customers', {
    body: { name: 'Quentin', email: 'quentin@example.com', account_manager: email, responsible_person: email },
  });
  const { data: revisions } = (await api.call('GET', `/contracts/${contract.id}/revisions`)).body;
  expect(revisions).toHaveLength(3);
  expect(JSON.stringify(revisions)).not.toContain('vendor.example');
  const [stored] = await api.sql`
    SELECT count(*)::int AS rows FROM audit_events WHERE concat(before, after) LIKE '%vendor.example%'`;
  expect(stored).toEqual({ rows: 0 });

  await disable(admin.id);
  const rows = { managed: 2, managed_facts: 5, managed_answers: 1 };
  expect(await eraseHere(admin.id)).toMatchObject({ outcome: 'erased', rows });
  expect(await rowsWith(['ildegard'])).toEqual([]);
  expect((await api.call('GET', `/contracts/${contract.id}`)).body.account_manager).toBeNull();
  expect((await api.call('GET', `/customers/${customer.body.id}`)).body.account_manager).toBeNull();
  expect((await api.call('GET', `/contracts/${other.id}`)).body.account_manager).toBe('other@vendor.example');
  const audit = (await auditOf(api, contract.id)).filter(({ action }) => action.startsWith('contract.'));
  expect(audit.map(({ before, after }) => [before?.account_manager, after?.account_manager])).toEqual([
    [undefined, 'Erased'],
    ['Erased', 'other@vendor.example'],
    ['other@vendor.example', 'Erased'],
  ]);
});

test('a transaction that still writes the name does not store it again, at the same time or later', async () => {
  const admin = await api.addAdmin('admin');
  await disable(admin.id);
  const actor = api.sql.json({ type: 'user', id: admin.id, name: 'Thaddeus', ip: '192.0.2.78' });
  const act = (sql: TestApi['sql']) =>
    sql`INSERT INTO audit_events (at, actor, action, subject_type, subject_id) VALUES (now(), ${actor}, 'a.b', 'contract', ${admin.id})`;
  const writer = await api.sql.reserve();
  await writer`BEGIN`;
  await act(writer as never);
  const erasure = eraseHere(admin.id);
  await waitUntilBlocked(api.sql);
  await writer`COMMIT`;
  writer.release();
  expect(await erasure).toMatchObject({ outcome: 'erased', rows: { names: 1, addresses: 1 } });
  await act(api.sql);
  expect(await rowsWith(['Thaddeus', '192.0.2.78'])).toEqual([]);
  const shown = { type: 'user', id: admin.id, name: 'Erased' };
  const acts = (await auditOf(api, admin.id)).filter(({ action }) => action === 'a.b');
  expect(acts.map((row) => row.actor)).toEqual([shown, shown]);
});

test('nothing is stored for a person who was erased: neither an edit, nor a key, nor a contract', async () => {
  const admin = await api.addAdmin('operator');
  await disable(admin.id);
  const customer = (await api.call('POST', '/customers', { body: { name: 'Ludmila', email: 'ludmila@example.com' } }))
    .body;
  expect(await eraseHere(admin.id)).toMatchObject({ outcome: 'erased', kind: 'admin' });
  expect(await eraseHere(customer.id)).toMatchObject({ outcome: 'erased', kind: 'customer' });
  const code = 'PERSON_ERASED';
  expectRefusal(await api.call('PATCH', `/admins/${admin.id}`, { body: { name: 'Again' } }), 409, code);
  expectRefusal(await api.call('PATCH', `/admins/${admin.id}`, { body: { status: 'active' } }), 409, code);
  expectRefusal(await api.call('POST', `/admins/${admin.id}/api-keys`, { body: { label: 'Again' } }), 409, code);
  expectRefusal(await api.call('PATCH', `/customers/${customer.id}`, { body: { name: 'Again' } }), 409, code);
  const { allowed_actions } = (await api.call('GET', `/admins/${admin.id}`)).body;
  expect(new Set(Object.values(allowed_actions).map((answer) => (answer as { code: string }).code))).toEqual(
    new Set([code]),
  );
  const contract = await addContract(api, catalogue);
  const customer_id = customer.id;
  const moved = await api.call('PATCH', `/contracts/${contract.id}`, { body: { customer_id } });
  expectRefusal(moved, 422, 'VALIDATION_FAILED');
  const made = await api.call('POST', '/contracts', { body: contractBody(catalogue, { customer_id }) });
  expectRefusal(made, 422, 'VALIDATION_FAILED');
  expect(await rowsWith(['Again', 'ludmila'])).toEqual([]);
});

test('an erasure waits for a contract that is being created for the customer, and is then refused', async () => {
  const body = { name: 'Philippa', email: 'philippa@example.com' };
  const customer = (await api.call('POST', '/customers', { body })).body;
  const contract = await addContract(api, catalogue);
  const writer = await api.sql.reserve();
  await writer`BEGIN`;
  expect(await customerExists(writer as never, customer.id)).toBe(true);
  const erasure = eraseHere(customer.id);
  await waitUntilBlocked(api.sql);
  await writer`UPDATE contracts SET customer_id = ${customer.id} WHERE id = ${contract.id}`;
  await writer`COMMIT`;
  writer.release();
  expect(await erasure).toEqual({ outcome: 'customer_has_open_contracts', open_contracts: 1 });
});

test('an admin who is erased while they delete a contract is not named by it', async () => {
  const admin = await addBusyAdmin('Perpetua');
  const spare = await addContract(api, catalogue, { status: 'inactive' });
  const gate = await api.sql.reserve();
  await gate`BEGIN`;
  await gate`SELECT FROM contracts WHERE id = ${spare.id} FOR UPDATE`;
  const headers = { 'X-Forwarded-For': ADDRESS };
  const removed = api.call('DELETE', `/contracts/${spare.id}`, {
    key: admin.key,
    headers,
    body: { confirm_name: spare.name },
  });
  await waitUntilBlocked(api.sql);
  await disable(admin.id);
  expect(await eraseHere(admin.id)).toMatchObject({ outcome: 'erased' });
  await gate`COMMIT`;
  gate.release();
  await removed;
  expect(await rowsWith(admin.names)).toEqual([]);
});

test('a repeated erasure clears messages received since then that contain an address of the customer', async () => {
  const body = { name: 'Bartholomew', email: 'bartholomew@example.com' };
  const customer = (await api.call('POST', '/customers', { body })).body;
  await api.call('PATCH', `/customers/${customer.id}`, { body: { email: 'tolly@example.com' } });
  const contract = await addContract(api, catalogue);
  const receive = (event_id: string, contract_id: string | null, raw: string) => api.sql`
    INSERT INTO billing_inbox (source, event_id, type, contract_id, invoice_id, observation, raw, occurred_at, received_at, reported_at, future_dated, outcome, try_at)
    VALUES ('stripe', ${event_id}, 'invoice.paid', ${contract_id}, 'in_1', 'null', ${raw}, now(), now(), now(), false, 'PARKED', now())`;
  await receive('evt_moved', contract.id, '{"email": "Bartholomew@example.com"}');
  await receive('evt_nameless', null, '{"email": "tolly@example.com"}');
  await receive('evt_other', null, '{"email": "other@example.com"}');
  expect(await eraseHere(customer.id)).toMatchObject({ outcome: 'erased', rows: { billing_messages: 2 } });
  expect(await rowsWith(['artholomew', 'tolly'])).toEqual([]);
  const own = await addContract(api, catalogue, { status: 'inactive' });
  await api.call('DELETE', `/contracts/${own.id}`, { body: { confirm_name: own.name } });
  await api.sql`UPDATE contracts SET customer_id = ${customer.id} WHERE id = ${own.id}`;
  await receive('evt_late', own.id, '{"name": "Bartholomew"}');
  expect(await eraseHere(customer.id)).toMatchObject({ outcome: 'erased', rows: { billing_messages: 1 } });
  expect(await rowsWith(['artholomew'])).toEqual([]);
  expect(await eraseHere(customer.id)).toEqual({ outcome: 'nothing_left' });
  expect((await auditOf(api, customer.id)).filter(({ action }) => action === 'customer.erased')).toHaveLength(2);
});
