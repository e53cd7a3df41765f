/**
 * `npm run dev` as a whole: it keeps its servers alive, leaves no process however it ends, and starts on what is left.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDevFile, type DevFile } from '../dev/dev-file';
import { identifyProcess, isRunning, type ProcessIdentity } from '../dev/process-identity';
import { waitFor } from '../dev/waiting';
import { makeRunDirectory } from './harness/run-directory';

const PROJECT = join(__dirname, '..');
const READY_TIMEOUT_MS = 120_000;
const WAIT_MS = 60_000;

jest.setTimeout(300_000);

interface RunningDev {
  child: ChildProcess;
  dataDir: string;
  output(): string;
  exited: Promise<{ code: number | null }>;
}

let directory: string;
const started: RunningDev[] = [];

beforeEach(() => (directory = makeRunDirectory('dev')));
afterEach(async () => {
  for (const dev of started.splice(0)) {
    dev.child.kill('SIGTERM');
    await dev.exited;
  }
  rmSync(directory, { recursive: true, force: true });
});

function environmentOf(dataDir: string): NodeJS.ProcessEnv {
  const { npm_lifecycle_event: _startedByNpm, ...env } = process.env;
  return { ...env, COVENANT_DATA_DIR: dataDir };
}

function runDev(name = 'data'): RunningDev {
  const dataDir = join(directory, name);
  const child = spawn(process.execPath, ['--import', 'tsx', 'dev/main.ts'], {
    cwd: PROJECT,
    env: environmentOf(dataDir),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (printed += text.toString()));
  const exited = once(child, 'close').then(([code]) => ({ code: code as number | null }));
  const dev = { child, dataDir, output: () => printed, exited };
  started.push(dev);
  return dev;
}

async function ready(dev: RunningDev): Promise<DevFile> {
  return await waitFor(() => readDevFile(dev.dataDir), {
    timeout_ms: READY_TIMEOUT_MS,
    what: 'dev.json',
    hopeless: () => (dev.child.exitCode === null ? undefined : `npm run dev ended:\n${dev.output()}`),
  });
}

function identitiesOf({ pids }: DevFile): ProcessIdentity[] {
  return Object.values(pids).flatMap((pid) => (pid === null ? [] : (identifyProcess(pid) ?? [])));
}

async function allGone(identities: readonly ProcessIdentity[]): Promise<void> {
  await waitFor(() => identities.every((identity) => !isRunning(identity)), {
    timeout_ms: WAIT_MS,
    what: 'every process of the stack to end',
  });
}

async function pidChanges(dev: RunningDev, name: keyof DevFile['pids'], from: number | null): Promise<DevFile> {
  return await waitFor(
    () => {
      const now = readDevFile(dev.dataDir);
      return now !== undefined && now.pids[name] !== from ? now : undefined;
    },
    { timeout_ms: WAIT_MS, what: `${name} to run again` },
  );
}

function isReady(url: string): Promise<boolean> {
  return waitFor(async () => (await fetch(`${url}/readyz`)).status === 200, {
    timeout_ms: WAIT_MS,
    what: `${url}/readyz to say yes`,
  });
}

test('the parent killed with -9 leaves no process, and the next start finds everything as it was', async () => {
  const first = runDev();
  const before = await ready(first);
  const running = identitiesOf(before);
  expect(running).toHaveLength(4);
  first.child.kill('SIGKILL');
  await first.exited;
  await allGone(running);

  const second = runDev();
  const after = await waitFor(
    () => {
      const now = readDevFile(second.dataDir);
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

test('Ctrl-C stops everything in order, ends with 0 and removes dev.json', async () => {
  const dev = runDev();
  const running = identitiesOf(await ready(dev));
  dev.child.kill('SIGINT');
  expect(await dev.exited).toEqual({ code: 0 });
  expect(running.filter(isRunning)).toEqual([]);
  expect(existsSync(join(dev.dataDir, 'dev.json'))).toBe(false);
  expect(existsSync(join(dev.dataDir, 'stack.lock'))).toBe(false);
  expect(readFileSync(join(dev.dataDir, 'logs', 'postgres.log'), 'utf8')).toContain('database system is shut down');
});

test('a second Ctrl-C forces the end and leaves no process', async () => {
  const dev = runDev();
  const running = identitiesOf(await ready(dev));
  dev.child.kill('SIGINT');
  dev.child.kill('SIGTERM');
  await dev.exited;
  await allGone(running);
});

test('Ctrl-C while it starts leaves no process', async () => {
  const dev = runDev();
  const pidFile = join(dev.dataDir, 'postgres', 'postmaster.pid');
  const postgres = await waitFor(
    () => (existsSync(pidFile) ? identifyProcess(Number(readFileSync(pidFile, 'utf8').split('\n')[0])) : undefined),
    { timeout_ms: READY_TIMEOUT_MS, what: 'Postgres to start' },
  );
  dev.child.kill('SIGINT');
  expect(await dev.exited).toEqual({ code: 0 });
  await allGone([postgres]);
});

test('a killed api and a killed worker run again, and dev.json names their new pids', async () => {
  const dev = runDev();
  const before = await ready(dev);
  process.kill(before.pids.worker, 'SIGKILL');
  process.kill(before.pids.api, 'SIGKILL');
  await pidChanges(dev, 'worker', before.pids.worker);
  const after = await pidChanges(dev, 'api', before.pids.api);
  expect(after.pids.postgres).toBe(before.pids.postgres);
  await isReady(after.api_url);
  expect(dev.output()).toContain(`api (pid ${before.pids.api}) died by SIGKILL; it is started again`);
});

test('Temporal starts afresh when its state file is deleted underneath it, and the api is ready again', async () => {
  const dev = runDev();
  const before = await ready(dev);
  rmSync(join(dev.dataDir, 'temporal.db'));
  const after = await pidChanges(dev, 'temporal', before.pids.temporal);
  await isReady(after.api_url);
  expect(after.pids.api).toBe(before.pids.api);
});

test('two data directories run side by side, one data directory only once', async () => {
  const one = runDev('one');
  const two = runDev('two');
  const [first, second] = await Promise.all([ready(one), ready(two)]);
  for (const key of ['api_url', 'temporal_address', 'temporal_ui_url', 'database_url', 'mail_url'] as const) {
    expect(first[key]).not.toBe(second[key]);
  }

  const again = runDev('one');
  expect(await again.exited).toEqual({ code: 1 });
  expect(again.output().trim()).toMatch(
    new RegExp(
      `^Covenant is running already in .*one \\(pid ${one.child.pid}\\) with its API at ${first.api_url}; .*\\.$`,
    ),
  );
  expect(statSync(join(one.dataDir, 'dev.json')).mode & 0o777).toBe(0o600);
});

test('dev:reset refuses while the stack runs, and removes what it left, but never what is not its own', async () => {
  const dev = runDev();
  await ready(dev);
  expect(reset(dev.dataDir)).toMatchObject({ status: 1, stdout: expect.stringContaining('stop it first') as string });
  dev.child.kill('SIGTERM');
  await dev.exited;
  expect(reset(dev.dataDir).status).toBe(0);
  expect(existsSync(dev.dataDir)).toBe(false);

  mkdirSync(dev.dataDir);
  writeFileSync(join(dev.dataDir, 'letter.txt'), 'mine');
  expect(reset(dev.dataDir).status).toBe(1);
  expect(existsSync(join(dev.dataDir, 'letter.txt'))).toBe(true);
});

function reset(dataDir: string): { status: number | null; stdout: string } {
  const options = { cwd: PROJECT, env: environmentOf(dataDir), encoding: 'utf8' } as const;
  return spawnSync(process.execPath, ['--import', 'tsx', 'dev/reset.ts'], options);
}
