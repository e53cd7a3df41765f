/**
 * Where money and boundaries interleave: how far a contract is settled before what billing reported is applied to it, and in which
 * order events and boundaries take effect (domain.md 1.5, 1.6; decisions 3). Every transaction that settles asks here.
 *
 * Two rules. An event counts at the instant at which it came in, however late it is looked at: so events are applied between the
 * boundaries among which they came in. And nothing that cannot be undone is done while an event waits: so whoever settles for good
 * or verifies crosses nothing until the events that are due are applied.
 */
import { earlierOf, laterOf } from '../base/instant';
import type { Instant } from '../base/instant';
import type { InvoiceName, SeenInvoice } from '../billing/invoice';
import type { SettleContext } from './boundary';
import type { ContractFacts } from './facts';
import { applyBillingAnswer, removeInvoices, removeOutdatedInvoices } from './verification';
import type { BillingAnswer } from './verification';

/** How a contract is settled before something is decided on it. */
export type Settling =
  /** By time alone, up to now or `until`: what must be verified with the billing system is passed by and stays due. */
  | { by: 'time'; until?: Instant }
  /** By its workflow: it stops before what must be verified, so that the billing system is asked first. */
  | { by: 'workflow' }
  /** With what the billing system answered just now; `foreign` are invoices that it says are other contracts'. */
  | { by: 'answer'; answer: BillingAnswer; foreign: readonly InvoiceName[] }
  /** By time alone, without the invoices of which another contract's event shows more than is known here. */
  | { by: 'invoices_elsewhere'; seen: readonly SeenInvoice[] };

/** What to settle, up to where, and what to do about boundaries that must be verified. */
export interface SettlePlan {
  facts: ContractFacts;
  until: Instant;
  billing: SettleContext['billing'];
}

/** Whether billing events that are due must be applied before anything is crossed. */
export function waitsForEvents(settling: Settling): boolean {
  return settling.by === 'workflow' || (settling.by === 'answer' && settling.answer !== 'unreachable');
}

/**
 * The plan for a contract. `clock` is the time by the contract's clock, `settled_until` up to where it is settled already, and
 * `events_wait` whether events are due that must be applied first: then nothing is crossed and no answer counts, because it may be
 * older than they are.
 */
export function planSettling(
  facts: ContractFacts,
  settling: Settling,
  { clock, settled_until, events_wait }: { clock: Instant; settled_until: Instant; events_wait: boolean },
): SettlePlan {
  const own = settling.by === 'answer' ? removeInvoices(facts, settling.foreign) : facts;
  if (events_wait) return { facts: own, until: settled_until, billing: 'stop' };
  const end = settling.by === 'time' ? earlierOf(settling.until ?? clock, clock) : clock;
  const until = laterOf(end, settled_until);
  switch (settling.by) {
    case 'time':
      return { facts, until, billing: 'skip' };
    case 'workflow':
      return { facts, until, billing: 'stop' };
    case 'answer': {
      const { answer } = settling;
      return {
        facts: applyBillingAnswer(own, answer, until),
        until,
        billing: answer === 'unreachable' ? 'skip' : 'verified',
      };
    }
    case 'invoices_elsewhere':
      return { facts: removeOutdatedInvoices(facts, settling.seen), until, billing: 'skip' };
  }
}

/** An event with the instant at which it came in, by the contract's clock. */
interface Arrived {
  reported_at: Instant;
}

/** The next events to apply, and how far the contract is settled before them. */
export interface EventTurn<Event> {
  events: Event[];
  /** Settle up to here and no further; undefined: up to now. */
  until: Instant | undefined;
  /** Whether this turn is the last: no boundary is due any more, or an event without an answer stands before the next one. */
  is_last: boolean;
}

/**
 * The next turn. `known` are the due events of whose invoice enough is known, in the order in which they happened; `unanswered` wait
 * for their billing system. `boundary` is the contract's next boundary, null when there is none; `clock` the time by its clock.
 *
 * While a boundary is due, the events that came in before it are applied first and the contract is settled up to the last of them.
 * When there is none left it is settled up to the boundary itself, but not past an event that waits for its answer.
 */
export function nextEventTurn<Event extends Arrived>(
  known: readonly Event[],
  unanswered: readonly Arrived[],
  boundary: Instant | null,
  clock: Instant,
): EventTurn<Event> {
  if (boundary === null || boundary > clock) return { events: [...known], until: undefined, is_last: true };
  const events = known.filter(({ reported_at }) => reported_at < boundary);
  const stop = unanswered.find(({ reported_at }) => reported_at < boundary)?.reported_at;
  const last_told = events.reduce<Instant | null>(
    (last, { reported_at }) => laterOf(last ?? reported_at, reported_at),
    null,
  );
  return { events, until: last_told ?? stop ?? boundary, is_last: stop !== undefined };
}
