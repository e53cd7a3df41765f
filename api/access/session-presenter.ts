/** A session as the admin pages read it. */
import { sessionEnds, SESSION_METHODS } from '../../domain/access/session';
import type { Session, SessionTimeouts } from '../../domain/access/session';
import type { Role } from '../../domain/access/role';
import { Id, InstantShape } from '../http/shapes';
import { z } from '../http/zod';
import { RoleShape } from './admin';

export const SessionShape = z
  .object({
    id: Id,
    admin: z.object({ id: Id, email: z.string(), name: z.string(), role: RoleShape }),
    method: z.enum(SESSION_METHODS).describe('How the admin signed in; link: by a link that works once'),
    created_at: InstantShape,
    expires_at: InstantShape.describe('When the session ends at the latest'),
    idle_expires_at: InstantShape.describe('When the session ends if nothing more is requested; to the minute'),
    confirmed_until: InstantShape.describe(
      'Until when operations are possible that need a recent proof of who the admin is',
    ),
  })
  .openapi('Session');

/** The admin of a session. */
interface SessionAdmin {
  id: string;
  email: string;
  name: string;
  role: Role;
}

export function presentSession({ id, email, name, role }: SessionAdmin, session: Session, timeouts: SessionTimeouts) {
  return {
    id: session.id,
    admin: { id, email, name, role },
    method: session.method,
    created_at: session.created_at,
    ...sessionEnds(session, timeouts),
  };
}
