/**
 * A contract: the facts that are stored, the state they give at an instant, and how that state is shown.
 *
 * State is never stored as a decision: `stateAt` derives it from facts and a clock (domain.md 1.3), and everything else
 * asks this file. The columns `state` and `may_generate` are copies for SQL, written only by `db/contract-change.ts`.
 */
import { addDays, startOfDay } from './calendar';
import type { Environment } from './environment';
import type { ExpiryRule } from './expiry';
import type { ActivationLimitOverride } from './features';
import type { Instant, LocalDate } from './instant';
import type { JsonObject } from './json';
import type { QuotaCounters } from './quota';

export const CONTRACT_TYPES = ['standard', 'reseller', 'enterprise', 'pool'] as const;
export type ContractType = (typeof CONTRACT_TYPES)[number];

export const CONTRACT_STATES = [
  'DRAFT',
  'SCHEDULED',
  'ACTIVE',
  'EXPIRY_GRACE',
  'PAUSED',
  'EXPIRED',
  'DELETED',
] as const;
export type ContractState = (typeof CONTRACT_STATES)[number];

export type InactiveReason = 'CONFIGURING' | 'NOT_STARTED' | 'EXPIRED_IN_GRACE' | 'PAUSED' | 'COMPLETED' | 'EXPIRED';

/** The longest grace after the end of a term, in days (domain.md 1.2). */
export const EXPIRY_GRACE_DAYS_MAX = 90;

/** A reason for which a contract stands still, placed and lifted by its own source (domain.md 1.1.3). */
export interface Hold {
  /** Null until the hold is stored. */
  id: string | null;
  source: 'admin';
  code: 'PAUSED' | 'COMPLETED';
  placed_at: Instant;
  /** When the hold lifts itself, or null when somebody has to. */
  resume_at: Instant | null;
  lifted_at: Instant | null;
  placed_by: string;
  note: string | null;
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
  expiry_grace_days: number;
  activated_at: Instant | null;
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

/** The state of a contract at an instant; the first rule that matches wins (domain.md 1.3). */
export function stateAt(facts: ContractFacts, now: Instant): ContractState {
  if (facts.deleted_at !== null && facts.deleted_at <= now) return 'DELETED';
  if (facts.activated_at === null) return 'DRAFT';
  if (facts.start_date !== null && now < startOfDay(facts.start_date, facts.timezone)) return 'SCHEDULED';
  const expires_at = expiresAt(facts);
  if (expires_at !== null && now >= expires_at) return 'EXPIRED';
  if (openHold(facts, now)) return 'PAUSED';
  if (facts.end_date !== null && now >= startOfDay(facts.end_date, facts.timezone)) return 'EXPIRY_GRACE';
  return 'ACTIVE';
}

/** When the contract is over, grace included; null for one without an end. */
export function expiresAt(facts: ContractFacts): Instant | null {
  return facts.end_date === null ? null : startOfDay(addDays(facts.end_date, facts.expiry_grace_days), facts.timezone);
}

/** The hold that keeps the contract paused at an instant, if there is one. */
export function openHold(facts: ContractFacts, now: Instant): Hold | undefined {
  return facts.holds.find((hold) => hold.lifted_at === null && hold.placed_at <= now);
}

/** Whether licenses may be generated in a state (domain.md 2.2). */
export function mayGenerateIn(state: ContractState): boolean {
  return state === 'ACTIVE';
}

/** The seed's two statuses, and why an inactive contract is inactive. */
export interface ContractStatus {
  status: 'active' | 'inactive';
  inactive_reason: InactiveReason | null;
}

/** The status of a contract at an instant. */
export function statusOf(facts: ContractFacts, now: Instant): ContractStatus {
  return statusOfState(stateAt(facts, now), openHold(facts, now)?.code ?? null);
}

/** How a state is projected (domain.md 2.1); `hold_code` is that of the open hold, if there is one. */
export function statusOfState(state: ContractState, hold_code: Hold['code'] | null): ContractStatus {
  const reasons: Record<ContractState, InactiveReason | null> = {
    DRAFT: 'CONFIGURING',
    SCHEDULED: 'NOT_STARTED',
    ACTIVE: null,
    EXPIRY_GRACE: 'EXPIRED_IN_GRACE',
    PAUSED: hold_code ?? 'PAUSED',
    EXPIRED: 'EXPIRED',
    DELETED: null,
  };
  return { status: state === 'ACTIVE' ? 'active' : 'inactive', inactive_reason: reasons[state] };
}

/** The last day of the term: the day before `end_date`, which is the first day not covered (domain.md 1.8.2). */
export function lastDay(facts: Pick<ContractFacts, 'end_date'>): LocalDate | null {
  return facts.end_date === null ? null : addDays(facts.end_date, -1);
}
