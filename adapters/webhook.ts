/**
 * Sends signed events to the endpoints of other systems (Standard Webhooks 1.0.0). The connection is guarded against requests to
 * addresses that are not public (webhook-guard.ts), also when they go through a proxy (webhook-proxy.ts). Redirects are not followed. Every wait and every size has a limit.
 */
import { lookup as systemLookup } from 'node:dns';
import { Webhook } from 'standardwebhooks';
import { Agent } from 'undici';
import { version } from '../package.json';
import { millisOf } from '../domain/base/instant';
import type { Instant } from '../domain/base/instant';
import type { AttemptFailure, AttemptResult } from '../domain/webhook/attempt';
import { PUBLIC_ONLY } from '../domain/webhook/destination';
import type { DestinationPolicy } from '../domain/webhook/destination';
import { exchange } from './webhook-exchange';
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
  const signersOf = createSigners();
  return {
    async send(message) {
      const begun = performance.now();
      const latency = () => ({ latency_ms: Math.round(performance.now() - begun) });
      try {
        if (proxy !== undefined) {
          const signal = AbortSignal.timeout(timeout_ms);
          await judgeHost(new URL(message.url).hostname, { policy, lookup, signal });
        }
        const answer = await exchange(dispatcher, {
          url: message.url,
          headers: headersOf(message, signersOf(message.secrets)),
          body: message.body,
          timeout_ms: timeout_ms - (performance.now() - begun),
        });
        const { status, retry_after } = answer;
        return { answered: true, status, retry_after, excerpt: storableText(answer.excerpt), ...latency() };
      } catch (error) {
        return { answered: false, ...failureOf(error), ...latency() };
      }
    },
    close: () => dispatcher.destroy(),
  };
}

function headersOf({ id, at, body }: OutgoingMessage, signers: readonly Webhook[]): Record<string, string> {
  const signed_at = new Date(millisOf(at));
  return {
    'content-type': 'application/json',
    'user-agent': `Covenant/${version}`,
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(signed_at.getTime() / 1_000)),
    'webhook-signature': signers.map((signer) => signer.sign(id, signed_at, body)).join(' '),
  };
}

/** Returns the signers of secrets. Those of one list are kept as long as the list, which is that of many attempts. */
function createSigners(): (secrets: readonly string[]) => readonly Webhook[] {
  const kept = new WeakMap<readonly string[], readonly Webhook[]>();
  return (secrets) => {
    const signers = kept.get(secrets) ?? secrets.map((secret) => new Webhook(secret));
    kept.set(secrets, signers);
    return signers;
  };
}

/** Text that Postgres can store and people can read. */
function storableText(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/[^\P{C}\n\t]/gu, '\uFFFD');
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
