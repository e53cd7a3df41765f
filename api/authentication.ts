/** Finding out whose API key a request carries. */
import type { Instant } from '../domain/instant';
import { authenticateAdmin } from '../db/admin';
import type { AuthenticatedAdmin } from '../db/admin';
import type { Database } from '../db/index';

/** The admin behind a key, or undefined. */
export type Authenticate = (key: string, now: Instant) => Promise<AuthenticatedAdmin | undefined>;

/**
 * Requests with one key that arrive at the same moment share one look-up: a partner who calls 32 times at once costs one
 * query, not 32. Nothing is remembered beyond the look-up itself, so a revoked key ends at once.
 */
export function createAuthentication(db: Database, pepper: string): Authenticate {
  const underWay = new Map<string, Promise<AuthenticatedAdmin | undefined>>();
  return function authenticate(key, now) {
    const shared = underWay.get(key);
    if (shared) return shared;
    const lookup = authenticateAdmin(db, key, pepper, now).finally(() => underWay.delete(key));
    underWay.set(key, lookup);
    return lookup;
  };
}
