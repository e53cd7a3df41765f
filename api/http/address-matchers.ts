/** Prepared lists of addresses, kept in memory: the list of a contract is the same for all its calls until it is edited. */
import { LRUCache } from 'lru-cache';
import { createAddressMatcher } from '../../domain/access/address-list';
import type { MatchesAddress } from '../../domain/access/address-list';

/** Lists that are kept. The list that was used least recently is dropped and prepared again when it is needed. */
const LISTS_MAX = 1_000;

const matchers = new LRUCache<string, MatchesAddress>({ max: LISTS_MAX });

/** The matcher of a stored list. */
export function addressMatcherOf(entries: readonly string[]): MatchesAddress {
  const text = entries.join(' ');
  const known = matchers.get(text);
  if (known) return known;
  const matcher = createAddressMatcher(entries);
  matchers.set(text, matcher);
  return matcher;
}
