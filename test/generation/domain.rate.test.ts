/** What is left of rate windows, and which window a refusal names (domain.md 5.6). */
import * as fc from 'fast-check';
import {
  admissionRefusal,
  limitedWindows,
  remainingIn,
  secondsToReset,
  tightestWindow,
} from '../../domain/generation/rate';
import type { RateCounts, WindowCount } from '../../domain/generation/rate';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import { RATE_WINDOWS } from '../../domain/contract/rate-limits';

const AT = Date.parse('2026-03-01T12:34:56.789Z');
const SECONDS = { minute: 60, hour: 3_600, day: 86_400 };

/** Counts of all windows at an instant; each ends at the next full minute, hour or day. */
const anyCounts: fc.Arbitrary<RateCounts> = fc
  .record({
    at_ms: fc.integer({ min: AT, max: AT + 3 * 86_400_000 }),
    values: fc.array(fc.record({ limit: fc.option(fc.integer({ min: 1, max: 60 })), used: fc.nat(80) }), {
      minLength: 6,
      maxLength: 6,
    }),
  })
  .map(({ at_ms, values }) => ({
    at: instantFromMillis(at_ms),
    windows: values.map((value, index): WindowCount => {
      const window = RATE_WINDOWS[index % 3] as WindowCount['window'];
      const length_ms = SECONDS[window] * 1_000;
      return {
        ...value,
        unit: index < 3 ? 'requests' : 'licenses',
        window,
        reset: instantFromMillis((Math.floor(at_ms / length_ms) + 1) * length_ms),
      };
    }),
  }));

test('a limited request can be repeated when the last of its exhausted windows ends, in whole seconds and at least one', () => {
  fc.assert(
    fc.property(anyCounts, fc.integer({ min: 1, max: 50 }), (counts, licenses) => {
      const exhausted = limitedWindows(counts).filter(
        (window) => window.used + (window.unit === 'requests' ? 1 : licenses) > window.limit,
      );
      fc.pre(exhausted.length > 0);
      const last = exhausted.map(({ reset }) => millisOf(reset)).reduce((a, b) => Math.max(a, b));
      const refusal = admissionRefusal({ outcome: 'limited', counts }, licenses);
      const wait_s = refusal?.metadata['retry_after_s'] as number;
      expect(refusal?.code).toBe('RATE_LIMITED');
      expect(refusal?.metadata['reset']).toBe(instantFromMillis(last));
      expect(wait_s).toBeGreaterThanOrEqual(1);
      expect(millisOf(counts.at) + wait_s * 1_000).toBeGreaterThanOrEqual(last);
      expect(millisOf(counts.at) + (wait_s - 1) * 1_000).toBeLessThan(last);
    }),
  );
});

test('the tightest window allows the fewest further requests', () => {
  fc.assert(
    fc.property(anyCounts, fc.integer({ min: 1, max: 50 }), (counts, licenses) => {
      const windows = limitedWindows(counts);
      const further = ({ limit, used, unit }: (typeof windows)[number]): number => {
        let requests = 0;
        while (used + (requests + 1) * (unit === 'requests' ? 1 : licenses) <= limit) requests += 1;
        return requests;
      };
      const tightest = tightestWindow(counts, licenses);
      if (tightest === undefined) expect(windows).toEqual([]);
      else expect(further(tightest)).toBe(Math.min(...windows.map(further)));
    }),
  );
});

test('an edit below what is used leaves nothing, and no negative rest', () => {
  const window = { unit: 'requests', window: 'hour', limit: 3, used: 5, reset: '2026-03-01T13:00:00.000Z' } as const;
  expect(remainingIn(window)).toBe(0);
  expect(secondsToReset(window, '2026-03-01T13:00:00.000Z')).toBe(1);
});

test('a request for more licenses than a window allows is refused by the smallest limit, and an admitted one is not', () => {
  const windowOf = (window: WindowCount['window'], limit: number | null): WindowCount => ({
    unit: 'licenses',
    window,
    limit,
    used: 0,
    reset: '2026-03-02T00:00:00.000Z',
  });
  const counts = {
    at: '2026-03-01T12:00:00.000Z',
    windows: [windowOf('minute', null), windowOf('hour', 40), windowOf('day', 30)],
  };
  expect(admissionRefusal({ outcome: 'too_large', counts }, 50)).toMatchObject({
    code: 'COUNT_ABOVE_RATE_LIMIT',
    metadata: { requested: 50, window: 'day', limit: 30 },
  });
  expect(admissionRefusal({ outcome: 'admitted', counts }, 50)).toBeNull();
  expect(admissionRefusal({ outcome: 'repeated', counts }, 50)).toBeNull();
  expect(admissionRefusal({ outcome: 'admitted', counts: null }, 50)).toBeNull();
});

test('the sentence of a refusal by the rate is correct for one and for several licenses that are left', () => {
  const reset = '2026-03-01T13:00:00.000Z';
  const sentence = (used: number) =>
    admissionRefusal(
      {
        outcome: 'limited',
        counts: {
          at: '2026-03-01T12:59:00.000Z',
          windows: [{ unit: 'licenses', window: 'hour', limit: 10, used, reset }],
        },
      },
      20,
    )?.detail;
  const end = `Repeat the request in 60 s, after ${reset}.`;
  expect(sentence(9)).toBe(`The API key of the contract may use 10 licenses in one hour (left: 1). ${end}`);
  expect(sentence(4)).toBe(`The API key of the contract may use 10 licenses in one hour (left: 6). ${end}`);
});
