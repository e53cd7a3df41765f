/** A request is granted completely or not at all, a quota is never oversold, and a used quota can only grow. */
import fc from 'fast-check';
import { claimRefusal, quotaOf, thresholdOf, totalRefusal } from '../../domain/contract/quota';

const counters = fc
  .record({ total: fc.integer({ min: 1, max: 1_000 }), claimed: fc.nat(1_000), reserved: fc.nat(1_000) })
  .filter(({ total, claimed, reserved }) => claimed <= total && reserved <= claimed);

test('generated, reserved and remaining add up to the total', () => {
  fc.assert(
    fc.property(counters, ({ reserved, ...quota }) => {
      const shown = quotaOf(quota, reserved);
      expect(shown.generated + shown.reserved + shown.remaining).toBe(quota.total);
    }),
    { seed: 11 },
  );
});

test('a request is granted exactly when it fits the remaining quota', () => {
  fc.assert(
    fc.property(counters, fc.integer({ min: 1, max: 1_500 }), ({ reserved, ...quota }, requested) => {
      expect(claimRefusal(quota, reserved, requested) === null).toBe(quota.claimed + requested <= quota.total);
    }),
    { seed: 12 },
  );
});

test('a refusal names every number that explains it', () => {
  expect(claimRefusal({ total: 10, claimed: 8 }, 3, 5)).toMatchObject({
    code: 'QUOTA_EXCEEDED',
    metadata: { requested: 5, total: 10, generated: 5, reserved: 3, remaining: 2 },
  });
});

test.each([
  [{ total: 10, claimed: 0 }, 1, null],
  [{ total: 10, claimed: 5 }, 4, 'QUOTA_BELOW_USED'],
  [{ total: 10, claimed: 5 }, 5, 'QUOTA_DECREASE_NOT_ALLOWED'],
  [{ total: 10, claimed: 5 }, 9, 'QUOTA_DECREASE_NOT_ALLOWED'],
  [{ total: 10, claimed: 5 }, 10, null],
  [{ total: 10, claimed: 10 }, 11, null],
])('of %o a total of %i gives %s', (quota, total, code) => {
  expect(totalRefusal(quota, total)?.code ?? null).toBe(code);
});

test('utilization is rounded half up to one decimal', () => {
  expect(quotaOf({ total: 2_000, claimed: 1_847 }, 0).utilization).toBe(92.4);
  expect(quotaOf({ total: 3, claimed: 1 }, 0).utilization).toBe(33.3);
  expect(quotaOf({ total: 2_000, claimed: 1 }, 0).utilization).toBe(0.1);
});

test.each([
  [{ total: 10, claimed: 7 }, null],
  [{ total: 10, claimed: 8 }, 80],
  [{ total: 11, claimed: 8 }, null],
  [{ total: 11, claimed: 9 }, 80],
  [{ total: 10, claimed: 9 }, 80],
  [{ total: 10, claimed: 10 }, 100],
  [{ total: 1, claimed: 0 }, null],
  [{ total: 1, claimed: 1 }, 100],
  [{ total: 1_000_000_000, claimed: 799_999_999 }, null],
  [{ total: 1_000_000_000, claimed: 800_000_000 }, 80],
])('%o has reached the threshold %p', (quota, threshold) => {
  expect(thresholdOf(quota)).toBe(threshold);
});
