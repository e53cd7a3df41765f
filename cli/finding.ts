/** What the doctor found: each with its verdict and, unless it is well, how to fix it. */

/** A warning is worth a look and lets the doctor end with 0; what is wrong makes it end with 1. */
export type Verdict = 'ok' | 'warning' | 'wrong';

export interface Finding {
  /** The thing looked at, in a few words. */
  check: string;
  verdict: Verdict;
  detail: string;
  /** What to do; null when there is nothing to. */
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

/** Runs a check for at most `timeout_ms`; when it throws or hangs, that is the finding. */
export async function runCheck(
  check: string,
  timeout_ms: number,
  run: () => Promise<Finding[]>,
  otherwise: (error: unknown) => Finding,
): Promise<Finding[]> {
  try {
    return await withTimeout(timeout_ms, run(), check);
  } catch (error) {
    return [otherwise(error)];
  }
}

/** What `answer` resolves to; rejects when that takes longer than `timeout_ms`. */
export async function withTimeout<T>(timeout_ms: number, answer: Promise<T>, what = 'this check'): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no answer within ${timeout_ms} ms`)), timeout_ms);
  });
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
