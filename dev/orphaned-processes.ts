/**
 * Records the processes of a stack, so that the next start can end those that still run. Watchdogs end them when their
 * stack dies. The record covers the case that a watchdog was killed too, or has not finished yet.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from './private-file';
import { isRunning, signalProcess, type ProcessIdentity } from './process-identity';
import { waitFor } from './waiting';

const PROCESSES_FILE = 'processes.json';
/** Postgres may still write its last checkpoint. The other servers end within a moment. */
const ORPHAN_GRACE_MS = 10_000;
const ORPHAN_KILL_MS = 5_000;

/** Records the processes that run now. */
export function recordProcesses(dataDir: string, processes: readonly ProcessIdentity[]): void {
  writePrivateFile(join(dataDir, PROCESSES_FILE), JSON.stringify(processes));
}

/** Removes the record after a clean stop. */
export function removeProcessRecord(dataDir: string): void {
  rmSync(join(dataDir, PROCESSES_FILE), { force: true });
}

/** Ends the processes that the last stack of this data directory left, and resolves when they have ended. */
export async function endOrphanedProcesses(dataDir: string): Promise<void> {
  await Promise.all(readProcessRecord(dataDir).map(endProcess));
  removeProcessRecord(dataDir);
}

async function endProcess(orphan: ProcessIdentity): Promise<void> {
  // SIGINT is the one signal that makes all of these servers shut down cleanly.
  if (!signalProcess(orphan, 'SIGINT')) return;
  const what = `the process ${orphan.pid} of an earlier run to end`;
  try {
    await waitFor(() => !isRunning(orphan), { timeout_ms: ORPHAN_GRACE_MS, what });
  } catch {
    signalProcess(orphan, 'SIGKILL');
    await waitFor(() => !isRunning(orphan), { timeout_ms: ORPHAN_KILL_MS, what });
  }
}

function readProcessRecord(dataDir: string): ProcessIdentity[] {
  try {
    return JSON.parse(readFileSync(join(dataDir, PROCESSES_FILE), 'utf8')) as ProcessIdentity[];
  } catch {
    return [];
  }
}
