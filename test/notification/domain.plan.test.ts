/** Planning as a pure function: the mails of every type of event. */
import fc from 'fast-check';
import { NOTICE_EVENTS, NOTIFICATION_KINDS, ROLES } from '../../domain/notification/kind';
import type { Role } from '../../domain/notification/kind';
import { planMails } from '../../domain/notification/plan';
import type { KnownRecipient, MailContext, NoticedEvent } from '../../domain/notification/plan';
import { nextDigestAt } from '../../domain/notification/digest';
import { SETTABLE_KINDS, effectiveKind } from '../../domain/notification/settings';
import type { KindSettings, SettableKind } from '../../domain/notification/settings';
import { EVENTS } from '../../domain/webhook/event';
import { NOON } from '../harness/contract-facts';

const CONTRACT = { id: 'contract', customer_id: 'customer', account_manager: null, is_deleted: false };
const CUSTOMER = {
  id: 'customer',
  email: 'ada@nordwind.example',
  billing_contact: 'bills@nordwind.example',
  responsible_person: 'it@nordwind.example',
  account_manager: 'grace@vendor.example',
  language: 'de',
  is_erased: false,
} as const;
const INSTALLATION = {
  operator_addresses: ['ops@vendor.example'],
  language: 'en',
  time_zone: 'Europe/Berlin',
} as const;
const CONTEXT: MailContext = {
  now: NOON,
  contract: CONTRACT,
  customer: CUSTOMER,
  settings: {},
  installation: INSTALLATION,
  recipients: new Map(),
};

const exampleOf = (type: string): Record<string, unknown> =>
  type in EVENTS ? EVENTS[type as keyof typeof EVENTS].example : {};
const event = (type: string, data: Record<string, unknown> = {}): NoticedEvent => ({
  type,
  contract_id: 'contract',
  data: { ...exampleOf(type), ...data },
});
const known = (more: Partial<KnownRecipient>): KnownRecipient => ({
  ...{ language: null, digest: false, status: 'ok', unsubscribed: [] },
  ...more,
});

/** The kind of mail of each type, and who gets it. */
function planned(given: NoticedEvent, more: Partial<MailContext> = {}) {
  const { outcome, mails } = planMails(given, { ...CONTEXT, ...more });
  return mails.length === 0
    ? outcome
    : `${[...new Set(mails.map(({ kind }) => kind))].join()}: ${mails.map(({ role }) => role).join(', ')}`;
}

test('each type of event has the mail of its kind, to the roles of the kind', () => {
  expect(Object.fromEntries(NOTICE_EVENTS.map((type) => [type, planned(event(type))]))).toEqual({
    'billing.past_due': 'past_due: billing_contact, account_manager',
    'contract.api_key_revealed': 'api_key_revealed: account_manager, operator',
    'contract.api_key_rotated': 'api_key_rotated: customer, account_manager, operator',
    'contract.expired': 'expired: customer, account_manager',
    'contract.reinstated': 'reinstated: customer, billing_contact, account_manager',
    'contract.renewed': 'renewed: customer, account_manager',
    'contract.suspended': 'suspended: customer, billing_contact, account_manager',
    'contract.terminated': 'terminated: customer, billing_contact, account_manager',
    'job.failed': 'job_failed: account_manager, operator',
    'license.assigned': 'licenses_ready: customer',
    'license.reassigned': 'licenses_ready: customer',
    'limit.exceeded': 'limit_exceeded: responsible_person, account_manager',
    'pool.low_water': 'low_water: account_manager, operator',
    'pool.replenish_blocked': 'replenish_blocked: account_manager, operator',
    'pool.replenish_blocked_by_quota': 'replenish_blocked: account_manager, operator',
    'quota.granted': 'quota_raised: customer',
    'quota.threshold_reached': 'quota_80: account_manager',
    'renewal.blocked': 'will_not_renew: customer, account_manager',
    'renewal.notice_due': 'renewal_reminder: customer, account_manager',
    'renewal.opted_out': 'will_not_renew: customer, account_manager',
    'renewal.reminder_due': 'renewal_reminder: customer, account_manager',
    'report.due': 'report: customer, account_manager',
    'webhook.disabled': 'webhook_disabled: account_manager, operator',
  });
});

