/** What is read for a mail, before it is decided what the mail says. */
import type { Dunning } from '../billing/dunning';
import type { Invoice } from '../billing/invoice';
import type { Environment } from '../base/environment';
import type { Instant, LocalDate } from '../base/instant';
import type { ContractState } from '../contract/facts';
import type { OnSuspend } from '../contract/issued-licenses';
import type { QuotaCounters } from '../contract/quota';
import type { RenewalPolicy } from '../contract/renewal-policy';
import type { OwnExpiryRule } from '../license/license-expiry';
import type { EventType } from '../webhook/event';
import type { NotificationKindName } from './kind';
import type { Reason } from './role';

/** A notification with its event, its contract and the customer, who is the one into whom it was merged. */
export interface MailFacts {
  id: string;
  kind: NotificationKindName;
  role: Reason;
  environment: Environment | null;
  created_at: Instant;
  /** Null, like what follows: a digest. */
  event_type: EventType | null;
  event_at: Instant | null;
  event_data: Readonly<Record<string, unknown>> | null;
  contract: ContractOfMail | null;
  /** When it is sent, by the clock of the contract. */
  now: Instant;
  product: string | null;
  customer_id: string | null;
  customer: string | null;
  /** The address of the account manager of the contract, or else of the customer. */
  account_manager: string | null;
  /** The name of the admin to whom a key was shown. */
  admin: string | null;
  /** Of a webhook that was disabled. */
  endpoint_url: string | null;
}

export interface ContractOfMail {
  id: string;
  name: string;
  type: string;
  timezone: string;
  state: ContractState;
  term_number: number;
  end_date: LocalDate | null;
  term_length: string | null;
  anchor_date: LocalDate | null;
  anchor_term: number;
  renewal: RenewalPolicy;
  dunning: Dunning;
  dunning_exempt: boolean;
  on_suspend: OnSuspend;
  quota: QuotaCounters;
  low_water: number;
  /** How many licenses its pool can give out, at most `low_water`; 0 for another kind of mail. */
  available: number;
}

/** A license as it is when its mail is sent. */
export interface LicenseOfMail {
  /** The stored id. */
  id: string;
  key: string;
  product: string;
  customer_id: string | null;
  revoked_at: Instant | null;
  expires_at: Instant | null;
  own_expiry: OwnExpiryRule | null;
  is_signed: boolean;
}

/** What only some kinds need. */
export interface MailExtras {
  invoices: readonly Invoice[];
  licenses: readonly LicenseOfMail[];
  items: readonly MailFacts[];
  /** How many notices a digest carries, also those that are not among the items. */
  carried: number;
  /** Whether the file of a report is with the mail. */
  has_report: boolean;
}
