/** The worker's peak memory as Linux reports it. Other systems do not report it. */
import { readFileSync, writeFileSync } from 'node:fs';

const KIB_PER_MB = 1_000_000 / 1024;
/** `proc(5)`: resets the peak resident set size. */
const RESET_PEAK = '5';

/**
 * Returns the peak resident set size in MB (10⁶ bytes) since the last reset or the start. Null when the system does not
 * report it.
 */
export function peakMemoryMb(pid: number): number | null {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? null : Math.round(Number(kib) / KIB_PER_MB);
  } catch {
    return null;
  }
}

/** Resets the peak. Without permission the old peak remains. */
export function resetPeakMemory(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, RESET_PEAK);
  } catch {
    // The peak since the start is an upper bound.
  }
}
