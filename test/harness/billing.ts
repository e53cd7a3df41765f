/**
 * A billing system whose answers a test defines, and its events: as rows in the inbox, or sent through the API.
 */
import { randomUUID } from 'node:crypto';
import { receiveBillingEvent } from '../../transactions/billing/receive-billing-event';
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

/** An invoice of the billing system. With DRAFT nothing is owed yet. */
export interface BilledInvoice {
  contract_id: string | null;
  status: SeenStatus | 'DRAFT';
  due: string;
  occurred_at: Instant;
}

/** A simulated billing system. */
export interface BillingSystem {
  port: BillingPort;
  /** The option of `createActivities`. */
  ports: Map<BillingSource, BillingPort>;
  /** The invoices by id. A test changes them. */
  invoices: Map<string, BilledInvoice>;
  /** Whether the billing system answers. */
  reachable: boolean;
  /** The ids of the fetched invoices, in order. */
  fetchedInvoiceIds: string[];
  /** Runs during each fetch, before the answer. */
  beforeAnswer: () => Promise<unknown>;
}

/** Creates a billing system from which invoices can be fetched. It answers until the test changes that. */
export function createBillingSystem(source: BillingSource = 'standard'): BillingSystem {
  const port: BillingPort = {
    source,
    fetches: true,
    async fetchInvoice({ invoice_id }) {
      system.fetchedInvoiceIds.push(invoice_id);
      await system.beforeAnswer();
      if (!system.reachable) throw new BillingUnreachable('unreachable for this test');
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

/** Fields of a billing event. The others have defaults. */
export interface InvoiceEventFields {
  invoice_id?: string;
  status?: SeenStatus;
  due?: string;
  occurred_at: Instant;
  version?: number | null;
  /** When the event was received. Default: `occurred_at`. */
  received_at?: Instant;
  source?: BillingSource;
  event_id?: string;
  /** The event contains no invoice data: the invoice must be fetched. */
  without_observation?: boolean;
}

/** Inserts an event into the inbox as the API does. Returns its id in the inbox. */
export async function insertInvoiceEvent(
  db: Database,
  contract_id: string,
  fields: InvoiceEventFields,
): Promise<string> {
  const { occurred_at, status = 'OPEN', source = 'standard' } = fields;
  const observation: InvoiceObservation = {
    status,
    due: fields.due ?? occurred_at.slice(0, 10),
    occurred_at,
    version: fields.version ?? null,
  };
  const event: BillingEvent = {
    source,
    event_id: fields.event_id ?? `evt_${randomUUID()}`,
    type: `invoice.${status.toLowerCase()}`,
    occurred_at,
    contract_id,
    invoice_id: fields.invoice_id ?? 'in_1',
    observation: fields.without_observation === true ? null : observation,
    relevant: true,
  };
  const now = fields.received_at ?? occurred_at;
  return (await receiveBillingEvent(db, { event, raw: '{}', now, request_id: null })).id;
}

/** Inserts an event into the inbox that names neither contract nor invoice: the billing system must identify it. */
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
  return (await receiveBillingEvent(db, { event, raw: '{}', now, request_id: null })).id;
}

/** Moves the start of a suspension back by days: a contract is not terminated on the day of its suspension. */
export async function backdateSuspension(db: Database, contract_id: string, days: number): Promise<void> {
  await db`
    UPDATE contract_holds SET placed_at = placed_at - make_interval(days => ${days})
    WHERE contract_id = ${contract_id} AND source = 'billing' AND lifted_at IS NULL`;
}

/** Lists the outcomes of events, in the order of their ids. */
export async function listEventOutcomes(
  db: Database,
  contract_id: string,
): Promise<{ outcome: BillingOutcome; reason: string | null }[]> {
  return db<{ outcome: BillingOutcome; reason: string | null }[]>`
    SELECT outcome, reason FROM billing_inbox WHERE contract_id = ${contract_id} ORDER BY id`;
}

/**
 * Sends a signed message about one invoice through the API, like the billing system. Throws unless the API stores it.
 */
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
  if (answer.status !== 202) throw new Error(`the event was not stored: ${answer.text}`);
}
