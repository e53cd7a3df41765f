/** Boundaries apply in order, each once and at its own instant, however late, early or often a contract is settled. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { addDays, startOfDay } from '../../domain/base/calendar';
import { stateAt } from '../../domain/contract/contract';
import type { ContractFacts, ContractState } from '../../domain/contract/facts';
import { boundariesAfter, nextAwaitedBoundary, nextBoundary, settle } from '../../domain/contract/boundary';
import { isAwaited } from '../../domain/contract/boundary-kind';
import type { GeneratorFacts } from '../../domain/catalogue/generator';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import { DAY_MS, PROPERTY_SEED, anyFacts, anySettleInstants } from '../harness/contract-arbitrary';
import { boundariesInAllZones } from '../harness/print-boundaries';
import {
  FACTS_BY_STATE,
  NOON,
  buildAmendment,
  buildAutoRenewingFacts,
  buildFacts,
  buildHold,
  buildInvoice,
  buildSettleContext,
  detailsOf,
} from '../harness/contract-facts';
import { RUN_SOURCES } from '../../dev/run-sources';

/** Runs of a property: about two seconds. */
const RUNS = 80;

const verified = buildSettleContext();
/** A complete catalogue, and one in which no contract can be renewed. */
const anyCatalogue = fc.constantFrom({}, { generators: new Map<string, GeneratorFacts>() });
/** No reminder is due for a contract without an end. */
const UNRENEWED = { ...DEFAULT_RENEWAL, mode: 'none' as const };
const WAITING = buildAmendment({ effective_date: '2027-09-01' });

interface AuditedChange {
  at: Instant;
  action: string;
  before: ContractState;
  after: ContractState;
  revision: number;
}

/** The audit rows of the boundaries: action, instant, and the states before and after. */
function auditOf(before: ContractFacts, changes: ReturnType<typeof settle>['changes']): AuditedChange[] {
  let previous = stateAt(before, before.settled_until);
  return changes.map(({ at, action, facts }) => {
    const row = { at, action, before: previous, after: stateAt(facts, at), revision: facts.revision };
    previous = row.after;
    return row;
  });
}

/** Everything that the boundaries record, without the mark of superseded reminders. */
function history(changes: ReturnType<typeof settle>['changes']) {
  return changes.map((change) => {
    const { superseded: _superseded, ...details } = detailsOf(change);
    const facts = { ...change.facts, settled_until: null };
    return { ...change, details, state: stateAt(change.facts, change.at), facts };
  });
}

