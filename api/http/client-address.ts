/** The address of a client. */
import type { Request } from 'express';
import { withoutPort } from '../../domain/base/ip-address';

/**
 * The address from which a request came: that of the connection, or the one that trusted proxies report (`TRUST_PROXY`), some of them with
 * its port. Undefined when the connection is already closed.
 */
export function clientAddress(request: Request): string | undefined {
  // Without the header no proxy reports an address; Express would ask which proxies are trusted before it finds that.
  if (request.headers['x-forwarded-for'] === undefined) return request.socket.remoteAddress;
  const { ip } = request;
  return ip === undefined ? undefined : withoutPort(ip);
}
