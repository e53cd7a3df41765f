/**
 * Checks over HTTP whether a server is ready.
 */

const ANSWER_TIMEOUT_MS = 5_000;

/** Whether the URL answers 200 within ANSWER_TIMEOUT_MS. Returns false when there is no answer. */
export async function isHttpReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}
