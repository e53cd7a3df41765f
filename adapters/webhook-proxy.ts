/**
 * Sends webhooks through an HTTP proxy, as a tunnel (CONNECT) also for `http:`, so that the proxy cannot change what is sent.
 *
 * The proxy makes the connection, so the address of the connection cannot be judged here. Before each request the addresses of the receiver
 * are judged as the resolver of this machine knows them. The proxy looks the name up again, and must refuse private addresses itself.
 */
import type { lookup as systemLookup } from 'node:dns';
import { Pool, ProxyAgent } from 'undici';
import type { Agent, Dispatcher } from 'undici';
import { isAllowedAddress, literalAddress } from '../domain/webhook/destination';
import type { DestinationPolicy } from '../domain/webhook/destination';
import { AddressNotAllowed, notAllowed } from './webhook-guard';

export interface ProxyOptions {
  /** The URL of the proxy, with a user name and a password if it wants them. */
  proxy: string;
  connect_timeout_ms: number;
  /** Certificates of receivers that are trusted besides the public ones. */
  ca: string | undefined;
  pool: Agent.Options;
}

/** Creates the dispatcher. Requests to it must be judged before by {@link judgeHost}. */
export function createProxyDispatcher({ proxy, connect_timeout_ms: timeout, ca, pool }: ProxyOptions): Dispatcher {
  return new ProxyAgent({
    ...pool,
    uri: proxy,
    proxyTls: { timeout },
    requestTls: { timeout, ...(ca === undefined ? {} : { ca }) },
    // A proxy that does not answer would hold the connection for minutes.
    clientFactory: (origin, options) => new Pool(origin, { ...options, headersTimeout: timeout }),
  });
}

export interface JudgeOptions {
  policy: DestinationPolicy;
  lookup: typeof systemLookup;
  signal: AbortSignal;
}

/** Throws unless all addresses of a host are allowed: the proxy may connect to any of them. */
export function judgeHost(hostname: string, { policy, lookup, signal }: JudgeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const literal = literalAddress(hostname);
    if (literal !== null) return isAllowedAddress(literal, policy) ? resolve() : reject(notAllowed(literal));
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    lookup(hostname, { all: true }, (error, found) => {
      if (error !== null) return reject(error);
      const are_allowed = found.length > 0 && found.every(({ address }) => isAllowedAddress(address, policy));
      if (are_allowed) resolve();
      else reject(new AddressNotAllowed(`not every address of ${hostname} is public`));
    });
  });
}
