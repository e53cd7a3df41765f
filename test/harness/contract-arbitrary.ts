/**
 * Arbitrary contracts for property tests: every rule that depends on time, in time zones with irregular offsets, with
 * dates that often coincide.
 */
import fc from 'fast-check';
import type { Amendment, AmendmentChanges, ContractFacts } from '../../domain/contract/facts';
import { addDays, addPeriods, localDateAt } from '../../domain/base/calendar';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import type { Invoice } from '../../domain/billing/invoice';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import type { RenewalPolicy } from '../../domain/contract/renewal-policy';
import { buildAmendment, buildFacts, buildHold, buildInvoice } from './contract-facts';

/**
 * Time zones with daylight saving time, without a midnight on some days, with a skipped day, or with an offset of half
 * an hour.
 */
export const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Africa/Cairo',
  'Pacific/Auckland',
  'Asia/Kolkata',
  'Pacific/Apia',
];
export const DAY_MS = 86_400_000;
/** The first instant of arbitrary contracts. Their dates span DAYS_MAX days. */
export const FIRST_INSTANT: Instant = '2026-01-01T00:00:00.000Z';
const FIRST_INSTANT_MS = millisOf(FIRST_INSTANT);
const DAYS_MAX = 900;
/** The seed of every property test, so that a failure is reproducible. */
export const PROPERTY_SEED = 20_261_122;

export const anyInstant = fc
  .integer({ min: 0, max: DAYS_MAX * DAY_MS })
  .map((ms) => instantFromMillis(FIRST_INSTANT_MS + ms));
export const anyDate = fc.integer({ min: 0, max: DAYS_MAX }).map((days) => addDays(FIRST_INSTANT.slice(0, 10), days));

/** Instants that often are midnight in UTC. */
export const midnightOrAnyInstant = fc.oneof(
  anyInstant,
  anyDate.map((date) => `${date}T00:00:00.000Z`),
);

const anyPolicy: fc.Arbitrary<RenewalPolicy> = fc
  .record({
    mode: fc.constantFrom('manual', 'auto', 'auto', 'none'),
    term: fc.constantFrom(null, null, 'P1M', 'P10D'),
    notice_days: fc.constantFrom(0, 7, 14, 30, 45),
    opt_out_at: fc.option(midnightOrAnyInstant, { freq: 5 }),
    opt_out_term: fc.constantFrom(null, 1, 2),
    quota_effect: fc.constantFrom(null, { add: 30 }),
    max_renewals: fc.constantFrom(null, null, 0, 2),
  } as const)
  .map((policy) => ({
    ...DEFAULT_RENEWAL,
    ...policy,
    opt_out_term: policy.opt_out_at === null ? null : policy.opt_out_term,
  }));

/** Up to three invoices with due dates close to other dates. */
function anyInvoices(from: string): fc.Arbitrary<Invoice[]> {
  const one = fc.record({
    days: fc.integer({ min: -5, max: 400 }),
    status: fc.constantFrom('OPEN', 'OPEN', 'FAILED', 'PAID', 'DISPUTED'),
  } as const);
  return fc.array(one, { maxLength: 3 }).map((invoices) =>
    invoices.map(({ days, status }, index) =>
      buildInvoice({
        invoice_id: `invoice-${index}`,
        status,
        due_date: addDays(from, days),
        disputed_on: status === 'DISPUTED' ? addDays(from, days + 3) : null,
        occurred_at: `${addDays(from, days + 3)}T09:30:00.000Z`,
        rank: status === 'OPEN' || status === 'FAILED' ? 0 : 2,
      }),
    ),
  );
}

const anyChanges: fc.Arbitrary<AmendmentChanges> = fc.oneof(
  fc.record({ quota_add: fc.constantFrom(1, 50, 2_000_000_000) }),
  fc.record({ feature_overrides: fc.constantFrom({ seats: 9 }, { seats: 'many' }) }),
  fc.record({ end_date: anyDate }),
  fc.record({ renewal: fc.constantFrom({ mode: 'manual' as const }, { mode: 'auto' as const }, { notice_days: 21 }) }),
  fc.record({ renewal: fc.constantFrom({ opt_out_at: null }, { max_renewals: null }), quota_add: fc.constant(5) }),
);

/** Amendments with an effective date after `from`. */
function anyAmendments(from: string): fc.Arbitrary<Amendment[]> {
  const one = fc.record({ days: fc.integer({ min: 1, max: 400 }), changes: anyChanges });
  return fc
    .array(one, { maxLength: 2 })
    .map((amendments) =>
      amendments.map(({ days, changes }, index) =>
        buildAmendment({ id: `amendment-${index}`, effective_date: addDays(from, days), changes }),
      ),
    );
}

/** Contracts that were activated before {@link FIRST_INSTANT} and last settled at an instant after it. */
export const anyFacts: fc.Arbitrary<ContractFacts> = fc
  .record({
    timezone: fc.constantFrom(...ZONES),
    start_date: anyDate,
    term: fc.constantFrom('P1M', 'P3M', 'P1Y', 'P10D', 'fixed', 'none'),
    fixed_days: fc.integer({ min: 1, max: 400 }),
    expiry_grace_days: fc.constantFrom(0, 0, 1, 20, 90),
    grace_allows_generation: fc.boolean(),
    renewal: anyPolicy,
    dunning: fc.constantFrom(
      { past_due_days: 1, suspend_days: 14, terminate_days: 60 },
      { past_due_days: 0, suspend_days: 7, terminate_days: 30 },
      { past_due_days: 5, suspend_days: 10, terminate_days: null },
    ),
    dunning_exempt: fc.nat(9).map((of_ten) => of_ten === 0),
    settled_until: midnightOrAnyInstant,
    paused: fc.boolean(),
    resume_at: fc.option(midnightOrAnyInstant, { freq: 3 }),
  })
  .chain(({ term, fixed_days, resume_at, paused, ...given }) => {
    const today = localDateAt(given.settled_until, given.timezone);
    const term_length = term.startsWith('P') ? term : null;
    const end_date =
      term_length !== null
        ? addPeriods(given.start_date, term_length)
        : term === 'fixed'
          ? addDays(given.start_date, fixed_days)
          : null;
    const later = resume_at !== null && resume_at > given.settled_until ? resume_at : null;
    const holds = paused ? [buildHold({ placed_at: FIRST_INSTANT, resume_at: later })] : [];
    return fc
      .record({ invoices: anyInvoices(today), amendments: anyAmendments(today) })
      .map((lists) =>
        buildFacts({ ...given, ...lists, term_length, end_date, holds, quota: { total: 100, claimed: 40 } }),
      );
  });

/** The instants at which the contract is settled, in ascending order. */
export const anySettleInstants = fc
  .array(midnightOrAnyInstant, { minLength: 1, maxLength: 12 })
  .map((instants) => instants.sort());