const DELETED = { contract: { ...CONTRACT, is_deleted: true } };
const ERASED = { customer: { ...CUSTOMER, is_erased: true } };
const NO_ADDRESS = { customer: { ...CUSTOMER, responsible_person: null, account_manager: null } };

test.each<[string, NoticedEvent, Partial<MailContext>, string]>([
  ['a license of an order', event('license.assigned', { order_ref: '7' }), {}, 'order_licenses: customer'],
  ['a license of a hold', event('license.reassigned', { hold_id: 'hold' }), {}, 'order_licenses: customer'],
  ['a used up quota', event('quota.threshold_reached', { threshold: 100 }), {}, 'quota_100: account_manager'],
  ['a threshold before a higher one', event('quota.threshold_reached', { superseded: true }), {}, 'superseded'],
  ['a reminder before a newer one', event('renewal.reminder_due', { superseded: true }), {}, 'superseded'],
  ['a renewal that the customer stopped', event('renewal.blocked', { reason: 'OPTED_OUT' }), {}, 'superseded'],
  ['a job for test licenses', event('job.failed', { is_test: true }), {}, 'test'],
  ['a deleted contract', event('contract.expired'), DELETED, 'gone'],
  ['an unknown contract', event('contract.expired'), { contract: null, customer: null }, 'gone'],
  ['licenses of a deleted contract', event('license.assigned'), DELETED, 'licenses_ready: customer'],
  ['licenses of an erased customer', event('license.assigned'), ERASED, 'gone'],
  ['a contract of an erased customer', event('contract.expired'), ERASED, 'no_address'],
  ['a limit without a person', event('limit.exceeded'), NO_ADDRESS, 'no_address'],
  [
    'an event without a contract',
    { ...event('webhook.disabled'), contract_id: null },
    { contract: null, customer: null },
    'webhook_disabled: operator',
  ],
  [
    'a kind that is off',
    event('contract.expired'),
    { settings: { contract: { expired: { is_sent: false } } } },
    'not_sent',
  ],
])('%s', (_, given, more, expected) => {
  expect(planned(given, more)).toBe(expected);
});

test('an event that is gone has no mail', () => {
  expect(planMails(null, CONTEXT)).toEqual({ outcome: 'gone', mails: [] });
});

test('the account manager of the contract stands in for that of its customer', () => {
  const contract = { ...CONTRACT, account_manager: 'own@vendor.example' };
  expect(planMails(event('quota.threshold_reached'), { ...CONTEXT, contract }).mails[0]?.address).toBe(
    'own@vendor.example',
  );
});

test('an address with two roles gets one mail, in any letter case, for the first of them', () => {
  const customer = { ...CUSTOMER, billing_contact: 'ADA@Nordwind.example', account_manager: null };
  const { mails } = planMails(event('contract.suspended'), { ...CONTEXT, customer });
  expect(mails.map(({ address, role }) => [address, role])).toEqual([['ada@nordwind.example', 'customer']]);
});

test('a mail has the language of its recipient, else that of its customer, else that of the installation', () => {
  const recipients = new Map([['bills@nordwind.example', known({ language: 'en' })]]);
  const { mails } = planMails(event('contract.suspended'), { ...CONTEXT, recipients });
  expect(mails.map(({ role, language }) => [role, language])).toEqual([
    ['customer', 'de'],
    ['billing_contact', 'en'],
    ['account_manager', 'en'],
  ]);
});

test('an address that refuses mail gets none, and an unsubscription counts for kinds that are optional', () => {
  const states = (type: string, recipient: KnownRecipient) => {
    const recipients = new Map([['grace@vendor.example', recipient]]);
    const { mails } = planMails(event(type), { ...CONTEXT, recipients });
    const mail = mails.find(({ role }) => role === 'account_manager');
    return [mail?.state, mail?.problem, mail?.due_at];
  };
  for (const status of ['bounced', 'complained', 'erased'] as const)
    expect(states('contract.expired', known({ status }))).toEqual(['suppressed', status, null]);
  const unsubscribed = known({ unsubscribed: ['quota_80', 'expired'] });
  expect(states('quota.threshold_reached', unsubscribed)).toEqual(['suppressed', 'unsubscribed', null]);
  expect(states('contract.expired', unsubscribed)).toEqual(['owed', null, NOON]);
});

