/**
 * The addresses from which the API key of a contract is accepted (domain.md 5.6): one address or network (CIDR) an entry. An empty list
 * accepts every address.
 */
import { formatNetwork, lastValueOf, networkOf, parseAddress, parseNetwork } from '../base/ip-address';

/** Entries of one list. */
export const ADDRESS_ENTRIES_MAX = 256;
/** Characters of an entry as it is sent: the longest notation of an IPv6 network has 49. */
export const ADDRESS_ENTRY_CHARS_MAX = 64;

/** An entry of a list that is not valid. */
export interface InvalidEntry {
  /** The number of its line, from 1. */
  line: number;
  /** What is wrong, as the end of a sentence whose subject is the line. */
  message: string;
}

/**
 * Reads a list that a person wrote. `entries` has each network once and in one notation, so that equal lists have equal texts. A
 * network with bits behind its prefix is refused and not corrected: `192.0.2.7/24` can be meant as one address or as 256.
 */
export function parseAddressList(lines: readonly string[]): { entries: string[]; invalid: InvalidEntry[] } {
  const entries = new Set<string>();
  const invalid: InvalidEntry[] = [];
  for (const [index, text] of lines.entries()) {
    const parsed = parseEntry(text);
    if ('message' in parsed) invalid.push({ line: index + 1, message: parsed.message });
    else entries.add(parsed.entry);
  }
  return { entries: [...entries], invalid };
}

function parseEntry(text: string): { entry: string } | { message: string } {
  const written = parseNetwork(text);
  if (written === null)
    return { message: 'must be an IPv4 or IPv6 address or network, such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/48' };
  const network = networkOf(written, written.prefix);
  if (network.value === written.value) return { entry: formatNetwork(network) };
  const one_address = formatNetwork(networkOf(written, written.family === 4 ? 32 : 128));
  return { message: `must have no bits behind its prefix: ${formatNetwork(network)}, or ${one_address} alone` };
}

/** Whether an address is in a list. An address that cannot be read is in no list. */
export type MatchesAddress = (address: string | undefined) => boolean;

/** Consecutive addresses of a family. */
interface Range {
  first: bigint;
  last: bigint;
}

/**
 * Prepares a stored list for many addresses: its networks as ranges in order, of which a binary search finds the one that can hold an
 * address. Entries that overlap or touch are one range.
 */
export function createAddressMatcher(entries: readonly string[]): MatchesAddress {
  if (entries.length === 0) return () => true;
  const ranges = { 4: rangesOf(entries, 4), 6: rangesOf(entries, 6) };
  return (text) => {
    const address = text === undefined ? null : parseAddress(text);
    if (address === null) return false;
    const range = lastRangeFrom(ranges[address.family], address.value);
    return range !== undefined && address.value <= range.last;
  };
}

function rangesOf(entries: readonly string[], family: 4 | 6): Range[] {
  const ranges = entries
    .map(parseNetwork)
    .filter((network) => network !== null)
    .filter((network) => network.family === family)
    .map((network) => ({ first: network.value, last: lastValueOf(network) }))
    .sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const merged: Range[] = [];
  for (const range of ranges) {
    const previous = merged.at(-1);
    if (previous === undefined || range.first > previous.last + 1n) merged.push({ ...range });
    else if (range.last > previous.last) previous.last = range.last;
  }
  return merged;
}

/** The last range that begins at or before a value. */
function lastRangeFrom(ranges: readonly Range[], value: bigint): Range | undefined {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle] as Range).first <= value) low = middle + 1;
    else high = middle;
  }
  return ranges[low - 1];
}
