/**
 * How a contract stands with its bills: the ladder from the first unpaid invoice to suspension and termination
 * (domain.md 1.3, 1.5). The ladder says what is due; only what was verified with the billing system is done (decisions 3).
 */
import { addDays, daysBetween, localDateAt, startOfDay } from '../base/calendar';
import { instantFromMillis, millisOf } from '../base/instant';
import type { Instant, LocalDate } from '../base/instant';
import { isUnpaid, dunningStartDate } from './invoice';
import type { Invoice } from './invoice';

/** After how many days past the due date each step of the ladder is reached. */
export interface Dunning {
  past_due_days: number;
  suspend_days: number;
  /** Null: never. */
  terminate_days: number | null;
}

export const DEFAULT_DUNNING: Dunning = { past_due_days: 1, suspend_days: 14, terminate_days: 60 };
/** The longest ladder, in days. */
export const DUNNING_DAYS_MAX = 3_650;

/** How far the ladder has been climbed, from nothing owed to what cannot be undone. */
export const BILLING_LEVELS = ['CLEAR', 'GRACE', 'SUSPEND', 'TERMINATE'] as const;
export type BillingLevel = (typeof BILLING_LEVELS)[number];

/** As much of a contract as its standing with its bills is derived from. */
export interface BillingFacts {
  invoices: Invoice[];
  dunning: Dunning;
  dunning_exempt: boolean;
  timezone: string;
}

/** As much of each invoice as the ladder counts from. */
export interface DunningFacts extends Omit<BillingFacts, 'invoices'> {
  invoices: Pick<Invoice, 'status' | 'due_date' | 'disputed_on'>[];
}

/** The day from which the ladder counts: the earliest ladder date among unpaid invoices; null when none is unpaid. */
export function unpaidSince({ invoices }: Pick<DunningFacts, 'invoices'>): LocalDate | null {
  return earliest(invoices.filter(isUnpaid).map(dunningStartDate));
}

/** What is due at an instant. A contract that is exempt is always clear. */
export function billingLevel(facts: BillingFacts, now: Instant): BillingLevel {
  return facts.dunning_exempt ? 'CLEAR' : levelSince(unpaidSince(facts), facts, now);
}

/** Whether the level is `least` or beyond. */
export function isAtLeast(level: BillingLevel, least: BillingLevel): boolean {
  return BILLING_LEVELS.indexOf(level) >= BILLING_LEVELS.indexOf(least);
}

/**
 * What would have been due at `at`, had everything that is known today been known then: an invoice paid before `at` does
 * not count, however late the payment was heard of; one paid after does.
 */
export function levelInHindsight(facts: BillingFacts, at: Instant): BillingLevel {
  if (facts.dunning_exempt) return 'CLEAR';
  const owedThen = (invoice: Invoice): boolean => isUnpaid(invoice) || invoice.occurred_at > at;
  return levelSince(earliest(facts.invoices.filter(owedThen).map(dunningStartDate)), facts, at);
}

/** The instants at which each step is reached when nothing is paid; null when nothing is owed or nobody counts. */
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

/** Between two questions to a billing system that gives no answer: as long as it has been silent, within these. */
const ASK_AGAIN_MS_MIN = 5 * 60_000;
const ASK_AGAIN_MS_MAX = 6 * 60 * 60_000;

/** When a billing system that was silent since some instant is asked again. */
export function askAgainAt(silent_since: Instant, now: Instant): Instant {
  const silent_ms = millisOf(now) - millisOf(silent_since);
  return instantFromMillis(millisOf(now) + Math.min(ASK_AGAIN_MS_MAX, Math.max(ASK_AGAIN_MS_MIN, silent_ms)));
}

/** How a contract stands, as people read it. Dates are local to the contract. */
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
  const counted = !facts.dunning_exempt;
  return {
    level,
    earliest_due: since,
    age_days: Math.max(0, ageInDays(since, facts.timezone, now)),
    suspends_on: counted ? addDays(since, suspend_days) : null,
    terminates_on: counted && terminate_days !== null ? addDays(since, terminate_days) : null,
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
