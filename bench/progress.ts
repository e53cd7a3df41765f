/** Shows during a long preparation or run that it continues. */
import { count } from './report';
import type { Report } from './report';

const PROGRESS_INTERVAL_MS = 10_000;

/** Reports a number at most once in PROGRESS_INTERVAL_MS. */
export interface ShowProgress {
  (value: number): void;
  /** Whether the next call reports. */
  isDue(): boolean;
}

/** `what` completes the sentence that begins with the number. */
export function showProgress(report: Report, what: string): ShowProgress {
  let shown_at_ms = performance.now();
  const isDue = (): boolean => performance.now() - shown_at_ms >= PROGRESS_INTERVAL_MS;
  const show = (value: number): void => {
    if (!isDue()) return;
    shown_at_ms = performance.now();
    report.progress(`    ${count(value)} ${what}`);
  };
  return Object.assign(show, { isDue });
}
