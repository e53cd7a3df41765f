/** What a mail says, read from the database: for every kind, from the events of the catalogue. */
import { renderMail } from '../../adapters/mail-template/render';
import { listDigestFacts } from '../../db/notification/content';
import type { ContentOf, MailContent } from '../../domain/notification/content';
import { KIND_NAMES, NOTIFICATION_KINDS } from '../../domain/notification/kind';
import type { NotificationKind, NotificationKindName } from '../../domain/notification/kind';
import type { LoadedMail } from '../../domain/notification/content';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import type { RenewalPolicy } from '../../domain/contract/renewal-policy';
import { licenseIdText } from '../../domain/license/license';
import { EVENTS, eventExample } from '../../domain/webhook/event';
import type { EventType } from '../../domain/webhook/event';
import { loadMailContent } from '../../transactions/notification/load-mail-content';
import { NOON } from '../harness/contract-facts';
import { buildContract, requestJob } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectNoSecretInMails } from '../../demo/check-mails';

const PLACE = { public_url: 'https://covenant.example', timezone: 'Europe/Berlin' };
const OPERATION_ID = '0197a3c2-9c53-7d44-9b85-7eaf2b3c4d6e';

let database: TestDatabase;
let sql: TestDatabase['sql'];
let contract_id: string;
let customer_id: string;
let recipient_id: string;
let clock_id: string;
/** The stored ids and the keys of the licenses of the contract. */
let licenses: { id: string; key: string }[];

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
  const contract = await buildContract(sql, {
    timezone: 'America/New_York',
    start_date: '2027-01-01',
    term: 'P1Y',
    now: NOON,
    catalogue: { environment: 'staging' },
  });
  contract_id = contract.facts.id;
  const [clock] = await sql<[{ id: string }]>`
    INSERT INTO test_clocks (name, now, status, created_at, created_by) VALUES ('Clock', ${NOON}, 'ready', now(), 'test') RETURNING id`;
  clock_id = clock.id;
  await sql`UPDATE contracts SET test_clock_id = ${clock_id} WHERE id = ${contract_id}`;
  customer_id = await insertCustomer('admin@acme.example', 'Acme Corp');
  await requestJob(sql, contract_id, 12, { now: NOON });
  licenses = await sql<{ id: string; key: string }[]>`SELECT id, key FROM licenses ORDER BY id`;
  await sql`
    INSERT INTO license_facts (license_id, customer_id, assigned_at)
    SELECT id, ${customer_id}, ${NOON} FROM licenses
    ON CONFLICT (license_id) DO UPDATE SET customer_id = excluded.customer_id, assigned_at = excluded.assigned_at`;
  const [recipient] = await sql<[{ id: string }]>`
    INSERT INTO mail_recipients (address, created_at, updated_at) VALUES ('admin@acme.example', now(), now()) RETURNING id`;
  recipient_id = recipient.id;
});
afterEach(async () => {
  await set({});
  await sql`UPDATE license_facts SET customer_id = ${customer_id}, revoked_at = NULL`;
});
afterAll(() => database.drop());

/** What is true of the contract when a mail is sent. What is not named is as at the beginning. */
interface Situation {
  state?: string;
  term_number?: number;
  end_date?: string;
  renewal?: Partial<RenewalPolicy>;
  claimed?: number;
  low_water?: number;
  now?: string;
  /** The status of its only invoice, due on 2027-06-10; null: it has none. */
  invoice?: 'OPEN' | 'PAID' | null;
}

