/**
 * Remembers the processes of a stack, so that the next start can end those that outlived it.
 * Keepers end them when their stack dies; this is for the case that a keeper was killed too, or is still at it.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from './private-file';
import { isRunning, signalProcess, type ProcessIdentity } from './process-identity';
import { waitFor } from './waiting';

const PROCESSES_FILE = 'processes.json';
/** Postgres may be writing its last checkpoint; the others end in a moment. */
const LEFTOVER_GRACE_MS = 10_000;
const LEFTOVER_KILL_MS = 5_000;

/** Writes down which processes run now. */
export function recordProcesses(dataDir: string, processes: readonly ProcessIdentity[]): void {
  writePrivateFile(join(dataDir, PROCESSES_FILE), JSON.stringify(processes));
}

/** Forgets them after a clean stop. */
export function removeProcessRecord(dataDir: string): void {
  rmSync(join(dataDir, PROCESSES_FILE), { force: true });
}

/** Ends what the last stack of this data directory left running, and resolves when it is gone. */
export async function endOrphanedProcesses(dataDir: string): Promise<void> {
  await Promise.all(readProcessRecord(dataDir).map(endProcess));
  removeProcessRecord(dataDir);
}

async function endProcess(leftover: ProcessIdentity): Promise<void> {
  // SIGINT is the one signal that all of them take as "end now, in good order".
  if (!signalProcess(leftover, 'SIGINT')) return;
  const what = `the process ${leftover.pid} of an earlier run to end`;
  try {
    await waitFor(() => !isRunning(leftover), { timeout_ms: LEFTOVER_GRACE_MS, what });
  } catch {
    signalProcess(leftover, 'SIGKILL');
    await waitFor(() => !isRunning(leftover), { timeout_ms: LEFTOVER_KILL_MS, what });
  }
}

function readProcessRecord(dataDir: string): ProcessIdentity[] {
  try {
    return JSON.parse(readFileSync(join(dataDir, PROCESSES_FILE), 'utf8')) as ProcessIdentity[];
  } catch {
    return [];
  }
}
