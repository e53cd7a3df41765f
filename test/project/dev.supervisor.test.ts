/**
 * The supervisor keeps a server running until it is stopped, and restarts one that keeps exiting after growing delays.
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
let events: ServerEvent[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'supervisor-'));
  readyFile = join(directory, 'ready');
  events = [];
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
const EXITS = `console.log('I cannot go on'); process.exit(5);`;

function recordEvent(event: ServerEvent): void {
  events.push(event);
}

function delays(): number[] {
  return events.flatMap((event) => (event.kind === 'exited' ? [event.restart_in_ms] : []));
}

test('a server killed with -9 is restarted immediately, with another pid', async () => {
  const server = supervise(planOf(SERVES), { restart: true, onServerEvent: recordEvent });
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
  const server = supervise(planOf(SERVES), { restart: true, onServerEvent: recordEvent });
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

test('a server that keeps exiting is restarted after growing delays, and the error quotes its log', async () => {
  const server = supervise(planOf(EXITS), { restart: true, onServerEvent: recordEvent });
  await expect(server.start()).rejects.toThrow(/server ended before it was ready[^]*I cannot go on/);
  expect(delays()).toEqual([...RESTART_DELAYS_MS]);
  await server.stop();
});

test('without restarts the first exit is final', async () => {
  const server = supervise(planOf(EXITS), { restart: false, onServerEvent: recordEvent });
  await expect(server.start()).rejects.toThrow('I cannot go on');
  expect(server.current).toBeUndefined();
});

test('a server that exits during its first start and succeeds later becomes ready', async () => {
  const flag = join(directory, 'second-time');
  const exitsOnce = `const fs = require('node:fs');
    if (!fs.existsSync(${JSON.stringify(flag)})) { fs.writeFileSync(${JSON.stringify(flag)}, ''); process.exit(1); }
    ${SERVES}`;
  const server = supervise(planOf(exitsOnce), { restart: true, onServerEvent: recordEvent });
  await server.start();
  expect(delays()).toEqual([0]);
  await server.stop();
});

test('cleanup after an earlier run precedes every start', async () => {
  let preparations = 0;
  const prepare = (): Promise<void> => {
    preparations += 1;
    rmSync(readyFile, { force: true });
    return Promise.resolve();
  };
  writeFileSync(readyFile, '');
  const server = supervise(planOf(SERVES, { prepare }), { restart: true, onServerEvent: recordEvent });
  await server.start();
  expect(preparations).toBe(1);
  server.signal('SIGKILL');
  await waitFor(() => preparations === 2, { timeout_ms: WAIT_MS, what: 'the second preparation' });
  await server.ready();
  await server.stop();
});

test('stopping a server during its start ends the start', async () => {
  const never = planOf('setInterval(() => {}, 1000)');
  const server = supervise(never, { restart: true, onServerEvent: recordEvent });
  const started = server.start();
  await waitFor(() => server.current, { timeout_ms: WAIT_MS, what: 'a process' });
  await Promise.all([expect(started).rejects.toThrow('server was stopped while it was starting'), server.stop()]);
  expect(server.current).toBeUndefined();
});
