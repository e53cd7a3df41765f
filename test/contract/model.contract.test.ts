/**
 * No sequence of commands, billing events and time reaches a state or a transition outside the rules of 1.3 and 1.4, or facts
 * that contradict each other.
 */
import fc from 'fast-check';
import { applyEvents } from '../../domain/contract/billing-event';
import type { LookedUpBillingEvent } from '../../domain/contract/billing-event';
import type { InvoiceStatus } from '../../domain/billing/billing-event';
import { addDays, localDateAt } from '../../domain/base/calendar';
import { stateAt } from '../../domain/contract/contract';
import { mayGenerateIn } from '../../domain/contract/operations';
import { HOLD_SOURCES, CONTRACT_STATES } from '../../domain/contract/facts';
import type { ContractFacts, ContractState } from '../../domain/contract/facts';
import { nextBoundary, settle } from '../../domain/contract/boundary';
import type { SettleContext } from '../../domain/contract/boundary';
import type { ContractAction, ContractChange } from '../../domain/contract/change';
import { decide } from '../../domain/contract/command';
import type { ContractCommand } from '../../domain/contract/command';
import { consequencesOf } from '../../domain/contract/consequence';
import { create } from '../../domain/contract/creation';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import { DEFAULT_RENEWAL, RENEWAL_MODES } from '../../domain/contract/renewal-policy';
import type { RenewalMode } from '../../domain/contract/renewal-policy';
import { DAY_MS, FIRST_INSTANT, PROPERTY_SEED, ZONES } from '../harness/contract-arbitrary';
import { CREATE_INPUT, buildContext, buildRenewalContext, buildSettleContext } from '../harness/contract-facts';

/** Lives of a contract: enough to reach every state in many ways, and about three seconds. */
const RUNS = 400;
/** On a machine that does much else. */
const TIMEOUT_MS = 120_000;
const STEPS_MAX = 25;

/** The transitions of 1.4, besides staying; commands, billing and the clock make them. */
const NEXT_STATES: Record<ContractState, readonly ContractState[]> = {
  DRAFT: ['SCHEDULED', 'ACTIVE', 'PAST_DUE', 'EXPIRY_GRACE', 'TERMINATED', 'DELETED'],
  SCHEDULED: ['ACTIVE', 'PAST_DUE', 'PAUSED', 'SUSPENDED', 'EXPIRY_GRACE', 'EXPIRED', 'TERMINATED', 'DELETED'],
  ACTIVE: ['PAST_DUE', 'PAUSED', 'SUSPENDED', 'EXPIRY_GRACE', 'EXPIRED', 'TERMINATED'],
  PAST_DUE: ['ACTIVE', 'PAUSED', 'SUSPENDED', 'EXPIRY_GRACE', 'EXPIRED', 'TERMINATED'],
  EXPIRY_GRACE: ['ACTIVE', 'PAST_DUE', 'PAUSED', 'SUSPENDED', 'EXPIRED', 'TERMINATED', 'DELETED'],
  PAUSED: ['ACTIVE', 'PAST_DUE', 'SUSPENDED', 'EXPIRY_GRACE', 'EXPIRED', 'TERMINATED', 'DELETED'],
  SUSPENDED: ['ACTIVE', 'PAST_DUE', 'PAUSED', 'EXPIRY_GRACE', 'EXPIRED', 'TERMINATED', 'DELETED'],
  EXPIRED: ['ACTIVE', 'PAUSED', 'SUSPENDED', 'TERMINATED', 'DELETED'],
  TERMINATED: ['DRAFT', 'SCHEDULED', 'ACTIVE', 'PAUSED', 'SUSPENDED', 'EXPIRY_GRACE', 'EXPIRED', 'DELETED'],
  DELETED: [],
};

/** What leads into a state that others must hear of, or out of one. */
const ENTERED_BY: Partial<Record<ContractState, readonly ContractAction[]>> = {
  DELETED: ['contract.deleted'],
  TERMINATED: ['contract.terminated'],
};

