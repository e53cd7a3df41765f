/**
 * One stack at a time uses a data directory, and a lock ends with its owner.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DataDirLockedError, lockDataDir, lockOwner } from '../../dev/lock';
import { identifyProcess } from '../../dev/process-identity';
import { RUN_SOURCES } from '../../dev/run-sources';

const CONTENDERS = 6;

let dataDir: string;
beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'lock-'))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/**
 * Starts a process that tries to take the lock, prints `locked` or the name of the error, and runs until it is killed.
 */
function startContender(): { child: ChildProcess; answer: Promise<string> } {
  const program = `
    const { lockDataDir } = require('./dev/lock');
    try { lockDataDir(${JSON.stringify(dataDir)}); console.log('locked'); } catch (error) { console.log(error.name); }
    process.stdin.on('end', () => process.exit()).resume();`;
  const child = spawn(process.execPath, [...RUN_SOURCES, '-e', program], {
    cwd: join(__dirname, '..', '..'),
    // Its stdin closes when this test file ends, so no process remains when a test fails.
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answer = once(createInterface({ input: child.stdout }), 'line').then(([line]) => String(line));
  return { child, answer };
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

test('a second attempt to lock fails with the pid of the owner', () => {
  const lock = lockDataDir(dataDir);
  expect(() => lockDataDir(dataDir)).toThrow(DataDirLockedError);
  expect(() => lockDataDir(dataDir)).toThrow(`pid ${process.pid}`);
  lock.release();
  lockDataDir(dataDir).release();
});

test('the data directory is created when it is missing', () => {
  const deeper = join(dataDir, 'not', 'there');
  lockDataDir(deeper).release();
  expect(existsSync(deeper)).toBe(true);
});

test('the lock of a process that was killed with -9 is taken over', async () => {
  const { child, answer } = startContender();
  expect(await answer).toBe('locked');
  expect(() => lockDataDir(dataDir)).toThrow(DataDirLockedError);
  await kill(child);
  expect(lockOwner(dataDir)).toBeUndefined();
  lockDataDir(dataDir).release();
});

test('a lock whose pid belongs to a later process is stale', () => {
  writeFileSync(join(dataDir, 'stack.lock'), JSON.stringify({ ...identifyProcess(process.pid), started: 'long ago' }));
  lockDataDir(dataDir).release();
});

test('a lock file that a power failure truncated is stale', () => {
  writeFileSync(join(dataDir, 'stack.lock'), '{"pi');
  lockDataDir(dataDir).release();
});

test('when several processes find a stale lock, exactly one takes it', async () => {
  writeFileSync(join(dataDir, 'stack.lock'), JSON.stringify({ pid: process.pid, started: 'long ago' }));
  const contenders = Array.from({ length: CONTENDERS }, startContender);
  const answers = await Promise.all(contenders.map(({ answer }) => answer));
  expect(answers.filter((answer) => answer === 'locked')).toHaveLength(1);
  expect(answers.filter((answer) => answer === 'DataDirLockedError')).toHaveLength(CONTENDERS - 1);
  await Promise.all(contenders.map(({ child }) => kill(child)));
});
