/**
 * The boundaries of a contract: the instants at which time alone changes it, and what each boundary changes.
 *
 * `settle` applies every due boundary in order, each at its own instant, so a late timer has no visible effect (domain.md
 * 1.8.11). The workflow, the requests and the forecast all use these functions.
 *
 * Two kinds need more than time: a contract is suspended or terminated for unpaid invoices only after the billing system was
 * queried again (decisions 3). A caller that settles without such a query skips these boundaries. A skipped boundary stays due
 * (`verificationDue`) until the billing system was queried.
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
import { REMINDER_DAYS, noticeDate } from './renewal';
import { isOptedOut } from './renewal-policy';
import type { RenewalContext } from './decision';
import { BOUNDARY_KINDS, isAwaited } from './boundary-kind';
import type { Boundary, BoundaryKind } from './boundary-kind';

/** The input of settling besides the contract. */
export interface SettleContext extends Omit<RenewalContext, 'generator'> {
  /** The contract's generator and the generators that its pending amendments name, by id. */
  generators: ReadonlyMap<string, GeneratorFacts>;
  /**
   * verified: the invoices were fetched just now · skip: they were not fetched, so skip the boundaries that need them · stop:
   * settle up to just before such a boundary, so that the invoices can be fetched.
   */
  billing: 'verified' | 'skip' | 'stop';
}

/** A boundary with its data. `tie` orders boundaries of the same instant and kind. */
interface DueBoundary extends Boundary {
  amendment?: Amendment;
  days_before?: number;
  tie: string;
}

/**
 * Every boundary of the contract after an instant, in the order in which they apply. A draft and a contract that is over have
 * none.
 */
export function boundariesAfter(facts: ContractFacts, after: Instant): Boundary[] {
  return dueBoundariesAfter(facts, after).map(({ at, kind }) => ({ at, kind }));
}

/** The next boundary that is not yet applied; null when only a command can change the contract. */
export function nextBoundary(facts: ContractFacts): Boundary | null {
  return boundariesAfter(facts, facts.settled_until)[0] ?? null;
}

/**
 * The next boundary at whose instant something must happen (`isAwaited`). The boundaries before it only inform and change no fact,
 * so it is the same before and after they are applied.
 */
export function nextAwaitedBoundary(facts: ContractFacts): Boundary | null {
  return boundariesAfter(facts, facts.settled_until).find(({ kind }) => isAwaited(kind)) ?? null;
}

/** The billing boundary that was skipped and is still due; null when there is none. */
export function verificationDue(facts: ContractFacts): 'suspends' | 'terminates' | null {
  const at = facts.settled_until;
  const level = billingLevel(facts, at);
  if (!isLive(stateAt(facts, at)) || !isAtLeast(level, 'SUSPEND')) return null;
  if (openHold(facts, at, 'billing') === undefined) return 'suspends';
  return level === 'TERMINATE' && at >= terminableFrom(facts) ? 'terminates' : null;
}

/**
 * A contract is terminated for unpaid invoices only after a suspension that lasted into another day (T8). So a first report of
 * an old invoice does not terminate the contract at once.
 */
function terminableFrom(facts: ContractFacts): Instant {
  const hold = openHold(facts, facts.settled_until, 'billing');
  return dayAfter(facts, hold?.placed_at ?? facts.settled_until);
}

function dayAfter({ timezone }: { timezone: string }, at: Instant): Instant {
  return startOfDay(addDays(localDateAt(at, timezone), 1), timezone);
}

/**
 * The instants at which the billing system may have to be queried before the contract is settled past them, in order.
 * `suspended_at` is the instant at which billing suspended the contract, or null. Some instants may lie after the end of the
 * contract.
 */
export function verificationInstants(facts: DunningFacts, suspended_at: Instant | null): Instant[] {
  const schedule = dunningSchedule(facts);
  if (schedule === null) return [];
  const { suspends_at, terminates_at } = schedule;
  if (suspended_at === null) return [suspends_at, ...(terminates_at === null ? [] : [terminates_at])];
  return terminates_at === null ? [] : [laterOf(terminates_at, dayAfter(facts, suspended_at))];
}

