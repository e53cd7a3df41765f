/**
 * Unpaid invoices move a contract through its dunning schedule, each step at its own instant and no irreversible step before
 * verification; payment brings it back (domain.md 1.3, 1.4 T4 to T8, 1.5).
 */
import fc from 'fast-check';
import {
  DEFAULT_DUNNING,
  askAgainAt,
  billingLevel,
  billingStanding,
  levelInHindsight,
} from '../../domain/billing/dunning';
import type { BillingLevel } from '../../domain/billing/dunning';
import { applyEvents } from '../../domain/contract/billing-event';
import type { LookedUpBillingEvent } from '../../domain/contract/billing-event';
import { INVOICE_STATUSES, datedByNow } from '../../domain/billing/billing-event';
import type { BillingEvent, SeenStatus } from '../../domain/billing/billing-event';
import { addDays } from '../../domain/base/calendar';
import { openHold, stateAt, warningsOf } from '../../domain/contract/contract';
import type { ContractFacts } from '../../domain/contract/facts';
import { nextBoundary, settle, verificationDue, verifyAt } from '../../domain/contract/boundary';
import { decide } from '../../domain/contract/command';
import { consequencesOf } from '../../domain/contract/consequence';
import { millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import type { Invoice } from '../../domain/billing/invoice';
import { PROPERTY_SEED, midnightOrAnyInstant } from '../harness/contract-arbitrary';
import {
  FACTS_BY_STATE,
  NOON,
  buildAutoRenewingFacts,
  buildComplianceHold,
  buildContext,
  buildFacts,
  buildHold,
  buildInvoice,
  buildRenewalContext,
  buildSettleContext,
  factsAfter,
} from '../harness/contract-facts';

/** Runs of a property: about a second. */
const RUNS = 250;
const LATER: Instant = '2027-12-01T00:00:00.000Z';

/** An evergreen contract that owes what the invoices say, settled at the beginning of June. */
function owing(invoices: Partial<Invoice>[], changes: Partial<ContractFacts> = {}): ContractFacts {
  return buildFacts({
    end_date: null,
    settled_until: '2027-06-01T00:00:00.000Z',
    invoices: invoices.map((invoice, index) => buildInvoice({ invoice_id: `invoice-${index}`, ...invoice })),
    ...changes,
  });
}

/** What settling to an instant does: each action with its instant, and the state afterwards. */
function dunningOf(facts: ContractFacts, now = LATER, billing: 'verified' | 'skip' | 'stop' = 'verified') {
  return settle(facts, now, buildSettleContext({ billing })).changes.map((change) => [
    change.action,
    change.at,
    stateAt(change.facts, change.at),
  ]);
}

/** The facts after a payment was reported, with the changes that follow. */
function afterPayment(facts: ContractFacts, at: Instant, paid: Partial<Invoice> = {}, invoice_id = 'invoice-0') {
  const invoices = facts.invoices.map((invoice) =>
    invoice.invoice_id === invoice_id
      ? { ...invoice, status: 'PAID' as const, occurred_at: at, rank: 2, ...paid }
      : invoice,
  );
  const reported = { ...facts, invoices };
  const changes = consequencesOf(reported, at, buildRenewalContext());
  return { changes, facts: { ...(changes.at(-1)?.facts ?? reported), settled_until: at } };
}

describe('the dunning schedule', () => {
  test.each<[string, BillingLevel]>([
    ['2027-06-15T22:00:00.000Z', 'CLEAR'],
    ['2027-06-16T03:59:59.999Z', 'CLEAR'],
    ['2027-06-16T04:00:00.000Z', 'GRACE'],
    ['2027-06-29T03:59:59.999Z', 'GRACE'],
    ['2027-06-29T04:00:00.000Z', 'SUSPEND'],
    ['2027-08-14T03:59:59.999Z', 'SUSPEND'],
    ['2027-08-14T04:00:00.000Z', 'TERMINATE'],
  ])('counts local days of the contract: at %s the level is %s', (now, level) => {
    expect(billingLevel(owing([{}], { timezone: 'America/New_York' }), now)).toBe(level);
  });

  test('by default goes past due after 1 day, suspends after 14 and terminates after 60', () => {
    expect(DEFAULT_DUNNING).toEqual({ past_due_days: 1, suspend_days: 14, terminate_days: 60 });
    expect(dunningOf(owing([{}], { timezone: 'Europe/Berlin' }))).toEqual([
      ['billing.past_due', '2027-06-15T22:00:00.000Z', 'PAST_DUE'],
      ['contract.suspended', '2027-06-28T22:00:00.000Z', 'SUSPENDED'],
      ['contract.terminated', '2027-08-13T22:00:00.000Z', 'TERMINATED'],
    ]);
  });

  test('can be set for a contract, without a termination too', () => {
    const dunning = { past_due_days: 3, suspend_days: 5, terminate_days: null };
    expect(dunningOf(owing([{}], { dunning }))).toEqual([
      ['billing.past_due', '2027-06-18T00:00:00.000Z', 'PAST_DUE'],
      ['contract.suspended', '2027-06-20T00:00:00.000Z', 'SUSPENDED'],
    ]);
    expect(billingLevel(owing([{}], { dunning }), '2037-01-01T00:00:00.000Z')).toBe('SUSPEND');
  });

  test('does not apply to an exempt contract', () => {
    const exempt = owing([{}], { dunning_exempt: true });
    expect(dunningOf(exempt)).toEqual([]);
    expect(billingStanding(exempt, LATER)).toEqual({
      level: 'CLEAR',
      earliest_due: '2027-06-15',
      age_days: 169,
      suspends_on: null,
      terminates_on: null,
    });
  });

  test('counts from the earliest unpaid invoice', () => {
    const two = owing([
      { due_date: '2027-06-15' },
      { due_date: '2027-06-05' },
      { due_date: '2027-01-01', status: 'PAID' },
    ]);
    expect(billingStanding(two, NOON)).toEqual({
      level: 'GRACE',
      earliest_due: '2027-06-05',
      age_days: 10,
      suspends_on: '2027-06-19',
      terminates_on: '2027-08-04',
    });
  });

  test('counts a disputed invoice from the day of the dispute', () => {
    const disputed = owing([{ status: 'DISPUTED', due_date: '2027-01-15', disputed_on: '2027-06-15' }]);
    expect(dunningOf(disputed).slice(0, 2)).toEqual([
      ['billing.past_due', '2027-06-16T00:00:00.000Z', 'PAST_DUE'],
      ['contract.suspended', '2027-06-29T00:00:00.000Z', 'SUSPENDED'],
    ]);
  });

  test('records the actor and reason of a suspension and a termination', () => {
    const { changes } = settle(owing([{}]), LATER, buildSettleContext());
    expect(changes).toMatchObject([
      { facts: { past_due_since: '2027-06-16T00:00:00.000Z', revision: 1 }, revised: false, boundary: 'past_due' },
      {
        reason: 'billing',
        revised: true,
        boundary: 'suspends',
        facts: { holds: [{ source: 'billing', code: 'BILLING_SUSPENDED', placed_by: 'covenant' }], revision: 2 },
      },
      {
        reason: 'billing',
        revised: true,
        boundary: 'terminates',
        facts: { termination_code: 'BILLING', termination_reason: 'invoices unpaid for 60 days', revision: 3 },
      },
    ]);
  });

  test('does not change a contract that is over', () => {
    const over = buildFacts({
      end_date: '2027-07-10',
      invoices: [buildInvoice()],
      settled_until: '2027-06-10T00:00:00.000Z',
    });
    expect(dunningOf(over).at(-1)).toEqual(['contract.expired', '2027-07-10T00:00:00.000Z', 'EXPIRED']);
    expect(verificationDue(settle(over, LATER, buildSettleContext()).facts)).toBeNull();
  });

  test('applies to a paused contract too, which then has two holds', () => {
    const paused = owing([{}], { holds: [buildHold()] });
    const { facts } = settle(paused, '2027-07-01T00:00:00.000Z', buildSettleContext());
    expect(stateAt(facts, '2027-07-01T00:00:00.000Z')).toBe('SUSPENDED');
    expect(facts.holds.map(({ source }) => source)).toEqual(['admin', 'billing']);
  });
});

describe('without an answer of the billing system', () => {
  test('no contract is suspended or terminated: the step stays due, with a warning', () => {
    const { facts, changes } = settle(owing([{}]), LATER, buildSettleContext({ billing: 'skip' }));
    expect(changes.map(({ action }) => action)).toEqual(['billing.past_due']);
    expect(stateAt(facts, LATER)).toBe('PAST_DUE');
    expect(warningsOf(facts, LATER)).toEqual(['BILLING_PAST_DUE', 'SUSPENSION_DUE']);
    expect(verificationDue(facts)).toBe('suspends');
    expect(verifyAt(facts)).toBe(LATER);
    expect(verifyAt({ ...facts, verify_after: '2027-12-02T00:00:00.000Z' })).toBe('2027-12-02T00:00:00.000Z');
    expect(nextBoundary(facts)).toBeNull();
  });

  test('skipped steps are applied after verification, the suspension before the termination', () => {
    const passed = settle(owing([{}]), LATER, buildSettleContext({ billing: 'skip' })).facts;
    const { facts, changes } = settle(passed, LATER, buildSettleContext());
    // Never at once: a contract that was not suspended before is not terminated by a first report.
    expect(changes.map(({ action, at }) => [action, at])).toEqual([['contract.suspended', LATER]]);
    expect(verificationDue(facts)).toBeNull();
  });

  test('a suspended contract is not terminated', () => {
    const suspended = settle(owing([{}]), '2027-07-01T00:00:00.000Z', buildSettleContext()).facts;
    const { facts } = settle(suspended, LATER, buildSettleContext({ billing: 'skip' }));
    expect(stateAt(facts, LATER)).toBe('SUSPENDED');
    expect(verificationDue(facts)).toBe('terminates');
  });

  test('a termination that becomes due while a suspension is unanswered is skipped, without a stop', () => {
    const passed = settle(
      owing([{ due_date: '2027-06-01' }]),
      '2027-07-01T00:00:00.000Z',
      buildSettleContext({ billing: 'skip' }),
    );
    const unanswered = {
      ...passed.facts,
      billing_unreachable_since: '2027-06-15T00:00:00.000Z',
      verify_after: '2027-12-02T00:00:00.000Z',
    };
    const { facts } = settle(unanswered, LATER, buildSettleContext({ billing: 'stop' }));
    expect(facts.settled_until).toBe(LATER);
    expect(verificationDue(facts)).toBe('suspends');
    expect(nextBoundary(facts)).toBeNull();
  });

  test('settling can stop just before the step, with everything earlier applied and nothing of that instant', () => {
    const sameDay = owing([{}], { end_date: '2027-07-06' });
    const { facts, changes } = settle(sameDay, LATER, buildSettleContext({ billing: 'stop' }));
    // On 29 June the suspension is due, and so is the reminder seven days before the end.
    expect(facts.settled_until).toBe('2027-06-28T23:59:59.999Z');
    expect(changes.map(({ action, reason }) => [action, reason])).toEqual([
      ['renewal.reminder_due', '30 days'],
      ['billing.past_due', undefined],
    ]);
    expect(settle(facts, LATER, buildSettleContext()).changes.map(({ action, at }) => [action, at])).toEqual([
      ['renewal.reminder_due', '2027-06-29T00:00:00.000Z'],
      ['contract.suspended', '2027-06-29T00:00:00.000Z'],
      ['contract.expired', '2027-07-06T00:00:00.000Z'],
    ]);
  });

  test('a contract whose invoices are paid is neither suspended nor terminated', () => {
    const passed = settle(owing([{}]), LATER, buildSettleContext({ billing: 'skip' })).facts;
    const paid = { ...passed, invoices: passed.invoices.map((one) => ({ ...one, status: 'PAID' as const })) };
    expect(settle(paid, LATER, buildSettleContext()).changes).toEqual([]);
  });
});

describe('a payment', () => {
  const PAST_DUE = settle(owing([{}]), '2027-06-20T09:00:00.000Z', buildSettleContext()).facts;
  const SUSPENDED = settle(owing([{}]), '2027-07-05T09:00:00.000Z', buildSettleContext()).facts;
  const at = '2027-07-05T09:00:00.000Z';

  test('clears a contract that is past due, once', () => {
    const { changes, facts } = afterPayment(PAST_DUE, '2027-06-20T09:00:00.000Z');
    expect(changes.map(({ action }) => action)).toEqual(['billing.cleared']);
    expect(facts).toMatchObject({ past_due_since: null, revision: 1 });
    expect(stateAt(facts, facts.settled_until)).toBe('ACTIVE');
    expect(consequencesOf(facts, facts.settled_until, buildRenewalContext())).toEqual([]);
  });

  test.each(['PAID', 'VOID', 'WRITTEN_OFF'] as const)(
    'reinstates a suspended contract whose invoice is %s',
    (status) => {
      const { changes, facts } = afterPayment(SUSPENDED, at, { status });
      expect(changes).toMatchObject([{ action: 'contract.reinstated', reason: 'billing', at, revised: true }]);
      expect(stateAt(facts, at)).toBe('ACTIVE');
      expect(facts.past_due_since).toBeNull();
    },
  );

  test('is not needed for a contract that becomes exempt', () => {
    const exempt = factsAfter(
      decide({ name: 'edit', input: { dunning_exempt: true } }, SUSPENDED, buildContext({ now: at })),
    );
    expect(consequencesOf(exempt, at, buildRenewalContext())).toMatchObject([{ action: 'contract.reinstated' }]);
  });

  test('lifts the hold of billing and no other', () => {
    for (const [hold, state] of [
      [buildHold(), 'PAUSED'],
      [buildComplianceHold(), 'SUSPENDED'],
    ] as const) {
      const { facts } = afterPayment({ ...SUSPENDED, holds: [...SUSPENDED.holds, hold] }, at);
      expect(stateAt(facts, at)).toBe(state);
      expect(openHold(facts, at, 'billing')).toBeUndefined();
    }
  });

  test('does not revive a contract that ended meanwhile', () => {
    const ended = { ...SUSPENDED, end_date: '2027-07-01', expiry_grace_days: 30 };
    expect(stateAt(afterPayment(ended, at).facts, at)).toBe('EXPIRY_GRACE');
    expect(stateAt(afterPayment({ ...ended, expiry_grace_days: 0 }, at).facts, at)).toBe('EXPIRED');
  });

  test('of the later of two invoices does not clear the contract; that of the earlier one restarts the schedule at the later', () => {
    const two = settle(owing([{}, { due_date: '2027-06-25' }]), at, buildSettleContext()).facts;
    const later = afterPayment(two, at, {}, 'invoice-1');
    expect(later.changes).toEqual([]);
    expect(stateAt(later.facts, at)).toBe('SUSPENDED');
    const earlier = afterPayment(two, at);
    expect(earlier.changes).toMatchObject([{ action: 'contract.reinstated' }]);
    expect(stateAt(earlier.facts, at)).toBe('PAST_DUE');
    expect(earlier.facts.past_due_since).toBe('2027-06-16T00:00:00.000Z');
    expect(dunningOf(earlier.facts, LATER).slice(0, 1)).toEqual([
      ['contract.suspended', '2027-07-09T00:00:00.000Z', 'SUSPENDED'],
    ]);
  });

  test('of a part does not change the schedule', () => {
    const { changes } = afterPayment(PAST_DUE, '2027-06-20T09:00:00.000Z', { status: 'OPEN', rank: 0 });
    expect(changes).toEqual([]);
  });

  test('that is reported late reinstates now and records the wrong suspension', () => {
    const { changes } = afterPayment(SUSPENDED, at, { occurred_at: '2027-06-28T15:00:00.000Z' });
    expect(changes).toMatchObject([
      {
        action: 'contract.reinstated',
        details: {
          should_not_have_been_suspended_from: '2027-06-29T00:00:00.000Z',
          should_not_have_been_suspended_to: at,
        },
      },
    ]);
    expect(changes[0]?.facts.holds).toMatchObject([{ placed_at: '2027-06-29T00:00:00.000Z', lifted_at: at }]);
  });

  test('after the suspension records no wrong suspension', () => {
    const { changes } = afterPayment(SUSPENDED, at, { occurred_at: '2027-06-29T00:00:00.001Z' });
    expect(changes[0]?.details).toEqual({});
    expect(levelInHindsight(SUSPENDED, '2027-06-29T00:00:00.000Z')).toBe('SUSPEND');
  });

  test('of one invoice in time does not excuse another late invoice', () => {
    const two = settle(owing([{}, {}]), at, buildSettleContext()).facts;
    const first = afterPayment(two, at, { occurred_at: '2027-06-20T00:00:00.000Z' });
    const second = afterPayment(first.facts, at, { occurred_at: '2027-07-01T00:00:00.000Z' }, 'invoice-1');
    expect(first.changes).toEqual([]);
    expect(second.changes).toMatchObject([{ action: 'contract.reinstated', details: {} }]);
  });

  test('after a termination for unpaid invoices revives nothing and shows a warning', () => {
    const terminated = settle(owing([{}]), LATER, buildSettleContext()).facts;
    expect(warningsOf(terminated, LATER)).toEqual([]);
    const { changes, facts } = afterPayment(terminated, LATER);
    expect(changes).toEqual([]);
    expect(stateAt(facts, LATER)).toBe('TERMINATED');
    expect(warningsOf(facts, LATER)).toEqual(['PAID_AFTER_TERMINATION']);
  });

  test('in grace makes the blocked renewal, after the reinstatement', () => {
    const renewing = buildAutoRenewingFacts(
      { quota_effect: { add: 300 } },
      { end_date: '2027-07-01', expiry_grace_days: 30, invoices: [buildInvoice({ invoice_id: 'invoice-0' })] },
    );
    const blocked = settle(renewing, at, buildSettleContext()).facts;
    expect(blocked).toMatchObject({ renewal_blocked: 'SUSPENDED', term_number: 1 });
    const { changes, facts } = afterPayment(blocked, at);
    expect(changes.map(({ action }) => action)).toEqual(['contract.reinstated', 'contract.renewed']);
    expect(facts).toMatchObject({ term_number: 2, renewal_blocked: null, quota: { total: 400 } });
    expect(stateAt(facts, at)).toBe('ACTIVE');
  });
});

describe('an invoice that is overdue when it is first reported', () => {
  test('makes the contract past due at once, and is verified before a suspension', () => {
    const facts = owing([{ due_date: '2027-05-01' }], { settled_until: NOON });
    const [change] = consequencesOf(facts, NOON, buildRenewalContext());
    expect(change).toMatchObject({ action: 'billing.past_due', at: NOON, facts: { past_due_since: NOON } });
    expect(verificationDue(facts)).toBe('suspends');
  });

  test('does not change a draft or a contract that is over', () => {
    for (const state of ['DRAFT', 'EXPIRED', 'TERMINATED'] as const) {
      const facts = { ...FACTS_BY_STATE[state], invoices: [buildInvoice({ due_date: '2027-05-01' })] };
      expect(consequencesOf(facts, NOON, buildRenewalContext())).toEqual([]);
    }
  });
});

const anyEvent: fc.Arbitrary<LookedUpBillingEvent> = fc
  .record({
    invoice_id: fc.constantFrom('invoice-0', 'invoice-1', 'invoice-2'),
    status: fc.constantFrom<SeenStatus>(...INVOICE_STATUSES, 'REFUNDED'),
    due: fc.integer({ min: -80, max: 20 }).map((days) => addDays('2027-06-15', days)),
    occurred_at: midnightOrAnyInstant,
    version: fc.constantFrom(1, 2, 3),
    fetched_at: midnightOrAnyInstant,
    event_id: fc.uuid(),
  })
  .map(({ event_id, invoice_id, fetched_at, ...observation }) => ({
    id: event_id,
    source: 'standard',
    event_id,
    type: 'invoice.changed',
    invoice_id,
    future_dated: false,
    tries: 0,
    reported_at: NOON,
    look: { at: 'source', fetched_at, observation },
  }));

/** One and the same system counts versions, can be asked, or does neither. */
const KINDS = ['versions', 'answers', 'neither'] as const;

function ofKind(kind: (typeof KINDS)[number], event: LookedUpBillingEvent): LookedUpBillingEvent {
  const { look } = event;
  if (look.at === 'nothing') return event;
  const observation = kind === 'versions' ? look.observation : { ...look.observation, version: null };
  // No billing system answers that an invoice is refunded: it is paid.
  const answer = observation.status === 'REFUNDED' ? { ...observation, status: 'PAID' as const } : observation;
  if (kind !== 'answers') return { ...event, look: { at: 'event', observation } };
  return {
    ...event,
    look: { ...look, at: 'source', fetched_at: look.at === 'source' ? look.fetched_at : NOON, observation: answer },
  };
}

const someContract = fc
  .record({
    state: fc.constantFrom('ACTIVE', 'PAST_DUE', 'SUSPENDED', 'PAUSED', 'EXPIRY_GRACE'),
    end: fc.boolean(),
  } as const)
  .map(({ state, end }) => ({ ...FACTS_BY_STATE[state], ...(end ? {} : { end_date: null }) }));

/** The same items in another order, some of them more than once. */
function shuffled<T>(items: T[]): fc.Arbitrary<T[]> {
  if (items.length === 0) return fc.constant(items);
  return fc
    .array(fc.constantFrom(...items), { maxLength: 4 })
    .chain((again) => fc.shuffledSubarray([...items, ...again], { minLength: items.length + again.length }));
}

const someEvents = fc
  .constantFrom(...KINDS)
  .chain((kind) =>
    fc.array(
      anyEvent.map((event) => ofKind(kind, event)),
      { maxLength: 6 },
    ),
  )
  .chain((events) => fc.record({ events: fc.constant(events), others: shuffled(events) }));

/** The facts without the order in which invoices became known. */
function known(facts: ContractFacts): ContractFacts {
  return { ...facts, invoices: [...facts.invoices].sort((a, b) => (a.invoice_id < b.invoice_id ? -1 : 1)) };
}

describe('any permutation and repetition of the same events', () => {
  test('ends in the same facts when they are applied together', () => {
    const applied = (facts: ContractFacts, events: LookedUpBillingEvent[]): ContractFacts => {
      const applied = applyEvents(facts, events, buildContext()).changes.at(-1)?.facts ?? facts;
      return known(consequencesOf(applied, NOON, buildRenewalContext()).at(-1)?.facts ?? applied);
    };
    fc.assert(
      fc.property(someContract, someEvents, (facts, { events, others }) => {
        expect(applied(facts, others)).toEqual(applied(facts, events));
      }),
      { numRuns: RUNS, seed: PROPERTY_SEED },
    );
  });

  test('ends in the same state and standing when each is applied alone, with its consequences', () => {
    const applied = (facts: ContractFacts, events: LookedUpBillingEvent[]): ContractFacts => {
      let current = facts;
      for (const event of events) {
        current = applyEvents(current, [event], buildContext()).changes.at(-1)?.facts ?? current;
        current = consequencesOf(current, NOON, buildRenewalContext()).at(-1)?.facts ?? current;
        current = settle(current, NOON, buildSettleContext()).facts;
      }
      return current;
    };
    const standing = (facts: ContractFacts) => ({
      invoices: known(facts).invoices,
      state: stateAt(facts, NOON),
      standing: billingStanding(facts, NOON),
      past_due: facts.past_due_since !== null,
      held: facts.holds
        .filter(({ lifted_at }) => lifted_at === null)
        .map(({ source }) => source)
        .sort(),
      warnings: warningsOf(facts, NOON),
    });
    // Without a termination, after which nothing follows from anything.
    const dunning = { ...DEFAULT_DUNNING, terminate_days: null };
    fc.assert(
      fc.property(someContract, someEvents, (facts, { events, others }) => {
        fc.pre(events.length > 0);
        const start = { ...facts, dunning };
        expect(standing(applied(start, others))).toEqual(standing(applied(start, events)));
      }),
      { numRuns: RUNS, seed: PROPERTY_SEED },
    );
  });
});

test('an event without news is recorded as ignored', () => {
  const event = (id: string, status: SeenStatus, day: string): LookedUpBillingEvent => ({
    id,
    source: 'standard',
    event_id: id,
    type: 'invoice.changed',
    invoice_id: 'invoice-1',
    future_dated: false,
    tries: 0,
    reported_at: NOON,
    look: {
      at: 'event',
      observation: { status, due: '2027-06-10', occurred_at: `${day}T00:00:00.000Z`, version: null },
    },
  });
  const events = [
    event('1', 'PAID', '2027-06-12'),
    event('2', 'FAILED', '2027-06-11'),
    event('1', 'PAID', '2027-06-12'),
  ];
  const { changes, verdicts } = applyEvents(FACTS_BY_STATE.PAST_DUE, events, buildContext());
  expect(verdicts.map(({ outcome, reason }) => [outcome, reason])).toEqual([
    ['APPLIED', null],
    ['IGNORED', 'STALE'],
    ['IGNORED', 'STALE'],
  ]);
  expect(changes.map(({ action }) => action)).toEqual([
    'billing.event_received',
    'billing.event_ignored',
    'billing.event_ignored',
  ]);
  expect(changes.at(-1)?.facts.invoices).toMatchObject([{ status: 'PAID', due_date: '2027-06-10' }]);
});

test('a parked event is recorded once, however often it is tried', () => {
  const parked = (tries: number): LookedUpBillingEvent => ({
    id: '1',
    source: 'standard',
    event_id: 'event-1',
    type: 'invoice.paid',
    invoice_id: 'invoice-1',
    future_dated: true,
    tries,
    reported_at: NOON,
    look: { at: 'nothing', outcome: 'PARKED', reason: 'INVOICE_UNKNOWN' },
  });
  const first = applyEvents(FACTS_BY_STATE.ACTIVE, [parked(0)], buildContext());
  expect(first.changes).toMatchObject([
    { action: 'billing.parked', reason: 'INVOICE_UNKNOWN', details: { future_dated: true }, facts: { invoices: [] } },
  ]);
  const again = applyEvents(FACTS_BY_STATE.ACTIVE, [parked(1)], buildContext());
  expect(again).toEqual({ changes: [], verdicts: first.verdicts });
});

describe('an event dated ahead', () => {
  const event = (occurred_at: Instant, reported_at = occurred_at): BillingEvent => ({
    source: 'standard',
    event_id: 'event-1',
    type: 'invoice.paid',
    occurred_at,
    contract_id: null,
    invoice_id: 'invoice-1',
    observation: { status: 'PAID', due: null, occurred_at: reported_at, version: null },
    relevant: true,
  });

  test('by five minutes is stored unchanged', () => {
    for (const occurred_at of ['2027-06-01T00:00:00.000Z', '2027-06-15T12:05:00.000Z'])
      expect(datedByNow(event(occurred_at), NOON)).toEqual({ event: event(occurred_at), future_dated: false });
  });

  test('by more is stored as received now and flagged', () => {
    expect(datedByNow(event('2027-06-15T12:05:00.001Z'), NOON)).toEqual({ event: event(NOON), future_dated: true });
    const past = '2027-06-01T00:00:00.000Z';
    expect(datedByNow(event(past, '2028-01-01T00:00:00.000Z'), NOON)).toEqual({
      event: event(past, NOON),
      future_dated: true,
    });
  });
});

test('a billing system without an answer is queried at growing intervals of at most six hours', () => {
  const minutes = (from: Instant, to: Instant): number => (millisOf(to) - millisOf(from)) / 60_000;
  expect(minutes(NOON, askAgainAt(NOON, NOON))).toBe(5);
  expect(minutes(NOON, askAgainAt('2027-06-15T11:20:00.000Z', NOON))).toBe(40);
  expect(minutes(NOON, askAgainAt('2027-06-12T12:00:00.000Z', NOON))).toBe(360);
});

test('a hold of billing is placed once, and again only after the first was lifted', () => {
  const twice = settle(owing([{}]), '2027-07-10T00:00:00.000Z', buildSettleContext()).facts;
  expect(twice.holds).toHaveLength(1);
  const paid = afterPayment(twice, '2027-07-10T09:00:00.000Z').facts;
  const again = {
    ...paid,
    invoices: [...paid.invoices, buildInvoice({ invoice_id: 'invoice-9', due_date: '2027-08-01' })],
  };
  const { facts } = settle(again, '2027-09-01T00:00:00.000Z', buildSettleContext());
  expect(facts.holds.map(({ source, placed_at, lifted_at }) => [source, placed_at, lifted_at])).toEqual([
    ['billing', '2027-06-29T00:00:00.000Z', '2027-07-10T09:00:00.000Z'],
    ['billing', '2027-08-15T00:00:00.000Z', null],
  ]);
});
