/** Settings of mail and its recipients over HTTP. */
import { erasePerson } from '../../transactions/access/erase-person';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { planNotices } from '../../transactions/notification/plan-notices';
import { SYSTEM } from '../../domain/base/actor';
import { millisLater } from '../../domain/base/instant';
import { EVENTS } from '../../domain/webhook/event';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { auditOf, expectRefusal, wrongFieldsOf } from '../harness/expect-refusal';

let api: TestApi;
let catalogue: TestCatalogue;
let customers = 0;

beforeAll(async () => {
  api = await startTestApi();
  catalogue = await addCatalogue(api);
});
afterAll(() => api.close());

const addCustomer = async (more: object = {}) =>
  (await api.call('POST', '/customers', { body: { name: 'Ada', email: `ada${++customers}@covenant.test`, ...more } }))
    .body;
const settingsOf = (path: string) => api.call('GET', `${path}/notification-settings`);
const set = (path: string, body: unknown, more: object = {}) =>
  api.call('PATCH', `${path}/notification-settings`, { body, ...more });

async function addAll(more: object = {}, status: 'active' | 'inactive' = 'active') {
  const customer = await addCustomer(more);
  const contract = await addContract(api, catalogue, { customer_id: customer.id, status });
  return { customer, of_customer: `/customers/${customer.id}`, contract, of_contract: `/contracts/${contract.id}` };
}

const now = () => millisLater(new Date().toISOString(), 60_000);

async function happen(type: 'limit.exceeded' | 'contract.suspended', contract_id: string): Promise<void> {
  const { example } = EVENTS[type];
  const event = { at: now(), type, environment: 'production', data: { ...example, contract_id } };
  await insertDomainEvents(api.sql, contract_id, [event as never]);
}

const limitExceeded = (contract_id: string) => happen('limit.exceeded', contract_id);

const plan = () => planNotices(api.sql, { now: now(), limit: 1_000 });

function mailsOf(contract_id: string) {
  return api.sql<{ kind: string; address: string; state: string }[]>`
    SELECT n.kind, r.address, n.state FROM notifications n JOIN mail_recipients r ON r.id = n.recipient_id
    WHERE n.contract_id = ${contract_id} ORDER BY n.id`;
}

test('a contract shows who gets each mail, by its own choices before those of its customer and the installation', async () => {
  const { customer, of_customer, of_contract } = await addAll({ account_manager: 'grace@vendor.example' });
  expect((await settingsOf(of_contract)).body.kinds.quota_80).toEqual({
    ...{ when: expect.any(String), is_sent: true, roles: ['account_manager'], addresses: [], may_wait: true },
    from: { is_sent: 'default', roles: 'default', addresses: 'default', may_wait: 'default' },
    recipients: [{ address: 'grace@vendor.example', role: 'account_manager' }],
  });
  await set('', {
    kinds: { quota_80: { may_wait: false, is_sent: false } },
    operator_addresses: ['ops@vendor.example'],
  });
  await set(of_customer, { kinds: { quota_80: { is_sent: true, roles: ['customer'] } } });
  const edited = await set(of_contract, { kinds: { quota_80: { roles: ['operator'], addresses: ['it@x.example'] } } });
  expect(edited).toMatchObject({ status: 200, body: { revision: 1 } });
  expect(edited.headers.get('etag')).toBe('"1"');
  expect(edited.body.kinds.quota_80).toMatchObject({
    ...{ is_sent: true, roles: ['operator'], addresses: ['it@x.example'], may_wait: false },
    from: { is_sent: 'customer', roles: 'contract', addresses: 'contract', may_wait: 'installation' },
    recipients: [
      { address: 'ops@vendor.example', role: 'operator' },
      { address: 'it@x.example', role: 'named_in_settings' },
    ],
  });
  const off = await set(of_contract, { kinds: { quota_80: { is_sent: false } } });
  expect(off.body.kinds.quota_80).toMatchObject({ is_sent: false, recipients: [] });
  const back = await set(of_contract, { kinds: { quota_80: null } });
  expect(back.body.kinds.quota_80.recipients).toEqual([{ address: customer.email, role: 'customer' }]);
  await set('', { kinds: { quota_80: null }, operator_addresses: [] });
});

