/** Lists of addresses: which entries are valid, their one notation, and which addresses they hold. */
import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { createAddressMatcher, parseAddressList } from '../../domain/access/address-list';
import { formatAddress, parseAddress, withoutPort } from '../../domain/base/ip-address';

const octet = fc.integer({ min: 0, max: 255 });
const anyIpv4 = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'));
/** IPv6 addresses in many notations, with few distinct groups so that some share long prefixes. */
const anyIpv6 = fc.oneof(
  fc.ipV6(),
  fc.array(fc.constantFrom('0', '1', 'ffff', 'A'), { minLength: 8, maxLength: 8 }).map((groups) => groups.join(':')),
);
const anyAddress = fc.oneof(
  anyIpv4,
  anyIpv6,
  anyIpv4.map((address) => `::ffff:${address}`),
);

/** The bits of an address as a text, by the slow way: each notation is written out in full. A mapped address has the bits of its IPv4 address. */
function bitsOf(address: string): string {
  const dotted = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...octets: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = octets.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  if (!address.includes(':')) return dotted.split(':').map(groupBits).join('');
  const [head = '', tail] = dotted.split('::');
  const [before, after] = [head, tail ?? ''].map((half) => half.split(':').filter((group) => group !== '')) as [
    string[],
    string[],
  ];
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  const bits = [...before, ...zeros, ...after].map(groupBits).join('');
  return bits.startsWith('0'.repeat(80) + '1'.repeat(16)) ? bits.slice(96) : bits;
}

function groupBits(group: string): string {
  return Number.parseInt(group, 16).toString(2).padStart(16, '0');
}

/** A valid entry: the network of an address, written with the address whose bits behind the prefix are zero. */
const anyEntry = fc.tuple(fc.oneof(anyIpv4, anyIpv6), fc.nat(128), fc.boolean()).map(([address, length, is_mapped]) => {
  const bits = bitsOf(address);
  const prefix = length % (bits.length + 1);
  const value = BigInt(`0b${bits.slice(0, prefix).padEnd(bits.length, '0')}`);
  const text = formatAddress({ family: bits.length === 32 ? 4 : 6, value });
  return is_mapped && bits.length === 32 ? `::ffff:${text}/${prefix + 96}` : `${text}/${prefix}`;
});

function isInEntry(address: string, entry: string): boolean {
  const [network = '', prefix = ''] = entry.split('/');
  const [bits, network_bits] = [bitsOf(address), bitsOf(network)];
  const mapped_prefix = network.includes(':') && network_bits.length === 32 ? 96 : 0;
  const length = Number(prefix) - mapped_prefix;
  return bits.length === network_bits.length && bits.slice(0, length) === network_bits.slice(0, length);
}

test('an address is in a list exactly if it has the first bits of an entry', () => {
  const anyCase = fc.tuple(
    fc.array(anyEntry, { minLength: 1, maxLength: 8 }),
    fc.array(anyAddress, { minLength: 1, maxLength: 8 }),
  );
  fc.assert(
    fc.property(anyCase, ([lines, addresses]) => {
      const { entries, invalid } = parseAddressList(lines);
      expect(invalid).toEqual([]);
      const matches = createAddressMatcher(entries);
      // The networks themselves hit an entry, and their neighbours its edges.
      const asked = [...addresses, ...lines.map((line) => line.split('/')[0] as string)];
      const held = asked.filter((address) => lines.some((line) => isInEntry(address, line)));
      expect(asked.filter(matches)).toEqual(held);
    }),
    { numRuns: 500 },
  );
});

test('the first and the last address of a network are in it, and their neighbours are not', () => {
  const matches = createAddressMatcher(parseAddressList(['192.0.2.64/26', '2001:db8:0:1::/64']).entries);
  expect(['192.0.2.63', '192.0.2.64', '192.0.2.127', '192.0.2.128'].map(matches)).toEqual([false, true, true, false]);
  const ipv6 = [
    '2001:db8::ffff:ffff:ffff:ffff',
    '2001:db8:0:1::',
    '2001:db8:0:1:ffff:ffff:ffff:ffff',
    '2001:db8:0:2::',
  ];
  expect(ipv6.map(matches)).toEqual([false, true, true, false]);
});

