/** Examples of mails of every kind and every variant, with names that are given: for the preview, and for tests of the templates. */
import type { ContentOf, ItemContent, MailContent, MailFrame, MailedLicense } from '../domain/notification/content';
import type { NotificationKindName } from '../domain/notification/kind';

/** What people type, and what can therefore be anything. */
export interface ExampleNames {
  contract: string;
  product: string;
  customer: string;
  /** The reference of an order, a label of a period, and the id of an invoice. */
  reference: string;
}

export const PLAIN_NAMES: ExampleNames = {
  contract: 'TechReseller Inc - Q2 2027 - 300 Licenses',
  product: 'CAD Professional',
  customer: 'TechReseller Inc',
  reference: 'Q2',
};

/** An example with the name of its variant. */
export interface MailExample {
  name: string;
  content: MailContent;
}

const ORIGIN = 'https://covenant.example';
const CONTRACT_ID = '0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f';
const AT = '2027-06-07T09:30:00.000Z';
const QUOTA = { total: 500, claimed: 412 };

/** All examples, with at least one of each kind. */
export function mailExamples(names: ExampleNames): MailExample[] {
  const all = Object.entries(examplesByKind(names)) as [NotificationKindName, readonly MailContent[]][];
  return all.flatMap(([kind, contents]) =>
    contents.map((content, at) => ({ name: contents.length > 1 ? `${kind}-${at + 1}` : kind, content })),
  );
}

