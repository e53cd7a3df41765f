/** Says at the start of a process, and when it is asked for its readiness, what is wrong with the rules of time zones. */
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

/** What the comparison with Postgres found at the start of a process. It takes too long to be made again at each question. */
const atStart = new WeakMap<Database, RuleProblem | null>();

/**
 * Compares the rules of this process with those of Postgres and of the processes that are connected to it, and logs one warning
 * (`event: time_zone_rules`) when they differ or are out of date. Never rejects: a process works with the rules that it has.
 */
export async function warnAboutTimeZones(db: Database, log: Logger): Promise<void> {
  try {
    const now = await findNow(db);
    atStart.set(db, postgresRuleProblem(await compareRulesWithPostgres(db, now)));
    const problems = await findTimeZoneNotes(db);
    if (problems.length === 0) return;
    log.warn(
      { event: 'time_zone_rules', time_zone_rules: TIME_ZONE_RULES, problems },
      'time zone rules differ or are out of date',
    );
  } catch (error) {
    log.warn({ err: error, event: 'time_zone_rules' }, 'time zone rules could not be compared');
  }
}

/** What is wrong now with the rules of processes, and was at the start with those of Postgres, each with its remedy. */
export async function findTimeZoneNotes(db: Database): Promise<string[]> {
  const of_processes = await findProcessRuleProblems(db, await findNow(db));
  const of_postgres = atStart.get(db) ?? null;
  const problems = of_postgres === null ? of_processes : [...of_processes, of_postgres];
  return problems.map(({ what, remedy }) => `${what}. ${remedy}`);
}
