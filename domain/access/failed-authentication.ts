/**
 * The limit of failed authentications from one address (domain.md 5.6). A valid API key works from every address, also while the limit is
 * reached: otherwise one client could lock out all others behind its proxy. The secret of a key has 256 random bits, so the limit is not
 * what keeps it from being guessed. It keeps attempts cheap, and makes them visible.
 */
import { formatNetwork, networkOf, parseAddress } from '../base/ip-address';

/** Failed authentications of one client that are answered in detail in a minute. A client with a wrong key learns what is wrong from the first. */
export const FAILURES_MAX = 30;

/** Bits of an IPv6 address that a provider assigns to one client. The client chooses the other 64, so they do not identify it. */
const IPV6_CLIENT_PREFIX = 64;

/** An IPv4 address in its one notation. */
const DOTTED = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** What identifies a client for the limit: its IPv4 address, or its IPv6 network of 64 bits. */
export function clientNetwork(text: string | undefined): string {
  // Most addresses are such, and reading one as a number takes longer than the rest of a cheap request's checks.
  if (text !== undefined && DOTTED.test(text)) return text;
  const address = text === undefined ? null : parseAddress(text);
  if (address === null) return 'unknown';
  return formatNetwork(networkOf(address, address.family === 4 ? 32 : IPV6_CLIENT_PREFIX));
}

/** Why a complete API key is not accepted. */
export type KeyRejection =
  'unknown' | 'wrong_secret' | 'revoked' | 'expired' | 'admin_disabled' | 'other_environment' | 'accepted_by_now';
