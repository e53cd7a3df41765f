/**
 * Boundaries are crossed in order, each once and at its own instant, however late anybody looks.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { addDays } from '../domain/calendar';
import { CONTRACT_STATES, openHold, stateAt } from '../domain/contract';
import type { ContractFacts, ContractState } from '../domain/contract';
import { boundariesAfter, nextBoundary, settle } from '../domain/contract-boundary';
import { decide } from '../domain/contract-commands';
import type { ContractCommand } from '../domain/contract-commands';
import { instantFromMillis, millisOf } from '../domain/instant';
import type { Instant } from '../domain/instant';
import { isRefusal } from '../domain/refusal';
import { buildContext, buildFacts, buildHold, FACTS_IN } from './harness/contract-facts';

/** Zones whose clocks change, have no midnight, skipped a day, or lie half an hour aside. */
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Africa/Cairo', 'Asia/Kolkata', 'Pacific/Apia'];
const DAY_MS = 86_400_000;
const FROM_MS = millisOf('2026-01-01T00:00:00.000Z');
const DAYS_MAX = 900;
/** Runs of a property: enough to meet every pair of boundaries, and two seconds. */
const RUNS = 300;
const SEED = 20_261_122;

interface Told {
  at: Instant;
  action: string;
  before: ContractState;
  after: ContractState;
  revision: number;
}

/** The audit that crossings leave: what, when, and between which states. */
function told(before: ContractFacts, crossed: ReturnType<typeof settle>['crossed']): Told[] {
  let previous = stateAt(before, before.settled_until);
  return crossed.map(({ at, action, facts }) => {
    const row = { at, action, before: previous, after: stateAt(facts, at), revision: facts.revision };
    previous = row.after;
    return row;
  });
}

