/**
 * The effect of new time zone rules on a contract (domain.md 1.8.8). The rules change several times a year, and each process uses
 * those of its Node. Future boundaries move with the rules; past boundaries stay as they were applied.
 *
 * Rules are named like releases of tzdb: `2026c` is the third of 2026.
 */
import { addDays, localDateAt, startOfDay } from '../base/calendar';
import type { ContractFacts } from './facts';
import { instantFromMillis, millisOf } from '../base/instant';
import type { Instant, LocalDate } from '../base/instant';

/** A release of tzdb, `2026c`. Releases compare as text: after `z` come `za`, `zb`. Empty for a Node without rules. */
export type TimeZoneRules = string;

/** Whether `rules` are older than `than`. Null, for a row that names no rules, is older than any rules. */
export function isOlder(rules: TimeZoneRules | null, than: TimeZoneRules): boolean {
  return rules === null || rules < than;
}

/**
 * Whether rules are certainly older than a year. Their name contains the year of the release and not the day, so the rules of
 * 2025 are certainly older from 2027 on. Rules whose name has no year count as older.
 */
export function isOverAYearOld(rules: TimeZoneRules, now: Instant): boolean {
  const year = /^(\d{4})[a-z]+$/.exec(rules)?.[1];
  return year === undefined || Number(now.slice(0, 4)) >= Number(year) + 2;
}

/** The most that a change of rules moves the beginning of a day: a zone may change to the other side of the date line. */
const MOVE_MS_MAX = 26 * 3_600_000;

/**
 * Adjusts `settled_until` of a contract that was settled by other rules to the rules of this process. `settled_on` is the local
 * day that the contract had reached by the other rules; null when it is not known.
 *
 * Boundaries of that day were applied and must not be applied again; boundaries of the next day were not applied and must not be
 * skipped. So `settled_until` becomes the nearest instant within that day: its beginning, or the last millisecond before the next
 * day. If the rules are the same, nothing changes.
 */
export function settledByOtherRules(facts: ContractFacts, settled_on: LocalDate | null): ContractFacts {
  if (settled_on === null) return facts;
  const { settled_until, timezone } = facts;
  const day_start = startOfDay(settled_on, timezone);
  if (day_start > settled_until) {
    return millisOf(day_start) - millisOf(settled_until) > MOVE_MS_MAX ? facts : { ...facts, settled_until: day_start };
  }
  const next_day_start = startOfDay(addDays(settled_on, 1), timezone);
  if (next_day_start > settled_until || millisOf(settled_until) - millisOf(next_day_start) > MOVE_MS_MAX) return facts;
  return { ...facts, settled_until: instantFromMillis(millisOf(next_day_start) - 1) };
}

/** The local day that a contract has reached at `settled_until`. `before` is the day that it had reached, which never goes back. */
export function settledOn({ settled_until, timezone }: ContractFacts, before: LocalDate | null): LocalDate {
  const shown = localDateAt(settled_until, timezone);
  // A clock that goes back across midnight shows the previous day again, although the new day has begun.
  const after = addDays(shown, 1);
  const day = startOfDay(after, timezone) <= settled_until ? after : shown;
  if (before === null || before <= day) return day;
  return millisOf(startOfDay(before, timezone)) - millisOf(settled_until) > MOVE_MS_MAX ? day : before;
}