/** 1.3 once more, written from the page and with nothing of the product at all. */
function stateByThePage(facts: ContractFacts, now: Instant): ContractState {
  const midnight = (date: string): Instant => instantFromMillis(firstMillisOf(date, facts.timezone));
  const later = (date: string, days: number): string =>
    instantFromMillis(Date.parse(date) + days * DAY_MS).slice(0, 10);
  const held = (source: string): boolean =>
    facts.holds.some((hold) => hold.source === source && hold.lifted_at === null);
  const owed = facts.invoices.filter(({ status }) => ['OPEN', 'FAILED', 'DISPUTED'].includes(status));
  const [first] = owed
    .map((invoice) => (invoice.status === 'DISPUTED' ? invoice.disputed_on : invoice.due_date))
    .sort();
  const end = facts.end_date;
  const rules: [ContractState, boolean][] = [
    ['DELETED', facts.deleted_at !== null],
    ['TERMINATED', facts.terminated_at !== null],
    ['DRAFT', facts.activated_at === null],
    ['SCHEDULED', facts.start_date !== null && now < midnight(facts.start_date)],
    ['EXPIRED', end !== null && now >= midnight(later(end, facts.expiry_grace_days))],
    ['SUSPENDED', held('billing') || held('compliance')],
    ['PAUSED', held('admin')],
    ['EXPIRY_GRACE', end !== null && now >= midnight(end)],
    ['PAST_DUE', !facts.dunning_exempt && !!first && now >= midnight(later(first, facts.dunning.past_due_days))],
  ];
  return rules.find(([, holds]) => holds)?.[0] ?? 'ACTIVE';
}

const FIRST_MILLIS = new Map<string, number>();

/** The first millisecond whose date in the zone is `date`, found by asking `Intl`, which knows nothing of our calendar. */
function firstMillisOf(date: string, zone: string): number {
  const known = FIRST_MILLIS.get(zone + date);
  if (known !== undefined) return known;
  const dateIn = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  const around = Date.parse(`${date}T00:00:00Z`);
  let [before, after] = [around - 2 * DAY_MS, around + 2 * DAY_MS];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (dateIn.format(middle) >= date) after = middle;
    else before = middle;
  }
  FIRST_MILLIS.set(zone + date, after);
  return after;
}

type Act = (
  facts: ContractFacts,
  today: string,
  now: Instant,
) => ContractCommand | LookedUpBillingEvent | number | null;
interface Step {
  wait_ms: number;
  billing: SettleContext['billing'];
  act: Act;
}

const command = (made: ContractCommand): fc.Arbitrary<Act> => fc.constant(() => made);
const days = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const inDays = (now: Instant, count: number): Instant => instantFromMillis(millisOf(now) + count * DAY_MS);

