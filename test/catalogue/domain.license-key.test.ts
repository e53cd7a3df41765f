/** License keys: their format, their randomness, and the number of keys of a format. */
import { randomFillSync } from 'node:crypto';
import type { KeyFormat } from '../../domain/catalogue/license-key';
import { DEFAULT_ALPHABET, joinedKeys, keyspaceOf, largestQuotaFor, maskKey } from '../../domain/catalogue/license-key';
import { formatRandom } from '../../domain/base/random-text';

const FORMAT: KeyFormat = { prefix: 'BF26', groups: 4, group_length: 5, alphabet: DEFAULT_ALPHABET, separator: '-' };

/** A source whose bytes count from 0 to 255 repeatedly. */
function countingBytes(): (bytes: Uint8Array) => void {
  let next = 0;
  return (bytes) => bytes.forEach((_byte, index) => (bytes[index] = next++ % 256));
}

describe('license keys', () => {
  test('every key of a batch has the format of its generator', () => {
    const keys = joinedKeys(FORMAT, 500, randomFillSync).split(',');
    expect(keys).toHaveLength(500);
    for (const key of keys) expect(key).toMatch(/^BF26(-[A-HJ-NP-Z2-9]{5}){4}$/);
  });

  test('formats without a prefix, with a longer separator or with a single group work too', () => {
    const bare = { ...FORMAT, prefix: null, groups: 1, group_length: 3 };
    expect(joinedKeys(bare, 1, randomFillSync)).toMatch(/^[A-Z2-9]{3}$/);
    expect(joinedKeys({ ...FORMAT, groups: 2, separator: '::' }, 1, randomFillSync)).toMatch(
      /^BF26(::[A-Z2-9]{5}){2}$/,
    );
    expect(joinedKeys({ ...FORMAT, separator: '' }, 2, randomFillSync)).toMatch(/^BF26[A-Z2-9]{20},BF26[A-Z2-9]{20}$/);
  });

  test('a count of zero gives no keys', () => {
    expect(joinedKeys(FORMAT, 0, randomFillSync)).toBe('');
  });

  test('a batch of 5,000 repeats no key, and two batches share none', () => {
    const keys = [
      ...joinedKeys(FORMAT, 5_000, randomFillSync).split(','),
      ...joinedKeys(FORMAT, 5_000, randomFillSync).split(','),
    ];
    expect(new Set(keys).size).toBe(10_000);
  });

  test('keys use the random bytes in their order', () => {
    expect(joinedKeys({ ...FORMAT, groups: 2 }, 2, countingBytes())).toBe('BF26-ABCDE-FGHJK,BF26-LMNPQ-RSTUV');
  });

  test('accepted bytes give each character equally often', () => {
    for (const length of [2, 10, 24, 32, 62, 94]) {
      const alphabet = String.fromCharCode(...Array.from({ length }, (_value, index) => 33 + index));
      const kept = 256 - (256 % alphabet.length);
      const text = formatRandom(alphabet, 2 * kept, countingBytes());
      for (const character of alphabet) expect(text.split(character)).toHaveLength((2 * kept) / alphabet.length + 1);
    }
  });

  test('more characters than one draw of random bytes are still all random', () => {
    const draws: number[] = [];
    const text = formatRandom('AB', 600_000, (bytes) => {
      draws.push(bytes.length);
      randomFillSync(bytes);
    });
    expect(draws.length).toBeGreaterThan(1);
    expect(text).toMatch(/^[AB]{600000}$/);
  });

  test('an alphabet or a prefix outside ASCII is an error, not a broken key', () => {
    expect(() => joinedKeys({ ...FORMAT, alphabet: 'ÄÖÜ' }, 1, randomFillSync)).toThrow(RangeError);
    expect(() => joinedKeys({ ...FORMAT, prefix: 'Größe' }, 1, randomFillSync)).toThrow(RangeError);
  });

  test('the largest quota is a millionth of the keys of the format', () => {
    const small = { ...FORMAT, groups: 1, group_length: 5, alphabet: '0123456789ABCDEF' };
    expect(keyspaceOf(small)).toBe(16n ** 5n);
    expect(largestQuotaFor(small)).toBe(1n);
  });

  test('a masked key shows its last four characters only', () => {
    expect(maskKey('BF26-ABCDE-FGHJK')).toBe('…GHJK');
  });
});
