/** Formulas of metrics that have no row behind them: shares, the window, and the rounding of the utilization. */
import fc from 'fast-check';
import { isRefusal } from '../../domain/base/refusal';
import { quotaOf } from '../../domain/contract/quota';
import { sharesOf } from '../../domain/metric/metrics';
import { windowOf } from '../../domain/metric/window';

test('shares sum to 100, and none differs from its exact share by a whole percent', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 6 }), (parts) => {
      const whole = parts.reduce((sum, part) => sum + part, 0);
      const shares = sharesOf(parts);
      if (whole === 0) return expect(shares).toBeNull();
      expect(shares?.reduce((sum, share) => sum + share, 0)).toBe(100);
      parts.forEach((part, index) =>
        expect(Math.abs((shares?.[index] as number) - (100 * part) / whole)).toBeLessThan(1),
      );
    }),
  );
});

test.each([
  [
    [1, 1, 1],
    [34, 33, 33],
  ],
  [
    [2, 1, 0],
    [67, 33, 0],
  ],
  [
    [1, 199],
    [1, 99],
  ],
  [
    [0, 7],
    [0, 100],
  ],
])('the shares of %j are %j', (parts, shares) => expect(sharesOf(parts)).toEqual(shares));

test.each([
  // 50.15 exactly. In binary fractions it is a little less.
  [1_003, 2_000, 50.2],
  [1, 3, 33.3],
  [2, 3, 66.7],
  [1_999_999, 2_000_000, 100],
  [0, 7, 0],
])('%d of %d licenses are %d percent', (generated, total, utilization) =>
  expect(quotaOf({ total, claimed: generated }, 0).utilization).toBe(utilization),
);

describe('the window', () => {
  const facts = {
    timezone: 'Europe/Berlin',
    activated_at: '2026-03-20T23:00:00.000Z',
    now: '2026-04-10T21:59:59.999Z',
  };

  test('ends with yesterday, and a day counts that begins with the activation', () => {
    // In Berlin the contract was activated at the start of 21 March, and it is still 10 April.
    expect(windowOf(facts)).toMatchObject({ from: '2026-03-13', to: '2026-04-10', counted_days: 20 });
    expect(windowOf({ ...facts, activated_at: '2026-03-20T23:00:00.001Z' })).toMatchObject({ counted_days: 19 });
    expect(windowOf({ ...facts, activated_at: facts.now })).toMatchObject({ counted_days: 1 });
    expect(windowOf({ ...facts, activated_at: null })).toMatchObject({ counted_days: 1 });
    expect(windowOf({ ...facts, activated_at: '2020-01-01T00:00:00.000Z' })).toMatchObject({ counted_days: 28 });
  });

  test('has 28 days also over a clock change, one of which has 23 hours', () => {
    const window = windowOf(facts);
    if (isRefusal(window)) throw new Error(window.detail);
    const hours = window.boundaries
      .slice(1)
      .map((end, day) => (Date.parse(end) - Date.parse(window.boundaries[day] as string)) / 3_600_000);
    expect(hours).toHaveLength(28);
    expect(hours.filter((length) => length !== 24)).toEqual([23]);
    expect(window.days[hours.indexOf(23)]).toBe('2026-03-29');
  });
});
