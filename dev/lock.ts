/**
 * Allows one stack at a time to use a data directory. A stack takes over a lock whose owner no longer runs, also after
 * `kill -9` or a power failure.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identifyProcess, isRunning, type ProcessIdentity } from './process-identity';

/** A lock that this process owns. */
export interface DataDirLock {
  release(): void;
}

/** Thrown when another stack uses the data directory. */
export class DataDirLockedError extends Error {
  constructor(
    readonly dataDir: string,
    readonly pid: number,
  ) {
    super(`Another stack already uses ${dataDir} (pid ${pid}).`);
    this.name = 'DataDirLockedError';
  }
}

const LOCK_FILE = 'stack.lock';

/** Takes the lock of a data directory, and creates the directory if it is missing. Throws DataDirLockedError. */
export function lockDataDir(dataDir: string): DataDirLock {
  makeDataDir(dataDir);
  const lockFile = join(dataDir, LOCK_FILE);
  const own = `${lockFile}.${process.pid}`;
  writeFileSync(own, JSON.stringify(identifyProcess(process.pid)), { mode: 0o600 });
  try {
    // Creating a link is atomic, and fails when the file exists.
    while (!tryLink(own, lockFile)) removeWhenStale(dataDir, lockFile);
  } finally {
    rmSync(own, { force: true });
  }
  return { release: () => rmSync(lockFile, { force: true }) };
}

/** Returns the process that uses the data directory, or undefined. */
export function lockOwner(dataDir: string): ProcessIdentity | undefined {
  const owner = readOwner(join(dataDir, LOCK_FILE));
  return owner !== undefined && isRunning(owner) ? owner : undefined;
}

function makeDataDir(dataDir: string): void {
  // Other users may traverse the directory but not list it: as root, Postgres runs as another user and has its files
  // here.
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
}

function removeWhenStale(dataDir: string, lockFile: string): void {
  const owner = readOwner(lockFile);
  if (owner !== undefined && isRunning(owner)) throw new DataDirLockedError(dataDir, owner.pid);
  const aside = `${lockFile}.stale.${process.pid}`;
  try {
    renameSync(lockFile, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  // Another stack may have taken over the stale lock between the read and the rename. Restore that stack's lock.
  const taken = readOwner(aside);
  if (taken !== undefined && isRunning(taken)) tryLink(aside, lockFile);
  rmSync(aside, { force: true });
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readOwner(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