describe('settle', () => {
  const unsettled = buildFacts({
    start_date: '2027-02-01',
    end_date: '2028-02-01',
    expiry_grace_days: 10,
    settled_until: '2027-01-01T00:00:00.000Z',
    holds: [buildHold({ placed_at: '2027-01-01T00:00:00.000Z', resume_at: '2027-03-01T09:00:00.000Z' })],
    renewal: UNRENEWED,
  });

  test('applies everything due, in order, each at its own instant', () => {
    const { facts, changes } = settle(unsettled, '2030-01-01T00:00:00.000Z', verified);
    expect(auditOf(unsettled, changes)).toEqual([
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

  test('applies a boundary exactly at its instant and not a millisecond earlier', () => {
    expect(settle(unsettled, '2027-01-31T23:59:59.999Z', verified).changes).toHaveLength(0);
    expect(settle(unsettled, '2027-02-01T00:00:00.000Z', verified).changes).toHaveLength(1);
  });

  test('applies nothing twice', () => {
    const once = settle(unsettled, '2027-06-01T00:00:00.000Z', verified);
    expect(settle(once.facts, '2027-06-01T00:00:00.000Z', verified).changes).toHaveLength(0);
    expect(settle(once.facts, '2027-01-15T00:00:00.000Z', verified).facts).toEqual(once.facts);
  });

  test('applies boundaries of one instant together: starts, resumes, grace, expiry', () => {
    const at = '2027-02-01T00:00:00.000Z';
    const start = { ...unsettled, holds: [buildHold({ placed_at: '2027-01-01T00:00:00.000Z', resume_at: at })] };
    expect(settle(start, at, verified).changes.map(({ action }) => action)).toEqual([
      'contract.term_started',
      'contract.resumed',
    ]);
    const end = { ...start, start_date: '2027-01-01', end_date: '2027-02-01' };
    expect(settle(end, at, verified).changes.map(({ action }) => action)).toEqual([
      'contract.resumed',
      'contract.grace_started',
    ]);
    const over = { ...end, expiry_grace_days: 0 };
    expect(auditOf(over, settle(over, at, verified).changes)).toMatchObject([
      { action: 'contract.resumed', after: 'EXPIRED' },
      { action: 'contract.expired', after: 'EXPIRED' },
    ]);
  });

  test('a hold with an end after the expiry is not lifted', () => {
    const facts = {
      ...unsettled,
      holds: [buildHold({ placed_at: '2027-01-01T00:00:00.000Z', resume_at: '2029-01-01T00:00:00.000Z' })],
    };
    expect(settle(facts, '2030-01-01T00:00:00.000Z', verified).changes.map(({ action }) => action)).not.toContain(
      'contract.resumed',
    );
  });

  test('a day without a midnight begins with its first instant', () => {
    // On 24 April 2026 the clocks of Cairo went from 00:00 to 01:00.
    const facts = buildFacts({
      timezone: 'Africa/Cairo',
      start_date: '2026-04-24',
      end_date: null,
      settled_until: '2026-04-01T00:00:00.000Z',
    });
    expect(nextBoundary(facts)).toEqual({ kind: 'starts', at: '2026-04-23T22:00:00.000Z' });
  });

  test('a draft and a contract that is over have no boundaries', () => {
    for (const facts of [
      FACTS_BY_STATE.DRAFT,
      FACTS_BY_STATE.EXPIRED,
      FACTS_BY_STATE.TERMINATED,
      { ...FACTS_BY_STATE.ACTIVE, deleted_at: FACTS_BY_STATE.ACTIVE.settled_until },
    ]) {
      expect(boundariesAfter(facts, facts.settled_until)).toEqual([]);
    }
  });

  test('applies boundaries of one instant in the order of their kinds', () => {
    const at = '2027-09-01T00:00:00.000Z';
    const everything = buildFacts({
      start_date: '2027-09-01',
      term_start_date: null,
      end_date: '2027-10-01',
      renewal: { ...DEFAULT_RENEWAL, mode: 'auto', term: 'P1Y', notice_days: 30 },
      invoices: [buildInvoice({ due_date: '2027-08-31' })],
      amendments: [
        { ...WAITING, id: 'b', changes: { activation_limit: 1 } },
        { ...WAITING, id: 'a' },
      ],
      holds: [buildHold({ resume_at: at })],
    });
    expect(boundariesAfter(everything, '2027-08-31T23:59:59.999Z').filter((one) => one.at === at)).toEqual(
      ['starts', 'resumes', 'quota_granted', 'amendment', 'notice_deadline', 'past_due'].map((kind) => ({ at, kind })),
    );
    const { changes } = settle(everything, at, verified);
    expect(changes.filter((one) => one.at === at).map(({ boundary }) => boundary)).toEqual([
      'starts',
      'resumes',
      'quota_granted',
      'amendment',
      'notice_deadline',
      'past_due',
    ]);
    const ending = { ...everything, end_date: '2027-09-01', start_date: '2027-01-01', expiry_grace_days: 3 };
    const owing = { ...ending, invoices: [buildInvoice({ due_date: '2027-08-18' })], past_due_since: NOON };
    expect(
      boundariesAfter(owing, '2027-08-31T23:59:59.999Z')
        .filter((one) => one.at === at)
        .map(({ kind }) => kind),
    ).toEqual(['resumes', 'quota_granted', 'amendment', 'suspends', 'renews', 'grace_starts']);
  });

  test('applies a termination before a renewal of the same instant, which then does not happen', () => {
    const facts = buildAutoRenewingFacts(
      {},
      { end_date: '2027-09-01', expiry_grace_days: 9, invoices: [buildInvoice({ due_date: '2027-07-03' })] },
    );
    const { changes } = settle(facts, '2027-10-01T00:00:00.000Z', verified);
    expect(changes.slice(-1)).toMatchObject([{ action: 'contract.terminated', at: '2027-09-01T00:00:00.000Z' }]);
  });
});

describe('local days', () => {
  test.each<[zone: string, start_date: string, end_date: string, starts: Instant, ends: Instant]>([
    // The clocks go forward and back on these days, at midnight in Cairo, later elsewhere.
    ['Europe/Berlin', '2027-03-28', '2027-10-31', '2027-03-27T23:00:00.000Z', '2027-10-30T22:00:00.000Z'],
    ['Europe/Berlin', '2027-03-29', '2027-11-01', '2027-03-28T22:00:00.000Z', '2027-10-31T23:00:00.000Z'],
    ['America/New_York', '2027-03-14', '2027-11-07', '2027-03-14T05:00:00.000Z', '2027-11-07T04:00:00.000Z'],
    ['America/New_York', '2027-03-15', '2027-11-08', '2027-03-15T04:00:00.000Z', '2027-11-08T05:00:00.000Z'],
    ['Africa/Cairo', '2024-04-26', '2024-11-01', '2024-04-25T22:00:00.000Z', '2024-10-31T22:00:00.000Z'],
    ['Africa/Cairo', '2024-04-27', '2024-10-31', '2024-04-26T21:00:00.000Z', '2024-10-30T21:00:00.000Z'],
    ['Pacific/Auckland', '2027-04-04', '2027-09-26', '2027-04-03T11:00:00.000Z', '2027-09-25T12:00:00.000Z'],
    ['Pacific/Auckland', '2027-04-05', '2027-09-27', '2027-04-04T12:00:00.000Z', '2027-09-26T11:00:00.000Z'],
    ['Asia/Kolkata', '2027-03-28', '2027-10-31', '2027-03-27T18:30:00.000Z', '2027-10-30T18:30:00.000Z'],
  ])('of %s begin with their first valid instant: %s to %s', (timezone, start_date, end_date, starts, ends) => {
    const facts = buildFacts({
      timezone,
      start_date,
      end_date,
      expiry_grace_days: 1,
      renewal: UNRENEWED,
      settled_until: startOfDay(addDays(start_date, -30), timezone),
    });
    const { changes } = settle(facts, startOfDay(addDays(end_date, 30), timezone), verified);
    expect(changes.map(({ at, action }) => [action, at])).toEqual([
      ['contract.term_started', starts],
      ['contract.grace_started', ends],
      ['contract.expired', startOfDay(addDays(end_date, 1), timezone)],
    ]);
    const justBefore = (instant: Instant): Instant => instantFromMillis(millisOf(instant) - 1);
    expect([justBefore(starts), starts, justBefore(ends), ends].map((now) => stateAt(facts, now))).toEqual([
      'SCHEDULED',
      'ACTIVE',
      'ACTIVE',
      'EXPIRY_GRACE',
    ]);
  });

  test('count for the dunning schedule and before the end, across clock changes', () => {
    const facts = buildFacts({
      timezone: 'America/New_York',
      start_date: '2027-01-01',
      end_date: '2027-04-01',
      settled_until: '2027-03-05T12:00:00.000Z',
      invoices: [buildInvoice({ due_date: '2027-03-07' })],
    });
    const { changes } = settle(facts, '2027-04-02T00:00:00.000Z', verified);
    expect(changes.map(({ boundary, at }) => [boundary, at])).toEqual([
      ['past_due', '2027-03-08T05:00:00.000Z'],
      ['suspends', '2027-03-21T04:00:00.000Z'],
      ['reminder', '2027-03-25T04:00:00.000Z'],
      ['expires', '2027-04-01T04:00:00.000Z'],
    ]);
  });
});

describe('settling', () => {
  test('late gives the same history and facts as settling at every instant', () => {
    fc.assert(
      fc.property(anyFacts, anySettleInstants, anyCatalogue, (facts, instants, catalogue) => {
        const context = buildSettleContext(catalogue);
        let punctual = facts;
        const punctually = instants.flatMap((now) => {
          const { changes, facts: next } = settle(punctual, now, context);
          punctual = next;
          return history(changes);
        });
        const late = settle(facts, instants.at(-1) as Instant, context);
        expect(history(late.changes)).toEqual(punctually);
        expect(late.facts).toEqual(punctual);
      }),
      { numRuns: RUNS, seed: PROPERTY_SEED },
    );
  });

  test('early, or twice, changes nothing', () => {
    fc.assert(
      fc.property(anyFacts, anySettleInstants, (facts, instants) => {
        const last = instants.at(-1) as Instant;
        const once = settle(facts, last, verified);
        expect(settle(once.facts, last, verified)).toEqual({ facts: once.facts, changes: [] });
        for (const early of instants.filter((at) => at < once.facts.settled_until))
          expect(settle(once.facts, early, verified)).toEqual({ facts: once.facts, changes: [] });
        const next = nextBoundary(once.facts);
        const just_before = next === null ? last : instantFromMillis(millisOf(next.at) - 1);
        expect(settle(once.facts, just_before, verified).changes).toEqual([]);
      }),
      { numRuns: RUNS, seed: PROPERTY_SEED },
    );
  });

  test('with stops for verification gives the same history as with known answers', () => {
    fc.assert(
      fc.property(anyFacts, anySettleInstants, anyCatalogue, (facts, instants, catalogue) => {
        const known_answer = buildSettleContext(catalogue);
        const unverified = buildSettleContext({ ...catalogue, billing: 'stop' });
        // The first answer applies what had been skipped before the first query.
        fc.pre(settle(facts, facts.settled_until, known_answer).changes.length === 0);
        const last = instants.at(-1) as Instant;
        const asked: ReturnType<typeof history> = [];
        let asking = facts;
        for (const now of instants) {
          for (;;) {
            const stopped = settle(asking, now, unverified);
            asked.push(...history(stopped.changes));
            asking = stopped.facts;
            if (asking.settled_until >= now) break;
            // The answer is that nothing was paid; what is due at the next instant is done then.
            const at_once = settle(asking, instantFromMillis(millisOf(asking.settled_until) + 1), known_answer);
            asked.push(...history(at_once.changes));
            asking = at_once.facts;
          }
        }
        const known = settle(facts, last > facts.settled_until ? last : facts.settled_until, known_answer);
        expect(asked).toEqual(history(known.changes));
        expect(asking).toEqual(known.facts);
      }),
      { numRuns: RUNS, seed: PROPERTY_SEED },
    );
  });

  test('returns the changes in order, and no state changes without one', () => {
    fc.assert(
      fc.property(anyFacts, fc.integer({ min: 1, max: 900 * DAY_MS }), (facts, ms) => {
        const now = instantFromMillis(millisOf(facts.settled_until) + ms);
        const { changes, facts: settled } = settle(facts, now, verified);
        const instants = changes.map(({ at }) => at);
        expect(instants).toEqual([...instants].sort());
        expect(instants.every((at) => at >= facts.settled_until && at <= now)).toBe(true);
        expect(settled.settled_until).toBe(now);
        const last = changes.at(-1);
        expect(stateAt(settled, now)).toBe(last ? stateAt(last.facts, last.at) : stateAt(facts, facts.settled_until));
        for (const [index, { at, facts: then }] of changes.entries()) {
          const next = changes[index + 1]?.at ?? now;
          if (next > at) expect(stateAt(then, instantFromMillis(millisOf(next) - 1))).toBe(stateAt(then, at));
        }
      }),
      { numRuns: RUNS, seed: PROPERTY_SEED },
    );
  });
});

test('boundaries that only inform change no fact, no state and not the next awaited boundary', () => {
  let informing = 0;
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const next = nextBoundary(facts);
      if (next === null || isAwaited(next.kind)) return;
      const awaited = nextAwaitedBoundary(facts);
      const until = instantFromMillis(Math.min(millisOf(awaited?.at ?? next.at) - 1, millisOf(next.at) + 40 * DAY_MS));
      if (until < next.at) return;
      informing += 1;
      const settled = settle(facts, until, verified).facts;
      expect({ ...settled, settled_until: null }).toEqual({ ...facts, settled_until: null });
      expect(stateAt(settled, until)).toBe(stateAt(facts, facts.settled_until));
      expect(nextAwaitedBoundary(settled)).toEqual(awaited);
    }),
    { numRuns: 20 * RUNS, seed: PROPERTY_SEED },
  );
  expect(informing).toBeGreaterThan(0);
});

test.each(['UTC', 'America/Los_Angeles', 'Asia/Kolkata'])('the zone of the process changes nothing: TZ=%s', (zone) => {
  const child = spawnSync(process.execPath, [...RUN_SOURCES, join(__dirname, '..', 'harness', 'print-boundaries.ts')], {
    cwd: join(__dirname, '..', '..'),
    env: { ...process.env, TZ: zone },
    encoding: 'utf8',
  });
  const offsets: Record<string, number> = { UTC: 0, 'America/Los_Angeles': 480, 'Asia/Kolkata': -330 };
  expect(child.stderr).toBe('');
  const { offset, boundaries } = JSON.parse(child.stdout) as { offset: number; boundaries: unknown };
  expect(offset).toBe(offsets[zone]);
  expect(boundaries).toEqual(JSON.parse(JSON.stringify(boundariesInAllZones())));
});
