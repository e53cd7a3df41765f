/**
 * The boundaries of a contract: the instants at which time alone changes it, and what each of them does.
 *
 * `settle` crosses everything due, in order and each at its own instant, so a timer that came late is never visible
 * (domain.md 1.8.11). The same functions answer the workflow that waits, the request that looks and whoever foretells.
 *
 * Two kinds are not crossed by time alone: a contract is suspended or terminated for unpaid invoices only after the
 * billing system was asked again (decisions 3). A caller that settles without asking skips them; they stay due
 * (`verificationDue`) until the billing system was asked. The boundaries after them are crossed: a billing system that gives no
 * answer must not stop renewals and expiries.
 */
import { applyAmendment, isQuotaGrant, withdrawPendingAmendments } from './amendment';
import type { Amendment, ContractFacts, Hold } from './facts';
import { billingLevel, isAtLeast, dunningSchedule } from '../billing/dunning';
import type { DunningFacts } from '../billing/dunning';
import { addDays, localDateAt, startOfDay } from '../base/calendar';
import { expiresAt, isLive, liftHolds, openHold, stateAt } from './contract';
import type { ContractChange } from './change';
import { automaticRenewal, isRenewalRetried } from './automatic-renewal';
import { applyTermination } from './ending';
import type { GeneratorFacts } from '../catalogue/generator';
import { instantFromMillis, laterOf, millisOf } from '../base/instant';
import type { Instant } from '../base/instant';
import { SYSTEM } from '../base/actor';
import { REMINDER_DAYS, isOptedOut, noticeDate } from './renewal';
import type { RenewalContext } from './decision';
import { BOUNDARY_KINDS } from './boundary-kind';
import type { Boundary, BoundaryKind } from './boundary-kind';

/** What settling looks at besides the contract. */
export interface SettleContext extends Omit<RenewalContext, 'generator'> {
  /** The contract's generator, and those its pending amendments name, by id. */
  generators: ReadonlyMap<string, GeneratorFacts>;
  /**
   * verified: the invoices were fetched just now · skip: they were not, pass by what would need it ·
   * stop: settle up to there and no further, so that it can be verified.
   */
  billing: 'verified' | 'skip' | 'stop';
}

/** A boundary with what it concerns; boundaries of one instant and kind have an order too. */
interface DueBoundary extends Boundary {
  amendment?: Amendment;
  days_before?: number;
  tie: string;
}

/** Every boundary the facts hold after an instant, in the order in which they apply. A draft has none, nor has what is over. */
export function boundariesAfter(facts: ContractFacts, after: Instant): Boundary[] {
  return dueBoundariesAfter(facts, after).map(({ at, kind }) => ({ at, kind }));
}

/** The next boundary that is not yet crossed, or null when only a command can change the contract. */
export function nextBoundary(facts: ContractFacts): Boundary | null {
  return boundariesAfter(facts, facts.settled_until)[0] ?? null;
}

/** What has been due since some boundary was passed by unverified; null when nothing is. */
export function verificationDue(facts: ContractFacts): 'suspends' | 'terminates' | null {
  const at = facts.settled_until;
  const level = billingLevel(facts, at);
  if (!isLive(stateAt(facts, at)) || !isAtLeast(level, 'SUSPEND')) return null;
  if (openHold(facts, at, 'billing') === undefined) return 'suspends';
  return level === 'TERMINATE' && at >= terminableFrom(facts) ? 'terminates' : null;
}

/**
 * A contract is terminated only out of a suspension that has lasted to another day (T8): whoever hears of an old invoice
 * for the first time does not lose the contract with it.
 */
function terminableFrom(facts: ContractFacts): Instant {
  const hold = openHold(facts, facts.settled_until, 'billing');
  return dayAfter(facts, hold?.placed_at ?? facts.settled_until);
}

function dayAfter({ timezone }: { timezone: string }, at: Instant): Instant {
  return startOfDay(addDays(localDateAt(at, timezone), 1), timezone);
}

/**
 * The instants at which billing may have to be asked before a contract is settled past them, in order. `suspended_at` is
 * when billing suspended it, null when it did not. There may be more than the contract lives to see.
 */
