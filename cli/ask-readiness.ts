/** Queries the readiness of a Covenant process over HTTP, and distinguishes the kinds of failure. */
import { z } from 'zod';
import { errorMessage } from './failure';

const ReadinessShape = z.object({
  ready: z.boolean(),
  checks: z.record(z.string(), z.string()),
  /** Older versions omit it. */
  installation: z.string().nullish(),
});

/** The readiness checks of a process take up to three seconds when Postgres or Temporal does not respond. */
export const READINESS_TIMEOUT_MS = 5_000;

export type ReadinessAnswer =
  /** The connection failed for this reason. */
  | { outcome: 'unreachable'; reason: string }
  /** No complete response within READINESS_TIMEOUT_MS. */
  | { outcome: 'silent' }
  /** Another program responded. */
  | { outcome: 'foreign' }
  /** `failing` names the checks that are not ok. `installation` is null when the process does not know it. */
  | { outcome: 'answered'; ready: boolean; failing: string; installation: string | null };

/** Requests `<origin>/readyz`. The complete response must arrive within READINESS_TIMEOUT_MS. Never rejects. */
export async function askReadiness(origin: string): Promise<ReadinessAnswer> {
  const signal = AbortSignal.timeout(READINESS_TIMEOUT_MS);
  let body: string;
  try {
    body = await (await fetch(`${origin}/readyz`, { signal })).text();
  } catch (error) {
    if (signal.aborted) return { outcome: 'silent' };
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { outcome: 'unreachable', reason: errorMessage(cause) };
  }
  const readiness = ReadinessShape.safeParse(parseJson(body));
  if (!readiness.success) return { outcome: 'foreign' };
  const { ready, checks, installation = null } = readiness.data;
  const failing = Object.entries(checks)
    .filter(([, state]) => state !== 'ok')
    .map(([name, state]) => `${name} ${state}`)
    .join(', ');
  return { outcome: 'answered', ready, failing, installation };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
