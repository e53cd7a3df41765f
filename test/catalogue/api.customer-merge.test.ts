/** Merging customers: everything moves, and nothing that arrives at the same moment refers to the merged customer afterwards. */
import { randomUUID } from 'node:crypto';
import { SYSTEM } from '../../domain/base/actor';
import { lockCustomers } from '../../db/catalogue/customer';
import { insertOperation } from '../../db/license/license-operation';
import { erasePerson } from '../../transactions/access/erase-person';
import { mergeCustomers } from '../../transactions/contract/merge-customers';
import { runCommand } from '../../transactions/contract/run-command';
import { openOperation } from '../../transactions/license/change-operation';
import { runBatch } from '../../transactions/license/operation-batch';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { auditOf, expectRefusal } from '../harness/expect-refusal';
import { gate } from '../harness/gate';
import { gatedDatabase } from '../harness/gated-database';
import { expectInvariants } from '../harness/invariants';
import { lockRows } from '../harness/locked-rows';

let api: TestApi;
let catalogue: TestCatalogue;

beforeAll(async () => {
  api = await startTestApi();
  catalogue = await addCatalogue(api);
});
afterEach(() => expectInvariants(api.sql));
afterAll(() => api.close());

interface Customer {
  id: string;
  email: string;
}

async function addCustomer(): Promise<Customer> {
  const body = { name: 'Ada Ltd', email: `${randomUUID()}@covenant.test` };
  return (await api.call('POST', '/customers', { body })).body;
}

const addCustomers = (): Promise<[Customer, Customer]> => Promise.all([addCustomer(), addCustomer()]);
const merge = (id: string, into: string) => api.call('POST', `/customers/${id}/merge`, { body: { into } });
const actNow = () => ({ actor: SYSTEM, now: new Date().toISOString(), request_id: null });

async function addPool(count: number) {
  const { id: contract_id } = await addContract(api, catalogue, { type: 'pool' });
  const { body } = await api.call('POST', `/contracts/${contract_id}/generate`, { body: { count } });
  return { contract_id: contract_id as string, ids: body.licenses.map(({ id }: any) => id) as string[] };
}

const grab = (contract_id: string, body: object) =>
  api.call('POST', `/contracts/${contract_id}/pool/grab`, { body: { order_ref: randomUUID(), count: 1, ...body } });

/** The ids of the customers of a contract's licenses, in no order. */
async function customersOf(contract_id: string): Promise<string[]> {
  const { body } = await api.call('GET', `/licenses?contract_id=${contract_id}`);
  return body.data.flatMap(({ customer_id }: any) => customer_id ?? []);
}

/** A running job that assigns licenses to a customer. */
async function addAssignment(customer_id: string, ids: readonly string[]): Promise<string> {
  return api.sql.begin(async (tx) => {
    const selection = { contract_id: null, filter: null, license_ids: ids.map((id) => id.replace('lic_', '')) };
    const task = { kind: 'assign' as const, customer_id, reassign: false, reason: null };
    const job_id = await insertOperation(tx, {
      ...task,
      ...selection,
      requested: ids.length,
      exact: false,
      ...actNow(),
    });
    await openOperation(tx, { job_id, now: actNow().now, epoch: undefined });
    return job_id;
  });
}

test('contracts, licenses, holds and operations move, and the history of both customers says so', async () => {
  const [old, survivor] = await addCustomers();
  const { contract_id } = await addPool(4);
  const open = await addContract(api, catalogue, { customer_id: old.id });
  const deleted = await addContract(api, catalogue, { customer_id: old.id, status: 'inactive' });
  await api.call('DELETE', `/contracts/${deleted.id}`, { body: { confirm_name: deleted.name } });
  await grab(contract_id, { customer_email: old.email });
  const held = (await grab(contract_id, { customer_email: old.email, hold_minutes: 60 })).body;
  const other = (await api.call('GET', `/licenses?contract_id=${contract_id}&status=available`)).body.data[0].id;
  const assigned = await api.call('POST', '/licenses/assign', { body: { ids: [other], customer_email: old.email } });

  const preview = await api.call('POST', `/customers/${old.id}/merge?dry_run=true`, { body: { into: survivor.id } });
  const orders_moved = { contracts: 2, licenses: 2, orders: 2 };
  expect(preview.body).toMatchObject({ merged_into: survivor.id, moved: orders_moved, dry_run: true });
  expect((await api.call('GET', `/customers/${old.id}`)).body.merged_into).toBeNull();

  const { status, body } = await merge(old.id, survivor.id);
  const { moved: answered, ...customer } = body;
  expect([status, customer]).toEqual([200, expect.objectContaining({ id: old.id, merged_into: survivor.id })]);
  expect(answered).toEqual(orders_moved);
  expect((await api.call('GET', `/customers/${old.id}`)).body).toEqual(customer);
  expect(await customersOf(contract_id)).toEqual([survivor.id, survivor.id]);
  expect((await api.call('GET', `/contracts?customer_id=${survivor.id}`)).body.data).toHaveLength(1);
  expect((await api.call('GET', `/license-operations/${assigned.body.id}`)).body.customer_id).toBe(survivor.id);
  expect((await api.call('POST', `/holds/${held.id}/assign`, { body: {} })).body.customer_id).toBe(survivor.id);

  const moved = { contracts: 2, licenses: 2, holds: 2 };
  const changes = async (id: string) =>
    (await auditOf(api, id))
      .filter(({ action }) => action === 'customer.merged')
      .map(({ before, after }) => [before, after]);
  expect(await changes(old.id)).toEqual([[{ merged_into: null }, { merged_into: survivor.id, ...moved }]]);
  expect(await changes(survivor.id)).toEqual([[null, { merged_from: old.id, ...moved }]]);
  const [change] = (await api.call('GET', `/contracts/${open.id}/activity`)).body.data;
  expect(change).toMatchObject({ action: 'contract.updated', reason: 'customer_merged' });
  expect(change.after.customer_id).toBe(survivor.id);
  expect((await merge(old.id, survivor.id)).status).toBe(200);
  expect(await changes(survivor.id)).toHaveLength(1);
});

