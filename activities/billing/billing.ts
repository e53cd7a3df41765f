/** The activities of `contractLifecycle` that apply billing events, and verify unpaid invoices before a suspension or termination. */
import pMap from 'p-map';
import type { InvoiceLookup } from '../../domain/contract/billing-event';
import type { BillingAnswer } from '../../domain/contract/verification';
import { BillingUnreachable } from '../../domain/billing/billing-event';
import type { BillingSource, FetchedInvoice } from '../../domain/billing/billing-event';
import type { Instant } from '../../domain/base/instant';
import { askedAt, isUnpaid } from '../../domain/billing/invoice';
import type { Invoice, InvoiceName, ObservedInvoice } from '../../domain/billing/invoice';
import { isRefusal } from '../../domain/base/refusal';
import { listPendingBillingEvents, postponeBillingEvents } from '../../db/billing/billing-event';
import type { PendingBillingEvent } from '../../db/billing/billing-event';
import { findContract } from '../../db/contract/contract';
import { EVENTS_APPLIED_MAX, applyBillingEvents } from '../../transactions/contract/apply-billing-events';
import { recordOwnStep } from '../../transactions/contract/late-timer';
import { verifyBilling } from '../../transactions/contract/verify-billing';
import type { BillingPorts } from './billing-event';
import { lookFromEvent } from './event-look';
import { findOutdatedElsewhere, removeOutdatedElsewhere, seenInvoices } from './invoices-elsewhere';
import { withHeartbeat } from '../base/heartbeat';
import type { ContractActivityDependencies, SettleInput } from '../contract/contract';
import { viewOf } from '../contract/contract-view';
import type { ContractView } from '../contract/contract-view';
import { beginWithShortWaits } from '../base/short-wait';
import { withSpreadRetries } from '../base/spread-retries';

/** Invoices that are fetched at the same time. */
const FETCH_LIMIT = { concurrency: 4 };

export interface ApplyInput extends SettleInput {
  /** The billing systems that may be asked; all of them by default. Events that need another one stay pending. */
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
     * Applies every event of the contract that is due, in the order in which they occurred. Before the transaction, it asks the billing
     * systems in `ask` about events that need an answer; the events of a system that gives none stay pending. Safe to run twice: an
     * event is decided once.
     */
    applyBillingEvents: (input: ApplyInput): Promise<ContractView> =>
      withHeartbeat(withSpreadRetries(() => apply(input))),

