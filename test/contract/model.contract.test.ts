/**
 * No sequence of commands, billing events and time reaches a state or a transition outside the rules of 1.3 and 1.4, or facts
 * that contradict each other. Every domain event of a contract is written on the way, as its schema describes it.
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
import { historyOf, withRemaining } from '../../domain/contract/history';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import { DEFAULT_RENEWAL, RENEWAL_MODES } from '../../domain/contract/renewal-policy';
import type { RenewalMode } from '../../domain/contract/renewal-policy';
import { CONTRACT_EVENTS } from '../../domain/webhook/contract-event';
import { eventSchema } from '../../domain/webhook/event';
import type { EventType } from '../../domain/webhook/event';
import { DAY_MS, FIRST_INSTANT, PROPERTY_SEED, ZONES } from '../harness/contract-arbitrary';
import {
  CREATE_INPUT,
  TEST_ACTOR,
  buildContext,
  buildRenewalContext,
  buildSettleContext,
} from '../harness/contract-facts';

/** The number of scenarios: enough to reach every state in many ways. They take about three seconds. */
const RUNS = 400;
/** For a machine with much other load. */
const TIMEOUT_MS = 120_000;
const STEPS_MAX = 25;
const CONTRACT_ID = '0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f';

/** The transitions of 1.4, which commands, billing events and time cause. A state may also stay the same. */
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

/** The only actions that lead into these states, because other systems act on their events. */
const ENTERED_BY: Partial<Record<ContractState, readonly ContractAction[]>> = {
  DELETED: ['contract.deleted'],
  TERMINATED: ['contract.terminated'],
};

/** The state by the rules of 1.3. It is computed without any code of the product. */
function stateBySpecification(facts: ContractFacts, now: Instant): ContractState {
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

/** The first millisecond whose date in the zone is `date`. `Intl` finds it, so it does not depend on `domain/base/calendar.ts`. */
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

/** Creates a command or a billing event for a contract. A number is a number of licenses to claim; null does nothing. */
type Action = (
  facts: ContractFacts,
  today: string,
  now: Instant,
) => ContractCommand | LookedUpBillingEvent | number | null;
interface Step {
  wait_ms: number;
  billing: SettleContext['billing'];
  action: Action;
}

const command = (sent: ContractCommand): fc.Arbitrary<Action> => fc.constant(() => sent);
const days = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const inDays = (now: Instant, count: number): Instant => instantFromMillis(millisOf(now) + count * DAY_MS);

const anyHoldCommand: fc.Arbitrary<Action> = fc.oneof(
  command({ name: 'pause', input: {} }),
  days(1, 40).map((count): Action => (_facts, _today, now) => ({
    name: 'pause',
    input: { reason: 'completed', resume_at: inDays(now, count) },
  })),
  fc.boolean().map((extend_term_on_resume): Action => () => ({ name: 'resume', input: { extend_term_on_resume } })),
  command({ name: 'compliance-hold', input: { note: 'sanctions list' } }),
  command({ name: 'compliance-release', input: {} }),
);
const anyEdit: fc.Arbitrary<Action> = fc.oneof(
  fc
    .constantFrom('active' as const, 'inactive' as const)
    .map((status): Action => () => ({ name: 'edit', input: { status } })),
  fc.constantFrom('P1M', 'P1Y', 'P10D', null).map((term): Action => () => ({ name: 'edit', input: { term } })),
  fc
    .record({ start: days(-20, 40), end: days(1, 90), expiry_grace_days: fc.constantFrom(0, 5, 30) })
    .map(({ start, end, expiry_grace_days }): Action => (_facts, today) => ({
      name: 'edit',
      input: { start_date: addDays(today, start), end_date: addDays(today, start + end), expiry_grace_days },
    })),
  fc
    .record({ mode: fc.constantFrom('manual', 'auto', 'none'), term: fc.constantFrom('P1M', 'P10D') } as const)
    .map((renewal): Action => () => ({ name: 'edit', input: { renewal } })),
  fc.boolean().map((dunning_exempt): Action => () => ({ name: 'edit', input: { dunning_exempt } })),
  fc
    .constantFrom({ suspend_days: 3, terminate_days: 6 }, { suspend_days: 20, terminate_days: null })
    .map((dunning): Action => () => ({ name: 'edit', input: { dunning } })),
  fc.constantFrom(1, 40, 500).map((quota): Action => () => ({ name: 'edit', input: { quota } })),
);
const anyRenewal: fc.Arbitrary<Action> = fc.oneof(
  fc
    .record({
      term: fc.constantFrom('P1M', 'P10D', undefined),
      from: fc.constantFrom('from_now', 'from_expiry', undefined),
    } as const)
    .map((input): Action => () => ({ name: 'renew', input })),
  fc.boolean().map((accept_late): Action => () => ({ name: 'opt-out', input: { accept_late } })),
);
const anyAmendment: fc.Arbitrary<Action> = fc
  .record({ effective: days(-30, 30), end: fc.option(days(1, 60)), quota_add: fc.option(days(1, 50)), id: fc.uuid() })
  .map(({ effective, end, quota_add, id }): Action => (_facts, today) => ({
    name: 'amend',
    input: {
      amendment_id: id,
      effective_date: addDays(today, effective),
      note: null,
      changes: { end_date: end === null ? undefined : addDays(today, end), quota_add: quota_add ?? undefined },
    },
  }));
const withdrawal: Action = ({ amendments }) => {
  const pending = amendments.find(({ status }) => status === 'pending');
  return pending === undefined ? null : { name: 'withdraw-amendment', input: { amendment_id: pending.id } };
};
const anyEnding: fc.Arbitrary<Action> = fc.oneof(
  command({ name: 'terminate', input: { reason: 'breach' } }),
  command({ name: 'reinstate', input: {} }),
  command({ name: 'delete', input: { confirm_name: 'Fence 2027' } }),
);
const anyBillingEvent: fc.Arbitrary<Action> = fc
  .record({
    invoice_id: fc.constantFrom('invoice-1', 'invoice-2'),
    status: fc.constantFrom<InvoiceStatus>('OPEN', 'OPEN', 'FAILED', 'PAID', 'PAID', 'DISPUTED'),
    due: days(-20, 10),
    ago: days(0, 20),
    version: fc.constantFrom(null, 1, 2, 3),
    event_id: fc.uuid(),
  })
  .map(({ invoice_id, status, due, ago, version, event_id }): Action => (_facts, today, now) => ({
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

const anyAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Action>(() => null) },
  { weight: 3, arbitrary: command({ name: 'activate', input: {} }) },
  {
    weight: 1,
    arbitrary: days(1, 60).map(
      (count): Action =>
        () =>
          count,
    ),
  },
  { weight: 5, arbitrary: anyHoldCommand },
  { weight: 6, arbitrary: anyEdit },
  { weight: 5, arbitrary: anyRenewal },
  { weight: 5, arbitrary: anyAmendment },
  { weight: 2, arbitrary: fc.constant(withdrawal) },
  { weight: 1, arbitrary: anyEnding },
  { weight: 6, arbitrary: anyBillingEvent },
);
const anyStep: fc.Arbitrary<Step> = fc.record({
  wait_ms: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3 * DAY_MS }), fc.integer({ min: 0, max: 40 * DAY_MS })),
  billing: fc.constantFrom('verified', 'skip', 'stop'),
  action: anyAction,
});

