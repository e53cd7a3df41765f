/** The most memory the worker has held, as Linux counts it; other systems do not tell. */
import { readFileSync, writeFileSync } from 'node:fs';

const KIB_PER_MB = 1_000_000 / 1024;
/** `proc(5)`: resets the peak of the resident size. */
const RESET_PEAK = '5';

/** Peak resident size in MB (10⁶ bytes) since the last reset or the start; null where the system does not tell. */
export function peakMemoryMb(pid: number): number | null {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? null : Math.round(Number(kib) / KIB_PER_MB);
  } catch {
    return null;
  }
}

/** Begins a new peak; where that is not allowed the old one goes on. */
export function resetPeakMemory(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, RESET_PEAK);
  } catch {
    // The peak since the start is an upper bound of what is asked.
  }
}
