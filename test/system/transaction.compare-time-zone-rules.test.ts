/** The time zone rules of Postgres and of the connected processes, compared with those of this process. */
import { pino } from 'pino';
import { applicationName, TIME_ZONE_RULES } from '../../transactions/base/time-zone-rules';
import { findProcessRules } from '../../db/system/time-zone-rules';
import {
  compareRulesWithPostgres,
  findProcessRuleProblems,
  postgresRuleProblem,
} from '../../transactions/system/compare-time-zone-rules';
import { offsetsOf } from '../../domain/base/calendar';
import { checkTimeZones } from '../../cli/doctor-time-zones';
import { warnAboutTimeZones } from '../../time-zones';
import { buildContract } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { OLDER_RULES, startRulesProcess, olderRulesEnvironment } from '../harness/time-zone-rules-process';
import type { RulesProcess } from '../harness/time-zone-rules-process';

/** In the year of the rules, so that they are not old. */
const NOW = `${TIME_ZONE_RULES.slice(0, 4)}-07-01T00:00:00.000Z`;

let database: TestDatabase;
let sql: TestDatabase['sql'];
/** Connected as a worker with older rules is. */
let older: RulesProcess;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
  older = await startRulesProcess(database.url, { env: olderRulesEnvironment() });
  await older.act({ name: 'build', options: {} });
});
afterAll(async () => {
  await older.stop();
  await database.drop();
});

test('a connected process shows its rules, and one with older rules is reported with the remedy', async () => {
  expect(applicationName('api')).toBe(`covenant api (tz ${TIME_ZONE_RULES})`);
  expect(await findProcessRules(sql)).toEqual([
    { process: 'worker', rules: OLDER_RULES, addresses: [expect.any(String)] },
  ]);
  const [{ what, remedy }] = (await findProcessRuleProblems(sql, NOW)) as [{ what: string; remedy: string }];
  expect(what).toMatch(/^worker from .+ has the time zone rules 2023c, others have /);
  expect(what).toContain(TIME_ZONE_RULES);
  expect(remedy).toContain('docs/operations.md');
});

test('rules that are older than a year are reported', async () => {
  const next = `${Number(TIME_ZONE_RULES.slice(0, 4)) + 2}-01-01T00:00:00.000Z`;
  const sentences = (await findProcessRuleProblems(sql, next)).map(({ what }) => what);
  expect(sentences).toContain(`the newest time zone rules of all processes, ${TIME_ZONE_RULES}, are older than a year`);
});

test('Postgres is compared in every zone that both know, and each differing zone is reported with its first instant', async () => {
  const compared = await compareRulesWithPostgres(sql, NOW);
  expect(compared.zones).toBeGreaterThan(300);
  for (const { zone, from } of compared.differing) {
    const [row] = await sql<[{ offset_s: number }]>`
      SELECT extract(epoch FROM (${from}::timestamptz AT TIME ZONE ${zone}) - (${from}::timestamptz AT TIME ZONE 'UTC'))::int AS offset_s`;
    expect(offsetsOf(zone, [from])).not.toEqual([row.offset_s]);
  }
  expect(postgresRuleProblem({ ...compared, differing: [] })).toBeNull();
  const differing = ['A/1', 'A/2', 'A/3', 'A/4', 'A/5'].map((zone) => ({ zone, from: NOW }));
  expect(postgresRuleProblem({ ...compared, differing })?.what).toMatch(
    / in 5 of \d+ zones: A\/1 .+A\/3 .+ and 2 more$/,
  );
});

test('the start of a process warns once, with a stable event, the rules and the remedy', async () => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  await warnAboutTimeZones(sql, log);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({
    event: 'time_zone_rules',
    time_zone_rules: TIME_ZONE_RULES,
    msg: 'time zone rules differ or are outdated',
  });
  expect(lines[0]?.['problems']).toContainEqual(expect.stringMatching(/^worker from .+ 2023c.+docs\/operations\.md/));
});

test('the doctor names the older process, and the contracts that are still to be computed', async () => {
  const { id } = (await buildContract(sql)).facts;
  await sql`UPDATE contracts SET time_zone_rules = NULL WHERE id = ${id}`;
  const findings = await checkTimeZones(sql, NOW);
  expect(
    findings.every(({ check, verdict, remedy }) => check === 'time zones' && verdict === 'warning' && remedy),
  ).toBe(true);
  const details = findings.map(({ detail }) => detail);
  expect(details).toContainEqual(expect.stringMatching(/^worker from .+ has the time zone rules 2023c/));
  // That of the older process too.
  expect(details).toContain(
    `the next boundary of 2 open contracts is not yet computed by the rules ${TIME_ZONE_RULES}`,
  );
});
