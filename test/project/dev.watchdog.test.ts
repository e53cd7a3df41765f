/**
 * No kept process outlives the one who started it, however that one ends.
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

const STAYS = 'console.log("up"); setInterval(() => {}, 1000);';
const STAYS_DESPITE_SIGNALS = `for (const s of ['SIGTERM', 'SIGINT']) process.on(s, () => console.log(s)); ${STAYS}`;
const WAIT_MS = 15_000;

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'keeper-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function specOf(program: string, more: Partial<ProcessSpec> = {}): ProcessSpec {
  return {
    name: 'kept',
    command: process.execPath,
    args: ['-e', program],
    env: process.env,
    logFile: join(directory, 'kept.log'),
    stopSignal: 'SIGTERM',
    graceMs: 10_000,
    ...more,
  };
}

function log(): string {
  return readFileSync(join(directory, 'kept.log'), 'utf8');
}

function gone(identity: ProcessIdentity): Promise<boolean> {
  return waitFor(() => !isRunning(identity), { timeout_ms: WAIT_MS, what: `process ${identity.pid} to end` });
}

async function isUp(): Promise<void> {
  await waitFor(() => log().includes('up'), { timeout_ms: WAIT_MS, what: 'the program to run' });
}

/** Starts a kept process from a process of its own, and returns both. */
async function startFromAnother(spec: ProcessSpec): Promise<{ parentPid: number; kept: ProcessIdentity }> {
  const program = `
    const { startManagedProcess } = require('./dev/managed-process');
    startManagedProcess(${JSON.stringify(spec)}).then((kept) => console.log(kept.pid));
    process.stdin.on('end', () => process.exit()).resume();`;
  const parent = spawn(process.execPath, ['--import', 'tsx', '-e', program], {
    cwd: join(__dirname, '..', '..'),
    // Its stdin ends with this test file, so none stays behind when a test fails.
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
  const kept = identifyProcess(Number(line));
  if (kept === undefined || parent.pid === undefined) throw new Error('the kept process ended at once');
  return { parentPid: parent.pid, kept };
}

test('a parent killed with -9 takes the kept process with it', async () => {
  const { parentPid, kept } = await startFromAnother(specOf(STAYS));
  process.kill(parentPid, 'SIGKILL');
  await gone(kept);
});

test('a kept process that ignores signals is killed after its grace', async () => {
  const { parentPid, kept } = await startFromAnother(specOf(STAYS_DESPITE_SIGNALS, { graceMs: 300 }));
  await isUp();
  process.kill(parentPid, 'SIGKILL');
  await gone(kept);
  expect(log()).toContain('SIGTERM');
});

test('a killed keeper takes the kept process with it, and the loss is reported', async () => {
  const kept = await startManagedProcess(specOf(STAYS));
  const keeperPid = parentOf(kept.pid);
  process.kill(keeperPid, 'SIGKILL');
  expect(await kept.exited).toEqual({ code: null, signal: 'SIGKILL', lost: true });
  await gone(kept.identity);
});

test('Ctrl-C in the terminal reaches neither the keeper nor the kept process', async () => {
  const kept = await startManagedProcess(specOf(STAYS));
  await isUp();
  process.kill(parentOf(kept.pid), 'SIGINT');
  expect(groupOf(kept.pid)).not.toBe(groupOf(process.pid));
  expect(isRunning(kept.identity)).toBe(true);
  await kept.stop();
});

test('stop sends the stop signal and waits for the end', async () => {
  const ends = `process.on('SIGINT', () => { console.log('in order'); process.exit(7); }); ${STAYS}`;
  const kept = await startManagedProcess(specOf(ends, { stopSignal: 'SIGINT' }));
  await isUp();
  expect(await kept.stop()).toEqual({ code: 7, signal: null, lost: false });
  expect(log()).toContain('in order');
  expect(isRunning(kept.identity)).toBe(false);
});

test('the end of a kept process is reported as it was', async () => {
  const kept = await startManagedProcess(specOf('process.exit(3)'));
  expect(await kept.exited).toEqual({ code: 3, signal: null, lost: false });
  const killed = await startManagedProcess(specOf(STAYS));
  killed.kill('SIGKILL');
  expect(await killed.exited).toEqual({ code: null, signal: 'SIGKILL', lost: false });
  expect(killed.kill('SIGKILL')).toBe(false);
});

test('a program that does not exist is refused by name', async () => {
  await expect(startManagedProcess(specOf('', { command: join(directory, 'nothing') }))).rejects.toThrow(
    'kept cannot be started',
  );
});

function parentOf(pid: number): number {
  return familyOf(pid)[0];
}

function groupOf(pid: number): number {
  return familyOf(pid)[1];
}

/** The parent and the process group. */
function familyOf(pid: number): [number, number] {
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
