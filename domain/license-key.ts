/** How license keys look and how many of them a format can give (domain.md 5.3, decisions 10). */
import { RandomText } from './random-text';
import type { RandomSource } from './random-text';

/** The format of a generator's keys: `PREFIX-XXXXX-XXXXX` for two groups of five. */
export interface KeyFormat {
  prefix: string | null;
  groups: number;
  group_length: number;
  alphabet: string;
  separator: string;
}

/** Letters and digits that are not mistaken for each other when read aloud or typed from paper. */
export const DEFAULT_ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** A format must be able to give this many keys for each license of the quota, so that a key is never guessed or met twice. */
export const KEYSPACE_PER_LICENSE = 1_000_000n;

/** Keys are sent to Postgres as one text joined by this character, which no key may therefore contain. */
export const KEY_JOINER = ',';

/** How many different keys a format can give. */
export function keyspaceOf(format: KeyFormat): bigint {
  return BigInt(format.alphabet.length) ** BigInt(format.groups * format.group_length);
}

/** The largest quota a format is good for: 10⁶ possible keys for each license. */
export function largestQuotaFor(format: KeyFormat): bigint {
  return keyspaceOf(format) / KEYSPACE_PER_LICENSE;
}

/** `count` fresh keys joined by {@link KEY_JOINER}: one text takes the driver far less work than an array of them. */
export function joinedKeys(format: KeyFormat, count: number, random: RandomSource): string {
  const text = new RandomText(format.alphabet, random, Math.min(16_384, 32 + count * format.groups * format.group_length));
  const start = format.prefix ? format.prefix + format.separator : '';
  const keys: string[] = new Array<string>(count);
  for (let i = 0; i < count; i++) {
    let key = start + text.take(format.group_length);
    for (let group = 1; group < format.groups; group++) key += format.separator + text.take(format.group_length);
    keys[i] = key;
  }
  return keys.join(KEY_JOINER);
}

/** A key as someone without the right to see it gets it: the last four characters only. */
export function maskKey(key: string): string {
  return `…${key.slice(-4)}`;
}
