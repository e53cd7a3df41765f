/**
 * Compares contracts under two versions of Node with different time zone rules: `npm run prove-time-zones -- 20 24`.
 *
 * It gets each Node from the npm package `node`, finds the zones in which the rules differ within two years, creates a
 * contract in each zone with the older rules, and settles it with both. Exits with 1 when a contract is not as
 * expected.
 */
import { execFileSync } from 'node:child_process';
import { commandLine } from '../../command-line';
import { addDays } from '../../domain/base/calendar';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import globalSetup from './global-setup';
import globalTeardown from './global-teardown';
import type { StepResult } from './time-zone-rules-program';
import { listAuditActions } from './contract-rows';
import { createTestDatabase } from './database';
import { startRulesProcess } from './time-zone-rules-process';
import type { RulesProcess } from './time-zone-rules-process';

const DAYS = 730;
/** Prints the start of each of the next days in each zone. */
const PRINT_DAYS = `
  const { addDays, startOfDay } = require('./domain/base/calendar');
  const today = new Date().toISOString().slice(0, 10);
  const days = Array.from({ length: ${DAYS} }, (_, count) => addDays(today, count + 2));
  const zones = Intl.supportedValuesOf('timeZone');
  console.log(JSON.stringify(Object.fromEntries(zones.map((zone) => [zone, days.map((day) => startOfDay(day, zone))]))));`;

/** Returns the path of a version of Node that npm installs. */
function findNode(version: string): string {
  return execFileSync('npx', ['-y', `node@${version}`, '-p', 'process.execPath'], { encoding: 'utf8' }).trim();
}

function daysUnder(node: string): Record<string, Instant[]> {
  const output = execFileSync(node, ['--require', 'tsx/cjs', '-e', PRINT_DAYS], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 ** 2,
  });
  return JSON.parse(output) as Record<string, Instant[]>;
}

interface Side {
  node: string;
  rulesProcess: RulesProcess;
}

async function compareVersions(versions: [string, string]): Promise<boolean> {
  const database = await createTestDatabase();
  try {
    const sides: Side[] = [];
    for (const version of versions) {
      const node = findNode(version);
      const rulesProcess = await startRulesProcess(database.url, { node });
      console.log(
        `Node ${version}: ${execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()}, rules ${rulesProcess.rules}`,
      );
      sides.push({ node, rulesProcess });
    }
    const [older, newer] = sides.sort((a, b) => (a.rulesProcess.rules < b.rulesProcess.rules ? -1 : 1)) as [Side, Side];
    if (older.rulesProcess.rules === newer.rulesProcess.rules)
      throw new Error('Both versions have the same rules: choose other versions.');
    const [under_older, under_newer] = [daysUnder(older.node), daysUnder(newer.node)];
    let passed = true;
    for (const zone of Object.keys(under_older)) {
      const first = under_older[zone]?.findIndex((at, day) => under_newer[zone]?.[day] !== at) ?? -1;
      if (first < 0) continue;
      const [was, is] = [under_older[zone]?.[first], under_newer[zone]?.[first]] as [Instant, Instant];
      const start_date = addDays(new Date().toISOString().slice(0, 10), first + 2);
      const good = await checkZone([older.rulesProcess, newer.rulesProcess], { zone, start_date, was, is }, (id) =>
        listAuditActions(database.sql, id),
      );
      console.log(`${good ? 'ok   ' : 'WRONG'} ${zone} ${start_date}: ${was} → ${is}`);
      passed &&= good;
    }
    await Promise.all(sides.map(({ rulesProcess }) => rulesProcess.stop()));
    return passed;
  } finally {
    await database.drop();
  }
}

/**
 * Checks a contract that starts on a day whose start differs: the boundary is stored, recomputed with newer rules, not
 * moved back by older ones, and applied at the new instant.
 */
async function checkZone(
  [older, newer]: [RulesProcess, RulesProcess],
  { zone, start_date, was, is }: { zone: string; start_date: string; was: Instant; is: Instant },
  actions: (id: string) => Promise<string[]>,
): Promise<boolean> {
  const now = new Date().toISOString();
  const [built] = (await older.act({ name: 'build', options: { timezone: zone, start_date } })) as [StepResult];
  const { id } = built;
  const [moved] = await newer.act({ name: 'settle', id, now });
  const [kept] = await older.act({ name: 'settle', id, now });
  const before = instantFromMillis(millisOf(is) - 1);
  const [waits, starts] = await newer.act({ name: 'settle', id, now: before }, { name: 'settle', id, now: is });
  const audited = (await actions(id)).join(', ');
  return (
    built.next_boundary_at === was &&
    moved?.next_boundary_at === is &&
    kept?.next_boundary_at === is &&
    waits?.state === 'SCHEDULED' &&
    starts?.state === 'ACTIVE' &&
    audited === 'contract.created, contract.boundary_moved, contract.term_started'
  );
}

async function main(): Promise<void> {
  const command = commandLine(
    'npm run prove-time-zones --',
    'Compare contracts under two versions of Node that have different time zone rules.',
  )
    // Two arguments, not a list, so that a third one is refused.
    .argument('[version]', 'a version of the npm package node', '20')
    .argument('[other]', 'another version, with other time zone rules', '24');
  const { args, processedArgs } = command.parse();
  if (args.length === 1)
    command.error(
      'error: two versions of Node are required, but one is given; add another: npm run prove-time-zones -- 20 24',
    );
  const [first, second] = processedArgs as [string, string];
  await globalSetup();
  try {
    process.exitCode = (await compareVersions([first, second])) ? 0 : 1;
  } finally {
    await globalTeardown();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