const aHold: fc.Arbitrary<Act> = fc.oneof(
  command({ name: 'pause', input: {} }),
  days(1, 40).map((count): Act => (_facts, _today, now) => ({
    name: 'pause',
    input: { reason: 'completed', resume_at: inDays(now, count) },
  })),
  fc.boolean().map((extend_term_on_resume): Act => () => ({ name: 'resume', input: { extend_term_on_resume } })),
  command({ name: 'compliance-hold', input: { note: 'sanctions list' } }),
  command({ name: 'compliance-release', input: {} }),
);
const anEdit: fc.Arbitrary<Act> = fc.oneof(
  fc
    .constantFrom('active' as const, 'inactive' as const)
    .map((status): Act => () => ({ name: 'edit', input: { status } })),
  fc.constantFrom('P1M', 'P1Y', 'P10D', null).map((term): Act => () => ({ name: 'edit', input: { term } })),
  fc
    .record({ start: days(-20, 40), end: days(1, 90), expiry_grace_days: fc.constantFrom(0, 5, 30) })
    .map(({ start, end, expiry_grace_days }): Act => (_facts, today) => ({
      name: 'edit',
      input: { start_date: addDays(today, start), end_date: addDays(today, start + end), expiry_grace_days },
    })),
  fc
    .record({ mode: fc.constantFrom('manual', 'auto', 'none'), term: fc.constantFrom('P1M', 'P10D') } as const)
    .map((renewal): Act => () => ({ name: 'edit', input: { renewal } })),
  fc.boolean().map((dunning_exempt): Act => () => ({ name: 'edit', input: { dunning_exempt } })),
  fc
    .constantFrom({ suspend_days: 3, terminate_days: 6 }, { suspend_days: 20, terminate_days: null })
    .map((dunning): Act => () => ({ name: 'edit', input: { dunning } })),
  fc.constantFrom(1, 40, 500).map((quota): Act => () => ({ name: 'edit', input: { quota } })),
);
const aRenewal: fc.Arbitrary<Act> = fc.oneof(
  fc
    .record({
      term: fc.constantFrom('P1M', 'P10D', undefined),
      from: fc.constantFrom('from_now', 'from_expiry', undefined),
    } as const)
    .map((input): Act => () => ({ name: 'renew', input })),
  fc.boolean().map((accept_late): Act => () => ({ name: 'opt-out', input: { accept_late } })),
  fc
    .record({ effective: days(-30, 30), end: fc.option(days(1, 60)), quota_add: fc.option(days(1, 50)), id: fc.uuid() })
    .map(({ effective, end, quota_add, id }): Act => (_facts, today) => ({
      name: 'amend',
      input: {
        amendment_id: id,
        effective_date: addDays(today, effective),
        note: null,
        changes: { end_date: end === null ? undefined : addDays(today, end), quota_add: quota_add ?? undefined },
      },
    })),
);
const anEnd: fc.Arbitrary<Act> = fc.oneof(
  command({ name: 'terminate', input: { reason: 'breach' } }),
  command({ name: 'reinstate', input: {} }),
  command({ name: 'delete', input: { confirm_name: 'Fence 2027' } }),
);
const anEvent: fc.Arbitrary<Act> = fc
  .record({
    invoice_id: fc.constantFrom('invoice-1', 'invoice-2'),
    status: fc.constantFrom<InvoiceStatus>('OPEN', 'OPEN', 'FAILED', 'PAID', 'PAID', 'DISPUTED'),
    due: days(-20, 10),
    ago: days(0, 20),
    version: fc.constantFrom(null, 1, 2, 3),
    event_id: fc.uuid(),
  })
  .map(({ invoice_id, status, due, ago, version, event_id }): Act => (_facts, today, now) => ({
    id: event_id,
    source: 'standard',
    event_id,
    type: 'invoice.changed',
    invoice_id,
    future_dated: false,
    tries: 0,
    reported_at: now,
    look: {
      at: 'event',
      observation: { status, due: addDays(today, due), occurred_at: inDays(now, -ago), version },
    },
  }));

const anAct: fc.Arbitrary<Act> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Act>(() => null) },
  { weight: 3, arbitrary: command({ name: 'activate', input: {} }) },
  {
    weight: 1,
    arbitrary: days(1, 60).map(
      (count): Act =>
        () =>
          count,
    ),
  },
  { weight: 5, arbitrary: aHold },
  { weight: 6, arbitrary: anEdit },
  { weight: 5, arbitrary: aRenewal },
  { weight: 1, arbitrary: anEnd },
  { weight: 6, arbitrary: anEvent },
);
const aStep: fc.Arbitrary<Step> = fc.record({
  wait_ms: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3 * DAY_MS }), fc.integer({ min: 0, max: 40 * DAY_MS })),
  billing: fc.constantFrom('verified', 'skip', 'stop'),
  act: anAct,
});

/** What an act does to settled facts, as the one door through which contracts change has it done. */
function acted(facts: ContractFacts, step: Step, now: Instant): ContractChange[] {
  const act = step.act(facts, localDateAt(now, facts.timezone), now);
  if (act === null || typeof act === 'number') return [];
  if (!('name' in act)) return applyEvents(facts, [act], buildContext({ now })).changes;
  const decision = decide(act, facts, buildContext({ now }));
  return decision === 'unchanged' || isRefusal(decision) ? [] : [decision].flat();
}

interface Life {
  timezone: string;
  mode: RenewalMode;
  steps: Step[];
}
const aLife: fc.Arbitrary<Life> = fc.record({
  timezone: fc.constantFrom(...ZONES),
  mode: fc.constantFrom(...RENEWAL_MODES),
  steps: fc.array(aStep, { maxLength: STEPS_MAX }),
});

