/** Numbers that JavaScript cannot represent are found in JSON text with their paths, and no others. */
import fc from 'fast-check';
import { changedNumbers, isExact } from '../../domain/base/json-number';
import { codePoint } from '../harness/code-point';

/** Decimals that the comparison by whole numbers is scaled to. */
const SCALE = 800;

/** The value of a decimal text times 10^SCALE. */
function scaled(text: string): bigint {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const power = SCALE + Number(exponent) - fraction.length;
  return BigInt(whole + fraction) * 10n ** BigInt(power);
}

function foundIn(text: string): string[] {
  return [...changedNumbers(text)].map(({ path, text: number }) => `${path.join('.')} ${number}`);
}

/** Numbers as JSON writes them, many at the limits of a double. */
const numberText = fc
  .record({
    sign: fc.constantFrom('', '-'),
    whole: fc.oneof(fc.constant('0'), fc.bigInt({ min: 1n, max: 10n ** 24n }).map(String)),
    fraction: fc.oneof(fc.constant(''), fc.stringMatching(/^\.\d{1,20}$/)),
    exponent: fc.oneof(fc.constant(''), fc.stringMatching(/^[eE][+-]?\d{1,2}$/), fc.constantFrom('e308', 'e-320')),
  })
  .map(({ sign, whole, fraction, exponent }) => sign + whole + fraction + exponent);

test('a number is exact when its value equals the number that JavaScript prints', () => {
  fc.assert(
    fc.property(numberText, (text) => {
      const parsed = Number(text);
      expect([text, isExact(text)]).toEqual([text, Number.isFinite(parsed) && scaled(text) === scaled(String(parsed))]);
    }),
    { numRuns: 2_000 },
  );
});

test('every number that JavaScript prints is exact', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
      expect(foundIn(JSON.stringify([number]))).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  '9007199254740993',
  '12345678901234567890',
  '-9007199254740993',
  '1e400',
  '-1e400',
  '1e-400',
  '0.1000000000000000001',
])('%s is not exact', (number) => expect(foundIn(`{"a":[0,${number}]}`)).toEqual([`a.1 ${number}`]));

test.each([
  '0',
  '-0',
  '1.50',
  '100e-2',
  '1E2',
  '9007199254740992',
  '123456789012345680000',
  '1e300',
  '5e-324',
  '0e999',
])('%s is exact in every notation', (number) => expect(foundIn(`[${number}]`)).toEqual([]));

test('each number is found with its path in any surrounding JSON', () => {
  const MARK = '9007199254740993';
  const pathsOf = (value: unknown, path: string[]): string[] => {
    if (value === MARK) return [path.join('.')];
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]));
  };
  const json = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(MARK, '1e400 in a text', '\\', '"', '{"a":', 7, null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string({ unit: codePoint, maxLength: 6 }), tie('value'), { maxKeys: 4 }),
    ),
  })).value;
  fc.assert(
    fc.property(json, fc.constantFrom(undefined, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent).replaceAll(`"${MARK}"`, MARK);
      expect([...changedNumbers(text)].map(({ path }) => path.join('.'))).toEqual(pathsOf(value, []));
    }),
    { numRuns: 300 },
  );
});

test('text of the largest body is scanned, however deep or long its parts are', () => {
  const DEPTH = 400_000;
  const deep = `${'['.repeat(DEPTH)}1e400${']'.repeat(DEPTH)}`;
  expect([...changedNumbers(deep)]).toHaveLength(1);
  expect([...changedNumbers(`[1${'0'.repeat(1_000_000)}1]`)]).toHaveLength(1);
  expect([...changedNumbers(`["${'\\\\'.repeat(500_000)}",1e400]`)]).toHaveLength(1);
});
