/**
 * Identifies a process beyond its pid, because the system may reuse a pid for another process.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Identifies one process, and not a later process with the same pid. */
export interface ProcessIdentity {
  pid: number;
  /** When the process started, in the system's own notation. It is only compared for equality. */
  started: string;
}

/** Returns the identity of a running process, or undefined when no process has this pid. A zombie counts as ended. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const started = process.platform === 'linux' ? readStartOnLinux(pid) : readStartWithPs(pid);
  return started === undefined ? undefined : { pid, started };
}

/** Whether this process still runs. A later process with the same pid does not count. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.started === identity.started;
}

/** Sends a signal to this process. Returns false when the process has ended. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isRunning(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

function readStartOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Field 2 is the name in parentheses and may contain spaces. Field 22 is the start time in clock ticks since boot.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

function readStartWithPs(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
  } catch {
    return undefined;
  }
}
