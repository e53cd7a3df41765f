/** The recommended limits of the interface, as the form offers them. */
export const LIMIT_PRESETS = {
  small_reseller: { per_minute: 10, per_hour: 100, per_day: 500 },
  large_reseller: { per_minute: 50, per_hour: 500, per_day: 5_000 },
  enterprise_self_service: { per_minute: 5, per_hour: 20, per_day: 100 },
  none: { per_minute: '', per_hour: '', per_day: '' },
} as const;
