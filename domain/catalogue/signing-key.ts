/**
 * The keys with which licenses of a product are signed, so that programs verify them without a connection.
 *
 * A key is active, then verifies only what it signed before, and is retired when nothing that it signed is in use any more. A product has at
 * most one active key, and none until the first request that needs one: most products sign nothing, and an installation without sealing
 * keys can still create products.
 */
import { allowedUnless, refuse } from '../base/refusal';
import type { Allowed, Refusal } from '../base/refusal';
import type { Instant } from '../base/instant';

export const SIGNING_KEY_STATES = ['active', 'verify_only', 'retired'] as const;
export type SigningKeyState = (typeof SIGNING_KEY_STATES)[number];

/** Keys of a product that programs must know at the same time: the active one, and those that verify only. */
export const PUBLISHED_KEYS_MAX = 10;

export interface SigningKeyFacts {
  kid: string;
  verify_only_since: Instant | null;
  retired_at: Instant | null;
}

export function signingKeyState({ verify_only_since, retired_at }: SigningKeyFacts): SigningKeyState {
  if (retired_at !== null) return 'retired';
  return verify_only_since === null ? 'active' : 'verify_only';
}

/** Refuses a further key of a product that publishes the largest number. */
export function newSigningKeyRefusal(published: number): Refusal | null {
  return published < PUBLISHED_KEYS_MAX ? null : refuse('TOO_MANY_SIGNING_KEYS', { max: PUBLISHED_KEYS_MAX });
}

/** Refuses to retire the active key: a product that signs would have none. */
export function retireSigningKeyRefusal(key: SigningKeyFacts): Refusal | null {
  return signingKeyState(key) === 'active' ? refuse('SIGNING_KEY_ACTIVE', { kid: key.kid }) : null;
}

export function signingKeyActions(key: SigningKeyFacts): { retire: Allowed } {
  return { retire: allowedUnless(retireSigningKeyRefusal(key)) };
}
