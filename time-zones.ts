/** Reports problems of the time zone rules, at the start of a process and in its readiness. */
import { findNow } from './db/base/clock';
import type { Database } from './db/base/database';
import {
  compareRulesWithPostgres,
  findProcessRuleProblems,
  postgresRuleProblem,
} from './transactions/system/compare-time-zone-rules';
import type { RuleProblem } from './transactions/system/compare-time-zone-rules';
import { TIME_ZONE_RULES } from './transactions/base/time-zone-rules';
import type { Logger } from './log';

/** The result of the comparison with Postgres at the start of the process. It takes too long to repeat for each readiness check. */
const problemAtStart = new WeakMap<Database, RuleProblem | null>();

/**
 * Compares the rules of this process with those of Postgres and of the other connected processes, and logs one warning
 * (`event: time_zone_rules`) when they differ or are outdated. Never rejects: a process works with the rules that it has.
 */
export async function warnAboutTimeZones(db: Database, log: Logger): Promise<void> {
  try {
    const now = await findNow(db);
    problemAtStart.set(db, postgresRuleProblem(await compareRulesWithPostgres(db, now)));
    const problems = await findTimeZoneNotes(db);
    if (problems.length === 0) return;
    log.warn(
      { event: 'time_zone_rules', time_zone_rules: TIME_ZONE_RULES, problems },
      'time zone rules differ or are outdated',
    );
  } catch (error) {
    log.warn({ err: error, event: 'time_zone_rules' }, 'cannot compare time zone rules');
  }
}

/**
 * The current problems of the rules of processes, and the problem of the rules of Postgres at the start, each with its remedy. For readiness
 * checks, so on their connection.
 */
export async function findTimeZoneNotes(db: Database): Promise<string[]> {
  const process_problems = await findProcessRuleProblems(db.probe, await findNow(db.probe));
  const postgres_problem = problemAtStart.get(db) ?? null;
  const problems = postgres_problem === null ? process_problems : [...process_problems, postgres_problem];
  return problems.map(({ what, remedy }) => `${what}. ${remedy}`);
}