/** One run of a contract. `seen` is called with every change and the facts before it. */
function live({ timezone, mode, steps }: Life, seen: (before: ContractFacts, change: ContractChange) => void): void {
  let now = FIRST_INSTANT;
  const renewal = { ...DEFAULT_RENEWAL, mode, notice_days: 5 };
  const born = create(
    'contract-1',
    'generator-1',
    { ...CREATE_INPUT, timezone, quota: 100, expiry_grace_days: 20, term: 'P1M', renewal },
    buildContext({ now }),
  );
  if (isRefusal(born)) throw new Error(born.detail);
  let facts = born.facts;
  const take = (changes: ContractChange[]): void => {
    for (const change of changes) {
      seen(facts, change);
      facts = { ...change.facts, settled_until: facts.settled_until };
    }
  };
  for (const step of steps) {
    now = instantFromMillis(millisOf(now) + step.wait_ms);
    if (stateAt(facts, now) === 'DELETED') return;
    const settled = settle(facts, now, buildSettleContext({ billing: step.billing }));
    take(settled.changes);
    expect(settled.facts.settled_until >= facts.settled_until).toBe(true);
    facts = settled.facts;
    const at = facts.settled_until;
    take(acted(facts, step, at));
    take(consequencesOf(facts, at, buildRenewalContext()));
    const claimed = step.act(facts, localDateAt(at, facts.timezone), at);
    if (typeof claimed === 'number' && mayGenerateIn(stateAt(facts, at), facts))
      facts = {
        ...facts,
        quota: { ...facts.quota, claimed: Math.min(facts.quota.total, facts.quota.claimed + claimed) },
      };
    facts = { ...facts, settled_until: at };
    expectSound(facts, at);
  }
}

/** What holds of every facts that were ever reached. */
function expectSound(facts: ContractFacts, now: Instant): void {
  const state = stateAt(facts, now);
  expect(state).toBe(stateByThePage(facts, now));
  expect(consequencesOf(facts, now, buildRenewalContext())).toEqual([]);
  expect((nextBoundary(facts)?.at ?? '9999') > now).toBe(true);
  for (const source of HOLD_SOURCES)
    expect(facts.holds.filter((hold) => hold.source === source && hold.lifted_at === null).length).toBeLessThanOrEqual(
      1,
    );
  for (const { placed_at, lifted_at } of facts.holds) expect(lifted_at === null || placed_at <= lifted_at).toBe(true);
  expect(facts.quota.claimed).toBeLessThanOrEqual(facts.quota.total);
  if (facts.activated_at !== null && facts.end_date !== null) {
    expect((facts.term_start_date ?? '') < facts.end_date).toBe(true);
    expect((facts.start_date ?? '') <= (facts.term_start_date ?? '')).toBe(true);
  }
  if (state === 'EXPIRED' || state === 'TERMINATED' || state === 'DELETED') {
    expect(nextBoundary(facts)).toBeNull();
    expect(facts.amendments.filter(({ status }) => status === 'pending')).toEqual([]);
  }
  expect((facts.terminated_at === null) === (facts.termination_code === null)).toBe(true);
}

test(
  'no sequence of commands, billing events and time reaches a state outside the rules',
  () => {
    const reached = new Set<ContractState>();
    const made = new Set<ContractAction>();
    fc.assert(
      fc.property(aLife, (life) => {
        let last: Instant = FIRST_INSTANT;
        let terms = 1;
        live(life, (before, change) => {
          const from = stateAt(before, last);
          const to = stateAt(change.facts, change.at);
          reached.add(from).add(to);
          made.add(change.action);
          if (from !== to) {
            expect(NEXT_STATES[from]).toContain(to);
            expect(ENTERED_BY[to] ?? [change.action]).toContain(change.action);
          }
          expect(change.at >= last).toBe(true);
          expect(change.facts.revision).toBe(before.revision + (change.revised ? 1 : 0));
          if (change.renewal) expect(change.renewal.term_number).toBe((terms += 1));
          expect(change.facts.term_number).toBe(terms);
          last = change.at;
        });
      }),
      { numRuns: RUNS, seed: PROPERTY_SEED },
    );
    expect([...reached].sort()).toEqual([...CONTRACT_STATES].sort());
    const needed: ContractAction[] = [
      'amendment.failed',
      'billing.cleared',
      'contract.amended',
      'contract.expired',
      'contract.grace_started',
      'contract.renewed',
      'contract.terminated',
      'renewal.blocked',
      'renewal.opted_out',
    ];
    expect(needed.filter((action) => !made.has(action))).toEqual([]);
  },
  TIMEOUT_MS,
);
