/**
 * The kinds of mail: what each is for, who gets it unless settings say otherwise, and what a recipient may decide about it.
 *
 * Every mail follows from a domain event, whose transaction writes a notice (the trigger `owe_notices`, with the types of
 * {@link NOTICE_EVENTS}). Keys of the API stand in no mail, and license keys only in the kinds that carry them.
 */
import type { EventType } from '../webhook/event';

/** Why an address gets a mail. */
export const ROLES = ['customer', 'billing_contact', 'responsible_person', 'account_manager', 'operator'] as const;
export type Role = (typeof ROLES)[number];

export interface NotificationKind {
  /** When it is sent, as a sentence. */
  when: string;
  /** The domain events from which it follows; planning judges their data. */
  events: readonly EventType[];
  /** Who gets it unless settings say otherwise. */
  to: readonly Role[];
  /** Whether a recipient may unsubscribe from it. Mails about rights, money and security are always sent. */
  is_optional: boolean;
  /** Whether it may wait for the digest of its day. */
  may_wait: boolean;
  /** Whether it may hold license keys. */
  carries_keys: boolean;
}

/** A mail about rights, money or security. */
const ALWAYS = { is_optional: false, may_wait: false, carries_keys: false } as const;
/** A mail that is useful and not needed. */
const OPTIONAL = { is_optional: true, may_wait: true, carries_keys: false } as const;

export const NOTIFICATION_KINDS = {
  licenses_ready: {
    when: 'Licenses are assigned to a customer: one mail for each operation, with the keys of at most ten licenses.',
    events: ['license.assigned', 'license.reassigned'],
    to: ['customer'],
    ...ALWAYS,
    carries_keys: true,
  },
  order_licenses: {
    when: 'An order of a pool is assigned to its customer: the licenses, with their keys if there are at most ten.',
    events: ['license.assigned', 'license.reassigned'],
    to: ['customer'],
    ...ALWAYS,
    carries_keys: true,
  },
  past_due: {
    when: 'An invoice of a contract is overdue.',
    events: ['billing.past_due'],
    to: ['billing_contact', 'account_manager'],
    ...ALWAYS,
  },
  suspended: {
    when: 'A contract is suspended.',
    events: ['contract.suspended'],
    to: ['customer', 'billing_contact', 'account_manager'],
    ...ALWAYS,
  },
  reinstated: {
    when: 'A suspended or terminated contract is reinstated.',
    events: ['contract.reinstated'],
    to: ['customer', 'billing_contact', 'account_manager'],
    ...ALWAYS,
  },
  terminated: {
    when: 'A contract is terminated.',
    events: ['contract.terminated'],
    to: ['customer', 'billing_contact', 'account_manager'],
    ...ALWAYS,
  },
  renewal_reminder: {
    when: 'A term ends in 90, 60, 30 or 7 days, or the last day to opt out of its renewal has come.',
    events: ['renewal.reminder_due', 'renewal.notice_due'],
    to: ['customer', 'account_manager'],
    ...OPTIONAL,
  },
  renewed: {
    when: 'A contract is renewed.',
    events: ['contract.renewed'],
    to: ['customer', 'account_manager'],
    ...ALWAYS,
  },
  will_not_renew: {
    when: 'A contract will not renew: its customer opted out, or a rule stops the renewal.',
    events: ['renewal.opted_out', 'renewal.blocked'],
    to: ['customer', 'account_manager'],
    ...ALWAYS,
  },
  expired: {
    when: 'A contract expires.',
    events: ['contract.expired'],
    to: ['customer', 'account_manager'],
    ...ALWAYS,
  },
  quota_80: {
    when: '80 percent of the quota of a contract are used.',
    events: ['quota.threshold_reached'],
    to: ['account_manager'],
    ...OPTIONAL,
  },
  quota_100: {
    when: 'The quota of a contract is used up.',
    events: ['quota.threshold_reached'],
    to: ['account_manager'],
    ...OPTIONAL,
  },
  quota_raised: {
    when: 'The quota of a contract is raised.',
    events: ['quota.granted'],
    to: ['customer'],
    ...ALWAYS,
  },
  limit_exceeded: {
    when: 'More is asked for than a limit allows: once when it begins, again at most once a day when the demand grows, and at most four weekly reminders.',
    events: ['limit.exceeded'],
    to: ['responsible_person', 'account_manager'],
    ...ALWAYS,
  },
  low_water: {
    when: 'The available licenses of a pool fall below its `low_water`.',
    events: ['pool.low_water'],
    to: ['account_manager', 'operator'],
    ...OPTIONAL,
  },
  replenish_blocked: {
    when: 'A pool cannot be replenished.',
    events: ['pool.replenish_blocked', 'pool.replenish_blocked_by_quota'],
    to: ['account_manager', 'operator'],
    ...OPTIONAL,
  },
  webhook_disabled: {
    when: 'An endpoint of webhooks is disabled because its receiver is gone or fails for days.',
    events: ['webhook.disabled'],
    to: ['account_manager', 'operator'],
    ...ALWAYS,
  },
  job_failed: {
    when: 'A generation job, an operation on many licenses, or an import of more than 1,000 rows ends with failures.',
    events: ['job.failed'],
    to: ['account_manager', 'operator'],
    ...OPTIONAL,
  },
  api_key_revealed: {
    when: 'The API key of a contract is shown to an admin. The key does not stand in the mail.',
    events: ['contract.api_key_revealed'],
    to: ['account_manager', 'operator'],
    ...ALWAYS,
  },
  api_key_rotated: {
    when: 'The API key of a contract is rotated. The key does not stand in the mail.',
    events: ['contract.api_key_rotated'],
    to: ['customer', 'account_manager', 'operator'],
    ...ALWAYS,
  },
  report: {
    when: 'The report of a contract is due by its schedule.',
    events: ['report.due'],
    to: ['customer', 'account_manager'],
    ...OPTIONAL,
    may_wait: false,
  },
  digest: {
    when: 'The notifications of a day, in one mail, for those who chose it.',
    events: [],
    to: [],
    is_optional: false,
    may_wait: false,
    carries_keys: false,
  },
} as const satisfies Record<string, NotificationKind>;

export type NotificationKindName = keyof typeof NOTIFICATION_KINDS;
/** The kinds from which a recipient can unsubscribe. The link of a digest ends digests and all of them. */
export type OptionalKind =
  | {
      [Kind in NotificationKindName]: (typeof NOTIFICATION_KINDS)[Kind]['is_optional'] extends true ? Kind : never;
    }[NotificationKindName]
  | 'digest';
export const KIND_NAMES = Object.keys(NOTIFICATION_KINDS) as NotificationKindName[];

/** The types of domain events that have a notice, in alphabetical order. */
export const NOTICE_EVENTS: readonly string[] = [
  ...new Set(Object.values<NotificationKind>(NOTIFICATION_KINDS).flatMap(({ events }) => events)),
].sort();
