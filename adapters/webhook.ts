/**
 * Sends signed events to the endpoints of other systems (Standard Webhooks 1.0.0). The connection is guarded against requests to
 * addresses that are not public (webhook-guard.ts), also when they go through a proxy (webhook-proxy.ts). Redirects are not followed. Every wait and every size has a limit.
 */
import { lookup as systemLookup } from 'node:dns';
import { Webhook } from 'standardwebhooks';
import { Agent, request } from 'undici';
import { version } from '../package.json';
import { millisOf } from '../domain/base/instant';
import type { Instant } from '../domain/base/instant';
import type { AttemptFailure, AttemptResult } from '../domain/webhook/attempt';
import { PUBLIC_ONLY } from '../domain/webhook/destination';
import type { DestinationPolicy } from '../domain/webhook/destination';
import { guardedConnector } from './webhook-guard';
import { createProxyDispatcher, judgeHost } from './webhook-proxy';

/** One event on its way to one endpoint. */
export interface OutgoingMessage {
  url: string;
  /** The id of the message, the same in every attempt. */
  id: string;
  /** When this attempt is made. */
  at: Instant;
  /** Exactly the text to be signed and sent. */
  body: string;
  /** The secrets that sign it (`whsec_…`): during a rotation the old ones too. */
  secrets: readonly string[];
}

/** Sends messages. Never throws: what goes wrong at the receiver is a result. */
export interface WebhookSender {
  send(message: OutgoingMessage): Promise<AttemptResult>;
  close(): Promise<void>;
}

export interface SenderOptions {
  policy?: DestinationPolicy;
  /** Looks up the addresses of a name. */
  lookup?: typeof systemLookup;
  connect_timeout_ms?: number;
  /** For the whole attempt. */
  timeout_ms?: number;
  /** Certificates that are trusted besides the public ones. */
  ca?: string;
  /** The URL of a proxy for everything that is sent. */
  proxy?: string | undefined;
}

const CONNECT_TIMEOUT_MS = 5_000;
const TIMEOUT_MS = 15_000;
/** What is read of an answer, and what is kept of it. */
const ANSWER_BYTES_MAX = 64 * 1_024;
const EXCERPT_BYTES_MAX = 2 * 1_024;
/** Connections to one receiver. */
const CONNECTIONS_MAX = 32;
/** An idle connection is closed after this time: most receivers close theirs after five seconds or more. */
const IDLE_MS = 4_000;

/** Creates a sender. Close it at the end: it keeps connections open. */
export function createWebhookSender({
  policy = PUBLIC_ONLY,
  lookup = systemLookup,
  connect_timeout_ms = CONNECT_TIMEOUT_MS,
  timeout_ms = TIMEOUT_MS,
  ca,
  proxy,
}: SenderOptions = {}): WebhookSender {
  const pool = { connections: CONNECTIONS_MAX, keepAliveTimeout: IDLE_MS, keepAliveMaxTimeout: IDLE_MS };
  const dispatcher =
    proxy === undefined
      ? new Agent({ ...pool, connect: guardedConnector({ policy, lookup, connect_timeout_ms, ca }) })
      : createProxyDispatcher({ proxy, connect_timeout_ms, ca, pool });
  return {
    async send(message) {
      const begun = performance.now();
      const latency = () => ({ latency_ms: Math.round(performance.now() - begun) });
      const signal = AbortSignal.timeout(timeout_ms);
      try {
        if (proxy !== undefined) await judgeHost(new URL(message.url).hostname, { policy, lookup, signal });
        const { statusCode, headers, body } = await request(message.url, {
          dispatcher,
          method: 'POST',
          headers: headersOf(message),
          body: message.body,
          signal,
        });
        const excerpt = await excerptOf(body);
        const retry_after = headers['retry-after'];
        const first = Array.isArray(retry_after) ? retry_after[0] : retry_after;
        return { answered: true, status: statusCode, retry_after: first ?? null, excerpt, ...latency() };
      } catch (error) {
        return { answered: false, ...failureOf(error), ...latency() };
      }
    },
    close: () => dispatcher.destroy(),
  };
}

function headersOf({ id, at, body, secrets }: OutgoingMessage): Record<string, string> {
  const signed_at = new Date(millisOf(at));
  return {
    'content-type': 'application/json',
    'user-agent': `Covenant/${version}`,
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(signed_at.getTime() / 1_000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, signed_at, body)).join(' '),
  };
}

/** The beginning of an answer as text that can be stored. The rest is not read: it may have no end. */
async function excerptOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const kept: Uint8Array[] = [];
  let read = 0;
  for await (const chunk of body) {
    if (read < EXCERPT_BYTES_MAX) kept.push(chunk.subarray(0, EXCERPT_BYTES_MAX - read));
    read += chunk.byteLength;
    // Leaving the loop closes the connection.
    if (read > ANSWER_BYTES_MAX) break;
  }
  return Buffer.concat(kept)
    .toString('utf8')
    .replace(/[^\P{C}\n\t]/gu, '\uFFFD');
}

function failureOf(error: unknown): { why: AttemptFailure; detail: string } {
  const { code, name, message, reason } = error as { code?: string; name?: string; message?: string; reason?: string };
  // OpenSSL says the reason in words beside a message for programmers.
  const [detail = ''] = (reason ?? message ?? String(error)).trim().split('\n');
  return { why: whyOf(code ?? '', name ?? ''), detail };
}

/** The codes of Node, undici and OpenSSL by what they mean. */
function whyOf(code: string, name: string): AttemptFailure {
  if (code === 'ADDRESS_NOT_ALLOWED') return 'address_not_allowed';
  if (name === 'TimeoutError' || code.includes('TIMEOUT') || code === 'ETIMEDOUT') return 'timeout';
  if (/^(ENOTFOUND|EAI_)/.test(code)) return 'dns';
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ISSUER/.test(code)) return 'certificate';
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) return 'tls';
  if (name === 'HTTPParserError' || code === 'ERR_ASSERTION' || code === 'UND_ERR_HEADERS_OVERFLOW') return 'answer';
  return 'connection';
}
