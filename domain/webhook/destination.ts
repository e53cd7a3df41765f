/**
 * Where webhooks may be sent (security.md, SSRF). The person who names a URL chooses which server Covenant talks to, so only public
 * addresses are allowed: not those of this machine, of its network, or of the service with the credentials of a cloud.
 *
 * A URL is judged when it is stored, and its addresses whenever a connection is made (adapters/webhook.ts), because a name can change.
 */
import ipaddr from 'ipaddr.js';

/** What an installation allows besides public addresses over HTTPS. */
export interface DestinationPolicy {
  /** Networks of private receivers, in CIDR notation. */
  private_networks: readonly string[];
  /** Whether `http:` is allowed. */
  allows_http: boolean;
}

export const PUBLIC_ONLY: DestinationPolicy = { private_networks: [], allows_http: false };

/** The longest URL, in characters. */
export const URL_CHARS_MAX = 2_048;

/** The part of IPv6 that is assigned to the public Internet. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/** Whether a connection to an IP address is allowed. A text that is not an IP address is not. */
export function isAllowedAddress(text: string, { private_networks }: DestinationPolicy): boolean {
  if (!isAddress(text)) return false;
  // An IPv4 address inside of an IPv6 address becomes that IPv4 address.
  const address = ipaddr.process(text);
  if (private_networks.some((network) => contains(network, address))) return true;
  if (address.range() !== 'unicast') return false;
  return address instanceof ipaddr.IPv4 || address.match(GLOBAL_IPV6);
}

function contains(network: string, address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  const [base, bits] = ipaddr.parseCIDR(network);
  return base.kind() === address.kind() && address.match(base, bits);
}

/** The IP address that a URL names as its host; null for a name. `hostname` is that of a parsed URL, which has one form for each address. */
export function literalAddress(hostname: string): string | null {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isAddress(bare) ? bare : null;
}

/** Other forms of IPv4, such as `127.1`, mean different addresses to different programs. */
function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}

/** Why a URL cannot be the address of an endpoint, as the end of a sentence that begins with its field; null when it can. */
export function urlProblem(text: string, policy: DestinationPolicy): string | null {
  if (text.length > URL_CHARS_MAX) return `must have at most ${URL_CHARS_MAX} characters`;
  // The parser removes these without notice, so the stored text would differ from what is called.
  if (/[\s\\\p{C}]/u.test(text)) return 'must not contain spaces, control characters or backslashes';
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:\/\//i.test(text))
    return 'must be a complete URL, such as https://example.com/webhooks';
  if (url.protocol === 'http:' && !policy.allows_http) return 'must begin with https://';
  // An empty user name is not in the parsed URL, but in the text.
  if (authorityOf(text).includes('@')) return 'must not contain a user name or a password';
  if (url.port === '0') return 'must not name port 0, on which no server listens';
  if (text.includes('#')) return 'must not contain a fragment (#)';
  const literal = literalAddress(url.hostname);
  if (literal !== null)
    return isAllowedAddress(literal, policy) ? null : `must not name ${literal}, which is no public address`;
  return isLoopbackName(url.hostname) && !isAllowedAddress('127.0.0.1', policy) ? 'must not name this machine' : null;
}

/** What a URL says between `//` and its path, as it is written. */
function authorityOf(text: string): string {
  return text.replace(/^https?:\/\//i, '').split(/[/?#]/, 1)[0] as string;
}

/** Names that mean the machine itself on every machine (RFC 6761). */
function isLoopbackName(hostname: string): boolean {
  const name = hostname.replace(/\.$/, '');
  return name === 'localhost' || name.endsWith('.localhost');
}