async function set(situation: Situation): Promise<void> {
  const { state = 'ACTIVE', term_number = 1, end_date = '2028-01-01', low_water = 100, invoice = null } = situation;
  const renewal = sql.json({ ...DEFAULT_RENEWAL, mode: 'auto', ...situation.renewal });
  await sql`
    UPDATE contracts SET state = ${state}, term_number = ${term_number}, end_date = ${end_date}, low_water = ${low_water},
      renewal = ${renewal}
    WHERE id = ${contract_id}`;
  await sql`UPDATE contract_quotas SET claimed = ${situation.claimed ?? 12} WHERE contract_id = ${contract_id}`;
  await sql`UPDATE test_clocks SET now = ${situation.now ?? NOON} WHERE id = ${clock_id}`;
  await sql`DELETE FROM invoice_facts`;
  if (invoice !== null)
    await sql`
      INSERT INTO invoice_facts (contract_id, source, invoice_id, status, due_date, occurred_at, fetched_at, rank)
      VALUES (${contract_id}, 'standard', 'in_1', ${invoice}, '2027-06-10', ${NOON}, ${NOON}, 1)`;
}

const OPTED_OUT = { opt_out_at: NOON, opt_out_term: 1 };

/** In which situation each kind of mail is true, for kinds that can be overtaken. */
const TRUE_WHILE: Partial<Record<NotificationKindName, Situation>> = {
  past_due: { invoice: 'OPEN' },
  suspended: { state: 'SUSPENDED' },
  terminated: { state: 'TERMINATED' },
  will_not_renew: { renewal: OPTED_OUT },
  expired: { state: 'EXPIRED' },
  quota_80: { claimed: 800 },
  quota_100: { claimed: 1_000 },
};

async function insertCustomer(email: string, name: string): Promise<string> {
  const [row] = await sql<[{ id: string }]>`
    INSERT INTO customers (email, name, created_at, updated_at) VALUES (${email}, ${name}, now(), now()) RETURNING id`;
  return row.id;
}

/** A notification about an event of the catalogue. */
async function notify(kind: NotificationKindName, type: EventType, changes: object = {}): Promise<string> {
  const data = {
    ...eventExample(type).data,
    ...('contract_id' in EVENTS[type].data.shape && { contract_id }),
    ...changes,
  };
  const [event] = await sql<[{ id: string }]>`
    INSERT INTO domain_events (at, type, contract_id, environment, data)
    VALUES (${NOON}, ${type}, ${contract_id}, 'production', ${sql.json(data)}) RETURNING id`;
  return insertNotification(kind, { event_id: event.id });
}

async function insertNotification(
  kind: NotificationKindName,
  { event_id = null, digest_id = null }: { event_id?: string | null; digest_id?: string | null },
): Promise<string> {
  const [row] = await sql<[{ id: string }]>`
    INSERT INTO notifications (kind, recipient_id, role, event_id, contract_id, customer_id, environment, dedupe_key, state, digest_id, created_at, ended_at)
    VALUES (${kind}, ${recipient_id}, 'customer', ${event_id}, ${kind === 'digest' ? null : contract_id}, ${customer_id}, 'production',
      gen_random_uuid()::text, ${digest_id === null ? 'sent' : 'included'}, ${digest_id}, ${NOON}, ${NOON})
    RETURNING id`;
  return row.id;
}

/** The mail of a notification that says what is true. */
async function load(id: string, db: Parameters<typeof loadMailContent>[0] = sql): Promise<LoadedMail | null> {
  const mail = await loadMailContent(db, id, PLACE);
  if (mail === 'overtaken') throw new Error('The mail is overtaken');
  return mail;
}

async function contentOf<Kind extends NotificationKindName>(kind: Kind, id: string) {
  const mail = await load(id);
  expect(mail?.content.kind).toBe(kind);
  return mail!.content as unknown as Extract<MailContent, { kind: Kind }>;
}

/** What an event about the first licenses says. */
function assignmentOf(count: number, changes: object = {}) {
  const license_ids = licenses.slice(0, count).map(({ id }) => licenseIdText(id));
  return { count, license_ids, customer_id, operation_id: OPERATION_ID, hold_id: null, order_ref: null, ...changes };
}