export function verificationInstants(facts: DunningFacts, suspended_at: Instant | null): Instant[] {
  const schedule = dunningSchedule(facts);
  if (schedule === null) return [];
  const { suspends_at, terminates_at } = schedule;
  if (suspended_at === null) return [suspends_at, ...(terminates_at === null ? [] : [terminates_at])];
  return terminates_at === null ? [] : [laterOf(terminates_at, dayAfter(facts, suspended_at))];
}

/** When the billing system is to be asked about what was passed by; null when there is nothing to ask. */
export function verifyAt(facts: ContractFacts): Instant | null {
  return verificationDue(facts) === null ? null : (facts.verify_after ?? facts.settled_until);
}

/** Crosses every boundary in `(settled_until, now]`, in order; one change for each, and the facts settled at `now`. */
export function settle(
  facts: ContractFacts,
  now: Instant,
  context: SettleContext,
): { facts: ContractFacts; changes: ContractChange[] } {
  const until = laterOf(now, facts.settled_until);
  const changes: ContractChange[] = [];
  let settled = facts;
  const take = (due: DueBoundary): void => {
    const change = applyBoundary(settled, due, context);
    if (change === null) return;
    changes.push(change);
    settled = change.facts;
  };
  if (context.billing === 'verified') {
    for (let due = verificationDue(settled); due !== null; due = verificationDue(settled))
      take({ at: settled.settled_until, kind: due, tie: '' });
  }
  let last: DueBoundary | null = null;
  for (;;) {
    const after = dueBoundariesAfter(settled, settled.settled_until, last?.at);
    const next = after.find((one) => last === null || comesAfter(one, last));
    if (next === undefined || next.at > until) break;
    if (last === null || next.at > last.at) {
      // Those of one instant are taken one by one: only then may `settled_until` pass it.
      if (last !== null) settled = { ...settled, settled_until: last.at };
      // Nothing of that instant is crossed before it is verified, or it would be crossed once more afterwards. While the
      // billing system gives no answer to an earlier question, nothing is verified here: it is passed by as well.
      const stops = context.billing === 'stop' && verificationDue(settled) === null;
      if (stops && after.some(({ at, kind }) => at === next.at && needsVerification(kind))) {
        const before = instantFromMillis(millisOf(next.at) - 1);
        return {
          facts: { ...settled, settled_until: laterOf(before, settled.settled_until) },
          changes: markSuperseded(changes, facts),
        };
      }
    }
    take(next);
    last = next;
    // Whether what was crossed last has cleared what stood against a renewal at an end that has passed.
    while (automaticRenewal(settled, next.at, renewalContext(settled, context), 'cleared') !== null)
      take({ at: next.at, kind: 'renews', tie: '' });
  }
  return { facts: { ...settled, settled_until: until }, changes: markSuperseded(changes, facts) };
}

function needsVerification(kind: BoundaryKind): boolean {
  return kind === 'suspends' || kind === 'terminates';
}

/** The boundaries after an instant, in order; `seen` is the instant of the last one that was crossed. */
function dueBoundariesAfter(facts: ContractFacts, after: Instant, seen: Instant = after): DueBoundary[] {
  if (facts.terminated_at !== null || !isLive(stateAt(facts, after))) return [];
  const expires_at = expiresAt(facts);
  return [
    ...startAndResumptions(facts),
    ...facts.amendments.filter(({ status }) => status === 'pending').map((one) => amendmentBoundary(facts, one)),
    ...endOfTermBoundaries(facts, seen),
    ...dunningBoundaries(facts),
  ]
    .filter(({ at }) => at > after && (expires_at === null || at <= expires_at))
    .sort((a, b) => (comesAfter(a, b) ? 1 : -1));
}

function startAndResumptions(facts: ContractFacts): DueBoundary[] {
  const boundaries: DueBoundary[] = [];
  if (facts.start_date !== null) boundaries.push({ at: dayStart(facts, facts.start_date), kind: 'starts', tie: '' });
  for (const { lifted_at, resume_at } of facts.holds)
    if (lifted_at === null && resume_at !== null) boundaries.push({ at: resume_at, kind: 'resumes', tie: '' });
  return boundaries;
}