test('an edit writes one audit row, the same edit again none, and another revision is refused', async () => {
  const { contract, of_contract } = await addAll();
  const kinds = { expired: { addresses: ['it@x.example'], is_sent: true } };
  expect((await set(of_contract, { kinds }, { headers: { 'If-Match': '"0"' } })).status).toBe(200);
  expect((await set(of_contract, { kinds })).body.revision).toBe(1);
  const dry = await api.call('PATCH', `${of_contract}/notification-settings?dry_run=true`, {
    body: { kinds: { expired: null } },
  });
  expect(dry.body).toMatchObject({ dry_run: true, revision: 2, kinds: { expired: { addresses: [] } } });
  expectRefusal(await set(of_contract, { kinds: {} }, { headers: { 'If-Match': '"0"' } }), 412, 'REVISION_CONFLICT');
  const audit = (await auditOf(api, contract.id)).filter(({ action }) => action.includes('notification'));
  expect(audit).toMatchObject([
    {
      action: 'contract.notification_settings_updated',
      before: { kinds: {}, addresses: {} },
      after: { kinds: { expired: { is_sent: true } }, addresses: { expired: ['it@x.example'] } },
    },
  ]);
});

test.each([
  ['an unknown kind', { kinds: { birthday: {} } }],
  ['a digest, which carries others', { kinds: { digest: { is_sent: false } } }],
  ['an unknown role', { kinds: { expired: { roles: ['king'] } } }],
  ['an address twice', { kinds: { expired: { addresses: ['a@x.example', 'A@x.example'] } } }],
  ['waiting of a kind that never waits', { kinds: { suspended: { may_wait: true } } }],
  ['a field of the installation', { language: 'de' }],
])('%s is refused', async (_, body) => {
  const { of_contract } = await addAll();
  const refused = await set(of_contract, body);
  expectRefusal(refused, 422, 'VALIDATION_FAILED');
  expect(wrongFieldsOf(refused)).toHaveLength(1);
});

test('an If-Match that is no ETag names what it would be of', async () => {
  const { of_contract, of_customer } = await addAll();
  for (const [path, noun] of [
    ['', 'installation'],
    [of_customer, 'customer'],
    [of_contract, 'contract'],
  ] as const) {
    const refused = await set(path, { kinds: {} }, { headers: { 'If-Match': 'latest' } });
    expect(refused.body.detail).toContain(`must be the ETag of the mail settings of the ${noun}`);
  }
});

test('settings of what is gone are not found or refused', async () => {
  const { of_contract, contract } = await addAll({}, 'inactive');
  await api.call('DELETE', of_contract, { body: { confirm_name: contract.name } });
  expectRefusal(await settingsOf(of_contract), 410, 'CONTRACT_DELETED');
  expectRefusal(await set(of_contract, { kinds: {} }), 410, 'CONTRACT_DELETED');
  const unknown = '/customers/0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';
  expectRefusal(await settingsOf(unknown), 404, 'NOT_FOUND');
  expectRefusal(await set(unknown, { kinds: {} }), 404, 'NOT_FOUND');
  const [merged, survivor] = [await addCustomer(), await addCustomer()];
  await api.call('POST', `/customers/${merged.id}/merge`, { body: { into: survivor.id } });
  expectRefusal(await settingsOf(`/customers/${merged.id}`), 409, 'CUSTOMER_MERGED');
  expectRefusal(await set(`/customers/${merged.id}`, { kinds: {} }), 409, 'CUSTOMER_MERGED');
});

test.each<[string, (given: Awaited<ReturnType<typeof addAll>>) => Promise<unknown>]>([
  [
    'the customer',
    ({ of_customer }) => api.call('PATCH', of_customer, { body: { responsible_person: 'it@x.example' } }),
  ],
  ['the contract', ({ of_contract }) => api.call('PATCH', of_contract, { body: { account_manager: 'it@x.example' } })],
  ['settings', ({ of_contract }) => set(of_contract, { kinds: { limit_exceeded: { addresses: ['it@x.example'] } } })],
])('an exceeded limit without an address is audited, and mailed once when %s has one', async (_, giveAddress) => {
  const given = await addAll();
  const { contract } = given;
  await limitExceeded(contract.id);
  await plan();
  await limitExceeded(contract.id);
  await plan();
  expect(await mailsOf(contract.id)).toEqual([]);
  const undeliverable = async () =>
    (await auditOf(api, contract.id)).filter(({ action }) => action === 'notification.undeliverable');
  expect(await undeliverable()).toHaveLength(2);
  await api.call('PATCH', given.of_customer, { body: { name: 'Another name' } });
  await plan();
  expect(await undeliverable()).toHaveLength(2);
  await giveAddress(given);
  await plan();
  expect(await mailsOf(contract.id)).toEqual([{ kind: 'limit_exceeded', address: 'it@x.example', state: 'owed' }]);
  await api.call('PATCH', given.of_customer, { body: { responsible_person: 'other@x.example' } });
  await plan();
  expect(await mailsOf(contract.id)).toHaveLength(1);
});

