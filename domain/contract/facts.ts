/** What is stored of a contract, with what it embeds. Field names are those of the columns and of the interface. */
import type { Instant, LocalDate } from '../base/instant';
import type { ExpiryRule } from './expiry';
import type { JsonObject } from '../base/json';
import type { RenewalEdit, RenewalPolicy } from './renewal-policy';
import type { ActivationLimitOverride } from './features';
import type { Environment } from '../base/environment';
import type { Dunning } from '../billing/dunning';
import type { Invoice } from '../billing/invoice';
import type { QuotaCounters } from './quota';

export const CONTRACT_TYPES = ['standard', 'reseller', 'enterprise', 'pool'] as const;
export type ContractType = (typeof CONTRACT_TYPES)[number];

export const CONTRACT_STATES = [
  'DRAFT',
  'SCHEDULED',
  'ACTIVE',
  'PAST_DUE',
  'EXPIRY_GRACE',
  'PAUSED',
  'SUSPENDED',
  'EXPIRED',
  'TERMINATED',
  'DELETED',
] as const;
export type ContractState = (typeof CONTRACT_STATES)[number];

export type InactiveReason =
  | 'CONFIGURING'
  | 'NOT_STARTED'
  | 'EXPIRED_IN_GRACE'
  | 'PAUSED'
  | 'COMPLETED'
  | 'BILLING_SUSPENDED'
  | 'COMPLIANCE'
  | 'EXPIRED'
  | 'TERMINATED';

/** What asks for a person's attention (decisions 26). */
export const CONTRACT_WARNINGS = [
  'BILLING_PAST_DUE',
  'SUSPENSION_DUE',
  'BILLING_UNREACHABLE',
  'PAID_AFTER_TERMINATION',
  'RENEWAL_BLOCKED',
] as const;
export type ContractWarning = (typeof CONTRACT_WARNINGS)[number];

/** The longest grace after the end of a term, in days (domain.md 1.2). */
export const EXPIRY_GRACE_DAYS_MAX = 90;

/** Who can hold a contract; the first that holds one names the reason. Only administrators pause, the others suspend. */
export const HOLD_SOURCES = ['billing', 'compliance', 'admin'] as const;
export type HoldSource = (typeof HOLD_SOURCES)[number];

/** A reason for which a contract stands still, placed and lifted by its own source (domain.md 1.1.3). */
export interface Hold {
  /** Null until the hold is stored. */
  id: string | null;
  source: HoldSource;
  code: 'PAUSED' | 'COMPLETED' | 'BILLING_SUSPENDED' | 'COMPLIANCE';
  placed_at: Instant;
  /** When the hold lifts itself, or null when a person has to. */
  resume_at: Instant | null;
  lifted_at: Instant | null;
  placed_by: string;
  note: string | null;
}

/** What an amendment can change; what is left out stays. */
export interface AmendmentChanges {
  quota_add?: number | undefined;
  generator_id?: string | undefined;
  feature_overrides?: JsonObject | undefined;
  activation_limit?: ActivationLimitOverride | undefined;
  expiry?: ExpiryRule | undefined;
  /** The first day not covered; later terms count from it. */
  end_date?: LocalDate | undefined;
  renewal?: RenewalEdit | undefined;
  customer_id?: string | null | undefined;
}

export const AMENDMENT_STATUSES = ['pending', 'applied', 'failed', 'cancelled'] as const;
export type AmendmentStatus = (typeof AMENDMENT_STATUSES)[number];

export interface Amendment {
  id: string;
  effective_date: LocalDate;
  changes: AmendmentChanges;
  note: string | null;
  status: AmendmentStatus;
  /** Why it could not be applied on its day. */
  failure: { code: string; detail: string } | null;
  created_at: Instant;
  created_by: string;
  decided_at: Instant | null;
  /** Whether there is a row of it yet. */
  stored: boolean;
}

/** What is stored of a contract. Field names are those of the columns and of the interface. */
export interface ContractFacts {
  id: string;
  environment: Environment;
  name: string;
  type: ContractType;
  product_id: string;
  generator_id: string;
  customer_id: string | null;
  feature_overrides: JsonObject;
  activation_limit: ActivationLimitOverride;
  expiry: ExpiryRule;
  metadata: JsonObject;
  timezone: string;
  start_date: LocalDate | null;
  end_date: LocalDate | null;
  /** ISO 8601 period of a term, or null for a fixed end or none. */
  term_length: string | null;
  term_number: number;
  /** The first day of the current term; the contract's own start for the first one. */
  term_start_date: LocalDate | null;
  /** The day from which ends of terms are counted, and the number of the term that ended there (domain/contract/term.ts). */
  anchor_date: LocalDate | null;
  anchor_term: number;
  expiry_grace_days: number;
  grace_allows_generation: boolean;
  renewal: RenewalPolicy;
  /** Why the current term was not renewed when it should have been; null when it was, or is not yet over. */
  renewal_blocked: string | null;
  /** When a person renewed it last; null when no person did. */
  renewed_by_hand_at: Instant | null;
  /** The contract whose end this one has taken over. */
  cotermed_with: string | null;
  dunning: Dunning;
  dunning_exempt: boolean;
  /** Since when money is known to be owed. */
  past_due_since: Instant | null;
  /** Since when the billing system gives no answer to a question that must be asked; null when it does. */
  billing_unreachable_since: Instant | null;
  /** Not before this instant is it asked again. */
  verify_after: Instant | null;
  invoices: Invoice[];
  /** Those that wait for their day, and those that were decided just now. */
  amendments: Amendment[];
  test_clock_id: string | null;
  activated_at: Instant | null;
  terminated_at: Instant | null;
  termination_code: 'ADMIN' | 'BILLING' | null;
  termination_reason: string | null;
  deleted_at: Instant | null;
  holds: Hold[];
  quota: QuotaCounters;
  /** Counts changes of terms and holds, not generation (decisions 22). */
  revision: number;
  /** Every boundary up to this instant has been crossed (decisions 2). */
  settled_until: Instant;
  created_at: Instant;
  created_by: string;
}
