/** The stored facts of a contract. Field names are those of the columns and of the interface. */
import type { Instant, LocalDate } from '../base/instant';
import type { ExpiryRule } from './expiry';
import type { OnSuspend } from './issued-licenses';
import type { JsonObject } from '../base/json';
import type { RenewalEdit, RenewalPolicy } from './renewal-policy';
import type { ActivationLimitOverride } from './features';
import type { Environment } from '../base/environment';
import type { Dunning } from '../billing/dunning';
import type { Invoice } from '../billing/invoice';
import type { QuotaCounters } from './quota';
import type { RateLimits } from './rate-limits';

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

/** Warnings that follow from the facts. The row of the contract has copies of them for SQL (decisions 4). */
export const STORED_WARNINGS = [
  'BILLING_PAST_DUE',
  'SUSPENSION_DUE',
  'BILLING_UNREACHABLE',
  'PAID_AFTER_TERMINATION',
  'RENEWAL_BLOCKED',
] as const;
export type StoredWarning = (typeof STORED_WARNINGS)[number];

/** Warnings about the quota. A grant changes only the quota row, so they are derived from that row when they are read. */
export const QUOTA_WARNINGS = ['QUOTA_NEARLY_USED', 'QUOTA_USED', 'QUOTA_RUNS_OUT'] as const;
export type QuotaWarning = (typeof QUOTA_WARNINGS)[number];

/** Warnings about the pool, read from its licenses: few are available; nothing is done about it; those that it has expire too early. */
export const POOL_WARNINGS = ['POOL_LOW', 'POOL_REPLENISH_BLOCKED', 'POOL_VALIDITY_TOO_SHORT'] as const;
export type PoolWarning = (typeof POOL_WARNINGS)[number];

/** Warnings about its endpoints of webhooks, read from their rows: one of them is disabled. */
export const WEBHOOK_WARNINGS = ['WEBHOOK_DISABLED'] as const;
export type WebhookWarning = (typeof WEBHOOK_WARNINGS)[number];

/** Warnings about its limits, read from their episodes: more is asked for than one of them allows (domain.md 4.5). */
export const LIMIT_WARNINGS = ['LIMIT_EXCEEDED'] as const;
export type LimitWarning = (typeof LIMIT_WARNINGS)[number];

/** Warnings that need a person's attention (decisions 26). */
export const CONTRACT_WARNINGS = [
  ...STORED_WARNINGS,
  ...QUOTA_WARNINGS,
  ...POOL_WARNINGS,
  ...WEBHOOK_WARNINGS,
  ...LIMIT_WARNINGS,
] as const;
export type ContractWarning = (typeof CONTRACT_WARNINGS)[number];

/** The longest grace after the end of a term, in days (domain.md 1.2). */
export const EXPIRY_GRACE_DAYS_MAX = 90;

/**
 * The sources of holds. The first source with an open hold gives the reason. Administrators pause a contract; the other sources
 * suspend it.
 */
export const HOLD_SOURCES = ['billing', 'compliance', 'admin'] as const;
export type HoldSource = (typeof HOLD_SOURCES)[number];

/** A reason why a contract generates no licenses. Its source places it and lifts it (domain.md 1.1.3). */
export interface Hold {
  /** Null until the hold is stored. */
  id: string | null;
  source: HoldSource;
  code: 'PAUSED' | 'COMPLETED' | 'BILLING_SUSPENDED' | 'COMPLIANCE';
  placed_at: Instant;
  /** The instant at which the hold is lifted automatically; null when a person has to lift it. */
  resume_at: Instant | null;
  lifted_at: Instant | null;
  placed_by: string;
  note: string | null;
}

/** The changes of an amendment; a field that is left out stays unchanged. */
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
  /** Why it could not be applied on its effective date. */
  failure: { code: string; detail: string } | null;
  created_at: Instant;
  created_by: string;
  decided_at: Instant | null;
  /** Whether its row exists. */
  stored: boolean;
}

/** Up to how many available licenses a pool is filled when it has fewer than `low_water`. */
export interface AutoReplenish {
  target: number;
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
  /** The address of the person who looks after the contract, or null. The history stores it beside its rows (decisions 41). */
  account_manager: string | null;
  feature_overrides: JsonObject;
  activation_limit: ActivationLimitOverride;
  expiry: ExpiryRule;
  /** Whether new licenses expire with the contract at the latest (domain/contract/expiry.ts). */
  cap_expiry_at_contract_end: boolean;
  /** How long a device keeps its place without a heartbeat, in minutes; null: until it is deactivated. */
  device_lease_minutes: number | null;
  /** What a suspension does to issued licenses (domain/contract/issued-licenses.ts). */
  on_suspend: OnSuspend;
  metadata: JsonObject;
  /** The addresses from which the contract's API key is accepted (domain/access/address-list.ts); empty: every address. */
  ip_allowlist: string[];
  /** Whether the contract has an API key, with which a partner generates licenses (domain/contract/api-access.ts). */
  api_access: boolean;
  timezone: string;
  start_date: LocalDate | null;
  end_date: LocalDate | null;
  /** ISO 8601 period of a term, or null for a fixed end or none. */
  term_length: string | null;
  term_number: number;
  /** The first day of the current term; for the first term the start of the contract. */
  term_start_date: LocalDate | null;
  /** The day from which ends of terms are counted, and the number of the term that ended there (domain/contract/term.ts). */
  anchor_date: LocalDate | null;
  anchor_term: number;
  expiry_grace_days: number;
  grace_allows_generation: boolean;
  renewal: RenewalPolicy;
  /** Why the current term was not renewed at its end; null when it was renewed or has not ended. */
  renewal_blocked: string | null;
  /** The last manual renewal; null when there was none. */
  renewed_by_hand_at: Instant | null;
  /** The contract with which the current term ends. */
  cotermed_with: string | null;
  dunning: Dunning;
  dunning_exempt: boolean;
  /** Since when invoices are known to be overdue. */
  past_due_since: Instant | null;
  /** Since when the billing system gives no answer to a required query; null when it does. */
  billing_unreachable_since: Instant | null;
  /** The earliest instant of the next query. */
  verify_after: Instant | null;
  invoices: Invoice[];
  /** The pending amendments, and those that were just decided. */
  amendments: Amendment[];
  test_clock_id: string | null;
  activated_at: Instant | null;
  terminated_at: Instant | null;
  termination_code: 'ADMIN' | 'BILLING' | null;
  termination_reason: string | null;
  deleted_at: Instant | null;
  holds: Hold[];
  quota: QuotaCounters;
  /** How often the API key of the contract may request licenses. */
  rate_limits: RateLimits;
  /** Of a pool: below how many available licenses it is noticed; 0: never. */
  low_water: number;
  /** Of a pool: for how long a license must still be valid to be given out, as a period; null: it must not have expired. */
  min_remaining_validity: string | null;
  /** Of a pool: up to how many available licenses it is filled by itself; null: only by hand. */
  auto_replenish: AutoReplenish | null;
  /** Counts changes of terms and holds, not generation (decisions 22). */
  revision: number;
  /** Every boundary up to this instant is applied (decisions 2). */
  settled_until: Instant;
  created_at: Instant;
  created_by: string;
}