function amendmentBoundary(facts: ContractFacts, amendment: Amendment): DueBoundary {
  const kind = isQuotaGrant(amendment) ? 'quota_granted' : 'amendment';
  return { at: dayStart(facts, amendment.effective_date), kind, amendment, tie: amendment.id };
}

/** Reminders, the last day to opt out, the renewal, the end. */
function endOfTermBoundaries(facts: ContractFacts, seen: Instant): DueBoundary[] {
  const { end_date, renewal } = facts;
  const expires_at = expiresAt(facts);
  if (end_date === null || expires_at === null) return [];
  const ends_at = dayStart(facts, end_date);
  const boundaries: DueBoundary[] = [{ at: expires_at, kind: 'expires', tie: '' }];
  if (facts.expiry_grace_days > 0) boundaries.push({ at: ends_at, kind: 'grace_starts', tie: '' });

  const within = (due: DueBoundary): void => {
    if (facts.term_start_date === null || due.at > dayStart(facts, facts.term_start_date)) boundaries.push(due);
  };
  const notice_at = noticeAt(facts);
  if (notice_at !== null) within({ at: notice_at, kind: 'notice_deadline', tie: '' });
  for (const days_before of renewal.mode === 'none' ? [] : REMINDER_DAYS) {
    const at = dayStart(facts, addDays(end_date, -days_before));
    // One word a day is enough.
    if (at !== notice_at) within({ at, kind: 'reminder', days_before, tie: '' });
  }
  if (renewal.mode !== 'auto') return boundaries;
  boundaries.push({ at: ends_at, kind: 'renews', tie: '' });
  // Within grace what blocked the renewal may have cleared in the catalogue, which tells no contract.
  if (isRenewalRetried(facts)) {
    const tomorrow = dayStart(facts, addDays(localDateAt(laterOf(seen, ends_at), facts.timezone), 1));
    if (tomorrow < expires_at) boundaries.push({ at: tomorrow, kind: 'renews', tie: '' });
  }
  return boundaries;
}

/** When the last day to opt out begins; null when nobody needs to be told, having opted out or having nothing to. */
function noticeAt(facts: ContractFacts): Instant | null {
  const date = noticeDate(facts);
  if (date === null || facts.renewal.mode !== 'auto' || facts.renewal.notice_days === 0) return null;
  const at = dayStart(facts, date);
  return isOptedOut(facts, at) ? null : at;
}

function dunningBoundaries(facts: ContractFacts): DueBoundary[] {
  const schedule = dunningSchedule(facts);
  if (schedule === null) return [];
  const boundaries: DueBoundary[] = [];
  const { past_due_at, suspends_at, terminates_at } = schedule;
  if (facts.past_due_since === null) boundaries.push({ at: past_due_at, kind: 'past_due', tie: '' });
  if (openHold(facts, facts.settled_until, 'billing') === undefined)
    boundaries.push({ at: suspends_at, kind: 'suspends', tie: '' });
  if (terminates_at !== null) {
    const held = openHold(facts, facts.settled_until, 'billing') !== undefined;
    const at = held ? laterOf(terminates_at, terminableFrom(facts)) : terminates_at;
    boundaries.push({ at, kind: 'terminates', tie: '' });
  }
  return boundaries;
}

/** What one boundary does to the facts; null when it passes without a trace. */
function applyBoundary(facts: ContractFacts, due: DueBoundary, context: SettleContext): ContractChange | null {
  const change = changeAt(facts, due, context);
  return change === null ? null : { ...change, boundary: due.kind };
}