describe('settle', () => {
  const untold = buildFacts({
    start_date: '2027-02-01',
    end_date: '2028-02-01',
    expiry_grace_days: 10,
    settled_until: '2027-01-01T00:00:00.000Z',
    holds: [buildHold({ placed_at: '2027-01-01T00:00:00.000Z', resume_at: '2027-03-01T09:00:00.000Z' })],
  });

  test('crosses everything due, in order, each at its own instant', () => {
    const { facts, crossed } = settle(untold, '2030-01-01T00:00:00.000Z');
    expect(told(untold, crossed)).toEqual([
      {
        at: '2027-02-01T00:00:00.000Z',
        action: 'contract.term_started',
        before: 'SCHEDULED',
        after: 'PAUSED',
        revision: 1,
      },
      { at: '2027-03-01T09:00:00.000Z', action: 'contract.resumed', before: 'PAUSED', after: 'ACTIVE', revision: 2 },
      {
        at: '2028-02-01T00:00:00.000Z',
        action: 'contract.grace_started',
        before: 'ACTIVE',
        after: 'EXPIRY_GRACE',
        revision: 2,
      },
      {
        at: '2028-02-11T00:00:00.000Z',
        action: 'contract.expired',
        before: 'EXPIRY_GRACE',
        after: 'EXPIRED',
        revision: 2,
      },
    ]);
    expect(facts.settled_until).toBe('2030-01-01T00:00:00.000Z');
    expect(nextBoundary(facts)).toBeNull();
  });

  test('crosses a boundary at its very instant and not a millisecond earlier', () => {
    expect(settle(untold, '2027-01-31T23:59:59.999Z').crossed).toHaveLength(0);
    expect(settle(untold, '2027-02-01T00:00:00.000Z').crossed).toHaveLength(1);
  });

  test('crosses nothing twice', () => {
    const once = settle(untold, '2027-06-01T00:00:00.000Z');
    expect(settle(once.facts, '2027-06-01T00:00:00.000Z').crossed).toHaveLength(0);
    expect(settle(once.facts, '2027-01-15T00:00:00.000Z').facts).toEqual(once.facts);
  });

  test('crosses boundaries of one instant together: starts, resumes, grace, expiry', () => {
    const at = '2027-02-01T00:00:00.000Z';
    const start = { ...untold, holds: [buildHold({ placed_at: '2027-01-01T00:00:00.000Z', resume_at: at })] };
    expect(settle(start, at).crossed.map(({ action }) => action)).toEqual([
      'contract.term_started',
      'contract.resumed',
    ]);
    const end = { ...start, start_date: '2027-01-01', end_date: '2027-02-01' };
    expect(settle(end, at).crossed.map(({ action }) => action)).toEqual(['contract.resumed', 'contract.grace_started']);
    const over = { ...end, expiry_grace_days: 0 };
    expect(told(over, settle(over, at).crossed)).toMatchObject([
      { action: 'contract.resumed', after: 'EXPIRED' },
      { action: 'contract.expired', after: 'EXPIRED' },
    ]);
  });

  test('a hold that would be lifted after the expiry is not', () => {
    const facts = {
      ...untold,
      holds: [buildHold({ placed_at: '2027-01-01T00:00:00.000Z', resume_at: '2029-01-01T00:00:00.000Z' })],
    };
    expect(settle(facts, '2030-01-01T00:00:00.000Z').crossed.map(({ action }) => action)).not.toContain(
      'contract.resumed',
    );
  });

  test('a day whose midnight the clocks skip begins with its first instant', () => {
    // On 24 April 2026 the clocks of Cairo went from 00:00 to 01:00.
    const facts = buildFacts({
      timezone: 'Africa/Cairo',
      start_date: '2026-04-24',
      end_date: null,
      settled_until: '2026-04-01T00:00:00.000Z',
    });
    expect(nextBoundary(facts)).toEqual({ kind: 'starts', at: '2026-04-23T22:00:00.000Z' });
  });

  test('a draft has no boundaries, nor has what is over', () => {
    for (const facts of [
      FACTS_IN.DRAFT,
      FACTS_IN.EXPIRED,
      { ...FACTS_IN.ACTIVE, deleted_at: FACTS_IN.ACTIVE.settled_until },
    ]) {
      expect(boundariesAfter(facts, facts.settled_until)).toEqual([]);
    }
  });
});

const anInstant = fc.integer({ min: 0, max: DAYS_MAX * DAY_MS }).map((ms) => instantFromMillis(FROM_MS + ms));
const aDate = fc.integer({ min: 0, max: DAYS_MAX }).map((days) => addDays('2026-01-01', days));
/** Instants that like to fall on the boundaries of dates. */
const aLikelyInstant = fc.oneof(
  anInstant,
  aDate.map((date) => `${date}T00:00:00.000Z`),
);

const someFacts: fc.Arbitrary<ContractFacts> = fc
  .record({
    timezone: fc.constantFrom(...ZONES),
    start_date: aDate,
    days: fc.option(fc.integer({ min: 1, max: 400 })),
    expiry_grace_days: fc.integer({ min: 0, max: 90 }),
    settled_until: aLikelyInstant,
    resume_at: fc.option(aLikelyInstant),
    paused: fc.boolean(),
  })
  .map(({ days, resume_at, paused, ...facts }) => {
    const placed_at = instantFromMillis(FROM_MS);
    const holds = paused
      ? [buildHold({ placed_at, resume_at: resume_at !== null && resume_at > facts.settled_until ? resume_at : null })]
      : [];
    return buildFacts({ ...facts, end_date: days === null ? null : addDays(facts.start_date, days), holds });
  });

