/**
 * A billing system that answers as a test says, and its events: as rows in the inbox, or sent through the interface.
 */
import { randomUUID } from 'node:crypto';
import { takeInBillingEvent } from '../../transactions/billing/take-in-billing-event';
import type { Database } from '../../db/base/database';
import { signStandard } from '../../demo/fake-billing';
import { BillingUnreachable } from '../../domain/billing/billing-event';
import type {
  BillingEvent,
  BillingOutcome,
  BillingPort,
  BillingSource,
  InvoiceObservation,
  SeenStatus,
} from '../../domain/billing/billing-event';
import type { StandardType } from '../../domain/billing/billing-message';
import type { Instant } from '../../domain/base/instant';
import type { TestApi } from './api';

/** What the billing system knows of an invoice; DRAFT is one by which nothing is owed yet. */
export interface BilledInvoice {
  contract_id: string | null;
  status: SeenStatus | 'DRAFT';
  due: string;
  occurred_at: Instant;
}

/** A billing system of the test. */
export interface BillingSystem {
  port: BillingPort;
  /** As `createActivities` takes it. */
  ports: Map<BillingSource, BillingPort>;
  /** What it knows, by the invoice's id; a test writes here. */
  invoices: Map<string, BilledInvoice>;
  /** Whether it answers. */
  reachable: boolean;
  /** The invoices that were asked for, in order. */
  fetchedInvoiceIds: string[];
  /** Runs while a question is on its way. */
  beforeAnswer: () => Promise<unknown>;
}

/** A system that can be asked, and answers, unless told otherwise. */
export function createBillingSystem(source: BillingSource = 'standard'): BillingSystem {
  const port: BillingPort = {
    source,
    fetches: true,
    async fetchInvoice({ invoice_id }) {
      system.fetchedInvoiceIds.push(invoice_id);
      await system.beforeAnswer();
      if (!system.reachable) throw new BillingUnreachable('as the test asked');
      const invoice = system.invoices.get(invoice_id);
      if (invoice === undefined) return { found: false };
      const { contract_id, status, due, occurred_at } = invoice;
      return {
        found: true,
        contract_id,
        observation: status === 'DRAFT' ? null : { status, due, occurred_at, version: null },
      };
    },
    identify: async () => ({ invoice_id: null, contract_id: null, names_contract: false }),
  };
  const system: BillingSystem = {
    port,
    ports: new Map([[source, port]]),
    invoices: new Map(),
    reachable: true,
    fetchedInvoiceIds: [],
    beforeAnswer: async () => undefined,
  };
  return system;
}

/** What an event says; the rest has defaults. */
export interface InvoiceEventFields {
  invoice_id?: string;
  status?: SeenStatus;
  due?: string;
  occurred_at: Instant;
  version?: number | null;
  /** When it came in; when it happened, unless given. */
  received_at?: Instant;
  source?: BillingSource;
  event_id?: string;
  /** Says nothing of the invoice itself, which has to be asked for. */
  without_observation?: boolean;
}

/** Puts an event into the inbox as the interface does, and answers its id there. */
export async function insertInvoiceEvent(db: Database, contract_id: string, told: InvoiceEventFields): Promise<string> {
  const { occurred_at, status = 'OPEN', source = 'standard' } = told;
  const observation: InvoiceObservation = {
    status,
    due: told.due ?? occurred_at.slice(0, 10),
    occurred_at,
    version: told.version ?? null,
  };
  const event: BillingEvent = {
    source,
    event_id: told.event_id ?? `evt_${randomUUID()}`,
    type: `invoice.${status.toLowerCase()}`,
    occurred_at,
    contract_id,
    invoice_id: told.invoice_id ?? 'in_1',
    observation: told.without_observation === true ? null : observation,
    relevant: true,
  };
  const now = told.received_at ?? occurred_at;
  return (await takeInBillingEvent(db, { event, raw: '{}', now, request_id: null })).id;
}

/** Puts an event into the inbox that names neither contract nor invoice: its billing system has to be asked. */
export async function insertParkedEvent(db: Database, source: BillingSource = 'standard'): Promise<string> {
  const now = new Date().toISOString();
  const event: BillingEvent = {
    source,
    event_id: `evt_${randomUUID()}`,
    type: 'charge.dispute.created',
    occurred_at: now,
    contract_id: null,
    invoice_id: null,
    observation: null,
    relevant: true,
  };
  return (await takeInBillingEvent(db, { event, raw: '{}', now, request_id: null })).id;
}

/** Sets a suspension back by days: a contract is terminated only out of one that has lasted to another day. */
export async function backdateSuspension(db: Database, contract_id: string, days: number): Promise<void> {
  await db`
    UPDATE contract_holds SET placed_at = placed_at - make_interval(days => ${days})
    WHERE contract_id = ${contract_id} AND source = 'billing' AND lifted_at IS NULL`;
}

/** What became of events, in the order of their ids. */
export async function listEventOutcomes(
  db: Database,
  contract_id: string,
): Promise<{ outcome: BillingOutcome; reason: string | null }[]> {
  return db<{ outcome: BillingOutcome; reason: string | null }[]>`
    SELECT outcome, reason FROM billing_inbox WHERE contract_id = ${contract_id} ORDER BY id`;
}

/** Sends a signed message about one invoice through the interface, as the billing system does; demands that it is kept. */
export async function sendInvoiceEvent(
  api: Pick<TestApi, 'call' | 'billing'>,
  contract_id: string,
  {
    type = 'invoice.open',
    due_date,
    invoice_id = `in_${contract_id}`,
  }: { type?: StandardType; due_date: string; invoice_id?: string },
): Promise<void> {
  const occurred_at = new Date().toISOString();
  const invoice = { id: invoice_id, due_date };
  const body = JSON.stringify({ id: `evt_${randomUUID()}`, type, occurred_at, contract_id, invoice });
  const [secret] = api.billing.billingStandardSecrets ?? [];
  const headers = signStandard(body, secret as string);
  const answer = await api.call('POST', '/billing/standard/events', { key: null, body, headers });
  if (answer.status !== 202) throw new Error(`the event was not kept: ${answer.text}`);
}
