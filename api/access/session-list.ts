/** `/sessions`: where admins are signed in. Super admins see and end all sessions, other admins their own. */
import type { AdminCaller, SessionCaller } from '../../domain/access/caller';
import { mayCall } from '../../domain/access/permission';
import { notFound } from '../../domain/base/refusal';
import type { ListedSessionRow } from '../../db/access/session';
import { listSessions } from '../../db/access/session';
import { revokeSession } from '../../transactions/access/session';
import type { SessionTimeouts } from '../../domain/access/session';
import { actOf } from '../http/edit';
import { PageOf, PageQuery, cursorsById, pageOf } from '../http/paging';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { Id, IdParams, InstantShape } from '../http/shapes';
import { z } from '../http/zod';
import { SessionShape, presentSession } from './session-presenter';

// One object and no `allOf`, which the page at /docs does not accept here.
const ListedSessionShape = z
  .object({
    ...SessionShape.shape,
    last_used_at: InstantShape.describe('To the minute'),
    address: z.string().nullable().describe('The network address of the sign-in'),
    user_agent: z.string().nullable().describe('The browser, as it named itself at the sign-in'),
    is_current: z.boolean().describe('Whether it is the session of this request'),
  })
  .openapi('ListedSession');

const CURSORS = cursorsById('sessions');

export const sessionListRoutes: Route[] = [
  route({
    operation_id: 'listSessions',
    method: 'get',
    path: '/api/v1/sessions',
    tag: 'Sessions',
    summary: 'List sessions',
    description:
      'Those that have not ended, newest first. A super admin gets the sessions of all admins, another admin the own ones.',
    query: PageQuery.extend({ admin_id: Id.optional().describe('Sessions of this admin') }),
    answers: { 200: { description: 'One page', schema: PageOf(ListedSessionShape) } },
    audit: [],
    async handle({ api, query, caller }) {
      const { cursor, limit, admin_id } = query;
      const before = CURSORS.read(cursor)?.id ?? null;
      const timeouts = api.sessionTimeouts;
      const of = seesAllSessions(caller) ? admin_id : caller.id;
      // The sessions of others do not exist for an admin who sees the own ones.
      const rows =
        admin_id !== undefined && admin_id !== of
          ? []
          : await api.readList((sql) => listSessions(sql, of, { timeouts, before, limit: limit + 1 }));
      return { status: 200, body: pageOf(rows, limit, (row) => presentListed(row, caller, timeouts), CURSORS) };
    },
  }),
  route({
    operation_id: 'revokeSession',
    method: 'delete',
    path: '/api/v1/sessions/:id',
    tag: 'Sessions',
    summary: 'End a session',
    description: 'From the next request on, the browser has to sign in again.',
    params: IdParams,
    answers: { 204: { description: 'Ended' } },
    audit: ['admin.session_ended'],
    handle({ params, caller, write, ...request }) {
      const admin_id = seesAllSessions(caller) ? undefined : caller.id;
      return write(async (tx) => {
        const outcome = await revokeSession(tx, { id: params.id, admin_id }, actOf(request));
        return outcome === 'ended' ? { status: 204 } : notFound('session', params.id);
      });
    },
  }),
];

/** Who administers admins also administers their sessions. */
function seesAllSessions(caller: AdminCaller | SessionCaller): boolean {
  return mayCall(caller, 'updateAdmin');
}

function presentListed(row: ListedSessionRow, caller: AdminCaller | SessionCaller, timeouts: SessionTimeouts) {
  const { admin_id, email, name, role, last_used_at, address, user_agent, ...session } = row;
  return {
    ...presentSession({ id: admin_id, email, name, role }, { ...session, last_used_at }, timeouts),
    ...{ last_used_at, address, user_agent },
    is_current: caller.kind === 'session' && caller.session.id === row.id,
  };
}
