/** The findings of the doctor: each with a verdict and, unless it is ok, a remedy. */

/** With warnings the exit code of the doctor is 0. With anything wrong it is 1. */
export type Verdict = 'ok' | 'warning' | 'wrong';

export interface Finding {
  /** The name of the check, in a few words. */
  check: string;
  verdict: Verdict;
  detail: string;
  /** What to do; null when there is nothing to do. */
  remedy: string | null;
}

export function ok(check: string, detail: string): Finding {
  return { check, verdict: 'ok', detail, remedy: null };
}

export function warning(check: string, detail: string, remedy: string): Finding {
  return { check, verdict: 'warning', detail, remedy };
}

export function wrong(check: string, detail: string, remedy: string): Finding {
  return { check, verdict: 'wrong', detail, remedy };
}

/** Runs a check for at most `timeout_ms`. When it throws or times out, `onFailure` makes the finding. */
export async function runCheck(
  check: string,
  timeout_ms: number,
  run: () => Promise<Finding[]>,
  onFailure: (error: unknown) => Finding,
): Promise<Finding[]> {
  try {
    return await withTimeout(timeout_ms, run(), check);
  } catch (error) {
    return [onFailure(error)];
  }
}

/** Resolves as `result` does; rejects when that takes longer than `timeout_ms`. */
export async function withTimeout<T>(timeout_ms: number, result: Promise<T>, what = 'this check'): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no response within ${timeout_ms} ms`)), timeout_ms);
  });
  try {
    return await Promise.race([result, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
