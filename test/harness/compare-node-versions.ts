/**
 * The same contracts under two versions of Node that have different rules of time zones: `npm run prove-time-zones -- 20 24`.
 *
 * It takes each Node from the npm package `node`, finds the zones in which their rules differ within two years, makes a contract in
 * each under the older one, and looks at it under both. Ends with 1 when one of them is not as it must be.
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
/** Prints the beginning of each of the next days in each zone. */
const PRINT_DAYS = `
  const { addDays, startOfDay } = require('./domain/base/calendar');
  const today = new Date().toISOString().slice(0, 10);
  const days = Array.from({ length: ${DAYS} }, (_, count) => addDays(today, count + 2));
  const zones = Intl.supportedValuesOf('timeZone');
  console.log(JSON.stringify(Object.fromEntries(zones.map((zone) => [zone, days.map((day) => startOfDay(day, zone))]))));`;

/** Where npm puts a version of Node. */
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
  apart: RulesProcess;
}

async function prove(versions: [string, string]): Promise<boolean> {
  const database = await createTestDatabase();
  try {
    const sides: Side[] = [];
    for (const version of versions) {
      const node = findNode(version);
      const apart = await startRulesProcess(database.url, { node });
      console.log(
        `Node ${version}: ${execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()}, rules ${apart.rules}`,
      );
      sides.push({ node, apart });
    }
    const [older, newer] = sides.sort((a, b) => (a.apart.rules < b.apart.rules ? -1 : 1)) as [Side, Side];
    if (older.apart.rules === newer.apart.rules) throw new Error('Both have the same rules: name other versions.');
    const [under_older, under_newer] = [daysUnder(older.node), daysUnder(newer.node)];
    let proved = true;
    for (const zone of Object.keys(under_older)) {
      const first = under_older[zone]?.findIndex((at, day) => under_newer[zone]?.[day] !== at) ?? -1;
      if (first < 0) continue;
      const [was, is] = [under_older[zone]?.[first], under_newer[zone]?.[first]] as [Instant, Instant];
      const start_date = addDays(new Date().toISOString().slice(0, 10), first + 2);
      const good = await proveZone([older.apart, newer.apart], { zone, start_date, was, is }, (id) =>
        listAuditActions(database.sql, id),
      );
      console.log(`${good ? 'ok   ' : 'WRONG'} ${zone} ${start_date}: ${was} → ${is}`);
      proved &&= good;
    }
    await Promise.all(sides.map(({ apart }) => apart.stop()));
    return proved;
  } finally {
    await database.drop();
  }
}

/** A contract that starts on a day whose beginning differs: stored, computed again, not moved back, crossed at the new instant. */
async function proveZone(
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
  const told = (await actions(id)).join(', ');
  return (
    built.next_boundary_at === was &&
    moved?.next_boundary_at === is &&
    kept?.next_boundary_at === is &&
    waits?.state === 'SCHEDULED' &&
    starts?.state === 'ACTIVE' &&
    told === 'contract.created, contract.boundary_moved, contract.term_started'
  );
}

async function main(): Promise<void> {
  const command = commandLine(
    'npm run prove-time-zones --',
    'Run the same contracts under two versions of Node that differ in their rules of time zones.',
  )
    // Two arguments, not a list: a third is refused.
    .argument('[version]', 'a version of the npm package node', '20')
    .argument('[other]', 'another version, with other rules', '24');
  const { args, processedArgs } = command.parse();
  if (args.length === 1)
    command.error(
      'error: two versions of Node are compared, and one is given; add another: npm run prove-time-zones -- 20 24',
    );
  const [first, second] = processedArgs as [string, string];
  await globalSetup();
  try {
    process.exitCode = (await prove([first, second])) ? 0 : 1;
  } finally {
    await globalTeardown();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
