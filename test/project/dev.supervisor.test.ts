/**
 * A supervised server runs until it is stopped, and one that keeps dying is started ever more slowly.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RESTART_DELAYS_MS, supervise, type ServerEvent, type ServerPlan } from '../../dev/supervisor';
import { isRunning } from '../../dev/process-identity';
import { waitFor } from '../../dev/waiting';

const WAIT_MS = 20_000;

let directory: string;
let readyFile: string;
let news: ServerEvent[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'supervisor-'));
  readyFile = join(directory, 'ready');
  news = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function planOf(program: string, more: Partial<ServerPlan> = {}): ServerPlan {
  return {
    spec: {
      name: 'server',
      command: process.execPath,
      args: ['-e', program],
      env: { ...process.env, READY_FILE: readyFile },
      logFile: join(directory, 'server.log'),
      stopSignal: 'SIGTERM',
      graceMs: 5_000,
    },
    isReady: () => Promise.resolve(existsSync(readyFile)),
    readyTimeoutMs: WAIT_MS,
    ...more,
  };
}

const SERVES = `require('node:fs').writeFileSync(process.env.READY_FILE, ''); setInterval(() => {}, 1000);`;
const DIES = `console.log('I cannot go on'); process.exit(5);`;

function onNews(item: ServerEvent): void {
  news.push(item);
}

function delays(): number[] {
  return news.flatMap((item) => (item.kind === 'died' ? [item.restart_in_ms] : []));
}

test('a server killed with -9 is started again at once, with another pid', async () => {
  const server = supervise(planOf(SERVES), { restart: true, onServerEvent: onNews });
  await server.start();
  const first = server.current;
  server.signal('SIGKILL');
  await waitFor(() => server.current !== undefined && server.current !== first, {
    timeout_ms: WAIT_MS,
    what: 'a new process',
  });
  expect(server.current?.pid).not.toBe(first?.pid);
  expect(delays()).toEqual([0]);
  await server.stop();
});

test('a stopped server stays stopped', async () => {
  const server = supervise(planOf(SERVES), { restart: true, onServerEvent: onNews });
  await server.start();
  const running = server.current;
  await server.stop();
  expect(server.current).toBeUndefined();
  expect(running !== undefined && isRunning(running.identity)).toBe(false);
  expect(delays()).toEqual([]);
  await server.start();
  expect(server.current).toBeDefined();
  await server.stop();
});

test('a server that keeps dying is tried again after growing pauses, and the failure quotes its log', async () => {
  const server = supervise(planOf(DIES), { restart: true, onServerEvent: onNews });
  await expect(server.start()).rejects.toThrow(/server ended before it was ready[^]*I cannot go on/);
  expect(delays()).toEqual([...RESTART_DELAYS_MS]);
  await server.stop();
});

test('without restarts the first death is the end', async () => {
  const server = supervise(planOf(DIES), { restart: false, onServerEvent: onNews });
  await expect(server.start()).rejects.toThrow('I cannot go on');
  expect(server.current).toBeUndefined();
});

test('a server that dies while it starts and comes up later is ready in the end', async () => {
  const flag = join(directory, 'second-time');
  const diesOnce = `const fs = require('node:fs');
    if (!fs.existsSync(${JSON.stringify(flag)})) { fs.writeFileSync(${JSON.stringify(flag)}, ''); process.exit(1); }
    ${SERVES}`;
  const server = supervise(planOf(diesOnce), { restart: true, onServerEvent: onNews });
  await server.start();
  expect(delays()).toEqual([0]);
  await server.stop();
});

test('what an earlier run left is put right before every start', async () => {
  let preparations = 0;
  const prepare = (): Promise<void> => {
    preparations += 1;
    rmSync(readyFile, { force: true });
    return Promise.resolve();
  };
  writeFileSync(readyFile, '');
  const server = supervise(planOf(SERVES, { prepare }), { restart: true, onServerEvent: onNews });
  await server.start();
  expect(preparations).toBe(1);
  server.signal('SIGKILL');
  await waitFor(() => preparations === 2, { timeout_ms: WAIT_MS, what: 'the second preparation' });
  await server.ready();
  await server.stop();
});

test('stopping during a start ends the start', async () => {
  const never = planOf('setInterval(() => {}, 1000)');
  const server = supervise(never, { restart: true, onServerEvent: onNews });
  const started = server.start();
  await waitFor(() => server.current, { timeout_ms: WAIT_MS, what: 'a process' });
  await Promise.all([expect(started).rejects.toThrow('server was stopped while it was starting'), server.stop()]);
  expect(server.current).toBeUndefined();
});