/** When to query the billing system about a skipped boundary; null when no boundary was skipped. */
export function verifyAt(facts: ContractFacts): Instant | null {
  return verificationDue(facts) === null ? null : (facts.verify_after ?? facts.settled_until);
}

/** Applies every boundary in `(settled_until, now]`, in order. Returns one change for each, and the facts settled at `now`. */
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
    const next = after.find((boundary) => last === null || comesAfter(boundary, last));
    if (next === undefined || next.at > until) break;
    if (last === null || next.at > last.at) {
      // Boundaries of one instant are applied one by one. `settled_until` passes the instant only after the last of them.
      if (last !== null) settled = { ...settled, settled_until: last.at };
      // No boundary of that instant is applied before its invoices are verified. Otherwise it would be applied a second time
      // afterwards. While an earlier query has no answer, nothing is verified here, so the boundary is skipped too.
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
    // The last boundary may have removed the reason that blocked a renewal at an earlier end.
    while (automaticRenewal(settled, next.at, renewalContext(settled, context), 'cleared') !== null)
      take({ at: next.at, kind: 'renews', tie: '' });
  }
  return { facts: { ...settled, settled_until: until }, changes: markSuperseded(changes, facts) };
}

function needsVerification(kind: BoundaryKind): boolean {
  return kind === 'suspends' || kind === 'terminates';
}

/** The boundaries after an instant, in order. `seen` is the instant of the last boundary that was applied. */
function dueBoundariesAfter(facts: ContractFacts, after: Instant, seen: Instant = after): DueBoundary[] {
  if (facts.terminated_at !== null || !isLive(stateAt(facts, after))) return [];
  const expires_at = expiresAt(facts);
  return [
    ...startAndResumptions(facts),
    ...facts.amendments
      .filter(({ status }) => status === 'pending')
      .map((amendment) => amendmentBoundary(facts, amendment)),
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
    // One message a day is enough.
    if (at !== notice_at) within({ at, kind: 'reminder', days_before, tie: '' });
  }
  if (renewal.mode !== 'auto') return boundaries;
  boundaries.push({ at: ends_at, kind: 'renews', tie: '' });
  // Within grace the renewal is tried each day: a change of the catalogue may have removed its block, and no contract is
  // notified of it.
  if (isRenewalRetried(facts)) {
    const tomorrow = dayStart(facts, addDays(localDateAt(laterOf(seen, ends_at), facts.timezone), 1));
    if (tomorrow < expires_at) boundaries.push({ at: tomorrow, kind: 'renews', tie: '' });
  }
  return boundaries;
}

/**
 * When the last day to opt out begins; null when no notice is needed: the customer opted out, or there is nothing to opt out
 * of.
 */
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

/** Applies one boundary; null when it changes nothing that is recorded. */
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
 * Applies an amendment on its effective date. At the end of a term it is decided at the instant before, like the renewal: it
 * belongs to the term that begins there, and may be what makes the renewal possible.
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
  return applyAmendment(
    facts,
    amendment,
    { ...context, now, actor_id: SYSTEM.id, open_jobs: 0, open_holds: 0, generator },
    at,
  );
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
 * Marks all reminders of one settlement but the newest as superseded: only the newest is worth an e-mail (decisions 15).
 * Reminders of a contract on a test clock are not marked, because the clock passes through the instant of each.
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

/** Whether `a` applies after `b`. */
function comesAfter(a: DueBoundary, b: DueBoundary): boolean {
  if (a.at !== b.at) return a.at > b.at;
  const by_kind = BOUNDARY_KINDS.indexOf(a.kind) - BOUNDARY_KINDS.indexOf(b.kind);
  return by_kind === 0 ? a.tie > b.tie : by_kind > 0;
}
