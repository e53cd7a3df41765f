/**
 * The rules of time zones of Postgres, and of the processes that are connected to it, beside those of this process.
 *
 * Covenant computes local time in Node alone; its sessions of Postgres live in UTC. Where the rules of Postgres differ, what
 * people ask Postgres themselves differs from what Covenant does, and one of the two is out of date.
 */
import type { Sql } from '../../db/base/database';
import { findProcessRules, findZoneOffsets } from '../../db/system/time-zone-rules';
import { offsetsOf } from '../../domain/base/calendar';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { isOlder, isOverAYearOld } from '../../domain/contract/time-zone-rules';
import { TIME_ZONE_RULES } from '../base/time-zone-rules';

/** Offsets are compared so often and for so long. A clock change that moves by less may be missed; one that comes or goes is not. */
const COMPARED_EVERY_MS = 14 * 86_400_000;
const COMPARED_INSTANTS = 53;

/** How the rules of Postgres compare with those of this process. */
export interface RuleComparison {
  /** Zones that both know; Postgres may lack old names. */
  zones: number;
  /** The last instant that was compared. */
  until: Instant;
  /** The zones that differ, each with the first instant found at which it does. */
  differing: { zone: string; from: Instant }[];
}

/**
 * Compares the offset of every zone at instants of the next two years. Postgres does not say which rules it has, so this is the
 * only way to see that they differ. It takes about a quarter of a second.
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
    // The comparison of a zone takes half a millisecond: what else the process has to do goes on between two of them.
    await new Promise((resolve) => setImmediate(resolve));
  }
  differing.sort((a, b) => (a.zone < b.zone ? -1 : 1));
  return { zones: rows.length, until: instants.at(-1) as Instant, differing };
}

/** Something about rules that operators should change. */
export interface RuleProblem {
  what: string;
  remedy: string;
}

const UPDATE_NODE =
  'Run it on a newer Node, or give it newer rules by ICU_TIMEZONE_FILES_DIR (docs/operations.md, "Time zones").';

/** What is wrong with the rules of this process and of those beside it. */
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

/** Zones named in a sentence. */
const NAMED_ZONES_MAX = 3;

/** What is wrong with the rules of Postgres; null when it agrees with this process in all zones that both know. */
export function postgresRuleProblem({ differing, zones, until }: RuleComparison): RuleProblem | null {
  if (differing.length === 0) return null;
  const named = differing.slice(0, NAMED_ZONES_MAX).map(({ zone, from }) => `${zone} (${from.slice(0, 10)})`);
  const more = differing.length - named.length;
  return {
    what: `Postgres and the time zone rules ${TIME_ZONE_RULES} of this process differ until ${until.slice(0, 10)} in ${differing.length} of ${zones} zones: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
    remedy:
      'Update what is older: Node, or tzdata on the server of Postgres (docs/operations.md, "Time zones"). Covenant decides by Node alone; queries with AT TIME ZONE differ.',
  };
}
