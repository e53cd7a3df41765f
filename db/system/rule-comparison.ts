/**
 * The rules of time zones of Postgres, and of the processes that are connected to it, beside those of this process.
 *
 * Covenant computes local time in Node alone; its sessions of Postgres live in UTC. Where the rules of Postgres differ, what
 * people ask Postgres themselves differs from what Covenant does, and one of the two is out of date.
 */
import { offsetsOf } from '../../domain/base/calendar';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { isOlder, isOverAYearOld } from '../../domain/contract/time-zone-rules';
import type { TimeZoneRules } from '../../domain/contract/time-zone-rules';
import type { Sql } from '../base/database';
import { TIME_ZONE_RULES } from '../contract/time-zone-rules';

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
  const rows = await sql<{ zone: string; offsets_s: number[] }[]>`
    SELECT z.name AS zone,
           ARRAY(SELECT extract(epoch FROM (t.at AT TIME ZONE z.name) - (t.at AT TIME ZONE 'UTC'))::int
                 FROM unnest(${instants}::timestamptz[]) WITH ORDINALITY AS t (at, position) ORDER BY position) AS offsets_s
    FROM pg_timezone_names z WHERE z.name = ANY(${Intl.supportedValuesOf('timeZone')})`;
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

/** A kind of process that is connected to this database, by the rules that it has. */
export interface ProcessRules {
  process: 'api' | 'worker';
  rules: TimeZoneRules;
  /** Where from, as Postgres sees it; "local" for a socket. */
  addresses: string[];
}

/** The name under which a process connects, which says its rules to the others: `covenant api (tz 2026c)`. */
export function applicationName(process_name: ProcessRules['process']): string {
  return `covenant ${process_name} (tz ${TIME_ZONE_RULES})`;
}

/**
 * The API and worker processes that are connected to this database, on whichever machine. Those of versions that do not say
 * their rules are left out.
 */
export async function findProcessRules(sql: Sql): Promise<ProcessRules[]> {
  return sql<ProcessRules[]>`
    SELECT name[1] AS process, name[2] AS rules, array_agg(DISTINCT coalesce(host(client_addr), 'local')) AS addresses
    FROM pg_stat_activity, regexp_match(application_name, '^covenant (api|worker) \\(tz ([0-9a-z]*)\\)$') AS name
    WHERE datname = current_database() AND name IS NOT NULL
    GROUP BY name ORDER BY name`;
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
