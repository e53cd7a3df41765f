/** Finds the caller whose session a request has. */
import type { SessionCaller } from '../../domain/access/caller';
import type { SessionTimeouts } from '../../domain/access/session';
import type { Instant } from '../../domain/base/instant';
import type { Database } from '../../db/base/database';
import { authenticateSession } from '../../transactions/access/session';

/** Returns the caller whose session has this token, or undefined. Nothing is cached: a session that ended stops working at once. */
export type AuthenticateSession = (token: string) => Promise<SessionCaller | undefined>;

export function createSessionAuthentication(
  db: Database,
  { pepper, timeouts, clock }: { pepper: string; timeouts: SessionTimeouts; clock: () => Promise<Instant> },
): AuthenticateSession {
  return async (token) => authenticateSession(db, token, { pepper, timeouts, now: await clock() });
}
