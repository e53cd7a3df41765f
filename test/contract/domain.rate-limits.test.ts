/** Edits of rate limits name some windows and keep the others. */
import * as fc from 'fast-check';
import { NO_RATE_LIMITS, editRateLimits, hasRateLimits } from '../../domain/contract/rate-limits';
import type { RateLimits, WindowLimits } from '../../domain/contract/rate-limits';

const WINDOWS = ['per_minute', 'per_hour', 'per_day'] as const;
const anyLimit = fc.option(fc.integer({ min: 1, max: 1_000 }));
const anyWindows: fc.Arbitrary<WindowLimits> = fc.record({
  per_minute: anyLimit,
  per_hour: anyLimit,
  per_day: anyLimit,
});
const anyLimits: fc.Arbitrary<RateLimits> = fc
  .tuple(anyWindows, anyWindows)
  .map(([requests, licenses]) => ({ ...requests, licenses }));
/** Edits of some windows. */
const anyWindowsEdit = fc.record({ per_minute: anyLimit, per_hour: anyLimit, per_day: anyLimit }, { requiredKeys: [] });

test('an edit sets the windows that it names and keeps all others', () => {
  fc.assert(
    fc.property(anyLimits, anyWindowsEdit, fc.option(anyWindowsEdit, { nil: undefined }), (limits, edit, licenses) => {
      const edited = editRateLimits(limits, { ...edit, licenses });
      for (const window of WINDOWS) {
        expect(edited[window]).toBe(window in edit ? edit[window] : limits[window]);
        expect(edited.licenses[window]).toBe(
          licenses !== undefined && window in licenses ? licenses[window] : limits.licenses[window],
        );
      }
      expect(editRateLimits(edited, { ...edit, licenses })).toEqual(edited);
    }),
  );
});

test('null removes all limits, or those of licenses', () => {
  fc.assert(
    fc.property(anyLimits, (limits) => {
      expect(editRateLimits(limits, undefined)).toEqual(limits);
      expect(editRateLimits(limits, null)).toEqual(NO_RATE_LIMITS);
      expect(editRateLimits(limits, { licenses: null })).toEqual({ ...limits, licenses: NO_RATE_LIMITS.licenses });
      const { licenses, ...requests } = limits;
      const all = [...Object.values(requests), ...Object.values(licenses)];
      expect(hasRateLimits(limits)).toBe(all.some((limit) => limit !== null));
    }),
  );
});
