/**
 * What a mail says, as plain data: the facts that its template needs, and nothing of its wording or language.
 *
 * The facts are read when the mail is sent. License keys are only in the kinds that carry them, and keys of the API in none.
 */
import type { Environment } from '../base/environment';
import type { Instant, LocalDate } from '../base/instant';
import type { QuotaCounters } from '../contract/quota';
import type { RenewalMode } from '../contract/renewal-policy';
import type { OwnExpiryBasis } from '../license/license-expiry';
import type { NotificationKindName } from './kind';
import type { Reason } from './role';

/** Above so many licenses a mail has a link in place of their keys. */
export const MAILED_LICENSES_MAX = 10;

/** A digest shows so many notices and counts the others, because a mail that is too large is refused. */
export const DIGEST_ITEMS_MAX = 100;

/** What every mail says. */
export interface MailFrame {
  notification_id: string;
  /** Why the recipient gets it. */
  role: Reason;
  /** Null: it concerns all environments. */
  environment: Environment | null;
  /** When it happened. */
  at: Instant;
  /** In which times are shown. */
  timezone: string;
  /** Null: it is about no contract, or about several. */
  contract: { id: string; name: string; url: string } | null;
  product: string | null;
  customer: string | null;
  /** The address of the person whom the customer asks; null: not known. */
  account_manager: string | null;
}

/** A file that a mail has with it. */
export interface MailAttachment {
  filename: string;
  content_type: string;
  content: Uint8Array;
}

export interface MailedLicense {
  id: string;
  key: string;
  product: string;
  /** Null: it does not expire, or it is not known yet when. */
  expires_at: Instant | null;
  /** What sets its expiry later; null: nothing does. */
  expires_from: OwnExpiryBasis | null;
  /** Where its certificate is; null for a license that is not signed. */
  certificate_url: string | null;
}

/** What is specific to each kind. */
export interface MailDetails {
  licenses_ready: LicensesDetails;
  order_licenses: LicensesDetails & { order_ref: string };
  past_due: {
    invoices: readonly { id: string; due_date: LocalDate }[];
    /** The day on which the contract is suspended if nothing is paid. */
    suspends_on: LocalDate | null;
  };
  suspended: {
    /** For whom it is suspended: unpaid invoices, or compliance. */
    cause: 'billing' | 'compliance';
    issued_licenses: 'keep' | 'no_new_activations' | 'suspend';
    terminates_on: LocalDate | null;
  };
  reinstated: {
    /** The suspension was wrong, because a payment was reported late. */
    was_wrong: boolean;
  };
  terminated: {
    cause: 'billing' | 'admin';
    /** What the admin wrote. */
    reason: string | null;
    revokes_licenses: boolean;
  };
  renewal_reminder: {
    occasion: 'before_end' | 'last_day_to_opt_out';
    days_left: number;
    mode: RenewalMode;
    /** The last day of the term. */
    last_day: LocalDate;
    /** The last day to opt out; null: there is nothing to opt out of. */
    opt_out_by: LocalDate | null;
    /** Whether that day is not over. */
    may_opt_out: boolean;
  };
  renewed: {
    first_day: LocalDate;
    last_day: LocalDate;
    quota_added: number;
  };
  will_not_renew: {
    /** `opted_out`, or the code of what blocks the renewal. */
    cause: string;
    /** The last day of its last term; null: unknown, or there is none. */
    last_day: LocalDate | null;
    /** A late opt-out: the term that follows is the last one. */
    renews_once: boolean;
  };
  expired: { last_day: LocalDate | null };
  quota_80: { quota: QuotaCounters };
  quota_100: { quota: QuotaCounters };
  quota_raised: {
    amount: number;
    /** What it is for, such as "Q2". */
    period_label: string | null;
    /** Without a period, and the quota was used up. */
    is_emergency: boolean;
    quota: QuotaCounters;
  };
  limit_exceeded: {
    limit: 'quota' | 'seats';
    occasion: 'opened' | 'grown' | 'reminder';
    /** Since when more is asked for than the limit allows. */
    since: Instant;
    /** What the limit would have to be. */
    demand: number;
    largest_request: number;
    used: number;
    total: number;
  };
  low_water: { available: number; low_water: number };
  replenish_blocked: {
    by_quota: boolean;
    /** What blocks it. */
    code: string;
    target: number | null;
    available: number;
    requested: number;
    remaining: number;
  };
  webhook_disabled: { endpoint_id: string; host: string; reason: 'gone' | 'failing'; failing_since: Instant | null };
  job_failed: {
    job: 'generation' | 'import' | 'license_operation';
    job_url: string;
    requested: number;
    succeeded: number;
    failed: number;
    /** The code of the first failure. */
    code: string | null;
  };
  /** The id is the part of the key that is no secret. */
  api_key_revealed: {
    key_id: string;
    /** The name of the admin; null: not known any more. */
    admin: string | null;
  };
  /** Null: the old key is not valid any more. */
  api_key_rotated: { key_id: string; old_key_until: Instant | null };
  report: {
    frequency: 'weekly' | 'monthly' | 'quarterly';
    day: LocalDate;
    /** Where it can be read with a key, also when it is attached. */
    url: string;
    is_attached: boolean;
  };
  digest: {
    day: LocalDate;
    /** How many notices it carries. */
    count: number;
    /** The first {@link DIGEST_ITEMS_MAX} of them. */
    items: readonly ItemContent[];
  };
}

export interface LicensesDetails {
  count: number;
  /** The type of their contract, such as enterprise; null without one. */
  contract_type: string | null;
  /** All of them if there are at most {@link MAILED_LICENSES_MAX}; else empty. */
  licenses: readonly MailedLicense[];
  /** Those of the licenses that were taken back or revoked since: a mail that is sent late does not show their keys. */
  withdrawn: number;
  /** Where all of them are listed. */
  licenses_url: string;
}

/** The content of a mail of a kind. */
export type ContentOf<Kind extends NotificationKindName> = MailFrame & { kind: Kind } & MailDetails[Kind];

/** The content of a mail. */
export type MailContent = { [Kind in NotificationKindName]: ContentOf<Kind> }[NotificationKindName];

/** What a digest can carry. */
export type ItemContent = Exclude<MailContent, { kind: 'digest' }>;

/** The content of a mail, with the files that it has. */
export interface LoadedMail {
  content: MailContent;
  attachments: readonly MailAttachment[];
}

/** A mail as it is sent. */
export interface RenderedMail {
  /** One line. */
  subject: string;
  text: string;
  html: string;
}
