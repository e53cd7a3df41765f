/**
 * Time zone rules change several times a year, and each process uses those of its Node. This file says what that means for a
 * contract (domain.md 1.8.8): future boundaries move with the rules, past boundaries stay as they were applied.
 *
 * Rules are named like releases of tzdb: `2026c` is the third of 2026.
 */
import { addDays, localDateAt, startOfDay } from '../base/calendar';
import type { ContractFacts } from './facts';
import { instantFromMillis, millisOf } from '../base/instant';
import type { Instant, LocalDate } from '../base/instant';

/** A release of tzdb, `2026c`. Releases compare as text: after `z` come `za`, `zb`. Empty for a Node without rules. */
export type TimeZoneRules = string;

/** Whether rules are older than others; those of a row that names none are older than all. */
export function isOlder(rules: TimeZoneRules | null, than: TimeZoneRules): boolean {
  return rules === null || rules < than;
}

/**
 * Whether rules are certainly older than a year. Their name gives the year of the release and not the day, so they are when
 * that year ended more than a year ago: the rules of 2025 from 2027 on. Rules without a year count as older.
 */
export function isOverAYearOld(rules: TimeZoneRules, now: Instant): boolean {
  const year = /^(\d{4})[a-z]+$/.exec(rules)?.[1];
  return year === undefined || Number(now.slice(0, 4)) >= Number(year) + 2;
}

/** The most that a change of rules moves the beginning of a day: a zone may change to the other side of the date line. */
const MOVE_MS_MAX = 26 * 3_600_000;

/**
 * The facts of a contract for these rules, when other rules may have settled it. `settled_on` is the local day that it had
 * reached at `settled_until` by the rules of that time; null when it is not known.
 *
 * The boundaries of a day that had begun stay applied, and those of the day after stay open, even if these rules differ. So
 * `settled_until` moves to the nearest instant at which that holds: forward to the beginning of the day, or back to just before
 * the next day. Without a change of rules nothing moves.
 */
export function settledByOtherRules(facts: ContractFacts, settled_on: LocalDate | null): ContractFacts {
  if (settled_on === null) return facts;
  const { settled_until, timezone } = facts;
  const begins = startOfDay(settled_on, timezone);
  if (begins > settled_until) {
    return millisOf(begins) - millisOf(settled_until) > MOVE_MS_MAX ? facts : { ...facts, settled_until: begins };
  }
  const next = startOfDay(addDays(settled_on, 1), timezone);
  if (next > settled_until || millisOf(settled_until) - millisOf(next) > MOVE_MS_MAX) return facts;
  return { ...facts, settled_until: instantFromMillis(millisOf(next) - 1) };
}

/** The local day that a contract has reached at `settled_until`. `before` is the day that it had reached, which never goes back. */
export function settledOn({ settled_until, timezone }: ContractFacts, before: LocalDate | null): LocalDate {
  const shown = localDateAt(settled_until, timezone);
  // When a clock goes back across midnight, it shows the previous day again. The new day has begun all the same.
  const after = addDays(shown, 1);
  const day = startOfDay(after, timezone) <= settled_until ? after : shown;
  if (before === null || before <= day) return day;
  return millisOf(startOfDay(before, timezone)) - millisOf(settled_until) > MOVE_MS_MAX ? day : before;
}
