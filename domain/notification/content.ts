/**
 * What a mail says, as plain data: the facts that its template needs, and nothing of its wording or language.
 *
 * The facts are read when the mail is sent. License keys are only in the kinds that carry them, and keys of the API in none.
 */
import type { Environment } from '../base/environment';
import type { Instant, LocalDate } from '../base/instant';
import type { QuotaCounters } from '../contract/quota';
import type { RenewalMode } from '../contract/renewal-policy';
import type { NotificationKindName, Role } from './kind';

/** Above so many licenses a mail has a link in place of their keys. */
export const MAILED_LICENSES_MAX = 10;

/** The languages of mails. */
export const MAIL_LANGUAGES = ['en', 'de'] as const;
export type MailLanguage = (typeof MAIL_LANGUAGES)[number];

/** What every mail says. */
export interface MailFrame {
  notification_id: string;
  /** Why the recipient gets it. */
  role: Role;
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
  /** Where its certificate is; null for a license that is not signed. */
  certificate_url: string | null;
}

/** What is specific to each kind. */
export interface MailDetails {
  licenses_ready: LicensesDetails;
  order_licenses: LicensesDetails & { order_ref: string | null };
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
    revokes_licenses: boolean;
  };
  renewal_reminder: {
    /** A number of days before the end, or the last day to opt out. */
    occasion: 'before_end' | 'last_day_to_opt_out';
    days_before: number | null;
    mode: RenewalMode;
    end_date: LocalDate | null;
    opt_out_by: LocalDate | null;
  };
  renewed: {
    start_date: LocalDate;
    end_date: LocalDate;
    quota_added: number;
    quota: QuotaCounters;
  };
  will_not_renew: {
    /** Opted out: by the customer. Otherwise the code of what blocks the renewal. */
    cause: string;
    end_date: LocalDate | null;
  };
  expired: { end_date: LocalDate | null };
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
    occasion: 'first' | 'grown' | 'weekly';
    /** Since when more is asked for than the limit allows. */
    since: Instant;
    /** Refused requests, and what they asked for. */
    refused: number;
    demand: number;
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
  api_key_revealed: { last_four: string; by: string | null };
  api_key_rotated: { last_four: string; by: string | null; old_key_until: Instant | null };
  report: {
    from: LocalDate;
    to: LocalDate;
    rows: number;
    /** Where it can be read with a key, also when it is attached. */
    url: string;
    is_attached: boolean;
  };
  digest: { day: LocalDate; items: readonly MailContent[] };
}

export interface LicensesDetails {
  count: number;
  /** The type of their contract, such as enterprise; null without one. */
  contract_type: string | null;
  /** All of them if there are at most {@link MAILED_LICENSES_MAX}; else empty. */
  licenses: readonly MailedLicense[];
  /** Where all of them are listed. */
  licenses_url: string;
}

/** The content of a mail of a kind. */
export type ContentOf<Kind extends NotificationKindName> = MailFrame & { kind: Kind } & MailDetails[Kind];

/** The content of a mail. */
export type MailContent = { [Kind in NotificationKindName]: ContentOf<Kind> }[NotificationKindName];

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
