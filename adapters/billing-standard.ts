/**
 * Billing by Standard Webhooks, for any system that can sign a JSON message and optionally serve its invoices.
 *
 * A message is accepted when one of the secrets signed it at most five minutes from now (standard-signature.ts). When a base URL is
 * configured, `GET {url}/invoices/{id}` returns the current invoice; without one, the messages are the only source.
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
import { fieldMessage } from '../domain/base/field-message';
import { STANDARD_STATUS, StandardEnvelope, StandardMessage, isStandardType } from '../domain/billing/billing-message';
import type { Instant } from '../domain/base/instant';
import { rejectShape, rejectNonText, readJson, textOf } from './signed-text';
import { rejectionOf } from './standard-signature';

/** How long the request for an invoice may take. */
const FETCH_TIMEOUT_MS = 5_000;
/** The largest response that is read. */
const RESPONSE_BYTES_MAX = 64 * 1024;

/** The paths of the numbers of a message that are read. They must be exact. */
const EXACT_NUMBERS = [['invoice', 'version']];

/** The response of `GET {url}/invoices/{id}`. */
const InvoiceResponse = z.looseObject({
  id: z.string(),
  contract_id: z.string().nullable(),
  status: z.enum(['open', 'payment_failed', 'paid', 'void', 'written_off', 'disputed']),
  due_date: StandardMessage.shape.invoice.shape.due_date,
  occurred_at: StandardMessage.shape.occurred_at,
  version: StandardMessage.shape.invoice.shape.version,
});

const STATUS: Record<z.infer<typeof InvoiceResponse>['status'], InvoiceStatus> = {
  open: 'OPEN',
  payment_failed: 'FAILED',
  paid: 'PAID',
  void: 'VOID',
  written_off: 'WRITTEN_OFF',
  disputed: 'DISPUTED',
};

/** Receives messages that are signed with any of the secrets (`whsec_…`). There are several during a rotation. */
export function createStandardReceiver(secrets: readonly string[]): BillingReceiver {
  const webhooks = secrets.map((secret) => new Webhook(secret));
  return {
    source: 'standard',
    receive(body, headers, now) {
      const raw = textOf(body);
      if (raw === null) return rejectNonText();
      const rejection = rejectionOf(webhooks, raw, headers, now);
      if (rejection !== null) return rejection;
      return readMessage(raw, now);
    },
  };
}

/**
 * Queries the billing system at `url`, a base URL without a final slash. Without a URL no invoice can be fetched. A response may take
 * five seconds by default.
 */
export function createStandardPort(url: string | undefined, timeout_ms = FETCH_TIMEOUT_MS): BillingPort {
  return {
    source: 'standard',
    fetches: url !== undefined,
    fetchInvoice: ({ invoice_id }) => {
      if (url === undefined) throw new Error('without a base URL no invoice can be fetched');
      return fetchInvoice(url, invoice_id, timeout_ms);
    },
    // Only the message itself can name its contract and its invoice.
    identify: async () => null,
  };
}

function readMessage(raw: string, now: Instant): ReceivedMessage {
  const read = readJson(raw, EXACT_NUMBERS);
  if (!('json' in read)) return read;
  const message = StandardMessage.safeParse(read.json, { error: fieldMessage });
  if (!message.success) return readOtherMessage(raw, read.json, message.error, now);
  const { type, contract_id, invoice, occurred_at: happened_at } = message.data;
  const event: BillingEvent = {
    source: 'standard',
    event_id: message.data.id,
    type,
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

/** A message of a type that concerns no contract is stored and ignored. Any other is rejected for what its fields are not. */
function readOtherMessage(raw: string, json: unknown, error: z.ZodError, now: Instant): ReceivedMessage {
  const envelope = StandardEnvelope.safeParse(json, { error: fieldMessage });
  if (!envelope.success) return rejectShape(envelope.error);
  const { id, type, occurred_at } = envelope.data;
  if (isStandardType(type)) return rejectShape(error);
  const identity = { source: 'standard', event_id: id, type } as const;
  return { accepted: true, raw, event: { ...identity, ...irrelevantFields(occurred_at ?? now) } };
}

function irrelevantFields(occurred_at: Instant) {
  return { occurred_at, contract_id: null, invoice_id: null, observation: null, relevant: false } as const;
}

async function fetchInvoice(url: string, invoice_id: string, timeout_ms: number): Promise<FetchedInvoice> {
  const { status, text } = await get(`${url}/invoices/${encodeURIComponent(invoice_id)}`, timeout_ms);
  if (status === 404) return { found: false };
  if (status !== 200) throw new BillingUnreachable(`the billing system responded with status ${status}`);
  const response = InvoiceResponse.safeParse(parseJson(text));
  if (!response.success || response.data.id !== invoice_id)
    throw new BillingUnreachable('the response of the billing system is not this invoice');
  const invoice = response.data;
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

async function get(url: string, timeout_ms: number): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      // Only the configured system is trusted, so redirects are not followed.
      redirect: 'error',
      signal: AbortSignal.timeout(timeout_ms),
    });
    return { status: response.status, text: await readLimitedText(response) };
  } catch (error) {
    throw new BillingUnreachable('the billing system did not respond', { cause: error });
  }
}

/** Reads the body as text. Throws when it is larger than any invoice. */
async function readLimitedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > RESPONSE_BYTES_MAX) throw new Error('the response is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
