/**
 * Rate limits of a contract: how often its API key may request licenses (domain.md 5.6, C8). `domain/generation/rate.ts` judges
 * requests by them.
 */

/** The lengths of the windows, in the order of their lengths. A window begins at a full minute, hour or day of UTC. */
export const RATE_WINDOWS = ['minute', 'hour', 'day'] as const;
export type RateWindow = (typeof RATE_WINDOWS)[number];

/** The largest limit. */
export const RATE_LIMIT_MAX = 1_000_000_000;

/** The limit of each window; null: no limit. */
export interface WindowLimits {
  per_minute: number | null;
  per_hour: number | null;
  per_day: number | null;
}

/** The limits in requests, and those in requested licenses. */
export interface RateLimits extends WindowLimits {
  licenses: WindowLimits;
}

const NO_WINDOW_LIMITS: WindowLimits = { per_minute: null, per_hour: null, per_day: null };
export const NO_RATE_LIMITS: RateLimits = { ...NO_WINDOW_LIMITS, licenses: NO_WINDOW_LIMITS };

/** The sizes that the product documentation recommends. */
export const RATE_LIMIT_PRESETS = {
  small_reseller: { per_minute: 10, per_hour: 100, per_day: 500 },
  large_reseller: { per_minute: 50, per_hour: 500, per_day: 5_000 },
  enterprise_self_service: { per_minute: 5, per_hour: 20, per_day: 100 },
} as const satisfies Record<string, WindowLimits>;

type WindowLimitsEdit = { [Window in keyof WindowLimits]?: number | null | undefined };

/** Some limits; the others stay unchanged. Null removes a limit, or all limits. */
export type RateLimitsEdit = (WindowLimitsEdit & { licenses?: WindowLimitsEdit | null | undefined }) | null;

/** The limits after an edit. */
export function editRateLimits(limits: RateLimits, edit: RateLimitsEdit | undefined): RateLimits {
  if (edit === undefined) return limits;
  if (edit === null) return NO_RATE_LIMITS;
  const { licenses } = edit;
  return {
    ...editWindows(limits, edit),
    licenses:
      licenses === undefined
        ? limits.licenses
        : licenses === null
          ? NO_WINDOW_LIMITS
          : editWindows(limits.licenses, licenses),
  };
}

function editWindows(limits: WindowLimits, edit: WindowLimitsEdit): WindowLimits {
  return {
    per_minute: edit.per_minute === undefined ? limits.per_minute : edit.per_minute,
    per_hour: edit.per_hour === undefined ? limits.per_hour : edit.per_hour,
    per_day: edit.per_day === undefined ? limits.per_day : edit.per_day,
  };
}

/** Whether any window has a limit. */
export function hasRateLimits({ licenses, ...requests }: RateLimits): boolean {
  return [requests, licenses].some(({ per_minute, per_hour, per_day }) =>
    [per_minute, per_hour, per_day].some((limit) => limit !== null),
  );
}