function examplesByKind(names: ExampleNames): { [Kind in NotificationKindName]: readonly ContentOf<Kind>[] } {
  const { contract, product, customer, reference } = names;
  const frame: MailFrame = {
    notification_id: '0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c',
    role: 'account_manager',
    environment: 'production',
    at: AT,
    timezone: 'Europe/Berlin',
    contract: { id: CONTRACT_ID, name: contract, url: `${ORIGIN}/api/v1/contracts/${CONTRACT_ID}` },
    product,
    customer,
    account_manager: 'ada@vendor.example',
  };
  const toCustomer: MailFrame = { ...frame, role: 'customer' };
  const licenses_url = `${ORIGIN}/api/v1/assignments/0197a3c2-9c53-7d44-9b85-7eaf2b3c4d6e`;
  const job_url = `${ORIGIN}/api/v1/jobs/0197a3c2-6f20-7a11-8e52-4b7c9d0e1f3a`;
  const limit = { limit: 'quota', since: AT, demand: 1_850, largest_request: 1_350, used: 500, total: 500 } as const;
  const replenish = { target: 500, available: 80, requested: 0, remaining: 0 };
  const overdue: ContentOf<'past_due'> = {
    ...frame,
    kind: 'past_due',
    invoices: [{ id: reference, due_date: '2027-06-05' }],
    suspends_on: '2027-06-19',
  };
  const raised: ContentOf<'quota_raised'> = {
    ...toCustomer,
    kind: 'quota_raised',
    amount: 300,
    period_label: reference,
    is_emergency: false,
    quota: { total: 500, claimed: 200 },
  };
  const nearlyUsed: ContentOf<'quota_80'> = { ...frame, kind: 'quota_80', quota: QUOTA };
  return {
    licenses_ready: [
      {
        ...toCustomer,
        kind: 'licenses_ready',
        count: 500,
        contract_type: 'enterprise',
        licenses: [],
        licenses_url,
        withdrawn: 0,
      },
      {
        ...toCustomer,
        kind: 'licenses_ready',
        count: 10,
        contract_type: 'standard',
        licenses: Array.from({ length: 10 }, (_, at) => exampleLicense(product, at)),
        licenses_url,
        withdrawn: 0,
      },
      {
        ...toCustomer,
        contract: null,
        product: null,
        environment: null,
        kind: 'licenses_ready',
        count: 11,
        contract_type: null,
        licenses: [],
        licenses_url,
        withdrawn: 0,
      },
    ],
    order_licenses: [
      {
        ...toCustomer,
        kind: 'order_licenses',
        count: 1,
        contract_type: 'pool',
        licenses: [
          { ...exampleLicense(product, 0), certificate_url: `${ORIGIN}/api/v1/licenses/lic_16777217/certificate` },
        ],
        licenses_url,
        withdrawn: 0,
        order_ref: reference,
      },
      {
        ...toCustomer,
        kind: 'order_licenses',
        count: 1_200,
        contract_type: 'pool',
        licenses: [],
        licenses_url,
        withdrawn: 0,
        order_ref: reference,
      },
    ],
    past_due: [overdue, { ...overdue, invoices: [], suspends_on: null }],
    suspended: [
      { ...toCustomer, kind: 'suspended', cause: 'billing', issued_licenses: 'keep', terminates_on: '2027-08-04' },
      { ...frame, kind: 'suspended', cause: 'billing', issued_licenses: 'no_new_activations', terminates_on: null },
      { ...frame, kind: 'suspended', cause: 'compliance', issued_licenses: 'suspend', terminates_on: null },
    ],
    reinstated: [
      { ...toCustomer, kind: 'reinstated', was_wrong: false },
      { ...frame, kind: 'reinstated', was_wrong: true },
    ],
    terminated: [
      {
        ...frame,
        role: 'billing_contact',
        kind: 'terminated',
        cause: 'billing',
        reason: null,
        revokes_licenses: false,
      },
      { ...frame, kind: 'terminated', cause: 'admin', reason: reference, revokes_licenses: true },
    ],
    renewal_reminder: [
      reminderOf(toCustomer, { days_left: 90, mode: 'auto' }),
      reminderOf(frame, { days_left: 30, mode: 'manual' }),
      reminderOf(frame, { days_left: 1, mode: 'none', opt_out_by: null, may_opt_out: false }),
      reminderOf(toCustomer, { days_left: 30, mode: 'auto', occasion: 'last_day_to_opt_out' }),
      reminderOf(toCustomer, { days_left: 7, mode: 'auto', may_opt_out: false }),
    ],
    renewed: [
      {
        ...toCustomer,
        kind: 'renewed',
        first_day: '2028-01-01',
        last_day: '2028-12-31',
        quota_added: 300,
      },
    ],
    will_not_renew: [
      { ...toCustomer, kind: 'will_not_renew', cause: 'opted_out', last_day: '2027-12-31', renews_once: false },
      { ...toCustomer, kind: 'will_not_renew', cause: 'opted_out', last_day: '2028-12-31', renews_once: true },
      { ...frame, kind: 'will_not_renew', cause: 'PAST_DUE', last_day: '2027-12-31', renews_once: false },
      { ...frame, kind: 'will_not_renew', cause: 'A_CODE_OF_LATER', last_day: null, renews_once: false },
    ],
    expired: [
      { ...toCustomer, kind: 'expired', last_day: '2027-12-31' },
      { ...frame, kind: 'expired', last_day: null },
    ],
    quota_80: [nearlyUsed],
    quota_100: [{ ...frame, role: 'named_in_settings', kind: 'quota_100', quota: { total: 500, claimed: 500 } }],
    quota_raised: [
      raised,
      { ...raised, amount: 50, period_label: null, is_emergency: true, quota: { total: 250, claimed: 200 } },
      { ...raised, amount: 1, period_label: null },
      { ...raised, period_label: 'term 2' },
    ],
    limit_exceeded: [
      { ...frame, role: 'responsible_person', kind: 'limit_exceeded', occasion: 'opened', ...limit },
      { ...frame, kind: 'limit_exceeded', occasion: 'grown', ...limit },
      { ...frame, kind: 'limit_exceeded', occasion: 'reminder', ...limit, limit: 'seats' },
    ],
    low_water: [
      { ...frame, kind: 'low_water', available: 99, low_water: 100 },
      { ...frame, role: 'operator', environment: 'staging', kind: 'low_water', available: 0, low_water: 100 },
    ],
    replenish_blocked: [
      { ...frame, kind: 'replenish_blocked', by_quota: true, code: 'QUOTA_EXCEEDED', ...replenish },
      { ...frame, kind: 'replenish_blocked', by_quota: false, code: 'JOB_FAILED', ...replenish },
    ],
    webhook_disabled: [
      {
        ...frame,
        kind: 'webhook_disabled',
        endpoint_id: '0197a3c2-cf86-7077-8eb8-a1d25e6f7a9e',
        host: 'hooks.techreseller.example',
        reason: 'failing',
        failing_since: '2027-06-02T09:30:00.000Z',
      },
      {
        ...frame,
        contract: null,
        product: null,
        customer: null,
        environment: null,
        role: 'operator',
        kind: 'webhook_disabled',
        endpoint_id: '0197a3c2-cf86-7077-8eb8-a1d25e6f7a9e',
        host: 'hooks.techreseller.example',
        reason: 'gone',
        failing_since: null,
      },
    ],
    job_failed: [
      {
        ...frame,
        kind: 'job_failed',
        job: 'generation',
        job_url,
        requested: 500,
        succeeded: 300,
        failed: 200,
        code: null,
      },
      {
        ...frame,
        kind: 'job_failed',
        job: 'import',
        job_url,
        requested: 1_000,
        succeeded: 990,
        failed: 10,
        code: 'KEY_TAKEN',
      },
      {
        ...frame,
        contract: null,
        kind: 'job_failed',
        job: 'license_operation',
        job_url,
        requested: 20,
        succeeded: 19,
        failed: 1,
        code: null,
      },
    ],
    api_key_revealed: [{ ...frame, kind: 'api_key_revealed', key_id: 'K7Q2M9XT4BW3', admin: customer }],
    api_key_rotated: [
      { ...toCustomer, kind: 'api_key_rotated', key_id: 'K7Q2M9XT4BW3', old_key_until: '2027-06-08T09:30:00.000Z' },
      { ...frame, role: 'operator', kind: 'api_key_rotated', key_id: 'K7Q2M9XT4BW3', old_key_until: null },
    ],
    report: [
      reportOf(toCustomer, { frequency: 'monthly', is_attached: true }),
      reportOf(frame, { frequency: 'quarterly', is_attached: false }),
    ],
    digest: [
      {
        ...frame,
        contract: null,
        product: null,
        customer: null,
        kind: 'digest',
        day: '2027-06-07',
        count: 3,
        items: itemsOf(nearlyUsed, frame),
      },
    ],
  };
}