test('whoever looks late finds the same history as whoever looked all the time', () => {
  fc.assert(
    fc.property(someFacts, fc.array(aLikelyInstant, { maxLength: 12 }), anInstant, (facts, looks, last) => {
      let punctual = facts;
      const history: Told[] = [];
      for (const now of [...looks.sort(), last]) {
        const settled = settle(punctual, now);
        history.push(...told(punctual, settled.crossed));
        punctual = settled.facts;
      }
      const latest = [...looks, last].sort().at(-1) as Instant;
      const late = settle(facts, latest);
      expect(told(facts, late.crossed)).toEqual(history);
      expect(late.facts).toEqual({ ...punctual, settled_until: late.facts.settled_until });
    }),
    { numRuns: RUNS, seed: SEED },
  );
});

test('the state changes at boundaries and nowhere else', () => {
  fc.assert(
    fc.property(someFacts, fc.integer({ min: 1, max: DAYS_MAX * DAY_MS }), (facts, ms) => {
      const next = nextBoundary(facts);
      const asked = instantFromMillis(millisOf(facts.settled_until) + ms);
      if (next !== null && asked >= next.at) return;
      expect(stateAt(facts, asked)).toBe(stateAt(facts, facts.settled_until));
    }),
    { numRuns: RUNS, seed: SEED },
  );
});

/** 1.3 once more, written from the page and with nothing of the product but its calendar. */
function stateByThePage(facts: ContractFacts, now: Instant): ContractState {
  const midnight = (date: string): Instant => new Date(boundaryMillis(date, facts.timezone)).toISOString();
  const end = facts.end_date;
  const rules: [ContractState, boolean][] = [
    ['DELETED', facts.deleted_at !== null],
    ['DRAFT', facts.activated_at === null],
    ['SCHEDULED', facts.start_date !== null && now < midnight(facts.start_date)],
    [
      'EXPIRED',
      end !== null &&
        now >= midnight(new Date(Date.parse(end) + facts.expiry_grace_days * DAY_MS).toISOString().slice(0, 10)),
    ],
    ['PAUSED', facts.holds.some((hold) => hold.lifted_at === null)],
    ['EXPIRY_GRACE', end !== null && now >= midnight(end)],
  ];
  return rules.find(([, holds]) => holds)?.[0] ?? 'ACTIVE';
}

/** The first millisecond whose date in the zone is `date`, found by asking `Intl`, which knows nothing of our calendar. */
function boundaryMillis(date: string, zone: string): number {
  const dateIn = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  const noon = Date.parse(`${date}T00:00:00Z`);
  let before = noon - 2 * DAY_MS;
  let after = noon + 2 * DAY_MS;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (dateIn.format(middle) >= date) after = middle;
    else before = middle;
  }
  return after;
}

/** The transitions of 1.4 that commands and the clock can make, besides staying. */
const NEXT_STATES: Record<ContractState, ContractState[]> = {
  DRAFT: ['SCHEDULED', 'ACTIVE', 'EXPIRY_GRACE', 'DELETED'],
  SCHEDULED: ['ACTIVE', 'PAUSED', 'EXPIRED', 'EXPIRY_GRACE', 'DELETED'],
  ACTIVE: ['PAUSED', 'EXPIRY_GRACE', 'EXPIRED'],
  PAUSED: ['ACTIVE', 'EXPIRY_GRACE', 'EXPIRED', 'DELETED'],
  EXPIRY_GRACE: ['PAUSED', 'EXPIRED', 'DELETED'],
  EXPIRED: ['DELETED'],
  DELETED: [],
};

type Step = { wait_ms: number; command: ContractCommand | null };

