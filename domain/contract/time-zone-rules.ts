/**
 * Rules of time zones change several times a year, and each process has those that its Node came with. What that means for a
 * contract (domain.md 1.8.8): boundaries that lie ahead move with the rules, those that were crossed stay crossed.
 *
 * Rules are named as tzdb names its releases: `2026c` is the third of 2026.
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
 * Whether rules are certainly older than a year. Their name says the year of their release and not the day, so they are when
 * that year ended more than a year ago: those of 2025 from 2027 on. Rules without a year are.
 */
export function isOverAYearOld(rules: TimeZoneRules, now: Instant): boolean {
  const year = /^(\d{4})[a-z]+$/.exec(rules)?.[1];
  return year === undefined || Number(now.slice(0, 4)) >= Number(year) + 2;
}

/** By how much a change of rules moves the beginning of a day at most: a zone may change to the other side of the date line. */
const MOVE_MS_MAX = 26 * 3_600_000;

/**
 * The facts of a contract as these rules have to see them, when it may have been settled by others. `settled_on` is the local day
 * that it had reached at `settled_until` by the rules of that time; null when it is not known.
 *
 * The boundaries of a day that had begun are crossed, and those of the day after are not, also when these rules say otherwise.
 * So `settled_until` is moved to the nearest instant at which it holds: forward to where the day begins, or back to just before
 * the next day began. Without a change of rules between nothing moves.
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

/** The local day that a contract has reached at `settled_until`; `before` is the day that it had reached, which does not go back. */
export function settledOn({ settled_until, timezone }: ContractFacts, before: LocalDate | null): LocalDate {
  const shown = localDateAt(settled_until, timezone);
  // Clocks that go back across midnight show the day before once more; it has begun for good.
  const after = addDays(shown, 1);
  const day = startOfDay(after, timezone) <= settled_until ? after : shown;
  if (before === null || before <= day) return day;
  return millisOf(startOfDay(before, timezone)) - millisOf(settled_until) > MOVE_MS_MAX ? day : before;
}
