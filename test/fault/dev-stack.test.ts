/**
 * `npm run dev` as a whole: it restarts its servers, leaves no process however it ends, and starts with the data of an
 * earlier run. The commands of README.md run without changes.
 *
 * A start takes seconds, so the tests share two stacks and depend on their order.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readDevFile, type DevFile } from '../../dev/dev-file';
import { identifyProcess, isRunning, type ProcessIdentity } from '../../dev/process-identity';
import { PARTNER_SCENARIO } from '../../demo/scenario-partner';
import { POOL_SCENARIO } from '../../demo/scenario-pool';
import { QUARTER_SCENARIO } from '../../demo/scenario-quarter';
import { waitFor } from '../../dev/waiting';
import { copyCheckout } from '../harness/checkout-copy';
import { makeDataDir } from '../harness/data-dir';
import { expectNoApiKeyInLogs } from '../harness/leaked-keys';
import { patternOf, readCommands, runCommands, withoutSpace } from '../harness/readme-commands';
import { makeRunDirectory } from '../harness/run-directory';

const PROJECT = join(__dirname, '..', '..');
const READY_TIMEOUT_MS = 120_000;
const WAIT_MS = 60_000;
const README_TIMEOUT_MS = 60_000;

jest.setTimeout(300_000);

interface RunningDev {
  child: ChildProcess;
  /** The checkout that it runs from. */
  checkout: string;
  dataDir: string;
  output(): string;
  exited: Promise<{ code: number | null }>;
}

let directory: string;
const started: RunningDev[] = [];
/** The stack that most tests share, in a fresh clone with its data in `.covenant/`. Each test leaves it running. */
let one: RunningDev;
/** A stack in an empty data directory: it bundles its workflows itself and runs the demo scenarios. */
let two: RunningDev;

beforeAll(() => {
  directory = makeRunDirectory('dev');
  const clone = join(directory, 'clone');
  copyCheckout(clone);
  const dataDir = join(clone, '.covenant');
  makeDataDir(dataDir);
  for (const { file } of [POOL_SCENARIO, QUARTER_SCENARIO, PARTNER_SCENARIO]) writeFileSync(join(dataDir, file), '{}');
  one = runDev(dataDir, clone);
});
afterAll(async () => {
  for (const dev of started) {
    dev.child.kill('SIGTERM');
    await dev.exited;
  }
  for (const logs of new Set(started.map(({ dataDir }) => join(dataDir, 'logs'))))
    if (existsSync(logs)) expectNoApiKeyInLogs(logs);
  rmSync(directory, { recursive: true, force: true });
});

function environmentOf(dataDir: string): NodeJS.ProcessEnv {
  const { npm_lifecycle_event: _startedByNpm, ...env } = process.env;
  return { ...env, COVENANT_DATA_DIR: dataDir };
}

