/**
 * Freezes a server with all its processes, like a machine that hangs: connections stay open and nothing answers.
 */
import { execFileSync } from 'node:child_process';

/** Stops the process and its children. Returns a function that continues them. No new children can start meanwhile. */
export function freezeServer(pid: number): () => void {
  // The parent is stopped first, so that it starts no further children.
  process.kill(pid, 'SIGSTOP');
  const children = childrenOf(pid);
  for (const child of children) signal(child, 'SIGSTOP');
  return () => {
    for (const child of children) signal(child, 'SIGCONT');
    process.kill(pid, 'SIGCONT');
  };
}

function childrenOf(pid: number): number[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  return table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child as number);
}

/** A child may have ended since it was listed. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
