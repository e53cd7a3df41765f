/**
 * The order of billing events and boundaries: an event counts when it was received, and nothing irreversible is done while one
 * is pending.
 */
import fc from 'fast-check';
import { nextEventTurn, planSettling, waitsForEvents } from '../../domain/contract/interleaving';
import type { Settling } from '../../domain/contract/interleaving';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import type { Invoice, ObservedInvoice } from '../../domain/billing/invoice';
import { NOON, buildFacts } from '../harness/contract-facts';

const at = (hours: number): Instant => instantFromMillis(millisOf(NOON) + hours * 3_600_000);
const arrived = (hours: number) => ({ reported_at: at(hours) });

const INVOICE: Invoice = {
  source: 'standard',
  invoice_id: 'in_1',
  status: 'OPEN',
  due_date: '2027-01-01',
  disputed_on: null,
  occurred_at: at(-48),
  version: null,
  fetched_at: null,
  rank: 0,
};
const PAID: ObservedInvoice = {
  source: 'standard',
  invoice_id: 'in_1',
  status: 'PAID',
  due: null,
  occurred_at: at(-2),
  version: null,
  fetched_at: at(-1),
};
const FACTS = buildFacts({ invoices: [INVOICE], settled_until: at(-24) });
const TIMES = { clock: at(0), settled_until: at(-24), events_wait: false };

const BY_ANSWER: Settling = { by: 'answer', answer: { fetched: [PAID] }, foreign: [] };

describe('the settle plan', () => {
  test.each<[string, Settling, boolean]>([
    ['the workflow', { by: 'workflow' }, true],
    ['an answer', BY_ANSWER, true],
    ['silence of the billing system', { by: 'answer', answer: 'unreachable', foreign: [] }, false],
    ['a look', { by: 'time' }, false],
    ['an event of another contract', { by: 'invoices_elsewhere', seen: [PAID] }, false],
  ])('%s waits for events that are due: %j %s', (_who, settling, waits) => {
    expect(waitsForEvents(settling)).toBe(waits);
  });

  test('while an event is pending no boundary is applied, and an answer that may be older than it does not count', () => {
    for (const settling of [{ by: 'workflow' }, BY_ANSWER] as const)
      expect(planSettling(FACTS, settling, { ...TIMES, events_wait: true })).toEqual({
        facts: FACTS,
        until: at(-24),
        billing: 'stop',
      });
  });

  test('an answer verifies; a missing answer skips the boundary and records the next query', () => {
    const verified = planSettling(FACTS, BY_ANSWER, TIMES);
    expect(verified).toMatchObject({ until: at(0), billing: 'verified', facts: { invoices: [{ status: 'PAID' }] } });
    const unreachable = planSettling(FACTS, { by: 'answer', answer: 'unreachable', foreign: [] }, TIMES);
    expect(unreachable).toMatchObject({ billing: 'skip', facts: { billing_unreachable_since: at(0) } });
    expect(unreachable.facts.verify_after).not.toBeNull();
  });

  test('an invoice of another contract is removed, unless this contract knows newer data of it', () => {
    const foreign = planSettling(FACTS, { by: 'answer', answer: { fetched: [] }, foreign: [INVOICE] }, TIMES);
    expect(foreign.facts.invoices).toEqual([]);
    const elsewhere = (seen: ObservedInvoice) =>
      planSettling(FACTS, { by: 'invoices_elsewhere', seen: [seen] }, TIMES).facts.invoices;
    expect(elsewhere(PAID)).toEqual([]);
    expect(elsewhere({ ...PAID, status: 'OPEN', fetched_at: null, occurred_at: at(-72) })).toEqual([INVOICE]);
  });

  test('by time it goes up to the given instant, never past the clock and never back', () => {
    const until = (hours: number | undefined) =>
      planSettling(FACTS, { by: 'time', ...(hours === undefined ? {} : { until: at(hours) }) }, TIMES).until;
    expect([until(undefined), until(-3), until(5), until(-100)]).toEqual([at(0), at(-3), at(0), at(-24)]);
  });
});

describe('the next events', () => {
  test('are all known events when no boundary is due', () => {
    const known = [arrived(-5), arrived(-1)];
    const last = { events: known, until: undefined, is_last: true };
    expect(nextEventTurn(known, [], null, NOON)).toEqual(last);
    expect(nextEventTurn(known, [arrived(-9)], at(1), NOON)).toEqual(last);
  });

  test('are those received before the boundary, and the contract is settled up to the last of them', () => {
    const [early, late] = [arrived(-5), arrived(-1)];
    expect(nextEventTurn([late, early], [], at(-3), NOON)).toEqual({ events: [early], until: at(-5), is_last: false });
    expect(nextEventTurn([late], [], at(-3), NOON)).toEqual({ events: [], until: at(-3), is_last: false });
  });

  test('an event received at the instant of the boundary counts after it', () => {
    expect(nextEventTurn([arrived(-3)], [], at(-3), NOON)).toEqual({ events: [], until: at(-3), is_last: false });
  });

  test('the boundary is not applied while an event from before it has no answer', () => {
    expect(nextEventTurn([], [arrived(-4)], at(-3), NOON)).toEqual({ events: [], until: at(-4), is_last: true });
    expect(nextEventTurn([], [arrived(-2)], at(-3), NOON)).toEqual({ events: [], until: at(-3), is_last: false });
  });

  test('turn by turn, every known event is applied before the boundaries after its receipt, and no boundary after an unanswered one', () => {
    const hours = fc.array(fc.integer({ min: -50, max: -1 }), { maxLength: 8 });
    fc.assert(
      fc.property(hours, hours, hours, (known_hours, unanswered_hours, boundary_hours) => {
        const boundaries = boundary_hours.map(at).sort();
        const unanswered = unanswered_hours.map(arrived);
        let known = known_hours.map(arrived);
        let settled = at(-100);
        for (let turns = 0; turns < 50; turns += 1) {
          const boundary = boundaries.find((one) => one > settled) ?? null;
          const turn = nextEventTurn(known, unanswered, boundary, NOON);
          known = known.filter((event) => !turn.events.includes(event));
          const until = turn.until ?? NOON;
          for (const passed of boundaries.filter((one) => one > settled && one <= until))
            expect([...known, ...unanswered].filter(({ reported_at }) => reported_at < passed)).toEqual([]);
          settled = until > settled ? until : settled;
          if (turn.is_last) return;
        }
        throw new Error('the turns do not end');
      }),
    );
  });
});