test('for a recipient who wants a digest, kinds that may wait are due with it', () => {
  const recipients = new Map([['grace@vendor.example', known({ digest: true })]]);
  const state = (type: string, more: Partial<MailContext> = {}) => {
    const [mail] = planMails(event(type), {
      ...CONTEXT,
      customer: { ...CUSTOMER, email: CUSTOMER.account_manager },
      recipients,
      ...more,
    }).mails;
    return [mail?.state, mail?.due_at];
  };
  expect(state('quota.threshold_reached')).toEqual(['waiting', nextDigestAt(NOON, 'Europe/Berlin')]);
  expect(state('contract.expired')).toEqual(['owed', NOON]);
  expect(state('quota.threshold_reached', { settings: { installation: { quota_80: { may_wait: false } } } })).toEqual([
    'owed',
    NOON,
  ]);
});

test('digests are sent at eight in the zone, each day once, also when the clocks change', () => {
  const at = (now: string) => nextDigestAt(now, 'Europe/Berlin');
  expect(at('2027-03-27T06:59:59.999Z')).toBe('2027-03-27T07:00:00.000Z');
  expect(at('2027-03-27T07:00:00.000Z')).toBe('2027-03-28T06:00:00.000Z');
  expect(at('2027-10-30T06:00:00.000Z')).toBe('2027-10-31T07:00:00.000Z');
  // Samoa had no 30 December 2011.
  expect(nextDigestAt('2011-12-29T18:00:00.000Z', 'Pacific/Apia')).toBe('2011-12-30T18:00:00.000Z');
});

const addresses = fc.constantFrom('a@x.example', 'A@x.example', 'b@x.example', 'B@X.EXAMPLE', 'c@x.example');
const choices = fc.dictionary(
  fc.constantFrom<SettableKind>(...SETTABLE_KINDS),
  fc.record(
    {
      is_sent: fc.boolean(),
      roles: fc.uniqueArray(fc.constantFrom<Role>(...ROLES)),
      addresses: fc.array(addresses, { maxLength: 3 }),
      may_wait: fc.boolean(),
    },
    { requiredKeys: [] },
  ),
);

test('no address gets two mails for one event, whatever settings and contacts say', () => {
  const customer = fc.record({
    ...{ id: fc.constant('customer'), email: addresses, billing_contact: fc.option(addresses) },
    ...{ responsible_person: fc.option(addresses), account_manager: fc.option(addresses) },
    ...{ language: fc.option(fc.constantFrom('en', 'de')), is_erased: fc.boolean() },
  });
  fc.assert(
    fc.property(
      ...([fc.constantFrom(...NOTICE_EVENTS), customer, choices, choices, choices, fc.array(addresses)] as const),
      (type, given, installation, of_customer, contract, operator_addresses) => {
        const { outcome, mails } = planMails(event(type), {
          ...CONTEXT,
          customer: given,
          settings: { installation, customer: of_customer, contract },
          installation: { ...INSTALLATION, operator_addresses },
        });
        const keys = mails.map(({ address }) => address.toLowerCase());
        expect(new Set(keys).size).toBe(keys.length);
        expect(outcome === 'planned').toBe(mails.length > 0);
      },
    ),
  );
});

test('each choice of a narrower scope holds over that of a wider one, and says where it is from', () => {
  fc.assert(
    fc.property(
      ...([fc.constantFrom<SettableKind>(...SETTABLE_KINDS), choices, choices, choices] as const),
      (kind, installation, customer, contract) => {
        const { from, ...effective } = effectiveKind(kind, { installation, customer, contract });
        const { to: roles, may_wait } = NOTIFICATION_KINDS[kind];
        const expected: KindSettings = {
          ...{ is_sent: true, roles, addresses: [], may_wait },
          ...{ ...installation[kind], ...customer[kind], ...contract[kind] },
        };
        expect(effective).toEqual(expected);
        for (const field of Object.keys(from) as (keyof KindSettings)[]) {
          const deciding = Object.entries({ installation, customer, contract }).filter(
            ([, scope]) => scope[kind]?.[field] !== undefined,
          );
          expect(from[field]).toBe(deciding.at(-1)?.[0] ?? 'default');
        }
      },
    ),
  );
});