    /**
     * Fetches every unpaid invoice again and then suspends or terminates the contract if that is still due. While the billing system gives
     * no answer, it only sets when to ask again; while an event waits to be applied, it does nothing. Safe to run twice.
     */
    verifyBilling: (input: SettleInput): Promise<ContractView> => withHeartbeat(withSpreadRetries(() => verify(input))),
  };

  async function apply({ contract_id, now, ask }: ApplyInput): Promise<ContractView> {
    const all = await listPendingBillingEvents(db, contract_id, now, EVENTS_APPLIED_MAX);
    const pending = all.filter(
      (event) => lookFromEvent(billingPorts, event) !== null || ask === undefined || ask.includes(event.source),
    );
    const { looks, unanswered } = await findLooks(contract_id, pending, now);
    await postponeBillingEvents(db, unanswered, now, 'BILLING_UNREACHABLE');
    const seen = seenInvoices(contract_id, pending, ({ id }) => looks.get(id));
    for (const outdated of (await findOutdatedElsewhere(db, [seen])).values())
      await removeOutdatedElsewhere({ db, nudger }, outdated, now);
    // Events that arrived meanwhile are applied too, unless their invoice has to be fetched: the next call applies those.
    const lookOf = (event: PendingBillingEvent): InvoiceLookup | null =>
      looks.get(event.id) ?? lookFromEvent(billingPorts, event);
    const outcome = await beginWithShortWaits(db, async (tx) => {
      const applied = await applyBillingEvents(tx, { id: contract_id, now, lookOf });
      await recordOwnStep(tx, applied.outcome);
      return applied.outcome;
    });
    if (!isRefusal(outcome)) await nudger.wakeJobs(outcome.nudge.job_ids);
    const view = await viewOf(db, { contract_id, now, showNames }, outcome);
    return view.billing_events === 0 ? view : { ...view, billing_questions: await listSourcesToAsk(contract_id, now) };
  }

  /** The billing systems from which due events need an answer. */
  async function listSourcesToAsk(contract_id: string, now: Instant): Promise<BillingSource[]> {
    const pending = await listPendingBillingEvents(db, contract_id, now, EVENTS_APPLIED_MAX);
    return [
      ...new Set(pending.filter((event) => lookFromEvent(billingPorts, event) === null).map(({ source }) => source)),
    ].sort();
  }

  async function verify({ contract_id, now }: SettleInput): Promise<ContractView> {
    const asked = await fetchUnpaidInvoices(contract_id, now);
    const outcome = await beginWithShortWaits(db, async (tx) => {
      const verified = await verifyBilling(tx, { id: contract_id, now, ...asked });
      await recordOwnStep(tx, verified);
      return verified;
    });
    if (!isRefusal(outcome)) await nudger.wakeJobs(outcome.nudge.job_ids);
    return viewOf(db, { contract_id, now, showNames }, outcome);
  }

  /** Fetches every unpaid invoice. The answer is `unreachable` if one system gives no answer or no longer knows an invoice. */
  async function fetchUnpaidInvoices(
    contract_id: string,
    now: Instant,
  ): Promise<{ answer: BillingAnswer; foreign: InvoiceName[] }> {
    const contract = await findContract(db, contract_id);
    const fetched_at = askedAt(contract?.invoices ?? [], contract?.clock_now ?? now);
    const foreign: InvoiceName[] = [];
    const unreachable = new Set<BillingSource>();
    const unpaid = contract?.invoices.filter(isUnpaid) ?? [];
    const fetchUnpaid = async ({ source, invoice_id }: Invoice): Promise<ObservedInvoice[]> => {
      const port = billingPorts.get(source);
      // The settings of this source were removed: it cannot be asked, and its events alone are not sufficient.
      if (!port) unreachable.add(source);
      if (!port?.fetches || unreachable.has(source)) return [];
      const found = await orUnreachable(() => port.fetchInvoice({ invoice_id }));
      if (found === 'unreachable' || !found.found || found.observation === null) {
        unreachable.add(source);
        return [];
      }
      if (found.contract_id !== null && found.contract_id !== contract_id) {
        foreign.push({ source, invoice_id });
        return [];
      }
      const { status, ...observed } = found.observation;
      return status === 'REFUNDED' ? [] : [{ ...observed, status, source, invoice_id, fetched_at }];
    };
    const fetched = await pMap(unpaid, fetchUnpaid, FETCH_LIMIT);
    return { answer: unreachable.size > 0 ? 'unreachable' : { fetched: fetched.flat() }, foreign };
  }

  /** The invoice data for each event, by the event's id, and the ids of events whose billing system gave no answer. */
  async function findLooks(
    contract_id: string,
    pending: PendingBillingEvent[],
    now: Instant,
  ): Promise<{ looks: Map<string, InvoiceLookup>; unanswered: string[] }> {
    const asks = pending.some((event) => lookFromEvent(billingPorts, event) === null);
    const contract = asks ? await findContract(db, contract_id) : undefined;
    const fetched_at = askedAt(contract?.invoices ?? [], contract?.clock_now ?? now);
    const asked = new Map<string, Promise<InvoiceLookup | 'unreachable'>>();
    const looks = new Map<string, InvoiceLookup>();
    const unanswered: string[] = [];
    // After one request without an answer, a system is not asked about its other events in this call.
    const unreachable = new Set<BillingSource>();
    const findLook = async (event: PendingBillingEvent): Promise<void> => {
      const look = lookFromEvent(billingPorts, event) ?? (await ask(event));
      if (look !== 'unreachable') return void looks.set(event.id, look);
      unreachable.add(event.source);
      unanswered.push(event.id);
    };
    await pMap(pending, findLook, FETCH_LIMIT);
    return { looks, unanswered };

    function ask(event: PendingBillingEvent): Promise<InvoiceLookup | 'unreachable'> {
      const invoice = `${event.source} ${event.invoice_id}`;
      const answer =
        asked.get(invoice) ??
        (unreachable.has(event.source)
          ? Promise.resolve('unreachable' as const)
          : fetchLook(contract_id, event, fetched_at));
      asked.set(invoice, answer);
      return answer;
    }
  }

  /** Fetches the invoice of an event from the billing system. */
  async function fetchLook(
    contract_id: string,
    { source, invoice_id }: PendingBillingEvent,
    fetched_at: Instant,
  ): Promise<InvoiceLookup | 'unreachable'> {
    const port = billingPorts.get(source);
    if (!port?.fetches) return { at: 'nothing', outcome: 'PARKED', reason: 'NOT_FETCHABLE' };
    const found = await orUnreachable(() => port.fetchInvoice({ invoice_id }));
    if (found === 'unreachable') return found;
    if (!found.found) return { at: 'nothing', outcome: 'PARKED', reason: 'INVOICE_UNKNOWN' };
    if (found.contract_id !== null && found.contract_id !== contract_id)
      return { at: 'nothing', outcome: 'IGNORED', reason: 'OTHER_CONTRACT' };
    if (found.observation === null) return { at: 'nothing', outcome: 'IGNORED', reason: 'NOTHING_OWED' };
    return { at: 'source', fetched_at, observation: found.observation };
  }
}

/** A billing system's answer, or `unreachable` when there was none. */
async function orUnreachable(ask: () => Promise<FetchedInvoice>): Promise<FetchedInvoice | 'unreachable'> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof BillingUnreachable) return 'unreachable';
    throw error;
  }
}