const aCommand: fc.Arbitrary<ContractCommand | null> = fc.oneof(
  fc.constant(null),
  fc.constant<ContractCommand>({ name: 'activate', input: {} }),
  fc
    .record({ reason: fc.constantFrom('paused' as const, 'completed' as const), resume_at: fc.option(aLikelyInstant) })
    .map((input): ContractCommand => ({ name: 'pause', input })),
  fc.boolean().map((extend_term_on_resume): ContractCommand => ({ name: 'resume', input: { extend_term_on_resume } })),
  fc
    .constantFrom('active' as const, 'inactive' as const)
    .map((status): ContractCommand => ({ name: 'edit', input: { status } })),
  fc
    .record({ start_date: aDate, term: fc.constantFrom('P1M', 'P1Y', 'P10D') })
    .map((input): ContractCommand => ({ name: 'edit', input })),
  fc
    .record({ end_date: fc.option(aDate), expiry_grace_days: fc.integer({ min: 0, max: 90 }) })
    .map((input): ContractCommand => ({ name: 'edit', input })),
  fc.constant<ContractCommand>({ name: 'delete', input: { confirm_name: 'Fence 2027' } }),
);
const aStep: fc.Arbitrary<Step> = fc.record({ wait_ms: fc.integer({ min: 0, max: 60 * DAY_MS }), command: aCommand });

test('no sequence of commands reaches a state, or a way to it, that the rules do not give', () => {
  const reached = new Set<ContractState>();
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), fc.array(aStep, { maxLength: 25 }), (timezone, steps) => {
      let now = instantFromMillis(FROM_MS);
      let facts = buildFacts({ activated_at: null, start_date: null, end_date: null, timezone, settled_until: now });
      for (const { wait_ms, command } of steps) {
        now = instantFromMillis(millisOf(now) + wait_ms);
        const before = facts;
        const settled = settle(before, now);
        let state = stateAt(before, before.settled_until);
        const step = (next: ContractState): void => {
          if (next !== state) expect(NEXT_STATES[state]).toContain(next);
          state = next;
        };
        settled.crossed.forEach(({ facts: crossed, at }) => step(stateAt(crossed, at)));
        step(stateAt(settled.facts, now));
        facts = settled.facts;
        if (state === 'DELETED') continue;

        const decision = command === null ? 'unchanged' : decide(command, facts, buildContext({ now }));
        if (decision !== 'unchanged' && !isRefusal(decision)) {
          expect(decision.facts.revision).toBe(facts.revision + 1);
          facts = { ...decision.facts, settled_until: now };
          step(stateAt(facts, now));
        }
        reached.add(state);
        expect(state).toBe(stateByThePage(facts, now));
        expect(facts.holds.filter((hold) => hold.lifted_at === null).length).toBeLessThanOrEqual(1);
        expect(openHold(facts, now)?.resume_at ?? now >= now).toBeTruthy();
        expect((nextBoundary(facts)?.at ?? '9999') > now).toBe(true);
      }
    }),
    { numRuns: RUNS, seed: SEED },
  );
  expect([...reached].sort()).toEqual([...CONTRACT_STATES].sort());
});

test.each(['UTC', 'Pacific/Kiritimati', 'America/St_Johns'])(
  'the zone of the process changes nothing: TZ=%s',
  (zone) => {
    const program = `
    const { settle } = require('./domain/contract-boundary');
    const { buildFacts } = require('./test/harness/contract-facts');
    const facts = buildFacts({ timezone: 'America/New_York', start_date: '2027-03-14', end_date: '2027-11-07', expiry_grace_days: 1, settled_until: '2027-01-01T00:00:00.000Z' });
    console.log(new Date(2027, 0, 1).getTimezoneOffset(), settle(facts, '2028-01-01T00:00:00.000Z').crossed.map((change) => change.at).join(' '));`;
    const child = spawnSync(process.execPath, ['--require', 'tsx/cjs', '--eval', program], {
      cwd: join(__dirname, '..'),
      env: { ...process.env, TZ: zone },
      encoding: 'utf8',
    });
    const [offset, ...instants] = child.stdout.trim().split(' ');
    const offsets: Record<string, string> = { UTC: '0', 'Pacific/Kiritimati': '-840', 'America/St_Johns': '210' };
    expect(child.stderr).toBe('');
    expect(offset).toBe(offsets[zone]);
    expect(instants).toEqual(['2027-03-14T05:00:00.000Z', '2027-11-07T04:00:00.000Z', '2027-11-08T05:00:00.000Z']);
  },
);