test('every kind of mail is written from the events from which it follows, without a secret', async () => {
  const mails = [];
  for (const kind of KIND_NAMES)
    for (const type of (NOTIFICATION_KINDS[kind] as NotificationKind).events as EventType[]) {
      const id = await notify(kind, type, NOTIFICATION_KINDS[kind].carries_keys ? assignmentOf(2) : {});
      await set(TRUE_WHILE[kind] ?? {});
      const content = await contentOf(kind, id);
      const { subject, text, html } = await renderMail(content, { language: 'de', unsubscribe_url: null });
      expect(`${subject}${text}`).not.toMatch(/undefined|null|NaN|\[object/);
      mails.push({ message_id: `<${id}@covenant.example>`, contents: `${subject}\n${text}\n${html}` });
    }
  expect(mails.filter(({ contents }) => contents.includes(licenses[0]!.key))).toHaveLength(4);
  await expectNoSecretInMails(sql, mails);
  const wrong = { message_id: mails.at(-1)!.message_id, contents: `The key is ${licenses[11]!.key}.` };
  await expect(expectNoSecretInMails(sql, [...mails, wrong])).rejects.toThrow('contains the license key');
});

test('up to ten licenses are named with their keys, and more by a link', async () => {
  const ten = await contentOf('licenses_ready', await notify('licenses_ready', 'license.assigned', assignmentOf(10)));
  expect(ten.licenses.map(({ key }) => key)).toEqual(licenses.slice(0, 10).map(({ key }) => key));
  expect(ten).toMatchObject({
    count: 10,
    withdrawn: 0,
    contract_type: 'standard',
    customer: 'Acme Corp',
    timezone: 'America/New_York',
  });
  const eleven = await contentOf(
    'licenses_ready',
    await notify('licenses_ready', 'license.assigned', assignmentOf(11)),
  );
  const licenses_url = `https://covenant.example/api/v1/assignments/${OPERATION_ID}`;
  expect(eleven).toMatchObject({ count: 11, licenses: [], licenses_url });
});

test('a mail that is sent late shows no license that was revoked, and none that another customer has since', async () => {
  const other = await insertCustomer('other@acme.example', 'Other');
  const id = await notify(
    'order_licenses',
    'license.assigned',
    assignmentOf(3, { order_ref: 'A-1', hold_id: OPERATION_ID }),
  );
  const [first, second, third] = licenses;
  await sql`UPDATE license_facts SET customer_id = ${other} WHERE license_id = ${first!.id}`;
  await sql`UPDATE license_facts SET revoked_at = ${NOON} WHERE license_id = ${second!.id}`;
  const content = await contentOf('order_licenses', id);
  expect(content).toMatchObject({ count: 3, withdrawn: 2, order_ref: 'A-1' });
  expect(content.licenses.map(({ key }) => key)).toEqual([third!.key]);
  expect(content.licenses_url).toBe(`https://covenant.example/api/v1/holds/${OPERATION_ID}`);
});

test('a customer who was merged is named as the one into whom it was merged, and keeps the licenses', async () => {
  const id = await notify('licenses_ready', 'license.assigned', assignmentOf(1));
  const target = await insertCustomer('target@acme.example', 'Target');
  await sql`UPDATE license_facts SET customer_id = ${target} WHERE license_id = ${licenses[0]!.id}`;
  const { licenses: of_target } = await sql.begin(async (tx) => {
    await tx`UPDATE license_facts SET customer_id = ${target} WHERE customer_id = ${customer_id}`;
    await tx`UPDATE customers SET merged_into = ${target} WHERE id = ${customer_id}`;
    const mail = await load(id, tx);
    expect(mail?.content.customer).toBe('Target');
    await tx`UPDATE customers SET merged_into = NULL WHERE id = ${customer_id}`;
    return mail!.content as ContentOf<'licenses_ready'>;
  });
  expect(of_target).toHaveLength(1);
});

test('an overdue invoice is named with the day on which the contract is suspended', async () => {
  await sql`
    INSERT INTO invoice_facts (contract_id, source, invoice_id, status, due_date, occurred_at, fetched_at, rank)
    VALUES (${contract_id}, 'standard', 'in_1', 'OPEN', '2027-06-10', ${NOON}, ${NOON}, 1),
           (${contract_id}, 'standard', 'in_2', 'PAID', '2027-06-01', ${NOON}, ${NOON}, 1),
           (${contract_id}, 'standard', 'in_3', 'OPEN', '2027-07-10', ${NOON}, ${NOON}, 1)`;
  const content = await contentOf('past_due', await notify('past_due', 'billing.past_due'));
  const invoices = [{ id: 'in_1', due_date: '2027-06-10' }];
  expect(content).toMatchObject({ invoices, suspends_on: '2027-06-24' });
  // A mail that is late names no day that is over.
  await set({ invoice: 'OPEN', now: '2027-06-25T12:00:00.000Z' });
  expect(await contentOf('past_due', content.notification_id)).toMatchObject({ invoices, suspends_on: null });
  await set({ invoice: 'OPEN', state: 'SUSPENDED' });
  expect(await contentOf('past_due', content.notification_id)).toMatchObject({ invoices, suspends_on: null });
});

const OVERTAKEN: [NotificationKindName, EventType, ...Situation[]][] = [
  ['past_due', 'billing.past_due', { invoice: 'PAID' }, {}],
  ['suspended', 'contract.suspended', { state: 'ACTIVE' }, { state: 'TERMINATED' }],
  ['reinstated', 'contract.reinstated', { state: 'SUSPENDED' }, { state: 'TERMINATED' }],
  ['terminated', 'contract.terminated', { state: 'ACTIVE' }],
  [
    ...(['renewal_reminder', 'renewal.reminder_due'] as const),
    ...[{ term_number: 2, end_date: '2029-01-01' }, { end_date: '2028-02-01' }, { state: 'TERMINATED' }],
    ...[{ state: 'EXPIRED' }, { now: '2028-01-01T05:00:00.000Z', state: 'EXPIRY_GRACE' }],
  ],
  ['will_not_renew', 'renewal.opted_out', {}, { renewal: OPTED_OUT, term_number: 2 }],
  ['will_not_renew', 'renewal.blocked', { term_number: 2 }],
  ['expired', 'contract.expired', { state: 'ACTIVE' }],
  ['quota_80', 'quota.threshold_reached', { claimed: 799 }],
  ['quota_100', 'quota.threshold_reached', { claimed: 999 }],
  ['low_water', 'pool.low_water', { low_water: 0 }],
];
test.each(OVERTAKEN)('a mail %s about %s is overtaken when it is no longer true', async (kind, type, ...situations) => {
  const id = await notify(kind, type);
  await set(TRUE_WHILE[kind] ?? {});
  await contentOf(kind, id);
  for (const situation of situations) {
    await set(situation);
    expect([situation, await loadMailContent(sql, id, PLACE)]).toEqual([situation, 'overtaken']);
  }
});

test('a late opt-out names the last day of the term that follows, and one in time that of this term', async () => {
  const id = await notify('will_not_renew', 'renewal.opted_out', { opt_out_term: 2 });
  await sql`UPDATE contracts SET term_length = 'P1Y', anchor_date = '2028-01-01', anchor_term = 1 WHERE id = ${contract_id}`;
  await set({ renewal: { opt_out_at: NOON, opt_out_term: 2 } });
  expect(await contentOf('will_not_renew', id)).toMatchObject({ last_day: '2028-12-31', renews_once: true });
  await set({ renewal: { opt_out_at: NOON, opt_out_term: 2, term: 'P6M' } });
  expect(await contentOf('will_not_renew', id)).toMatchObject({ last_day: '2028-06-30', renews_once: true });
  await set({ renewal: { opt_out_at: NOON, opt_out_term: 2 }, term_number: 2, end_date: '2029-01-01' });
  expect(await contentOf('will_not_renew', id)).toMatchObject({ last_day: '2028-12-31', renews_once: false });
});

test('a customer who has none of the licenses any more gets no mail about them', async () => {
  const few = await notify('licenses_ready', 'license.assigned', assignmentOf(2));
  const many = await notify('order_licenses', 'license.assigned', assignmentOf(11, { order_ref: 'A-1' }));
  await sql`UPDATE license_facts SET revoked_at = ${NOON} WHERE license_id <= ${licenses[10]!.id}`;
  for (const id of [few, many]) expect(await loadMailContent(sql, id, PLACE)).toBe('overtaken');
  const other = await insertCustomer('new@acme.example', 'New');
  await sql`UPDATE license_facts SET revoked_at = NULL, customer_id = ${other}`;
  for (const id of [few, many]) expect(await loadMailContent(sql, id, PLACE)).toBe('overtaken');
  await sql`UPDATE license_facts SET customer_id = ${customer_id} WHERE license_id = ${licenses[0]!.id}`;
  expect(await contentOf('licenses_ready', few)).toMatchObject({ withdrawn: 1 });
  expect(await contentOf('order_licenses', many)).toMatchObject({ count: 11, licenses: [] });
});

test('counts of a mail are those of the moment at which it is sent', async () => {
  const nearly = await notify('quota_80', 'quota.threshold_reached');
  await set({ claimed: 850 });
  expect(await contentOf('quota_80', nearly)).toMatchObject({ quota: { total: 1_000, claimed: 850 } });
  const low = await notify('low_water', 'pool.low_water', { available: 7 });
  await set({ low_water: 50 });
  expect(await contentOf('low_water', low)).toMatchObject({ available: 0, low_water: 50 });
});

test('a reminder promises a renewal only when there is one, and names the last day to opt out as what it is', async () => {
  const id = await notify('renewal_reminder', 'renewal.reminder_due');
  const notice = await notify('renewal_reminder', 'renewal.notice_due');
  const textOf = async (reminder: string) => {
    const content = await contentOf('renewal_reminder', reminder);
    const { subject, text } = await renderMail(content, { language: 'en', unsubscribe_url: null });
    return `${subject}\n${text}`;
  };
  for (const renewal of [OPTED_OUT, { max_renewals: 0 }, { mode: 'manual', max_renewals: 0 } as const]) {
    await set({ renewal });
    for (const reminder of [id, notice]) {
      expect(await contentOf('renewal_reminder', reminder)).toMatchObject({ mode: 'none', opt_out_by: null });
      expect(await textOf(reminder)).toMatch(/Contract ends in 200 days.*ends on 31 December 2027 and is not renewed/s);
    }
  }
  // An opt-out of the term after the next one does not stop the next renewal.
  await set({ renewal: { opt_out_at: NOON, opt_out_term: 2 } });
  expect(await textOf(id)).toContain('renews automatically after 31 December 2027');
  expect(await textOf(id)).toContain('To opt out, say so by 2 December 2027 at the latest.');
  await set({ now: '2027-12-02T12:00:00.000Z' });
  expect(await textOf(notice)).toMatch(/Last day to opt out of the renewal.*Today is the last day to opt out\./s);
  await set({ now: '2027-12-25T12:00:00.000Z' });
  for (const reminder of [id, notice])
    expect(await textOf(reminder)).toMatch(/Contract renews in 7 days.*The last day to opt out was 2 December 2027\./s);
});

test('a raise of a used-up quota is an emergency, unless it is for a period or more than doubles the quota', async () => {
  const raise = { reason: 'contract.updated', amount: 50, total: 250, claimed: 200, remaining: 50 };
  const emergency = await notify('quota_raised', 'quota.granted', { ...raise, period_label: null });
  const period = await notify('quota_raised', 'quota.granted', { ...raise, period_label: 'Q2' });
  const early = await notify('quota_raised', 'quota.granted', { ...raise, period_label: null, claimed: 199 });
  expect(await contentOf('quota_raised', emergency)).toMatchObject({ is_emergency: true });
  expect(await contentOf('quota_raised', period)).toMatchObject({ is_emergency: false, period_label: 'Q2' });
  expect(await contentOf('quota_raised', early)).toMatchObject({ is_emergency: false });
  const large = await notify('quota_raised', 'quota.granted', {
    ...raise,
    period_label: null,
    amount: 201,
    total: 401,
  });
  expect(await contentOf('quota_raised', large)).toMatchObject({ is_emergency: false });
});

test('mails name the admin who saw a key, the reason of a termination, and the account manager', async () => {
  const [admin] = await sql<[{ id: string }]>`
    INSERT INTO admins (email, name, role, created_at, updated_at) VALUES ('ada@vendor.example', 'Ada', 'admin', now(), now()) RETURNING id`;
  await sql`UPDATE customers SET account_manager = 'grace@vendor.example' WHERE id = ${customer_id}`;
  const seen = await notify('api_key_revealed', 'contract.api_key_revealed', { actor_id: admin.id });
  expect(await contentOf('api_key_revealed', seen)).toMatchObject({
    admin: 'Ada',
    account_manager: 'grace@vendor.example',
  });
  const unknown = await notify('api_key_revealed', 'contract.api_key_revealed', { actor_id: 'system' });
  expect(await contentOf('api_key_revealed', unknown)).toMatchObject({ admin: null });
  const ended = await notify('terminated', 'contract.terminated', { reason: 'Breach of section 4' });
  await set({ state: 'TERMINATED' });
  expect(await contentOf('terminated', ended)).toMatchObject({ cause: 'admin', reason: 'Breach of section 4' });
  const unpaid = await notify('terminated', 'contract.terminated', { reason: 'billing' });
  expect(await contentOf('terminated', unpaid)).toMatchObject({ cause: 'billing', reason: null });
});

test('a digest says what it carries, in the zone of each contract', async () => {
  const digest_id = await insertNotification('digest', {});
  const low = await notify('low_water', 'pool.low_water');
  await sql`UPDATE notifications SET digest_id = ${digest_id}, state = 'included' WHERE id = ${low}`;
  const content = await contentOf('digest', digest_id);
  expect(content.count).toBe(1);
  expect(content.items.map(({ kind, timezone }) => [kind, timezone])).toEqual([['low_water', 'America/New_York']]);
  expect(await listDigestFacts(sql, digest_id, 0)).toEqual({ items: [], carried: 1 });
  // What is no longer true is left out, and a digest of which nothing is left is not sent.
  await set({ low_water: 0 });
  expect(await loadMailContent(sql, digest_id, PLACE)).toBe('overtaken');
  const blocked = await notify('replenish_blocked', 'pool.replenish_blocked');
  await sql`UPDATE notifications SET digest_id = ${digest_id}, state = 'included' WHERE id = ${blocked}`;
  const rest = await contentOf('digest', digest_id);
  expect([rest.count, rest.items.map(({ kind }) => kind)]).toEqual([1, ['replenish_blocked']]);
  expect(await loadMailContent(sql, OPERATION_ID, PLACE)).toBeNull();
});

test('the mail of a report has its file, without a license key', async () => {
  const id = await notify('report', 'report.due');
  const mail = await load(id);
  expect(mail?.content).toMatchObject({ kind: 'report', is_attached: true });
  const [file] = mail!.attachments;
  expect(file).toMatchObject({
    filename: expect.stringMatching(/^report-[a-z0-9-]+\.csv$/),
    content_type: 'text/csv; charset=utf-8',
  });
  const contents = String(file?.content);
  expect(contents.trim().split('\n')).toHaveLength(1 + licenses.length);
  await expectNoSecretInMails(sql, [{ message_id: `<${id}@covenant.example>`, contents }]);
});
