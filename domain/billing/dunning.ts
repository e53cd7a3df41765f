/**
 * The dunning of a contract: the schedule from the first unpaid invoice to suspension and termination (domain.md 1.3, 1.5). The
 * schedule says what is due; it is applied only after verification with the billing system (decisions 3).
 */
import { addDays, daysBetween, localDateAt, startOfDay } from '../base/calendar';
import { instantFromMillis, millisOf } from '../base/instant';
import type { Instant, LocalDate } from '../base/instant';
import { dunningStartDate, isUnpaid } from './invoice';
import type { Invoice } from './invoice';

/** The steps of the dunning schedule, in days after the due date. */
export interface Dunning {
  past_due_days: number;
  suspend_days: number;
  /** Null: the contract is never terminated for unpaid invoices. */
  terminate_days: number | null;
}

export const DEFAULT_DUNNING: Dunning = { past_due_days: 1, suspend_days: 14, terminate_days: 60 };
/** The longest dunning schedule, in days. */
export const DUNNING_DAYS_MAX = 3_650;

/** The steps of the dunning schedule that a contract can have reached, in order. */
export const BILLING_LEVELS = ['CLEAR', 'GRACE', 'SUSPEND', 'TERMINATE'] as const;
export type BillingLevel = (typeof BILLING_LEVELS)[number];

/** The facts from which the billing standing of a contract is derived. */
export interface BillingFacts {
  invoices: Invoice[];
  dunning: Dunning;
  dunning_exempt: boolean;
  timezone: string;
}

/** The facts from which the dunning schedule is computed. */
export interface DunningFacts extends Omit<BillingFacts, 'invoices'> {
  invoices: Pick<Invoice, 'status' | 'due_date' | 'disputed_on'>[];
}

/** The first day of the dunning schedule: the earliest start date of all unpaid invoices; null when none is unpaid. */
export function unpaidSince({ invoices }: Pick<DunningFacts, 'invoices'>): LocalDate | null {
  return earliest(invoices.filter(isUnpaid).map(dunningStartDate));
}

/** The step that is reached at an instant. An exempt contract is always clear. */
export function billingLevel(facts: BillingFacts, now: Instant): BillingLevel {
  return facts.dunning_exempt ? 'CLEAR' : levelSince(unpaidSince(facts), facts, now);
}

/** Whether the level is `least` or a later one. */
export function isAtLeast(level: BillingLevel, least: BillingLevel): boolean {
  return BILLING_LEVELS.indexOf(level) >= BILLING_LEVELS.indexOf(least);
}

/**
 * The step that would have been reached at `at` with everything that is known today. An invoice paid before `at` does not
 * count, however late the payment was reported; one paid after `at` does.
 */
export function levelInHindsight(facts: BillingFacts, at: Instant): BillingLevel {
  if (facts.dunning_exempt) return 'CLEAR';
  const wasUnpaid = (invoice: Invoice): boolean => isUnpaid(invoice) || invoice.occurred_at > at;
  return levelSince(earliest(facts.invoices.filter(wasUnpaid).map(dunningStartDate)), facts, at);
}

/** The instants of the steps if nothing is paid; null when no invoice is unpaid or the contract is exempt. */
export function dunningSchedule(
  facts: DunningFacts,
): { past_due_at: Instant; suspends_at: Instant; terminates_at: Instant | null } | null {
  const since = facts.dunning_exempt ? null : unpaidSince(facts);
  if (since === null) return null;
  const { past_due_days, suspend_days, terminate_days } = facts.dunning;
  const stepAt = (days: number): Instant => startOfDay(addDays(since, days), facts.timezone);
  return {
    past_due_at: stepAt(past_due_days),
    suspends_at: stepAt(suspend_days),
    terminates_at: terminate_days === null ? null : stepAt(terminate_days),
  };
}

/**
 * Limits of the time between two queries of a billing system that does not answer. Between them, it equals the time without an
 * answer.
 */
const ASK_AGAIN_MS_MIN = 5 * 60_000;
const ASK_AGAIN_MS_MAX = 6 * 60 * 60_000;

/** When to query a billing system again that has given no answer since an instant. */
export function askAgainAt(no_answer_since: Instant, now: Instant): Instant {
  const no_answer_ms = millisOf(now) - millisOf(no_answer_since);
  return instantFromMillis(millisOf(now) + Math.min(ASK_AGAIN_MS_MAX, Math.max(ASK_AGAIN_MS_MIN, no_answer_ms)));
}

/** The billing standing of a contract, as it is shown. Dates are local to the contract. */
export interface BillingStanding {
  level: BillingLevel;
  earliest_due: LocalDate | null;
  age_days: number | null;
  suspends_on: LocalDate | null;
  terminates_on: LocalDate | null;
}

/** The standing at an instant. */
export function billingStanding(facts: BillingFacts, now: Instant): BillingStanding {
  const since = unpaidSince(facts);
  const level = billingLevel(facts, now);
  if (since === null) return { level, earliest_due: null, age_days: null, suspends_on: null, terminates_on: null };
  const { suspend_days, terminate_days } = facts.dunning;
  const has_schedule = !facts.dunning_exempt;
  return {
    level,
    earliest_due: since,
    age_days: Math.max(0, ageInDays(since, facts.timezone, now)),
    suspends_on: has_schedule ? addDays(since, suspend_days) : null,
    terminates_on: has_schedule && terminate_days !== null ? addDays(since, terminate_days) : null,
  };
}

function levelSince(since: LocalDate | null, { dunning, timezone }: BillingFacts, now: Instant): BillingLevel {
  if (since === null) return 'CLEAR';
  const age_days = ageInDays(since, timezone, now);
  if (dunning.terminate_days !== null && age_days >= dunning.terminate_days) return 'TERMINATE';
  if (age_days >= dunning.suspend_days) return 'SUSPEND';
  return age_days >= dunning.past_due_days ? 'GRACE' : 'CLEAR';
}

function ageInDays(since: LocalDate, timezone: string, now: Instant): number {
  return daysBetween(since, localDateAt(now, timezone));
}

function earliest(dates: LocalDate[]): LocalDate | null {
  return dates.reduce<LocalDate | null>((first, date) => (first === null || date < first ? date : first), null);
}
