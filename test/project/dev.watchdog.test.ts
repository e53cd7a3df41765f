/**
 * A managed process ends with the process that started it, however that process ends.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startManagedProcess, type ProcessSpec } from '../../dev/managed-process';
import { identifyProcess, isRunning, type ProcessIdentity } from '../../dev/process-identity';
import { waitFor } from '../../dev/waiting';
import { RUN_SOURCES } from '../../dev/run-sources';

const RUNS = 'console.log("up"); setInterval(() => {}, 1000);';
const IGNORES_SIGNALS = `for (const s of ['SIGTERM', 'SIGINT']) process.on(s, () => console.log(s)); ${RUNS}`;
const WAIT_MS = 15_000;

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'watchdog-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function specOf(program: string, more: Partial<ProcessSpec> = {}): ProcessSpec {
  return {
    name: 'managed',
    command: process.execPath,
    args: ['-e', program],
    env: process.env,
    logFile: join(directory, 'managed.log'),
    stopSignal: 'SIGTERM',
    graceMs: 10_000,
    ...more,
  };
}

function log(): string {
  return readFileSync(join(directory, 'managed.log'), 'utf8');
}

function waitForExit(identity: ProcessIdentity): Promise<boolean> {
  return waitFor(() => !isRunning(identity), { timeout_ms: WAIT_MS, what: `process ${identity.pid} to end` });
}

async function waitForStart(): Promise<void> {
  await waitFor(() => log().includes('up'), { timeout_ms: WAIT_MS, what: 'the program to run' });
}

/** Starts a managed process from another process, and returns both. */
async function startFromAnother(spec: ProcessSpec): Promise<{ parentPid: number; managed: ProcessIdentity }> {
  const program = `
    const { startManagedProcess } = require('./dev/managed-process');
    startManagedProcess(${JSON.stringify(spec)}).then((managed) => console.log(managed.pid));
    process.stdin.on('end', () => process.exit()).resume();`;
  const parent = spawn(process.execPath, [...RUN_SOURCES, '-e', program], {
    cwd: join(__dirname, '..', '..'),
    // Its stdin closes when this test file ends, so no process remains when a test fails.
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
  const managed = identifyProcess(Number(line));
  if (managed === undefined || parent.pid === undefined) throw new Error('the managed process ended immediately');
  return { parentPid: parent.pid, managed };
}

test('killing the parent with -9 ends the managed process', async () => {
  const { parentPid, managed } = await startFromAnother(specOf(RUNS));
  process.kill(parentPid, 'SIGKILL');
  await waitForExit(managed);
});

test('a managed process that ignores signals is killed after graceMs', async () => {
  const { parentPid, managed } = await startFromAnother(specOf(IGNORES_SIGNALS, { graceMs: 300 }));
  await waitForStart();
  process.kill(parentPid, 'SIGKILL');
  await waitForExit(managed);
  expect(log()).toContain('SIGTERM');
});

test('killing the watchdog ends the managed process, and its exit is reported as lost', async () => {
  const managed = await startManagedProcess(specOf(RUNS));
  const watchdogPid = parentOf(managed.pid);
  process.kill(watchdogPid, 'SIGKILL');
  expect(await managed.exited).toEqual({ code: null, signal: 'SIGKILL', lost: true });
  await waitForExit(managed.identity);
});

test('Ctrl-C in the terminal reaches neither the watchdog nor the managed process', async () => {
  const managed = await startManagedProcess(specOf(RUNS));
  await waitForStart();
  process.kill(parentOf(managed.pid), 'SIGINT');
  expect(groupOf(managed.pid)).not.toBe(groupOf(process.pid));
  expect(isRunning(managed.identity)).toBe(true);
  await managed.stop();
});

test('stop sends the stop signal and waits for the end', async () => {
  const ends = `process.on('SIGINT', () => { console.log('in order'); process.exit(7); }); ${RUNS}`;
  const managed = await startManagedProcess(specOf(ends, { stopSignal: 'SIGINT' }));
  await waitForStart();
  expect(await managed.stop()).toEqual({ code: 7, signal: null, lost: false });
  expect(log()).toContain('in order');
  expect(isRunning(managed.identity)).toBe(false);
});

test('the exit code or signal of a managed process is reported', async () => {
  const managed = await startManagedProcess(specOf('process.exit(3)'));
  expect(await managed.exited).toEqual({ code: 3, signal: null, lost: false });
  const killed = await startManagedProcess(specOf(RUNS));
  killed.kill('SIGKILL');
  expect(await killed.exited).toEqual({ code: null, signal: 'SIGKILL', lost: false });
  expect(killed.kill('SIGKILL')).toBe(false);
});

test('a program that does not exist causes an error with its name', async () => {
  await expect(startManagedProcess(specOf('', { command: join(directory, 'nothing') }))).rejects.toThrow(
    'managed cannot be started',
  );
});

function parentOf(pid: number): number {
  return readParentAndGroup(pid)[0];
}

function groupOf(pid: number): number {
  return readParentAndGroup(pid)[1];
}

/** The parent and the process group. */
function readParentAndGroup(pid: number): [number, number] {
  if (process.platform !== 'linux') {
    const line = execFileSync('ps', ['-o', 'ppid=,pgid=', '-p', String(pid)], { encoding: 'utf8' });
    return line.trim().split(/\s+/).map(Number) as [number, number];
  }
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(1, 3)
    .map(Number) as [number, number];
}
