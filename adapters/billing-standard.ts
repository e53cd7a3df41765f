/**
 * Billing by Standard Webhooks: any system that can sign a JSON message and, if it likes, answer for one invoice.
 *
 * A message is believed when one of the secrets signed it at most five minutes from now (standard-signature.ts). Where a base URL is configured,
 * `GET {url}/invoices/{id}` tells an invoice as it is now; without one the messages are all there is to know.
 */
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { BillingUnreachable, contractIdOf } from '../domain/billing/billing-event';
import type {
  BillingEvent,
  BillingPort,
  BillingReceiver,
  FetchedInvoice,
  InvoiceStatus,
  ReceivedMessage,
} from '../domain/billing/billing-event';
import { STANDARD_STATUS, StandardEnvelope, StandardMessage, isStandardType } from '../domain/billing/billing-message';
import type { Instant } from '../domain/base/instant';
import { rejectSignature, rejectShape, rejectNonText, readJson, textOf } from './signed-text';
import { findSignatureProblem } from './standard-signature';

/** How long an invoice may take to be told. */
const FETCH_TIMEOUT_MS = 5_000;
/** The largest answer that is read. */
const ANSWER_BYTES_MAX = 64 * 1024;

/** The numbers of a message that are read. */
const EXACT_NUMBERS = [['invoice', 'version']];

/** An invoice as `GET {url}/invoices/{id}` tells it. */
const InvoiceAnswer = z.looseObject({
  id: z.string(),
  contract_id: z.string().nullable(),
  status: z.enum(['open', 'payment_failed', 'paid', 'void', 'written_off', 'disputed']),
  due_date: StandardMessage.shape.invoice.shape.due_date,
  occurred_at: StandardMessage.shape.occurred_at,
  version: StandardMessage.shape.invoice.shape.version,
});

const STATUS: Record<z.infer<typeof InvoiceAnswer>['status'], InvoiceStatus> = {
  open: 'OPEN',
  payment_failed: 'FAILED',
  paid: 'PAID',
  void: 'VOID',
  written_off: 'WRITTEN_OFF',
  disputed: 'DISPUTED',
};

/** Receives messages signed with any of the secrets (`whsec_…`); there is more than one while they are changed. */
export function createStandardReceiver(secrets: readonly string[]): BillingReceiver {
  const webhooks = secrets.map((secret) => new Webhook(secret));
  return {
    source: 'standard',
    receive(body, headers, now) {
      const raw = textOf(body);
      if (raw === null) return rejectNonText();
      const problem = findSignatureProblem(webhooks, raw, headers, now);
      if (problem !== null) return rejectSignature(problem);
      return messageOf(raw, now);
    },
  };
}

/**
 * Asks the billing system at `url`, a base URL without a final slash; undefined when there is nobody to ask. An answer may
 * take five seconds unless `timeout_ms` is given.
 */
export function createStandardPort(url: string | undefined, timeout_ms = FETCH_TIMEOUT_MS): BillingPort {
  return {
    source: 'standard',
    fetches: url !== undefined,
    fetchInvoice: ({ invoice_id }) => {
      if (url === undefined) throw new Error('without a base URL no invoice can be fetched');
      return fetchInvoice(url, invoice_id, timeout_ms);
    },
    // A message names its contract and its invoice, or there is no more to be known.
    identify: async () => null,
  };
}

function messageOf(raw: string, now: Instant): ReceivedMessage {
  const read = readJson(raw, EXACT_NUMBERS);
  if (!('json' in read)) return read;
  const { json } = read;
  const envelope = StandardEnvelope.safeParse(json);
  if (!envelope.success) return rejectShape(envelope.error);
  const { id, type, occurred_at } = envelope.data;
  const told = { source: 'standard', event_id: id, type } as const;
  if (!isStandardType(type)) return { accepted: true, raw, event: { ...told, ...irrelevant(occurred_at ?? now) } };

  const message = StandardMessage.safeParse(json);
  if (!message.success) return rejectShape(message.error);
  const { contract_id, invoice } = message.data;
  const happened_at = message.data.occurred_at;
  const event: BillingEvent = {
    ...told,
    occurred_at: happened_at,
    contract_id: contractIdOf(contract_id),
    invoice_id: invoice.id,
    observation: {
      status: STANDARD_STATUS[type],
      due: invoice.due_date,
      occurred_at: happened_at,
      version: invoice.version ?? null,
    },
    relevant: true,
  };
  return { accepted: true, raw, event };
}

function irrelevant(occurred_at: Instant) {
  return { occurred_at, contract_id: null, invoice_id: null, observation: null, relevant: false } as const;
}

async function fetchInvoice(url: string, invoice_id: string, timeout_ms: number): Promise<FetchedInvoice> {
  const { status, text } = await ask(`${url}/invoices/${encodeURIComponent(invoice_id)}`, timeout_ms);
  if (status === 404) return { found: false };
  if (status !== 200) throw new BillingUnreachable(`the billing system answered ${status}`);
  const answer = InvoiceAnswer.safeParse(parsed(text));
  if (!answer.success || answer.data.id !== invoice_id)
    throw new BillingUnreachable('the billing system answered with something else than this invoice');
  const invoice = answer.data;
  return {
    found: true,
    contract_id: contractIdOf(invoice.contract_id),
    observation: {
      status: STATUS[invoice.status],
      due: invoice.due_date,
      occurred_at: invoice.occurred_at,
      version: invoice.version ?? null,
    },
  };
}

async function ask(url: string, timeout_ms: number): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      // Nobody but the configured system is believed.
      redirect: 'error',
      signal: AbortSignal.timeout(timeout_ms),
    });
    return { status: response.status, text: await boundedText(response) };
  } catch (error) {
    throw new BillingUnreachable('the billing system did not answer', { cause: error });
  }
}

/** The body as text; throws when it is longer than an invoice can be. */
async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > ANSWER_BYTES_MAX) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
