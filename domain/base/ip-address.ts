/**
 * IP addresses and networks as numbers. Written here because `domain/` cannot import `node:net`.
 *
 * An IPv4-mapped IPv6 address (`::ffff:192.0.2.7`) is the IPv4 address that it holds: a server that listens on `::` sees IPv4 clients
 * under such addresses.
 */

export interface IpAddress {
  family: 4 | 6;
  /** The address as an unsigned number of 32 or 128 bits. */
  value: bigint;
}

/** The addresses that have the same first `prefix` bits as `value`. {@link networkOf} sets the other bits of `value` to zero. */
export interface IpNetwork extends IpAddress {
  prefix: number;
}

const BITS = { 4: 32, 6: 128 } as const;
const GROUPS_OF_IPV6 = 8;
/** `::ffff:0:0/96`, the network of the mapped addresses. */
const MAPPED = { high_bits: 0xffffn, prefix: 96 } as const;

/** Reads an address in the usual notations. Null for another text, also for octets with leading zeros and for addresses with a zone. */
export function parseAddress(text: string): IpAddress | null {
  const written = text.includes(':') ? parseIpv6(text) : parseIpv4(text);
  return written === null ? null : unmapped(written);
}

/**
 * An address as a proxy writes it, without the port and the brackets that some add (`192.0.2.7:443`, `[2001:db8::7]:443`). Other text is
 * returned unchanged.
 */
export function withoutPort(text: string): string {
  const [, bracketed, dotted] = /^(?:\[([\da-fA-F:.]+)\](?::\d{1,5})?|(\d[\d.]*):\d{1,5})$/.exec(text) ?? [];
  return bracketed ?? dotted ?? text;
}

/** Reads `address/prefix`, or an address alone as the network of this address. Null for another text and for a prefix that does not exist. The bits behind the prefix are kept. */
export function parseNetwork(text: string): IpNetwork | null {
  const [, address_text = '', prefix_text] = /^([^/]*)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const written = address_text.includes(':') ? parseIpv6(address_text) : parseIpv4(address_text);
  if (written === null) return null;
  const bits = BITS[written.family];
  const prefix = prefix_text === undefined ? bits : Number(prefix_text);
  if (prefix > bits) return null;
  const address = unmapped(written);
  if (address.family === written.family) return { ...address, prefix };
  // A mapped network that is larger than all of IPv4 is not one of IPv4.
  return prefix < MAPPED.prefix ? { ...written, prefix } : { ...address, prefix: prefix - MAPPED.prefix };
}

/** The network of an address with this prefix. */
export function networkOf({ family, value }: IpAddress, prefix: number): IpNetwork {
  const host_bits = BigInt(BITS[family] - prefix);
  return { family, value: (value >> host_bits) << host_bits, prefix };
}

/** The last address of a network, as a number. */
export function lastValueOf({ family, value, prefix }: IpNetwork): bigint {
  return value | ((1n << BigInt(BITS[family] - prefix)) - 1n);
}

/** The one notation of an address: dotted for IPv4, that of RFC 5952 for IPv6. */
export function formatAddress({ family, value }: IpAddress): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');
  const groups = Array.from({ length: GROUPS_OF_IPV6 }, (_, index) =>
    ((value >> BigInt(16 * (GROUPS_OF_IPV6 - 1 - index))) & 0xffffn).toString(16),
  );
  const zeros = longestZeros(groups);
  if (zeros === null) return groups.join(':');
  return `${groups.slice(0, zeros.start).join(':')}::${groups.slice(zeros.start + zeros.length).join(':')}`;
}

/** The one notation of a network. The network of a single address has no prefix. */
export function formatNetwork(network: IpNetwork): string {
  const address = formatAddress(network);
  return network.prefix === BITS[network.family] ? address : `${address}/${network.prefix}`;
}

function parseIpv4(text: string): IpAddress | null {
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1);
  // Some programs read an octet with a leading zero as octal.
  if (octets === undefined || octets.some((octet) => Number(octet) > 255 || /^0./.test(octet))) return null;
  return { family: 4, value: octets.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n) };
}

function parseIpv6(text: string): IpAddress | null {
  const last_colon = text.lastIndexOf(':');
  const last = text.slice(last_colon + 1);
  if (last.includes('.')) {
    const ipv4 = parseIpv4(last);
    if (ipv4 === null) return null;
    const groups = `${(ipv4.value >> 16n).toString(16)}:${(ipv4.value & 0xffffn).toString(16)}`;
    return parseIpv6(text.slice(0, last_colon + 1) + groups);
  }
  const halves = text.split('::');
  const [head = '', tail] = halves;
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  if (halves.length > 2 || before === null || after === null) return null;
  const missing = GROUPS_OF_IPV6 - before.length - after.length;
  // "::" stands for at least one group.
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...before, ...Array<bigint>(missing).fill(0n), ...after];
  return { family: 6, value: groups.reduce((value, group) => (value << 16n) | group, 0n) };
}

function groupsOf(text: string): bigint[] | null {
  if (text === '') return [];
  const groups = text.split(':');
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) ? groups.map((group) => BigInt(`0x${group}`)) : null;
}

function unmapped(address: IpAddress): IpAddress {
  const is_mapped = address.family === 6 && address.value >> BigInt(BITS[4]) === MAPPED.high_bits;
  return is_mapped ? { family: 4, value: address.value & 0xffff_ffffn } : address;
}

/** The first of the longest runs of at least two zero groups; null when there is none. */
function longestZeros(groups: readonly string[]): { start: number; length: number } | null {
  let longest: { start: number; length: number } | null = null;
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === '0') length += 1;
    if (length >= 2 && length > (longest?.length ?? 0)) longest = { start, length };
  }
  return longest;
}