test('the address of a merged customer finds the last survivor, and its id is refused', async () => {
  const [old, middle] = await addCustomers();
  const survivor = await addCustomer();
  await merge(old.id, middle.id);
  await merge(middle.id, survivor.id);
  expect((await api.call('GET', `/customers/${old.id}`)).body.merged_into).toBe(survivor.id);
  const { contract_id } = await addPool(1);
  expect((await grab(contract_id, { customer_email: old.email })).body.customer_id).toBe(survivor.id);
  expectRefusal(await api.call('PATCH', `/customers/${old.id}`, { body: { name: 'Again' } }), 409, 'CUSTOMER_MERGED');
  const customer_id = old.id;
  const edited = await api.call('PATCH', `/contracts/${contract_id}`, { body: { customer_id } });
  expectRefusal(edited, 422, 'VALIDATION_FAILED');
  expectRefusal(await api.call('POST', '/customers', { body: { name: 'Ada', email: old.email } }), 409, 'EMAIL_TAKEN');
  // A command that was accepted before the merge and runs after it.
  const late = { name: 'edit', input: { customer_id } } as const;
  const changed = await api.sql.begin((tx) => runCommand(tx, { id: contract_id, ...actNow() }, late));
  expect(changed).toMatchObject({ refusal: null, facts: { customer_id: survivor.id } });
});

test('a merge is refused into itself, of unknown, erased or merged customers, and when it is too large', async () => {
  const [old, survivor] = await addCustomers();
  const erased = await addCustomer();
  await api.sql.begin((tx) => erasePerson(tx, erased.id, actNow()));
  expectRefusal(await merge(old.id, old.id), 422, 'VALIDATION_FAILED');
  expectRefusal(await merge(old.id, randomUUID()), 422, 'VALIDATION_FAILED');
  expectRefusal(await merge(randomUUID(), old.id), 404, 'NOT_FOUND');
  expectRefusal(await merge(old.id, erased.id), 409, 'PERSON_ERASED');
  expectRefusal(await merge(erased.id, old.id), 409, 'PERSON_ERASED');
  await addContract(api, catalogue, { customer_id: old.id });
  const max = { contracts: 0, licenses: 0, holds: 0 };
  const large = api.sql.begin((tx) => mergeCustomers(tx, { id: old.id, into: survivor.id }, actNow(), max));
  expect(await large).toMatchObject({ code: 'CUSTOMER_TOO_LARGE' });
  await merge(old.id, survivor.id);
  expectRefusal(await merge(survivor.id, old.id), 409, 'CUSTOMER_MERGED');
  expectRefusal(await merge(old.id, (await addCustomer()).id), 409, 'CUSTOMER_MERGED');
});

test('a merge is refused while a job selects licenses of one of the customers', async () => {
  const [old, survivor] = await addCustomers();
  const filter = { customer_id: survivor.id } as never;
  const task = { kind: 'revoke' as const, customer_id: null, reassign: false, reason: 'fraud' };
  const selection = { contract_id: null, filter, license_ids: null, requested: 1, exact: false };
  const id = await api.sql.begin((tx) => insertOperation(tx, { ...task, ...selection, ...actNow() }));
  expectRefusal(await merge(old.id, survivor.id), 409, 'CUSTOMER_BUSY');
  await api.sql`UPDATE license_operations SET state = 'CANCELLED' WHERE id = ${id}`;
  expect((await merge(old.id, survivor.id)).status).toBe(200);
});

