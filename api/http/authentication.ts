/** Finding out whose API key a request carries. */
import { LRUCache } from 'lru-cache';
import type { KnownCaller } from '../../domain/access/caller';
import type { Instant } from '../../domain/base/instant';
import type { Database } from '../../db/base/database';
import { authenticateAdmin } from '../../transactions/access/authenticate-admin';

/** The caller behind a key, or undefined. */
export type Authenticate = (key: string) => Promise<KnownCaller | undefined>;

export interface Authentication {
  /**
   * Looks the key up. Requests with one key that arrive while it is being looked up share the next look-up: a partner who calls
   * 32 times at once costs two queries, not 32. None shares one that began before it arrived, so a revoked key ends at once.
   */
  authenticate: Authenticate;
  /** The same, from memory when it was looked up within the last second: for a statement that checks the key once more. */
  authenticateCached: Authenticate;
}

/** How long a look-up is remembered. */
const CACHED_MS_MAX = 1_000;
/** Keys that are remembered; beyond them the one that was not used for longest is forgotten. */
const CACHED_KEYS_MAX = 10_000;

/** The look-up of one key that is under way, and the one that begins when it ends. */
interface LookUps {
  current: Promise<KnownCaller | undefined>;
  next: Promise<KnownCaller | undefined> | undefined;
}

export function createAuthentication(db: Database, pepper: string, clock: () => Promise<Instant>): Authentication {
  const inFlight = new Map<string, LookUps>();
  const cache = new LRUCache<string, KnownCaller>({
    max: CACHED_KEYS_MAX,
    ttl: CACHED_MS_MAX,
    ttlResolution: 0,
  });

  const lookUp: Authenticate = async (key) => {
    const found_ms = performance.now();
    const caller = await authenticateAdmin(db, key, pepper, await clock());
    // A caller is as old as the question, not as its answer.
    if (caller) cache.set(key, caller, { start: found_ms });
    else cache.delete(key);
    return caller;
  };

  const begin: Authenticate = (key) => {
    const current = lookUp(key).finally(() => {
      if (inFlight.get(key) === lookUps && lookUps.next === undefined) inFlight.delete(key);
    });
    const lookUps: LookUps = { current, next: undefined };
    inFlight.set(key, lookUps);
    return current;
  };

  const authenticate: Authenticate = (key) => {
    const running = inFlight.get(key);
    if (running === undefined) return begin(key);
    const beginNext = () => begin(key);
    running.next ??= running.current.then(beginNext, beginNext);
    return running.next;
  };

  return {
    authenticate,
    authenticateCached: (key) => {
      const known = cache.get(key);
      return known ? Promise.resolve(known) : authenticate(key);
    },
  };
}
