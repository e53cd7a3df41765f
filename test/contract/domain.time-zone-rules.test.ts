/** What a change of the time zone rules means for a contract that was settled with other rules (domain.md 1.8.8). */
import fc from 'fast-check';
import { addDays, localDateAt, offsetsOf, startOfDay } from '../../domain/base/calendar';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import { isOlder, isOverAYearOld, settledByOtherRules, settledOn } from '../../domain/contract/time-zone-rules';
import { ZONES } from '../harness/contract-arbitrary';
import { buildFacts } from '../harness/contract-facts';

describe('the name of rules', () => {
  test.each([
    ['2025c', '2026a', true],
    ['2026a', '2026b', true],
    ['2026b', '2026b', false],
    ['2026c', '2026b', false],
    // The 27th release of a year, should there be so many.
    ['2026z', '2026za', true],
    [null, '1996a', true],
    ['', '1996a', true],
  ])('%s is older than %s: %s', (rules, than, older) => {
    expect(isOlder(rules, than)).toBe(older);
  });

  test.each([
    ['2025a', '2026-12-31T23:59:59.999Z', false],
    ['2025c', '2026-12-31T23:59:59.999Z', false],
    ['2025c', '2027-01-01T00:00:00.000Z', true],
    ['2026a', '2026-06-01T00:00:00.000Z', false],
    ['', '2026-06-01T00:00:00.000Z', true],
    ['unknown', '2026-06-01T00:00:00.000Z', true],
  ])('%s is certainly older than a year at %s: %s', (rules, now, old) => {
    expect(isOverAYearOld(rules, now)).toBe(old);
  });
});

describe('a contract that was settled with other rules', () => {
  const DAY = startOfDay('2027-02-01', 'Europe/Berlin');
  const settled = (settled_until: string) => buildFacts({ timezone: 'Europe/Berlin', settled_until });
  const minutes = (count: number): string => instantFromMillis(millisOf(DAY) + count * 60_000);

  test('is settled up to the beginning of a day that it had reached before', () => {
    expect(settledByOtherRules(settled(minutes(-30)), '2027-02-01').settled_until).toBe(DAY);
  });

  test('is settled up to just before a day that it had not reached, although the day has begun', () => {
    expect(settledByOtherRules(settled(minutes(30)), '2027-01-31').settled_until).toBe('2027-01-31T22:59:59.999Z');
    expect(settledByOtherRules(settled(DAY), '2027-01-31').settled_until).toBe('2027-01-31T22:59:59.999Z');
  });

  test('stays unchanged when its day is unknown, or further away than rules can move it', () => {
    for (const day of [null, '2027-01-20', '2027-02-10']) {
      const facts = settled(minutes(0));
      expect(settledByOtherRules(facts, day)).toBe(facts);
    }
  });

  test('reaches a day once: the reached day does not go back', () => {
    expect(settledOn(settled(minutes(-30)), '2027-02-01')).toBe('2027-02-01');
    expect(settledOn(settled(minutes(-30)), '2027-01-31')).toBe('2027-01-31');
    expect(settledOn(settled(minutes(-30)), null)).toBe('2027-01-31');
    // Nothing that rules can have moved.
    expect(settledOn(settled(minutes(-30)), '2027-02-03')).toBe('2027-01-31');
  });

  test('without a change of rules nothing moves, at any instant in any zone', () => {
    const instants = fc
      .date({ min: new Date('1990-01-01'), max: new Date('2060-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString());
    const zones = fc.constantFrom(...ZONES, 'America/St_Johns', 'Africa/Cairo', 'Pacific/Apia', 'America/Havana');
    fc.assert(
      fc.property(instants, zones, fc.integer({ min: -90, max: 90 }), (instant, timezone, near) => {
        // Near a midnight as often as not.
        const midnight = startOfDay(addDays(localDateAt(instant, timezone), 1), timezone);
        for (const settled_until of [instant, instantFromMillis(millisOf(midnight) + near * 60_000)]) {
          const facts = buildFacts({ timezone, settled_until });
          expect(settledByOtherRules(facts, settledOn(facts, null))).toBe(facts);
        }
      }),
    );
  });
});

test('offsets of zones are exact in hours and minutes, ahead of and behind UTC', () => {
  const [winter, summer] = ['2027-01-15T00:00:00.000Z', '2027-07-15T00:00:00.000Z'];
  expect(offsetsOf('UTC', [winter, summer])).toEqual([0, 0]);
  expect(offsetsOf('Asia/Kolkata', [winter, summer])).toEqual([19_800, 19_800]);
  expect(offsetsOf('America/St_Johns', [winter, summer])).toEqual([-12_600, -9_000]);
  expect(offsetsOf('America/New_York', [winter, summer])).toEqual([-18_000, -14_400]);
});