test('of two merges in both directions at once, one is carried out', async () => {
  const [one, other] = await addCustomers();
  const [first, second] = [one.id, other.id].sort() as [string, string];
  const gate = await lockRows(api.sql, (tx) => tx`SELECT FROM customers WHERE id = ${first} FOR UPDATE`);
  const run = (id: string, into: string) => api.sql.begin((tx) => mergeCustomers(tx, { id, into }, actNow()));
  const merges = Promise.all([run(first, second), run(second, first)]);
  await waitUntilBlocked(api.sql, 2);
  await gate.release();
  const codes = (await merges).map((merged) => ('code' in merged ? merged.code : 'merged'));
  expect(codes.sort()).toEqual(['CUSTOMER_MERGED', 'merged']);
});

test('an order that has looked up the customer when the merge commits gets its licenses for the survivor', async () => {
  const [old, survivor] = await addCustomers();
  const { contract_id } = await addPool(2);
  // The statement of an order waits for this lock, after the customer was looked up.
  const gate = await lockRows(api.sql, (tx) => tx`SELECT pg_advisory_xact_lock(generation_lock(${contract_id}))`);
  const orders = [
    grab(contract_id, { customer_email: old.email }),
    grab(contract_id, { customer_email: survivor.email }),
  ];
  await waitUntilBlocked(api.sql);
  expect((await merge(old.id, survivor.id)).status).toBe(200);
  await gate.release();
  const answers = await Promise.all(orders);
  expect(answers.map(({ status, body }) => [status, body.customer_id])).toEqual([
    [201, survivor.id],
    [201, survivor.id],
  ]);
  expect(await customersOf(contract_id)).toEqual([survivor.id, survivor.id]);
});

test('a merge waits for an assignment that refers to the customer, and moves its licenses too', async () => {
  const [old, survivor] = await addCustomers();
  const { contract_id, ids } = await addPool(3);
  const job_id = await addAssignment(old.id, ids);
  const { db, gate } = gatedDatabase(api.sql, { at: 'commit' });
  const batch = db.begin((tx) => runBatch(tx, job_id, actNow().now));
  await gate.reached;
  const merged = merge(old.id, survivor.id);
  await waitUntilBlocked(api.sql);
  gate.open();
  await batch;
  expect((await merged).status).toBe(200);
  expect(await customersOf(contract_id)).toEqual([survivor.id, survivor.id, survivor.id]);
});

test('a batch that begins during a merge waits for it and assigns to the survivor', async () => {
  const [old, survivor] = await addCustomers();
  const { contract_id, ids } = await addPool(2);
  const job_id = await addAssignment(old.id, ids);
  const { db, gate } = gatedDatabase(api.sql, { at: 'commit' });
  const merged = db.begin((tx) => mergeCustomers(tx, { id: old.id, into: survivor.id }, actNow()));
  await gate.reached;
  const batch = api.sql.begin((tx) => runBatch(tx, job_id, actNow().now));
  const inline = api.call('POST', '/licenses/assign', { body: { ids: [ids[1]], customer_email: old.email } });
  await waitUntilBlocked(api.sql, 2);
  gate.open();
  await Promise.all([merged, batch]);
  expect((await inline).body.customer_id).toBe(survivor.id);
  expect(await customersOf(contract_id)).toEqual([survivor.id, survivor.id]);
});

test.each(['by its address', 'for whom it is'])(
  'a hold is assigned to a customer %s only after its merge, which locks holds later',
  async (how) => {
    const [old, survivor] = await addCustomers();
    const { contract_id } = await addPool(1);
    const held = (await grab(contract_id, { customer_email: old.email, hold_minutes: 60 })).body;
    const locked = gate();
    const merged = api.sql.begin(async (tx) => {
      await lockCustomers(tx, [old.id, survivor.id]);
      locked.arrive();
      await locked.opened;
      // The assignment waits for the customer and must not have the hold: each would wait for the other.
      await tx`SELECT FROM pool_holds WHERE id = ${held.id} FOR UPDATE NOWAIT`;
      return mergeCustomers(tx, { id: old.id, into: survivor.id }, actNow());
    });
    await locked.reached;
    const assigned = api.call('POST', `/holds/${held.id}/assign`, {
      body: how === 'by its address' ? { customer_email: old.email } : {},
    });
    await waitUntilBlocked(api.sql);
    locked.open();
    await merged;
    expect((await assigned).body).toMatchObject({ state: 'assigned', customer_id: survivor.id });
    expect(await customersOf(contract_id)).toEqual([survivor.id]);
  },
);

test('the erasure of the survivor erases the customers who were merged into it', async () => {
  const [old, survivor] = await addCustomers();
  await merge(old.id, survivor.id);
  const erase = (id: string) => api.sql.begin((tx) => erasePerson(tx, id, actNow()));
  expect(await erase(old.id)).toEqual({ outcome: 'customer_is_merged', merged_into: survivor.id });
  expect(await erase(survivor.id)).toMatchObject({ outcome: 'erased' });
  const { email, merged_into } = (await api.call('GET', `/customers/${old.id}`)).body;
  expect([email, merged_into]).toEqual([`${old.id}@erased.invalid`, survivor.id]);
  expect((await auditOf(api, old.id))[0]?.after).toMatchObject({ name: 'Erased', email: 'Erased' });
});
