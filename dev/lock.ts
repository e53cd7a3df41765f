/**
 * Lets one stack at a time use a data directory. A lock whose owner is gone, even by `kill -9` or a power cut, is taken over.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identifyProcess, isRunning, type ProcessIdentity } from './process-identity';

/** A lock that is held. */
export interface DataDirLock {
  release(): void;
}

/** Thrown when another stack uses the data directory. */
export class DataDirLockedError extends Error {
  constructor(
    readonly dataDir: string,
    readonly pid: number,
  ) {
    super(`A stack uses ${dataDir} already (pid ${pid}).`);
    this.name = 'DataDirLockedError';
  }
}

const LOCK_FILE = 'stack.lock';

/** Takes the lock of a data directory, which is made when missing. Throws DataDirLockedError. */
export function lockDataDir(dataDir: string): DataDirLock {
  makeDataDir(dataDir);
  const lockFile = join(dataDir, LOCK_FILE);
  const own = `${lockFile}.${process.pid}`;
  writeFileSync(own, JSON.stringify(identifyProcess(process.pid)), { mode: 0o600 });
  try {
    // A link appears whole or not at all, and never replaces what is there.
    while (!tryLink(own, lockFile)) removeWhenStale(dataDir, lockFile);
  } finally {
    rmSync(own, { force: true });
  }
  return { release: () => rmSync(lockFile, { force: true }) };
}

/** The process that uses the data directory, or undefined. */
export function lockOwner(dataDir: string): ProcessIdentity | undefined {
  const owner = readOwner(join(dataDir, LOCK_FILE));
  return owner !== undefined && isRunning(owner) ? owner : undefined;
}

function makeDataDir(dataDir: string): void {
  // Others may pass through but not look around: as root, Postgres runs as another user and lives in here.
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
  // Between the reading and the renaming another stack may have taken the stale lock over: then it gets its own back.
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