/** Starts what `npm run dev` starts. */
function runDev(dataDir: string, checkout = PROJECT): RunningDev {
  const child = spawn(process.execPath, ['--import', 'tsx', 'dev/main.ts'], {
    cwd: checkout,
    env: environmentOf(dataDir),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (printed += text.toString()));
  const exited = once(child, 'close').then(([code]) => ({ code: code as number | null }));
  const dev = { child, checkout, dataDir, output: () => printed, exited };
  started.push(dev);
  return dev;
}

async function waitForDevFile(dev: RunningDev): Promise<DevFile> {
  return await waitFor(() => readDevFile(dev.dataDir), {
    timeout_ms: READY_TIMEOUT_MS,
    what: 'dev.json',
    giveUpReason: () => (dev.child.exitCode === null ? undefined : `npm run dev ended:\n${dev.output()}`),
  });
}

function identitiesOf({ pids }: DevFile): ProcessIdentity[] {
  return Object.values(pids).flatMap((pid) => (pid === null ? [] : (identifyProcess(pid) ?? [])));
}

async function waitForExits(identities: readonly ProcessIdentity[]): Promise<void> {
  await waitFor(() => identities.every((identity) => !isRunning(identity)), {
    timeout_ms: WAIT_MS,
    what: 'every process of the stack to end',
  });
}

async function waitForNewPid(dev: RunningDev, name: keyof DevFile['pids'], from: number | null): Promise<DevFile> {
  return await waitFor(
    () => {
      const now = readDevFile(dev.dataDir);
      return now !== undefined && now.pids[name] !== from ? now : undefined;
    },
    { timeout_ms: WAIT_MS, what: `${name} to be restarted` },
  );
}

function waitForReady(url: string): Promise<boolean> {
  return waitFor(async () => (await fetch(`${url}/readyz`)).status === 200, {
    timeout_ms: WAIT_MS,
    what: `${url}/readyz to answer 200`,
  });
}

function reset(dataDir: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const options = { cwd: PROJECT, env: environmentOf(dataDir), encoding: 'utf8' } as const;
  return spawnSync(process.execPath, ['--import', 'tsx', 'dev/reset.ts', ...args], options);
}

test('two stacks with different data directories run together, and a second stack in one data directory is refused', async () => {
  const first = await waitForDevFile(one);
  // Not at the same moment: a server that starts slowly can lose its port between the release and its start.
  two = runDev(join(directory, 'two'));
  const second = await waitForDevFile(two);
  for (const key of ['api_url', 'temporal_address', 'temporal_ui_url', 'database_url', 'mail_url'] as const) {
    expect(first[key]).not.toBe(second[key]);
  }

  const again = runDev(one.dataDir, one.checkout);
  expect(await again.exited).toEqual({ code: 1 });
  expect(again.output().trim()).toMatch(
    new RegExp(
      `^Covenant is already running in ${one.dataDir} \\(pid ${one.child.pid}\\) with the API at ${first.api_url}; .*\\.$`,
    ),
  );
  expect(statSync(join(one.dataDir, 'dev.json')).mode & 0o777).toBe(0o600);
});

test('a second Ctrl-C kills all processes and leaves none', async () => {
  const running = identitiesOf(await waitForDevFile(two));
  expect(running).toHaveLength(4);
  two.child.kill('SIGINT');
  two.child.kill('SIGTERM');
  await two.exited;
  await waitForExits(running);
});

test('the commands of README.md run unchanged in a new clone, and print what README.md shows', async () => {
  const { api_url, super_admin_key } = await waitForDevFile(one);
  const [start, ...blocks] = readCommands(join(one.checkout, 'README.md'));
  // `one` is started already, by what `npm run dev` starts; node_modules of the clone is a link in place of `npm ci`.
  expect(start?.commands).toBe('npm ci && npm run dev\n');
  const { scripts } = JSON.parse(readFileSync(join(one.checkout, 'package.json'), 'utf8')) as { scripts: unknown };
  expect(scripts).toMatchObject({ dev: 'node --import tsx dev/main.ts' });

  const { PATH = '', HOME = '' } = process.env;
  const printed = await runCommands(blocks, {
    cwd: one.checkout,
    env: { PATH: `${dirname(process.execPath)}:${PATH}`, HOME },
    timeout_ms: README_TIMEOUT_MS,
  });
  for (const [index, block] of blocks.entries()) {
    if (block.printed !== undefined) expect(withoutSpace(printed[index] ?? '')).toMatch(patternOf(block.printed));
  }

  const get = async (path: string): Promise<any> => {
    const authorization = `Bearer ${super_admin_key}`;
    return await (await fetch(`${api_url}/api/v1/${path}`, { headers: { authorization } })).json();
  };
  const [renewed, pool] = (await get('contracts?environment=staging')).data;
  expect(pool).toMatchObject({ type: 'pool', quota: { total: 5_000, generated: 4_002 } });
  expect(await get(`contracts/${pool.id}/refusals`)).toMatchObject({ data: [{ code: 'QUOTA_EXCEEDED', attempts: 1 }] });
  expect(await get(`contracts/${renewed.id}`)).toMatchObject({
    test_clock_id: expect.any(String) as string,
    term: { number: 2, start_date: '2028-01-01' },
    quota: { total: 800 },
    billing: { unpaid_invoices: [{ due_date: '2028-01-15' }] },
  });
  expect(await get(`billing/events?contract_id=${renewed.id}`)).toMatchObject({
    data: [{ type: 'invoice.open', outcome: 'applied' }],
  });
});

test('a killed API and a killed worker are restarted, and dev.json contains their new pids', async () => {
  const before = await waitForDevFile(one);
  process.kill(before.pids.worker, 'SIGKILL');
  process.kill(before.pids.api, 'SIGKILL');
  await waitForNewPid(one, 'worker', before.pids.worker);
  const after = await waitForNewPid(one, 'api', before.pids.api);
  expect(after.pids.postgres).toBe(before.pids.postgres);
  await waitForReady(after.api_url);
  expect(one.output()).toContain(`api (pid ${before.pids.api}) exited with SIGKILL; restarting`);
});

test('Temporal is restarted when its state file is deleted, and the API becomes ready again', async () => {
  const before = await waitForDevFile(one);
  rmSync(join(one.dataDir, 'temporal.db'));
  const after = await waitForNewPid(one, 'temporal', before.pids.temporal);
  await waitForReady(after.api_url);
  expect(after.pids.api).toBe(before.pids.api);
});

test('killing the parent with -9 leaves no process, and the next start finds the same data', async () => {
  const before = await waitForDevFile(one);
  const running = identitiesOf(before);
  expect(running).toHaveLength(4);
  one.child.kill('SIGKILL');
  await one.exited;
  await waitForExits(running);

  one = runDev(one.dataDir, one.checkout);
  const after = await waitFor(
    () => {
      const now = readDevFile(one.dataDir);
      return now !== undefined && now.pids.postgres !== before.pids.postgres ? now : undefined;
    },
    { timeout_ms: READY_TIMEOUT_MS, what: 'the second start' },
  );
  expect(after.super_admin_key).toBe(before.super_admin_key);
  const answer = await fetch(`${after.api_url}/api/v1/contracts`, {
    headers: { authorization: `Bearer ${before.super_admin_key}` },
  });
  expect(answer.status).toBe(200);
});

test('dev:reset refuses while the stack runs', async () => {
  const running = await waitForDevFile(one);
  const refused = { status: 1, stdout: expect.stringContaining('stop it first') as string };
  expect(reset(one.dataDir, '--yes')).toMatchObject(refused);
  expect(await waitForReady(running.api_url)).toBe(true);
});

test('Ctrl-C stops all servers in order, exits with 0 and removes dev.json', async () => {
  const running = identitiesOf(await waitForDevFile(one));
  expect(running).toHaveLength(4);
  one.child.kill('SIGINT');
  expect(await one.exited).toEqual({ code: 0 });
  expect(running.filter(isRunning)).toEqual([]);
  expect(existsSync(join(one.dataDir, 'dev.json'))).toBe(false);
  expect(existsSync(join(one.dataDir, 'stack.lock'))).toBe(false);
  const log = readFileSync(join(one.dataDir, 'logs', 'postgres.log'), 'utf8');
  expect(log.trimEnd().split('\n').at(-1)).toContain('database system is shut down');
});

test('dev:reset removes nothing without --yes, with --help, or with an unknown option', () => {
  expect(reset(one.dataDir)).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('npm run dev:reset -- --yes') as string,
  });
  expect(reset(one.dataDir, '--help')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('--yes') as string,
  });
  expect(reset(one.dataDir, '--yse')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("unknown option '--yse'") as string,
  });
  expect(existsSync(join(one.dataDir, 'postgres'))).toBe(true);
});

test('dev:reset removes the data of a stopped stack, but no directory that a stack did not create', () => {
  expect(existsSync(one.dataDir)).toBe(true);
  expect(reset(one.dataDir, '--yes').status).toBe(0);
  expect(existsSync(one.dataDir)).toBe(false);

  mkdirSync(one.dataDir);
  writeFileSync(join(one.dataDir, 'letter.txt'), 'mine');
  expect(reset(one.dataDir, '--yes').status).toBe(1);
  expect(existsSync(join(one.dataDir, 'letter.txt'))).toBe(true);
});

test('Ctrl-C during the start leaves no process', async () => {
  const dataDir = join(directory, 'three');
  makeDataDir(dataDir);
  const dev = runDev(dataDir);
  const pidFile = join(dev.dataDir, 'postgres', 'postmaster.pid');
  const postgres = await waitFor(
    () => (existsSync(pidFile) ? identifyProcess(Number(readFileSync(pidFile, 'utf8').split('\n')[0])) : undefined),
    { timeout_ms: READY_TIMEOUT_MS, what: 'Postgres to start' },
  );
  dev.child.kill('SIGINT');
  expect(await dev.exited).toEqual({ code: 0 });
  await waitForExits([postgres]);
});
