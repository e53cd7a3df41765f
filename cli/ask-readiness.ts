/** Asks a process of Covenant for its readiness over HTTP, and tells apart the ways in which no good answer comes. */
import { z } from 'zod';
import { errorMessage } from './failure';

const ReadinessShape = z.object({
  ready: z.boolean(),
  checks: z.record(z.string(), z.string()),
  /** Left out by versions before it. */
  installation: z.string().nullish(),
});

/** The checks of a process take up to three seconds when Postgres or Temporal does not answer. */
export const READINESS_TIMEOUT_MS = 5_000;

export type ReadinessAnswer =
  /** No connection, for this reason. */
  | { outcome: 'unreachable'; reason: string }
  /** No whole answer within READINESS_TIMEOUT_MS. */
  | { outcome: 'silent' }
  /** The answer of another program. */
  | { outcome: 'foreign' }
  /** `failing` names the checks that are not ok; `installation` is null when the process does not know its own. */
  | { outcome: 'answered'; ready: boolean; failing: string; installation: string | null };

/** Asks `<origin>/readyz`, for at most READINESS_TIMEOUT_MS to the end of the answer. Never rejects. */
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
  const readiness = ReadinessShape.safeParse(jsonOf(body));
  if (!readiness.success) return { outcome: 'foreign' };
  const { ready, checks, installation = null } = readiness.data;
  const failing = Object.entries(checks)
    .filter(([, state]) => state !== 'ok')
    .map(([name, state]) => `${name} ${state}`)
    .join(', ');
  return { outcome: 'answered', ready, failing, installation };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
