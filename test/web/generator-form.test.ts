/** What the form of a generator makes of what is typed. */
import { featuresOf, retyped, rowsOf } from '../../web/src/catalogue/features';
import type { FeatureRow } from '../../web/src/catalogue/features';
import { creationOf, editOf, valuesOf } from '../../web/src/catalogue/generator-values';
import { patternOf } from '../../web/src/catalogue/key-pattern';
import { formatKeyspace } from '../../web/src/catalogue/keyspace';
import type { Generator } from '../../web/src/catalogue/states';

const row = (more: Partial<FeatureRow>): FeatureRow => ({ key: 'a', name: 'seats', type: 'text', value: '', ...more });

test('every JSON value of a feature is the same after it was shown in the editor', () => {
  const features = {
    seats: 5,
    rendering: true,
    plan: 'true',
    regions: ['eu', null],
    nothing: null,
    limits: { a: 1.5 },
  };
  expect(featuresOf(rowsOf(features))).toEqual({ features, faults: {} });
});

test('a row that is no feature is named with its fault, and a name counts once', () => {
  const rows = [
    row({ key: '1', name: ' ' }),
    row({ key: '2', type: 'number', value: '' }),
    row({ key: '3', type: 'number', value: '1e999' }),
    row({ key: '4', type: 'json', value: '{' }),
    row({ key: '5', name: 'a' }),
    row({ key: '6', name: ' a' }),
  ];
  const { features, faults } = featuresOf(rows);
  expect(features).toEqual({ a: '' });
  expect(faults).toEqual({ 1: 'no_name', 2: 'no_number', 3: 'no_number', 4: 'no_json', 6: 'name_twice' });
});

test('a change of the type keeps what the new type can show', () => {
  expect(retyped(row({ value: '5' }), 'number').value).toBe('5');
  expect(retyped(row({ value: 'five' }), 'number').value).toBe('');
  expect(retyped(row({ value: 'a"b' }), 'json').value).toBe('"a\\"b"');
  expect(retyped(row({ value: 'yes' }), 'boolean').value).toBe('false');
});

test('an edit sends the format only when it was changed, and empty fields as the interface wants them', () => {
  const format = { prefix: 'CAD', groups: 4, group_length: 5, alphabet: 'AB', separator: '-' };
  const generator = {
    name: 'Keys',
    product_id: 'p',
    kind: 'plain',
    status: 'active',
    activation_limit: 2,
    format,
    features: {},
  };
  const before = valuesOf(generator as unknown as Generator);
  expect(editOf({ ...before, activation_limit: '' }, before)).toEqual({
    name: 'Keys',
    kind: 'plain',
    status: 'active',
    features: {},
    activation_limit: null,
  });
  const changed = { ...before, format: { ...before.format, prefix: '', alphabet: '' } };
  expect(editOf(changed, before).format).toEqual({ prefix: null, groups: 4, group_length: 5, separator: '-' });
  expect(creationOf(before).format).toEqual(format);
});

test('large numbers of keys are shown as a power of ten, small ones with all digits', () => {
  expect(formatKeyspace('33554432', 'en')).toBe('33,554,432');
  expect(formatKeyspace((32n ** 20n).toString(), 'de')).toBe('≈ 1,3 × 10³⁰');
});

test.each([
  ['CAD-XX-XX', { prefix: 'CAD', groups: 2, group_length: 2, separator: '-' }],
  ['XXX', { prefix: null, groups: 1, group_length: 3, separator: '' }],
])('a format is written as %s', (pattern, format) => {
  expect(patternOf({ alphabet: 'AB', ...format })).toBe(pattern);
});
