/** Finds the caller to whom the API key of a request belongs. */
import { LRUCache } from 'lru-cache';
import type { ApiKey } from '../../domain/access/api-key';
import type { KnownCaller } from '../../domain/access/caller';
import type { Instant } from '../../domain/base/instant';
import type { Database } from '../../db/base/database';
import { authenticate as lookUpKey } from '../../transactions/access/authenticate';

/** Returns the caller to whom the key belongs, or undefined. */
export type Authenticate = (key: ApiKey) => Promise<KnownCaller | undefined>;

export interface Authentication {
  /**
   * Looks up the key. Requests with the same key that arrive during a lookup share the next one: 32 simultaneous requests cost
   * two queries, not 32. No request uses a lookup that started before the request arrived, so a revoked key stops working at once.
   */
  authenticate: Authenticate;
  /** Returns the cached caller of a lookup within the last second, else looks up the key. For statements that check the key again. */
  authenticateCached: Authenticate;
}

/** How long the result of a lookup is cached. */
const CACHED_MS_MAX = 1_000;
/** Keys that are cached. Beyond this number the least recently used key is dropped. */
const CACHED_KEYS_MAX = 10_000;

/** The lookup of one key that is in flight, and the one that starts when it ends. */
interface Lookups {
  current: Promise<KnownCaller | undefined>;
  next: Promise<KnownCaller | undefined> | undefined;
}

export function createAuthentication(db: Database, pepper: string, clock: () => Promise<Instant>): Authentication {
  const inFlight = new Map<string, Lookups>();
  const cache = new LRUCache<string, KnownCaller>({
    max: CACHED_KEYS_MAX,
    ttl: CACHED_MS_MAX,
    ttlResolution: 0,
  });

  const lookUp: Authenticate = async (key) => {
    const started_ms = performance.now();
    const caller = await lookUpKey(db, key, pepper, await clock());
    // The age of a cached caller counts from the start of the query, not from its end.
    if (caller) cache.set(key.text, caller, { start: started_ms });
    else cache.delete(key.text);
    return caller;
  };

  const begin: Authenticate = (key) => {
    const current = lookUp(key).finally(() => {
      if (inFlight.get(key.text) === lookups && lookups.next === undefined) inFlight.delete(key.text);
    });
    const lookups: Lookups = { current, next: undefined };
    inFlight.set(key.text, lookups);
    return current;
  };

  const authenticate: Authenticate = (key) => {
    const running = inFlight.get(key.text);
    if (running === undefined) return begin(key);
    const beginNext = () => begin(key);
    running.next ??= running.current.then(beginNext, beginNext);
    return running.next;
  };

  return {
    authenticate,
    authenticateCached: (key) => {
      const known = cache.get(key.text);
      return known ? Promise.resolve(known) : authenticate(key);
    },
  };
}