test('the list agrees with the BlockList of Node', () => {
  fc.assert(
    fc.property(fc.array(anyEntry, { minLength: 1, maxLength: 5 }), anyAddress, (lines, address) => {
      const { entries } = parseAddressList(lines);
      const nodes = new BlockList();
      for (const entry of entries) {
        const [network = '', prefix] = entry.split('/');
        const family = isIP(network) === 4 ? 'ipv4' : 'ipv6';
        nodes.addSubnet(network, prefix === undefined ? (family === 'ipv4' ? 32 : 128) : Number(prefix), family);
      }
      const plain = formatAddress(parseAddress(address)!);
      // Node holds IPv4 addresses in networks of IPv6 that contain the mapped ones, such as ::/0; a list keeps the families apart.
      fc.pre(isIP(plain) === 6 || entries.every((entry) => !entry.startsWith('::')));
      expect(createAddressMatcher(entries)(address)).toBe(nodes.check(plain, isIP(plain) === 4 ? 'ipv4' : 'ipv6'));
    }),
    { numRuns: 500 },
  );
});

test('an address is read exactly if Node reads it, apart from zones, and its notation is the shortest', () => {
  const mutated = fc
    .tuple(anyAddress, fc.nat(50), fc.constantFrom('', ':', '.', '0', '/', 'g', ' ', '::', '%eth0'))
    .map(([text, index, inserted]) => text.slice(0, index) + inserted + text.slice(index));
  fc.assert(
    fc.property(fc.oneof(anyAddress, mutated, fc.string()), (text) => {
      const address = parseAddress(text);
      expect(address !== null).toBe(isIP(text) !== 0 && !text.includes('%'));
      if (address === null) return;
      const written = formatAddress(address);
      expect(parseAddress(written)).toEqual(address);
      expect(bitsOf(written)).toBe(bitsOf(text));
      expect(written).toBe(
        new URL(`http://${address.family === 4 ? written : `[${written}]`}`).hostname.replace(/[[\]]/g, ''),
      );
    }),
    { numRuns: 2_000 },
  );
});

test('an empty list holds every address, and another list no text that is not an address', () => {
  const open = createAddressMatcher([]);
  expect([open('192.0.2.1'), open('::1'), open(undefined)]).toEqual([true, true, true]);
  const all = createAddressMatcher(['0.0.0.0/0', '::/0']);
  expect([all('192.0.2.1'), all('::1')]).toEqual([true, true]);
  expect([all(undefined), all(''), all('localhost'), all('fe80::1%eth0')]).toEqual([false, false, false, false]);
});

test('equal networks have one notation, and stand once in the list', () => {
  const lines = [
    '192.0.2.7',
    '192.0.2.7/32',
    '::ffff:192.0.2.7',
    '::ffff:c000:207/128',
    '::ffff:192.0.2.0/120',
    '2001:DB8:0:0:0::/48',
  ];
  expect(parseAddressList(lines)).toEqual({ entries: ['192.0.2.7', '192.0.2.0/24', '2001:db8::/48'], invalid: [] });
});

test('a list names each line that is not valid by its number', () => {
  const lines = [
    '192.0.2.0/24',
    '192.0.2.7/24',
    '',
    '010.0.0.1',
    '192.0.2.0/33',
    '192.0.2.0/024',
    '2001:db8::1/64',
    ' 192.0.2.7',
    '::1/129',
    '*',
  ];
  const { entries, invalid } = parseAddressList(lines);
  expect(entries).toEqual(['192.0.2.0/24']);
  expect(invalid.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(invalid[0]!.message).toBe('must have no bits behind its prefix: 192.0.2.0/24, or 192.0.2.7 alone');
  expect(invalid[5]!.message).toBe('must have no bits behind its prefix: 2001:db8::/64, or 2001:db8::1 alone');
  expect(invalid[1]!.message).toMatch(/^must be an IPv4 or IPv6 address or network, such as /);
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['192.0.2.7:443', '192.0.2.7'],
  ['2001:db8::7', '2001:db8::7'],
  ['[2001:db8::7]', '2001:db8::7'],
  ['[2001:db8::7]:443', '2001:db8::7'],
  ['::ffff:192.0.2.7', '::ffff:192.0.2.7'],
  ['[::ffff:192.0.2.7]:443', '::ffff:192.0.2.7'],
  ['unknown', 'unknown'],
  ['192.0.2.7:port', '192.0.2.7:port'],
  ['[2001:db8::7', '[2001:db8::7'],
])('the address %s of a proxy is read as %s', (text, address) => {
  expect(withoutPort(text)).toBe(address);
});
