/** Invitations of admins: links by which they set a password. */
import { INVITATION_HOURS } from '../../domain/access/session';
import { PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, passwordFault } from '../../domain/access/password';
import { isRefusal } from '../../domain/base/refusal';
import { acceptInvitation, createInvitation, findInvited } from '../../transactions/access/invitation';
import { actOf } from '../http/edit';
import { throwShapeProblem } from '../http/problem';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { IdParams, InstantShape } from '../http/shapes';
import { z } from '../http/zod';
import { hashInTurn, linkProblem, presentBegun, refuseAboveLimit } from './sign-in';
import { SessionShape } from './session-presenter';

export const invitationRoutes: Route[] = [
  route({
    operation_id: 'createInvitation',
    method: 'post',
    path: '/api/v1/admins/:id/invitation',
    tag: 'People',
    summary: 'Invite an admin to set a password',
    description: `The answer shows a link that works once, for ${INVITATION_HOURS} hours; send it to the admin and to no one else. Also for a password that was forgotten. A new invitation ends the former one.`,
    params: IdParams,
    answers: {
      201: {
        description: 'The link',
        schema: z
          .object({
            url: z.string().nullable().describe('Null in replays for the same Idempotency-Key'),
            expires_at: InstantShape,
          })
          .openapi('Invitation'),
      },
    },
    refusals: ['ADMIN_DISABLED', 'PERSON_ERASED'],
    audit: ['admin.invited'],
    handle({ api, params, write, ...request }) {
      return write(async (tx) => {
        const invitation = await createInvitation(tx, params.id, api.keyPepper, actOf(request));
        if (isRefusal(invitation)) return invitation;
        const { token, expires_at } = invitation;
        const url = `${api.publicUrl}/admin/invitation#token=${token}`;
        return { status: 201, body: { url, expires_at }, replay_body: { url: null, expires_at } };
      });
    },
  }),
  route({
    operation_id: 'acceptInvitation',
    method: 'post',
    path: '/api/v1/session/invitation',
    tag: 'Sessions',
    summary: 'Set a password and sign in',
    description: 'Ends all other sessions of the admin.',
    body: z
      .strictObject({
        token: z.string().min(1).max(256).describe('The part of the link after `token=`'),
        password: z
          .string()
          .max(PASSWORD_CHARS_MAX * 2)
          .describe(`${PASSWORD_CHARS_MIN} to ${PASSWORD_CHARS_MAX} characters, of any kind`),
      })
      .openapi('InvitationAcceptance'),
    examples: { 'A passphrase': { token: '…', password: 'correct horse battery staple' } },
    answers: { 201: { description: 'Signed in', schema: SessionShape, headers: ['Set-Cookie'] } },
    refusals: ['LINK_NOT_VALID', 'TOO_MANY_SIGN_INS', 'CROSS_SITE_REQUEST'],
    audit: ['admin.password_set'],
    async handle({ api, body, write, now, request_id, ...request }) {
      const browser = request.browser();
      const attempt = { client: request.client() };
      await refuseAboveLimit(api, attempt);
      const { token, password } = body;
      const invited = await findInvited(api.db, token, api.keyPepper, now);
      if (invited === undefined) throw linkProblem();
      await api.signIns.succeed(attempt);
      const fault = passwordFault(password, invited);
      if (fault !== null) throwShapeProblem([{ path: 'password', message: fault }]);
      const hash = await hashInTurn(password);
      return write(async (tx) => {
        const begun = await acceptInvitation(tx, { token, hash }, browser, { pepper: api.keyPepper, now, request_id });
        if (begun === null) throw linkProblem();
        return presentBegun(api, begun);
      });
    },
  }),
];
