/** What the lifecycle workflow has done about money: applying what billing told, and asking before it suspends or ends. */
import { SYSTEM } from '../../domain/base/actor';
import type { Actor } from '../../domain/base/actor';
import { applyBillingEvents } from '../../domain/contract/billing-application';
import type { BillingVerdict, LookedUpBillingEvent } from '../../domain/contract/billing-application';
import { BillingUnreachable } from '../../domain/billing/billing-event';
import type { BillingSource, FetchedInvoice } from '../../domain/billing/billing-event';
import { EARLIEST, instantFromMillis, laterOf, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { invoiceAfter, isUnpaid } from '../../domain/billing/invoice';
import type { InvoiceName, SeenInvoice } from '../../domain/billing/invoice';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { decideBillingEvents, pendingBillingEvents, postponeBillingEvents } from '../../db/billing/billing-event';
import type { PendingBillingEvent } from '../../db/billing/billing-event';
import { findAwaited, findContract, lockContract } from '../../db/contract/contract';
import type { ContractRow } from '../../db/contract/contract';
import { changeContract } from '../../transactions/contract/change-contract';
import type { Changed } from '../../transactions/contract/change-contract';
import type { Sql } from '../../db/base/database';
import { findInvoicesElsewhere } from '../../db/billing/invoice';
import { isComputedByOlderRules } from '../../db/contract/time-zone-rules';
import type { BillingPorts } from './billing-event';
import { alive } from '../base/heartbeat';
import type { ContractActivityDependencies, SettleInput } from '../contract/contract';
import { viewOf } from '../contract/contract-view';
import type { ContractView } from '../contract/contract-view';
import { beginWithShortWaits } from '../base/short-wait';
import { withSpreadRetries } from '../base/spread-retries';

/** Events applied in one transaction; those that are left are applied by the next turn of the workflow. */
export const EVENTS_APPLIED_MAX = 100;
/** Invoices asked for at the same time. */
const FETCHES_IN_FLIGHT_MAX = 4;

/** Who speaks in the audit when billing does. */
const BILLING: Actor = { type: 'system', id: 'billing', name: 'Billing' };

/** What is known of an event's invoice when the event is applied. */
type Look = LookedUpBillingEvent['look'];

export interface ApplyInput extends SettleInput {
  /** The billing systems that may be asked; all of them unless given. Events that need another one stay pending. */
  ask?: BillingSource[];
}

export type BillingActivities = ReturnType<typeof createBillingActivities>;

export function createBillingActivities({
  db,
  nudger,
  billingPorts,
  showNames = false,
}: ContractActivityDependencies & { billingPorts: BillingPorts }) {
  return {
    /**
     * Applies every event of the contract that is due, in the order in which they happened. What an event does not say by
     * itself is asked first, of the billing systems that may be asked, outside the transaction; while one gives no answer its
     * events stay pending. Safe to run twice: an event is decided once.
     */
    applyBillingEvents: (input: ApplyInput): Promise<ContractView> => alive(withSpreadRetries(() => apply(input))),

    /**
     * Asks for every unpaid invoice again and then does what is due: suspends, terminates, or finds that it was paid. While
     * the billing system gives no answer nothing is done but to ask again later, and while an event waits to be applied
     * nothing is done at all. Safe to run twice.
     */
    verifyBilling: (input: SettleInput): Promise<ContractView> => alive(withSpreadRetries(() => verify(input))),
  };

  async function apply({ contract_id, now, ask }: ApplyInput): Promise<ContractView> {
    const all = await pendingBillingEvents(db, contract_id, now, EVENTS_APPLIED_MAX);
    const pending = all.filter((event) => toldBy(event) !== null || ask === undefined || ask.includes(event.source));
    const { looks, unanswered } = await lookUp(contract_id, pending, now);
    await postponeBillingEvents(db, unanswered, now, 'BILLING_UNREACHABLE');
    await forgetElsewhere(contract_id, pending, looks, now);
    const outcome = await beginWithShortWaits(db, (tx) => applyInTime(tx, contract_id, looks, now));
    if (!isRefusal(outcome)) await nudger.wakeJobs(outcome.nudge.job_ids);
    const view = await viewOf(db, { contract_id, now, showNames }, outcome);
    return view.billing_events === 0 ? view : { ...view, billing_questions: await sourcesToAsk(contract_id, now) };
  }

  /** The billing systems of which events that are due need an answer. */
  async function sourcesToAsk(contract_id: string, now: Instant): Promise<BillingSource[]> {
    const pending = await pendingBillingEvents(db, contract_id, now, EVENTS_APPLIED_MAX);
    return [...new Set(pending.filter((event) => toldBy(event) === null).map(({ source }) => source))].sort();
  }

  async function verify({ contract_id, now }: SettleInput): Promise<ContractView> {
    const answer = await askAgain(contract_id, now);
    const request = { id: contract_id, actor: SYSTEM, now, request_id: null, ...answer };
    const outcome = await beginWithShortWaits(db, (tx) => changeContract(tx, request, () => 'unchanged'));
    if (!isRefusal(outcome)) await nudger.wakeJobs(outcome.nudge.job_ids);
    return viewOf(db, { contract_id, now, showNames }, outcome);
  }

  /**
   * Applies events between the boundaries among which they came in: one that was here before midnight counts before
   * midnight, however late it is looked at. So no boundary is crossed that an event whose answer is missing may concern.
   */
  async function applyInTime(
    tx: Sql,
    contract_id: string,
    looks: ReadonlyMap<string, Look>,
    now: Instant,
  ): Promise<Changed | Refusal> {
    // Under the lock: an event that another attempt decided meanwhile is not applied again. Sent together: each sees what is
    // committed when it begins, which is after the lock was granted.
    const [, due, first] = await Promise.all([
      lockContract(tx, contract_id),
      pendingBillingEvents(tx, contract_id, now, EVENTS_APPLIED_MAX),
      findAwaited(tx, contract_id),
    ]);
    // What came meanwhile is applied as well, unless its invoice has to be asked for: that is the next turn's.
    const lookOf = (event: PendingBillingEvent): Look | null => looks.get(event.id) ?? toldBy(event);
    const unasked = due.filter((event) => lookOf(event) === null);
    let waiting = due.flatMap((event): LookedUpBillingEvent[] => {
      const look = lookOf(event);
      return look === null ? [] : [{ ...event, look }];
    });
    let { next_boundary_at: boundary = null, clock_now = null } = first ?? {};
    if (first !== undefined && isComputedByOlderRules(first)) {
      // Computes where the boundary lies by the rules of this process, and crosses none.
      const request = { id: contract_id, actor: BILLING, now, request_id: null, until: EARLIEST };
      const moved = await changeContract(tx, request, () => 'unchanged');
      if (!isRefusal(moved)) boundary = moved.row.next_boundary_at;
    }
    for (;;) {
      const end = boundary === null || boundary > (clock_now ?? now) ? null : boundary;
      const part = end === null ? waiting : waiting.filter(({ told_at }) => told_at < end);
      const stop = end === null ? undefined : unasked.find(({ told_at }) => told_at < end)?.told_at;
      const last_told = part.reduce<Instant | null>((last, { told_at }) => laterOf(last ?? told_at, told_at), null);
      const until = end === null ? undefined : (last_told ?? stop ?? end);
      let verdicts: BillingVerdict[] = [];
      const request = { id: contract_id, actor: BILLING, now, request_id: null, until };
      const changed = await changeContract(tx, request, (facts, context) => {
        const applied = applyBillingEvents(facts, part, context);
        verdicts = applied.verdicts;
        return applied.changes.length === 0 ? 'unchanged' : applied.changes;
      });
      if (isRefusal(changed))
        verdicts = [...waiting, ...unasked].map(({ id }) => ({ id, outcome: 'IGNORED', reason: changed.code }));
      await decideBillingEvents(tx, verdicts, now);
      waiting = waiting.filter((event) => !part.includes(event));
      if (isRefusal(changed) || end === null || stop !== undefined) return changed;
      ({ next_boundary_at: boundary, clock_now } = changed.row);
    }
  }

  /** An invoice is one contract's: what another one holds of it, and knows less of, is forgotten there. */
  async function forgetElsewhere(
    contract_id: string,
    events: PendingBillingEvent[],
    looks: ReadonlyMap<string, Look>,
    now: Instant,
  ): Promise<void> {
    const seen = events.flatMap(({ id, source, invoice_id }): SeenInvoice[] => {
      const look = looks.get(id);
      if (look === undefined || look.at === 'nothing') return [];
      const { status, ...observed } = look.observation;
      const fetched_at = look.at === 'source' ? look.fetched_at : null;
      return status === 'REFUNDED' ? [] : [{ ...observed, status, source, invoice_id, fetched_at }];
    });
    for (const other of await findInvoicesElsewhere(db, contract_id, seen)) {
      const { source, invoice_id } = other.invoice;
      const knows_less = seen
        .filter((one) => one.source === source && one.invoice_id === invoice_id)
        .some((one) => invoiceAfter(other.invoice, one, other.timezone) !== other.invoice);
      if (!knows_less) continue;
      const foreign_invoices = [{ source, invoice_id }];
      const request = { id: other.contract_id, actor: BILLING, now, request_id: null, foreign_invoices };
      const changed = await beginWithShortWaits(db, (tx) => changeContract(tx, request, () => 'unchanged'));
      if (isRefusal(changed)) continue;
      await nudger.wakeContracts([other.contract_id]);
      await nudger.wakeJobs(changed.nudge.job_ids);
    }
  }

  /** Asks for every unpaid invoice; one silence, or one invoice that is not known any more, makes the whole unanswered. */
  async function askAgain(
    contract_id: string,
    now: Instant,
  ): Promise<{ billing: { fetched: SeenInvoice[] } | 'unreachable'; foreign_invoices: InvoiceName[] }> {
    const contract = await findContract(db, contract_id);
    const fetched_at = askedAt(contract, now);
    const foreign_invoices: InvoiceName[] = [];
    const silent = new Set<BillingSource>();
    const unpaid = contract?.invoices.filter(isUnpaid) ?? [];
    const fetched = await inTurn(unpaid, async ({ source, invoice_id }): Promise<SeenInvoice[]> => {
      const port = billingPorts.get(source);
      // Somebody took the settings of this source away: it cannot be asked, and is not believed.
      if (!port) silent.add(source);
      if (!port?.fetches || silent.has(source)) return [];
      const found = await answerOf(() => port.fetchInvoice({ invoice_id }));
      if (found === 'unreachable' || !found.found || found.observation === null) {
        silent.add(source);
        return [];
      }
      if (found.contract_id !== null && found.contract_id !== contract_id) {
        foreign_invoices.push({ source, invoice_id });
        return [];
      }
      const { status, ...observed } = found.observation;
      return status === 'REFUNDED' ? [] : [{ ...observed, status, source, invoice_id, fetched_at }];
    });
    return { billing: silent.size > 0 ? 'unreachable' : { fetched: fetched.flat() }, foreign_invoices };
  }

  /** What is known of each event's invoice, by the event's id; those whose billing system gave no answer come apart. */
  async function lookUp(
    contract_id: string,
    pending: PendingBillingEvent[],
    now: Instant,
  ): Promise<{ looks: Map<string, Look>; unanswered: string[] }> {
    const asks = pending.some((event) => toldBy(event) === null);
    const fetched_at = asks ? askedAt(await findContract(db, contract_id), now) : now;
    const asked = new Map<string, Promise<Look | 'unreachable'>>();
    const looks = new Map<string, Look>();
    const unanswered: string[] = [];
    // One silence is enough: what else that system would be asked is left for later with it.
    const silent = new Set<BillingSource>();
    await inTurn(pending, async (event) => {
      const look = toldBy(event) ?? (await ask(event));
      if (look !== 'unreachable') return void looks.set(event.id, look);
      silent.add(event.source);
      unanswered.push(event.id);
    });
    return { looks, unanswered };

    function ask(event: PendingBillingEvent): Promise<Look | 'unreachable'> {
      const invoice = `${event.source} ${event.invoice_id}`;
      const answer =
        asked.get(invoice) ??
        (silent.has(event.source) ? Promise.resolve('unreachable' as const) : lookAt(contract_id, event, fetched_at));
      asked.set(invoice, answer);
      return answer;
    }
  }

  /** What an event says by itself. Null without a version where its invoice can be asked for: it may be old news (1.5.2). */
  function toldBy({ source, observation }: PendingBillingEvent): Look | null {
    if (observation === null) return null;
    if (observation.version === null && billingPorts.get(source)?.fetches === true) return null;
    return { at: 'event', observation };
  }

  /** What the billing system says of an event's invoice. */
  async function lookAt(
    contract_id: string,
    { source, invoice_id }: PendingBillingEvent,
    fetched_at: Instant,
  ): Promise<Look | 'unreachable'> {
    const port = billingPorts.get(source);
    if (!port?.fetches) return { at: 'nothing', outcome: 'PARKED', reason: 'NOT_FETCHABLE' };
    const found = await answerOf(() => port.fetchInvoice({ invoice_id }));
    if (found === 'unreachable') return found;
    if (!found.found) return { at: 'nothing', outcome: 'PARKED', reason: 'INVOICE_UNKNOWN' };
    if (found.contract_id !== null && found.contract_id !== contract_id)
      return { at: 'nothing', outcome: 'IGNORED', reason: 'OTHER_CONTRACT' };
    if (found.observation === null) return { at: 'nothing', outcome: 'IGNORED', reason: 'NOTHING_OWED' };
    return { at: 'source', fetched_at, observation: found.observation };
  }
}

/**
 * The instant of a question by the contract's clock. Of two answers the one that was asked for later holds, so it is later than
 * that of every question before: a test clock stands still between them.
 */
function askedAt(contract: Pick<ContractRow, 'clock_now' | 'invoices'> | undefined, now: Instant): Instant {
  const at = contract?.clock_now ?? now;
  const before = contract?.invoices.flatMap(({ fetched_at }) => fetched_at ?? []) ?? [];
  return before.reduce((latest, asked) => laterOf(latest, instantFromMillis(millisOf(asked) + 1)), at);
}

/** A billing system's answer, or that there was none. */
async function answerOf(ask: () => Promise<FetchedInvoice>): Promise<FetchedInvoice | 'unreachable'> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof BillingUnreachable) return 'unreachable';
    throw error;
  }
}

/** Runs `one` for each item in the order given, a bounded number at a time; the answers keep that order. */
async function inTurn<Item, Answer>(items: Item[], one: (item: Item) => Promise<Answer>): Promise<Answer[]> {
  const answers = new Array<Answer>(items.length);
  const waiting = items.map((item, index) => ({ item, index }));
  async function worker(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      answers[next.index] = await one(next.item);
  }
  await Promise.all(Array.from({ length: Math.min(FETCHES_IN_FLIGHT_MAX, items.length) }, worker));
  return answers;
}
