/**
 * `npm run demo`: plays the story on a stack of its own and judges it. Ends with 0 when every step showed what it should
 * and API and SQL agree to the last license, else with 1; either way it leaves no process and no file.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { KEY_PEPPER_LENGTH_MIN, loadConfig, loadStackConfig } from '../config';
import { openDatabase, type Sql } from '../db/index';
import { identifyProcess, isRunning, type ProcessIdentity } from './process-identity';
import { startStack, type Stack } from './stack';
import { DEFAULT_PORTS, type StackPorts } from './stack-ports';
import { playStory, QUOTA, type PlayedStory } from './story';
import { createStoryClient, StoryError } from './story-client';

/** Added to the default ports, so that a demo does not take those of a stack that starts meanwhile. */
const PORTS_APART = 10_000;
/** The most rows of one page. */
const PAGE_LICENSES = 100;

/** The stack makes these two settings itself; the others are read as the API and the worker read them. */
const PLACEHOLDERS = {
  DATABASE_URL: 'postgres://demo/demo',
  COVENANT_KEY_PEPPER: '-'.repeat(KEY_PEPPER_LENGTH_MIN),
};

const Page = z.object({
  data: z.array(z.object({ id: z.string(), key: z.string(), ordinal: z.int() })),
  next_cursor: z.string().nullable(),
});

void main();

async function main(): Promise<void> {
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => ending.abort(new Error(`The demo was ended by ${signal}.`)));
  }
  const directory = mkdtempSync(join(tmpdir(), 'covenant-demo-'));
  // As root, Postgres runs as another user, who must pass through here.
  chmodSync(directory, 0o711);
  let failed = false;
  try {
    await demonstrate(directory, ending.signal);
    say('Every step showed what it should.');
  } catch (error) {
    failed = true;
    say(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  process.exit(failed ? 1 : 0);
}

/** Starts a stack, plays and judges the story, and stops the stack. Throws when anything is not as it should be. */
async function demonstrate(dataDir: string, signal: AbortSignal): Promise<void> {
  const { cacheDir, temporalAddress } = loadStackConfig(process.env);
  const { temporalNamespace, temporalUiUrl } = loadConfig({ ...process.env, ...PLACEHOLDERS });
  const stack = await startStack({
    dataDir,
    cacheDir,
    temporalNamespace,
    externalTemporal: temporalAddress === undefined ? undefined : { address: temporalAddress, uiUrl: temporalUiUrl },
    withMail: false,
    ports: demoPorts(),
    say,
    signal,
  });
  const processes = Object.values(stack.describe().pids).flatMap((pid) => (pid && identifyProcess(pid)) || []);
  try {
    await Promise.race([playAndJudge(stack, temporalNamespace), aborted(signal)]);
  } finally {
    await stack.stop();
  }
  assertEnded(processes);
}

async function playAndJudge(stack: Stack, temporalNamespace: string): Promise<void> {
  const { dataDir } = stack;
  const played = await playStory({ dataDir, describe: () => stack.describe(), temporalNamespace }, process.stdout);
  await judgeByApi(stack, played);
  say(`Read page by page, the API shows ${QUOTA} licenses with ${QUOTA} different keys, ordinals 1 to ${QUOTA}.`);
  const sql = openDatabase(stack.describe().database_url, { max: 1, application_name: 'covenant demo' });
  try {
    await judgeBySql(sql, played);
    say(`SQL agrees: ${QUOTA} rows, no ordinal missing, the quota claimed exactly, one test license beside it.`);
  } finally {
    await sql.end();
  }
}

async function judgeByApi(stack: Stack, { job_id }: PlayedStory): Promise<void> {
  const { api_url, super_admin_key } = stack.describe();
  const api = createStoryClient(api_url, super_admin_key);
  const keys = new Set<string>();
  const ordinals = new Set<number>();
  let cursor: string | null = '';
  while (cursor !== null) {
    const from: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const path = `/api/v1/licenses?job_id=${job_id}&limit=${PAGE_LICENSES}${from}`;
    const page: z.infer<typeof Page> = await api.call('GET', path, { status: 200, shape: Page });
    for (const license of page.data) {
      keys.add(license.key);
      ordinals.add(license.ordinal);
    }
    if (page.data.length === 0 || keys.size > QUOTA) break;
    cursor = page.next_cursor;
  }
  const gapless = Math.min(...ordinals) === 1 && Math.max(...ordinals) === ordinals.size;
  demand(keys.size === QUOTA, `the API lists ${keys.size} different keys in place of ${QUOTA}`);
  demand(ordinals.size === QUOTA && gapless, `the API lists ${ordinals.size} ordinals with gaps or repetitions`);
}

async function judgeBySql(sql: Sql, { contract_id, job_id, test_job_id }: PlayedStory): Promise<void> {
  const [made] = await sql<[{ rows: number; keys: number; ordinals: number; first: number; last: number }]>`
    SELECT count(*)::int AS rows, count(DISTINCT key)::int AS keys, count(DISTINCT ordinal)::int AS ordinals,
           min(ordinal)::int AS first, max(ordinal)::int AS last
    FROM issued_licenses WHERE job_id = ${job_id}`;
  demandEqual(made, { rows: QUOTA, keys: QUOTA, ordinals: QUOTA, first: 1, last: QUOTA }, 'the licenses of the job');

  const [chunks] = await sql<[{ licenses: number }]>`
    SELECT sum(licenses)::int AS licenses FROM generation_chunks WHERE job_id = ${job_id}`;
  demandEqual(chunks, { licenses: QUOTA }, 'the chunks of the job');

  const [quota] = await sql<[{ total: number; claimed: number }]>`
    SELECT total, claimed FROM contract_quotas WHERE contract_id = ${contract_id}`;
  demandEqual(quota, { total: QUOTA, claimed: QUOTA }, 'the quota');

  const [tested] = await sql<[{ rows: number }]>`
    SELECT count(*)::int AS rows FROM issued_licenses WHERE job_id = ${test_job_id} AND is_test`;
  demandEqual(tested, { rows: 1 }, 'the test license');

  const [all] = await sql<[{ rows: number }]>`SELECT count(*)::int AS rows FROM licenses`;
  demandEqual(all, { rows: QUOTA + 1 }, 'all rows of licenses');
}

function demandEqual(found: object, wanted: object, what: string): void {
  const same = Object.entries(wanted).every(([name, value]) => (found as Record<string, unknown>)[name] === value);
  demand(same, `SQL shows ${what} as ${JSON.stringify(found)} in place of ${JSON.stringify(wanted)}`);
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new StoryError(otherwise);
}

function assertEnded(processes: readonly ProcessIdentity[]): void {
  const left = processes.filter(isRunning);
  demand(left.length === 0, `processes are left: ${left.map(({ pid }) => pid).join(', ')}`);
}

function demoPorts(): Partial<StackPorts> {
  return Object.fromEntries(Object.entries(DEFAULT_PORTS).map(([name, port]) => [name, port + PORTS_APART]));
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (): void => reject(signal.reason as Error);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

function say(sentence: string): void {
  process.stdout.write(`${sentence}\n`);
}
