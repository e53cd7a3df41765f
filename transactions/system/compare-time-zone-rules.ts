/**
 * Compares the time zone rules of Postgres and of the connected processes with those of this process.
 *
 * Covenant computes local time in Node alone; its Postgres sessions use UTC. If the rules of Postgres differ, queries that
 * people write themselves give other results than Covenant, and one of the two is out of date.
 */
import type { Sql } from '../../db/base/database';
import { findProcessRules, findZoneOffsets } from '../../db/system/time-zone-rules';
import { offsetsOf } from '../../domain/base/calendar';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { isOlder, isOverAYearOld } from '../../domain/contract/time-zone-rules';
import { TIME_ZONE_RULES } from '../base/time-zone-rules';

/**
 * The interval and number of compared offsets. A clock change that moves by less than the interval may be missed; a new or
 * removed one is not.
 */
const COMPARED_EVERY_MS = 14 * 86_400_000;
const COMPARED_INSTANTS = 53;

/** How the rules of Postgres compare with those of this process. */
export interface RuleComparison {
  /** The zones that both know; Postgres may not have old names. */
  zones: number;
  /** The last instant that was compared. */
  until: Instant;
  /** The zones that differ, each with the first instant at which a difference was found. */
  differing: { zone: string; from: Instant }[];
}

/**
 * Compares the offset of every zone at instants of the next two years. Postgres does not report the version of its rules, so
 * this is the only way to find a difference. It takes about a quarter of a second.
 */
export async function compareRulesWithPostgres(sql: Sql, now: Instant): Promise<RuleComparison> {
  const instants = Array.from({ length: COMPARED_INSTANTS }, (_, count) =>
    instantFromMillis(millisOf(now) + count * COMPARED_EVERY_MS),
  );
  const rows = await findZoneOffsets(sql, Intl.supportedValuesOf('timeZone'), instants);
  const differing: RuleComparison['differing'] = [];
  for (const { zone, offsets_s } of rows) {
    const own = offsetsOf(zone, instants);
    const from = instants.find((_at, index) => own[index] !== offsets_s[index]);
    if (from !== undefined) differing.push({ zone, from });
    // The comparison of a zone takes half a millisecond. Other work of the process runs between two zones.
    await new Promise((resolve) => setImmediate(resolve));
  }
  differing.sort((a, b) => (a.zone < b.zone ? -1 : 1));
  return { zones: rows.length, until: instants.at(-1) as Instant, differing };
}

/** A problem of time zone rules that operators should fix. */
export interface RuleProblem {
  what: string;
  remedy: string;
}

const UPDATE_NODE =
  'Run it on a newer Node, or set ICU_TIMEZONE_FILES_DIR to newer rules (docs/operations.md, "Time zones").';

/** The problems of the rules of this process and of other processes. */
export async function findProcessRuleProblems(sql: Sql, now: Instant): Promise<RuleProblem[]> {
  const processes = await findProcessRules(sql);
  const problems: RuleProblem[] = [];
  const newest = [TIME_ZONE_RULES, ...processes.map(({ rules }) => rules)].sort().at(-1) as string;
  if (isOlder(TIME_ZONE_RULES, newest)) {
    const what = `this process has the time zone rules ${TIME_ZONE_RULES}, others have ${newest}`;
    problems.push({ what, remedy: UPDATE_NODE });
  }
  for (const { process: kind, rules, addresses } of processes) {
    if (!isOlder(rules, newest) || rules === TIME_ZONE_RULES) continue;
    const what = `${kind} from ${addresses.join(', ')} has the time zone rules ${rules}, others have ${newest}`;
    problems.push({ what, remedy: UPDATE_NODE });
  }
  if (isOverAYearOld(newest, now)) {
    const what = `the newest time zone rules of all processes, ${newest || 'none'}, are older than a year`;
    problems.push({ what, remedy: UPDATE_NODE });
  }
  return problems;
}

/** The most zones in a message. */
const NAMED_ZONES_MAX = 3;

/** The problem of the rules of Postgres; null when they agree with this process in all zones that both know. */
export function postgresRuleProblem({ differing, zones, until }: RuleComparison): RuleProblem | null {
  if (differing.length === 0) return null;
  const named = differing.slice(0, NAMED_ZONES_MAX).map(({ zone, from }) => `${zone} (${from.slice(0, 10)})`);
  const more = differing.length - named.length;
  return {
    what: `Postgres and the time zone rules ${TIME_ZONE_RULES} of this process differ until ${until.slice(0, 10)} in ${differing.length} of ${zones} zones: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
    remedy:
      'Update the older one: Node, or tzdata on the Postgres server (docs/operations.md, "Time zones"). Covenant uses only the rules of Node; queries with AT TIME ZONE differ.',
  };
}
