/** Checks the time zone rules of this Node, of Postgres, of every connected API and worker, and of contracts. */
import { findProcessRules } from '../db/system/time-zone-rules';
import {
  compareRulesWithPostgres,
  findProcessRuleProblems,
  postgresRuleProblem,
} from '../transactions/system/compare-time-zone-rules';
import type { Sql } from '../db/base/database';
import { countComputedByOlderRules } from '../db/system/sweep';
import { TIME_ZONE_RULES } from '../transactions/base/time-zone-rules';
import type { Instant } from '../domain/base/instant';
import { ok, warning, type Finding } from './finding';

const CHECK = 'time zones';

/** Compares the rules. A difference is only a warning, because contracts follow the newest rules among the workers. */
export async function checkTimeZones(sql: Sql, now: Instant): Promise<Finding[]> {
  const comparison = await compareRulesWithPostgres(sql, now);
  const of_postgres = postgresRuleProblem(comparison);
  const problems = [...(await findProcessRuleProblems(sql, now)), ...(of_postgres === null ? [] : [of_postgres])];
  const findings = problems.map(({ what, remedy }) => warning(CHECK, what, remedy));

  const processes = await findProcessRules(sql);
  const newest = [TIME_ZONE_RULES, ...processes.map(({ rules }) => rules)].sort().at(-1) as string;
  const waiting = await countComputedByOlderRules(sql, newest);
  if (waiting > 0) {
    const what = `the next boundary of ${waiting} open contracts is not yet computed by the rules ${newest}`;
    findings.push(
      warning(
        CHECK,
        what,
        'The sweep of a worker with these rules computes up to 5,000 contracts each minute. Run this command again later.',
      ),
    );
  }
  if (findings.length > 0) return findings;
  const names = processes.map(({ process: kind }) => kind).join(' and ') || 'this command';
  return [ok(CHECK, `${names}: rules ${TIME_ZONE_RULES}; Postgres agrees in ${comparison.zones} zones`)];
}
