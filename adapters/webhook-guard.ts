/**
 * Guards connections to URLs that others name against addresses that are not public (security.md, SSRF):
 *
 * - an IP address in a URL is judged before the connection is made, because no name is looked up for it;
 * - of the addresses of a name, those that are not allowed are dropped;
 * - the address of the open connection is judged again, before TLS begins.
 */
import type { LookupAddress, lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { isAllowedAddress, literalAddress } from '../domain/webhook/destination';
import type { DestinationPolicy } from '../domain/webhook/destination';

/** A connection was not made, because an address is not allowed. */
export class AddressNotAllowed extends Error {
  readonly code = 'ADDRESS_NOT_ALLOWED';
}

interface ConnectorOptions {
  policy: DestinationPolicy;
  lookup: typeof systemLookup;
  connect_timeout_ms: number;
  ca: string | undefined;
}

/** Connects in two steps, so that the address of the connection is judged before TLS sends the first byte. */
export function guardedConnector({
  policy,
  lookup,
  connect_timeout_ms,
  ca,
}: ConnectorOptions): buildConnector.connector {
  const connect = buildConnector({ lookup: guardedLookup(lookup, policy), timeout: connect_timeout_ms });
  const secure = buildConnector({ timeout: connect_timeout_ms, ...(ca === undefined ? {} : { ca }) });
  return (options, callback) => {
    const literal = literalAddress(options.hostname);
    if (literal !== null && !isAllowedAddress(literal, policy)) return callback(notAllowed(literal), null);
    const port = options.port || (options.protocol === 'https:' ? '443' : '80');
    connect({ ...options, port, protocol: 'http:' }, (error, socket) => {
      if (error !== null) return callback(error, null);
      const address = socket.remoteAddress ?? 'a closed connection';
      if (!isAllowedAddress(address, policy)) {
        socket.destroy();
        return callback(notAllowed(address), null);
      }
      if (options.protocol === 'http:') return callback(null, socket);
      secure({ ...options, port, httpSocket: socket }, callback);
    });
  };
}

export function notAllowed(address: string): AddressNotAllowed {
  return new AddressNotAllowed(`${address} is no public address`);
}

/** Looks up a name, and drops the addresses that are not allowed. */
function guardedLookup(lookup: typeof systemLookup, policy: DestinationPolicy): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error !== null) return callback(error, '', 0);
      const allowed = found.filter(({ address }) => isAllowedAddress(address, policy));
      const [first] = allowed;
      if (first === undefined) return callback(new AddressNotAllowed(`no address of ${hostname} is public`), '', 0);
      if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