function changeAt(facts: ContractFacts, due: DueBoundary, context: SettleContext): ContractChange | null {
  const { at, kind } = due;
  switch (kind) {
    case 'starts':
      return { facts, at, action: 'contract.term_started', revised: false };
    case 'resumes': {
      const lifted = liftHolds(facts, at, (hold) => hold.resume_at === at);
      const resumed = { ...lifted, revision: facts.revision + 1 };
      return { facts: resumed, at, action: 'contract.resumed', reason: 'resume_at', revised: true };
    }
    case 'quota_granted':
    case 'amendment':
      return due.amendment === undefined ? null : applyAmendmentOnItsDay(facts, due.amendment, at, context);
    case 'reminder': {
      const days_before = due.days_before ?? 0;
      const action = 'renewal.reminder_due';
      return {
        facts,
        at,
        action,
        reason: `${days_before} days`,
        revised: false,
        details: { ...termDetails(facts), days_before },
      };
    }
    case 'notice_deadline':
      return { facts, at, action: 'renewal.notice_due', revised: false, details: termDetails(facts) };
    case 'past_due':
      return { facts: { ...facts, past_due_since: at }, at, action: 'billing.past_due', revised: false };
    case 'suspends':
      return context.billing === 'verified' ? suspendForBilling(facts, at) : null;
    case 'terminates':
      return context.billing === 'verified'
        ? applyTermination(facts, at, 'BILLING', `invoices unpaid for ${facts.dunning.terminate_days} days`)
        : null;
    case 'renews':
      return automaticRenewal(facts, at, renewalContext(facts, context), 'boundary');
    case 'grace_starts':
      return { facts, at, action: 'contract.grace_started', revised: false };
    case 'expires':
      return { facts: withdrawPendingAmendments(facts, at), at, action: 'contract.expired', revised: false };
  }
}

/**
 * An amendment whose day has come. At the end of a term it is judged by the instant before, as the renewal is: it belongs
 * to the term that begins there, and may be what lets it begin.
 */
function applyAmendmentOnItsDay(
  facts: ContractFacts,
  amendment: Amendment,
  at: Instant,
  context: SettleContext,
): ContractChange {
  const ends_here = facts.end_date !== null && at === dayStart(facts, facts.end_date);
  const now = ends_here ? instantFromMillis(millisOf(at) - 1) : at;
  const generator = generatorOf(context, amendment.changes.generator_id ?? facts.generator_id);
  return applyAmendment(facts, amendment, { ...context, now, actor_id: SYSTEM.id, open_jobs: 0, generator }, at);
}

/** T6, once the billing system has confirmed that invoices are unpaid. */
function suspendForBilling(facts: ContractFacts, at: Instant): ContractChange {
  const hold: Hold = {
    id: null,
    source: 'billing',
    code: 'BILLING_SUSPENDED',
    placed_at: at,
    resume_at: null,
    lifted_at: null,
    placed_by: SYSTEM.id,
    note: null,
  };
  const suspended = {
    ...facts,
    holds: [...facts.holds, hold],
    past_due_since: facts.past_due_since ?? at,
    revision: facts.revision + 1,
  };
  return { facts: suspended, at, action: 'contract.suspended', reason: 'billing', revised: true };
}

/**
 * Of reminders that are crossed together only the newest is worth a mail (decisions 15). A test clock passes through the
 * instant of each, though they are crossed together.
 */
function markSuperseded(
  changes: ContractChange[],
  { test_clock_id }: Pick<ContractFacts, 'test_clock_id'>,
): ContractChange[] {
  if (test_clock_id !== null) return changes;
  const newest = changes.filter(({ action }) => action === 'renewal.reminder_due').at(-1);
  return changes.map((change) =>
    change.action === 'renewal.reminder_due' && change !== newest
      ? { ...change, details: { ...change.details, superseded: true } }
      : change,
  );
}

function termDetails({ term_number, end_date, renewal }: ContractFacts) {
  return { term_number, end_date, renewal_mode: renewal.mode };
}

function renewalContext(facts: ContractFacts, context: SettleContext): RenewalContext {
  return { ...context, generator: generatorOf(context, facts.generator_id) };
}

function generatorOf({ generators }: SettleContext, id: string): GeneratorFacts | null {
  return generators.get(id) ?? null;
}

function dayStart(facts: ContractFacts, date: string): Instant {
  return startOfDay(date, facts.timezone);
}

/** Whether `a` is crossed after `b`. */
function comesAfter(a: DueBoundary, b: DueBoundary): boolean {
  if (a.at !== b.at) return a.at > b.at;
  const by_kind = BOUNDARY_KINDS.indexOf(a.kind) - BOUNDARY_KINDS.indexOf(b.kind);
  return by_kind === 0 ? a.tie > b.tie : by_kind > 0;
}
