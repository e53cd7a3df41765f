/**
 * The order of billing events and boundaries: how far a contract is settled before an event is applied to it, and which takes
 * effect first (domain.md 1.5, 1.6; decisions 3). Every transaction that settles a contract uses these functions.
 *
 * There are two rules. An event counts at the instant at which it was received, however late it is processed, so events are
 * applied between the boundaries around that instant. And nothing irreversible is done while an event is pending: the workflow
 * and the verification apply no boundary before the due events are applied.
 */
import { earlierOf, laterOf } from '../base/instant';
import type { Instant } from '../base/instant';
import type { InvoiceName, ObservedInvoice } from '../billing/invoice';
import type { SettleContext } from './boundary';
import type { ContractFacts } from './facts';
import { applyBillingAnswer, removeInvoices, removeOutdatedInvoices } from './verification';
import type { BillingAnswer } from './verification';

/** How a contract is settled before a decision on it. */
export type Settling =
  /** By time alone, up to now or `until`. Boundaries that need the billing system are skipped and stay due. */
  | { by: 'time'; until?: Instant }
  /** By its workflow. It stops before a boundary that needs the billing system, so that the workflow queries it first. */
  | { by: 'workflow' }
  /** With the answer of the billing system. `foreign` are invoices that belong to other contracts according to it. */
  | { by: 'answer'; answer: BillingAnswer; foreign: readonly InvoiceName[] }
  /** By time alone, without the invoices of which an event of another contract holds newer data. */
  | { by: 'invoices_elsewhere'; seen: readonly ObservedInvoice[] };

/** What to settle, up to which instant, and how to treat boundaries that need the billing system. */
export interface SettlePlan {
  facts: ContractFacts;
  until: Instant;
  billing: SettleContext['billing'];
}

/** Whether due billing events must be applied before any boundary. */
export function waitsForEvents(settling: Settling): boolean {
  return settling.by === 'workflow' || (settling.by === 'answer' && settling.answer !== 'unreachable');
}

/**
 * The plan for a contract. `clock` is the time of the contract's clock, `settled_until` the instant up to which it is settled,
 * and `events_wait` whether due events must be applied first. If so, no boundary is applied and no answer counts, because it
 * may be older than the events.
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

/** An event with the instant at which it was received, by the contract's clock. */
interface ReceivedEvent {
  reported_at: Instant;
}

/** The next events to apply, and how far the contract is settled before them. */
export interface EventTurn<Event> {
  events: Event[];
  /** Settle up to this instant; undefined: up to now. */
  until: Instant | undefined;
  /** Whether this turn is the last: no further boundary is due, or an unanswered event precedes the next boundary. */
  is_last: boolean;
}

/**
 * The next turn. `known` are the due events whose invoices are known, in the order in which they happened. `unanswered` are the
 * events that wait for their billing system. `boundary` is the contract's next boundary or null, and `clock` the time of its
 * clock.
 *
 * While a boundary is due, the events received before it are applied first, and the contract is settled up to the last of them.
 * Without such events it is settled up to the boundary itself, but not past an event that waits for an answer.
 */
export function nextEventTurn<Event extends ReceivedEvent>(
  known: readonly Event[],
  unanswered: readonly ReceivedEvent[],
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
