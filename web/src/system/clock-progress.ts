/** How far a test clock has advanced since the page saw it first. */
import type { components } from '../base/interface';

export type TestClock = components['schemas']['TestClock'];

/** How often a clock that advances is read again. */
export const REFETCH_MS = 1_000;

/** The share of the way from the time where the advance began, as the page saw it, to its target: from 0 to 1. */
export function shareOf(began_at: string, { now, advancing_to }: Pick<TestClock, 'now' | 'advancing_to'>): number {
  if (advancing_to === null) return 1;
  const way_ms = Date.parse(advancing_to) - Date.parse(began_at);
  if (way_ms <= 0) return 0;
  return Math.min(1, Math.max(0, (Date.parse(now) - Date.parse(began_at)) / way_ms));
}

const STEPS = { day: [0, 0, 1], week: [0, 0, 7], month: [0, 1, 0], year: [1, 0, 0] } as const;
export type Step = keyof typeof STEPS;
export const STEP_NAMES = Object.keys(STEPS) as Step[];

/** A local time moved forward by a step; a day that the month does not have becomes its last one. */
export function stepForward(local: string, step: Step): string {
  const at = new Date(`${local}Z`);
  if (Number.isNaN(at.getTime())) return local;
  const [years, months, days] = STEPS[step];
  const day = at.getUTCDate();
  at.setUTCFullYear(at.getUTCFullYear() + years, at.getUTCMonth() + months, day + days);
  if (days === 0 && at.getUTCDate() !== day) at.setUTCDate(0);
  return at.toISOString().slice(0, 16);
}