function exampleLicense(product: string, at: number): MailedLicense {
  const expires_at = at % 2 === 0 ? '2029-06-07T09:30:00.000Z' : null;
  const id = `lic_${16_777_217 + at}`;
  const expires_from = at % 4 === 1 ? 'first_activation' : null;
  return { id, key: `CAD-7KQ2M-9XT4B-W3HRD-P8NC${at}`, product, expires_at, expires_from, certificate_url: null };
}

function reminderOf(
  frame: MailFrame,
  given: Pick<ContentOf<'renewal_reminder'>, 'days_left' | 'mode'> & Partial<ContentOf<'renewal_reminder'>>,
): ContentOf<'renewal_reminder'> {
  return {
    ...frame,
    kind: 'renewal_reminder',
    occasion: 'before_end',
    last_day: '2027-12-31',
    opt_out_by: '2027-12-01',
    may_opt_out: true,
    ...given,
  };
}

function reportOf(
  frame: MailFrame,
  given: Pick<ContentOf<'report'>, 'frequency' | 'is_attached'>,
): ContentOf<'report'> {
  const url = `${ORIGIN}/api/v1/contracts/${CONTRACT_ID}/report.csv`;
  return { ...frame, kind: 'report', day: '2027-06-01', url, ...given };
}

function itemsOf(nearlyUsed: ContentOf<'quota_80'>, frame: MailFrame): ItemContent[] {
  return [
    { ...nearlyUsed, notification_id: '0197a3c2-cf86-7077-8eb8-a1d25e6f7aa0' },
    {
      ...frame,
      notification_id: '0197a3c2-cf86-7077-8eb8-a1d25e6f7aa1',
      environment: 'staging',
      kind: 'low_water',
      available: 99,
      low_water: 100,
    },
  ];
}
