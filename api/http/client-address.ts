/** The address of a client. */
import type { Request } from 'express';
import { withoutPort } from '../../domain/base/ip-address';

/**
 * The address from which a request came: that of the connection, or the one that trusted proxies report (`TRUST_PROXY`), some of them with
 * its port. Undefined when the connection is already closed.
 */
export function clientAddress({ ip }: Request): string | undefined {
  return ip === undefined ? undefined : withoutPort(ip);
}
