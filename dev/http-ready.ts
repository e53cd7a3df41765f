/**
 * Asks a server over HTTP whether it is well.
 */

const ANSWER_TIMEOUT_MS = 5_000;

/** Whether the URL answers 200 within ANSWER_TIMEOUT_MS; no answer at all counts as no. */
export async function isHttpReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}
