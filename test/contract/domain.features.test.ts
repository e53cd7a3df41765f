/** Features and activation limits (domain.md 5.8): RFC 7396, and known keys keep their type. */
import fc from 'fast-check';
import { effectiveActivationLimit, effectiveFeatures, mistypedOverrides } from '../../domain/contract/features';
import type { JsonObject } from '../../domain/base/json';

test.each<[JsonObject, JsonObject, JsonObject]>([
  [{ seats: 5 }, {}, { seats: 5 }],
  [{ seats: 5 }, { seats: 9 }, { seats: 9 }],
  [{ seats: 5 }, { tier: 'gold' }, { seats: 5, tier: 'gold' }],
  [{ seats: 5, tier: 'gold' }, { tier: null }, { seats: 5 }],
  [{ a: { b: 1, c: 2 } }, { a: { c: 3 } }, { a: { b: 1, c: 3 } }],
  [{ a: { b: 1, c: 2 } }, { a: { b: null } }, { a: { c: 2 } }],
  [{ a: [1, 2] }, { a: [3] }, { a: [3] }],
  [{ a: 1 }, { a: { b: { c: null, d: 1 } } }, { a: { b: { d: 1 } } }],
])('%j with the overrides %j gives %j', (generator, overrides, effective) => {
  expect(effectiveFeatures(generator, overrides)).toEqual(effective);
});

const json = fc.dictionary(
  fc.constantFrom('a', 'b', 'c'),
  fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.integer(),
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.integer()),
      fc.dictionary(fc.constantFrom('a', 'b'), tie('value')),
    ),
  })).value,
) as fc.Arbitrary<JsonObject>;

test('merging changes neither input, and merging again changes nothing', () => {
  fc.assert(
    fc.property(json, json, (generator, overrides) => {
      const before = JSON.stringify([generator, overrides]);
      const once = effectiveFeatures(generator, overrides);
      expect(JSON.stringify([generator, overrides])).toBe(before);
      expect(effectiveFeatures(once, overrides)).toEqual(once);
    }),
  );
});

test('without overrides nothing changes, and no merge reaches the prototype of objects', () => {
  fc.assert(fc.property(json, (generator) => expect(effectiveFeatures(generator, {})).toEqual(generator)));
  effectiveFeatures({}, JSON.parse('{"__proto__":{"polluted":true}}') as JsonObject);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test.each<[JsonObject, JsonObject, string[]]>([
  [{ seats: 5 }, { seats: '5' }, ['seats']],
  [{ a: { b: 1 } }, { a: { b: 'x', c: true } }, ['a.b']],
  [{ a: { b: 1 } }, { a: [1] }, ['a']],
  [{ a: [1] }, { a: ['x'] }, []],
  [{ a: null }, { a: 1 }, []],
  [{ a: 1 }, { a: null, b: 'new' }, []],
])('features %j with the overrides %j have the wrong types at %j', (generator, overrides, paths) => {
  expect(mistypedOverrides(generator, overrides)).toEqual(paths);
});

test.each([
  [3, null, 3],
  [null, null, null],
  [3, 5, 5],
  [null, 5, 5],
  [3, 'unlimited' as const, null],
])('a generator with the limit %p and a contract that says %p give %p', (generator, override, effective) => {
  expect(effectiveActivationLimit(generator, override)).toBe(effective);
});