/** The changes that the action of a step makes to settled facts; none when it is refused. */
function changesOf(facts: ContractFacts, step: Step, now: Instant): ContractChange[] {
  const action = step.action(facts, localDateAt(now, facts.timezone), now);
  if (action === null || typeof action === 'number') return [];
  if (!('name' in action)) return applyEvents(facts, [action], buildContext({ now })).changes;
  const decision = decide(action, facts, buildContext({ now }));
  return decision === 'unchanged' || isRefusal(decision) ? [] : [decision].flat();
}

interface Scenario {
  timezone: string;
  mode: RenewalMode;
  steps: Step[];
}
const anyScenario: fc.Arbitrary<Scenario> = fc.record({
  timezone: fc.constantFrom(...ZONES),
  mode: fc.constantFrom(...RENEWAL_MODES),
  steps: fc.array(anyStep, { maxLength: STEPS_MAX }),
});

/** Runs a scenario with a new contract. Calls `onChange` with every change and the facts before it. */
function runScenario(
  { timezone, mode, steps }: Scenario,
  onChange: (before: ContractFacts | null, change: ContractChange) => void,
): void {
  let now = FIRST_INSTANT;
  const renewal = { ...DEFAULT_RENEWAL, mode, notice_days: 5 };
  const created = create(
    CONTRACT_ID,
    'generator-1',
    { ...CREATE_INPUT, timezone, quota: 100, expiry_grace_days: 20, term: 'P1M', renewal },
    buildContext({ now }),
  );
  if (isRefusal(created)) throw new Error(created.detail);
  onChange(null, created);
  let facts = created.facts;
  const applyAll = (changes: ContractChange[]): void => {
    for (const change of changes) {
      onChange(facts, change);
      facts = { ...change.facts, settled_until: facts.settled_until };
    }
  };
  for (const step of steps) {
    now = instantFromMillis(millisOf(now) + step.wait_ms);
    if (stateAt(facts, now) === 'DELETED') return;
    const settled = settle(facts, now, buildSettleContext({ billing: step.billing }));
    applyAll(settled.changes);
    expect(settled.facts.settled_until >= facts.settled_until).toBe(true);
    facts = settled.facts;
    const at = facts.settled_until;
    applyAll(changesOf(facts, step, at));
    applyAll(consequencesOf(facts, at, buildRenewalContext()));
    const claimed = step.action(facts, localDateAt(at, facts.timezone), at);
    if (typeof claimed === 'number' && mayGenerateIn(stateAt(facts, at), facts))
      facts = {
        ...facts,
        quota: { ...facts.quota, claimed: Math.min(facts.quota.total, facts.quota.claimed + claimed) },
      };
    facts = { ...facts, settled_until: at };
    expectConsistent(facts, at);
  }
}

/** The types of the events of a change. Throws when the schema of one refuses it. */
function describedEvents(before: ContractFacts | null, change: ContractChange): EventType[] {
  const { events } = historyOf(before, [{ change, actor: TEST_ACTOR }]);
  return withRemaining(events, change.facts.quota.claimed).map((event) => {
    const row = { ...event, id: CONTRACT_ID, contract_id: CONTRACT_ID, sequence: 1 };
    eventSchema(event.type).parse(JSON.parse(JSON.stringify(row)));
    return event.type;
  });
}

/** Checks the rules that hold for all facts that a contract can reach. */
function expectConsistent(facts: ContractFacts, now: Instant): void {
  const state = stateAt(facts, now);
  expect(state).toBe(stateBySpecification(facts, now));
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
    const written = new Set<EventType>();
    fc.assert(
      fc.property(anyScenario, (scenario) => {
        let last: Instant = FIRST_INSTANT;
        let terms = 1;
        runScenario(scenario, (before, change) => {
          for (const type of describedEvents(before, change)) written.add(type);
          if (before === null) return;
          const from = stateAt(before, last);
          const to = stateAt(change.facts, change.at);
          reached.add(from).add(to);
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
    expect(Object.keys(CONTRACT_EVENTS).filter((type) => !written.has(type as EventType))).toEqual([]);
  },
  TIMEOUT_MS,
);