test('a recipient is found by a part of its address, edited with an audit row without the address, and gets mail again', async () => {
  const { contract } = await addAll({ responsible_person: 'Found.Person@covenant.test' });
  await limitExceeded(contract.id);
  await plan();
  const found = (await api.call('GET', '/notification-recipients?search=fOUND.pers')).body.data;
  expect(found).toMatchObject([{ address: 'Found.Person@covenant.test', status: 'ok', unsubscribed: [] }]);
  const path = `/notification-recipients/${found[0].id}`;
  await api.sql`UPDATE mail_recipients SET status = 'bounced', status_at = now(), status_note = '550' WHERE id = ${found[0].id}`;
  expect((await api.call('GET', '/notification-recipients?status=bounced')).body.data).toHaveLength(1);
  const body = { language: 'de', digest: true, status: 'ok', unsubscribed: ['quota_80', 'low_water'] };
  const edited = await api.call('PATCH', path, { body });
  expect(edited.body).toMatchObject({
    ...body,
    unsubscribed: ['low_water', 'quota_80'],
    status_at: null,
    status_note: null,
  });
  expect((await api.call('PATCH', path, { body })).body).toEqual(edited.body);
  expect((await api.call('GET', path)).body).toEqual(edited.body);
  const audit = await auditOf(api, found[0].id);
  expect(audit.map(({ action }) => action)).toEqual(['mail_recipient.updated']);
  expect(JSON.stringify(audit)).not.toContain('Found');
  for (const wrong of [{ status: 'bounced' }, { unsubscribed: ['expired'] }, { address: 'x@y.example' }])
    expectRefusal(await api.call('PATCH', path, { body: wrong }), 422, 'VALIDATION_FAILED');
});

test('an erased customer leaves no address in recipients, settings and their audit, and is owed nothing', async () => {
  const { customer, of_customer, contract, of_contract } = await addAll(
    {
      ...{
        email: 'theodora@covenant.test',
        responsible_person: 'it@theodora.example',
        billing_contact: 'shared@covenant.test',
      },
    },
    'inactive',
  );
  await addCustomer({ billing_contact: 'Shared@covenant.test' });
  const kinds = { expired: { addresses: ['Theodora@covenant.test', 'kept@covenant.test'] } };
  await set('', { kinds, operator_addresses: ['theodora@covenant.test', 'ops@vendor.example'] });
  await set(of_customer, { kinds: { expired: { addresses: ['second@theodora.example'] } } });
  await set(of_contract, { kinds: { suspended: { addresses: ['third@theodora.example'] } } });
  await set(of_contract, { kinds: { limit_exceeded: { addresses: ['former@theodora.example'] } } });
  await limitExceeded(contract.id);
  await happen('contract.suspended', contract.id);
  await plan();
  await set(of_contract, { kinds: { limit_exceeded: null } });
  expect((await mailsOf(contract.id)).map(({ address }) => address).sort()).toEqual([
    ...[
      'former@theodora.example',
      'it@theodora.example',
      'shared@covenant.test',
      'theodora@covenant.test',
      'third@theodora.example',
    ],
  ]);
  // One of them is being sent.
  await api.sql`
    UPDATE notifications n SET is_sending = true, attempt_at = now(), attempts = 1, detail = '451 about theodora'
    FROM mail_recipients r WHERE r.id = n.recipient_id AND n.contract_id = ${contract.id} AND lower(r.address) = 'theodora@covenant.test'`;
  await api.call('DELETE', of_contract, { body: { confirm_name: contract.name } });
  const erased = await api.sql.begin((tx) =>
    erasePerson(tx, customer.id, { actor: SYSTEM, now: new Date().toISOString(), request_id: null }),
  );
  expect(erased).toMatchObject({ outcome: 'erased', rows: { recipients: 4 } });
  const texts = await api.sql<{ text: string }[]>`
    SELECT t::text AS text FROM mail_recipients t UNION ALL SELECT t::text FROM notification_settings t
    UNION ALL SELECT t::text FROM audit_events t UNION ALL SELECT t::text FROM audit_person_facts t
    UNION ALL SELECT t::text FROM notifications t`;
  expect(texts.filter(({ text }) => /theodora/i.test(text))).toEqual([]);
  expect((await mailsOf(contract.id)).map(({ state }) => state).sort()).toEqual([
    ...['owed', 'suppressed', 'suppressed', 'suppressed', 'suppressed'],
  ]);
  expect((await settingsOf('')).body).toMatchObject({
    operator_addresses: ['ops@vendor.example'],
    kinds: { expired: { addresses: ['kept@covenant.test'] } },
  });
  const [recipient] = await api.sql<[{ id: string }]>`SELECT id FROM mail_recipients WHERE status = 'erased' LIMIT 1`;
  const edit = api.call('PATCH', `/notification-recipients/${recipient.id}`, { body: { digest: true } });
  const refused = await edit;
  expectRefusal(refused, 409, 'PERSON_ERASED');
  expect(refused.body.detail).not.toContain('Create a new');
});
