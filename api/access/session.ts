/** `/session`: signing in to the admin pages and out again, and proving again who one is. */
import type { ProvenAdmin } from '../../transactions/access/session';
import { beginSession, confirmSession, endOwnSessions } from '../../transactions/access/session';
import { useSignInLink } from '../../transactions/access/sign-in-link';
import type { Sql } from '../../db/base/database';
import { actOf } from '../http/edit';
import { ProblemError, protocolProblem } from '../http/problem';
import { route } from '../http/route';
import type { HandlerRequest, Route } from '../http/route';
import { ENDED_SESSION_COOKIE } from '../http/session-cookie';
import { z } from '../http/zod';
import { CONFIRMED_MINUTES } from '../../domain/access/session';
import type { AnonymousCaller, SessionCaller } from '../../domain/access/caller';
import { SessionShape, presentSession } from './session-presenter';
import { linkProblem, presentBegun, proveByGivenPassword, proveByKeyText, refuseAboveLimit } from './sign-in';

const PASSWORD_CHARS_MAX = 1_024;
const SECRET_CHARS_MAX = 256;

const ByPassword = z.strictObject({
  email: z.string().trim().min(1).max(320).describe('The e-mail address of the admin, in any letter case'),
  password: z.string().min(1).max(PASSWORD_CHARS_MAX),
});
const ByApiKey = z.strictObject({
  api_key: z.string().trim().min(1).max(SECRET_CHARS_MAX).describe('An API key of the admin'),
});
const ByLink = z.strictObject({
  link_token: z.string().min(1).max(SECRET_CHARS_MAX).describe('The part of a sign-in link after `link=`'),
});
const SignInShape = z.union([ByPassword, ByApiKey, ByLink]).openapi('SignIn');
type SignIn = z.infer<typeof SignInShape>;

type SignInRequest = HandlerRequest<unknown, unknown, SignIn, AnonymousCaller>;

export const sessionRoutes: Route[] = [
  route({
    operation_id: 'getSessionMethods',
    method: 'get',
    path: '/api/v1/session/methods',
    tag: 'Sessions',
    summary: 'Read how admins can sign in',
    answers: {
      200: {
        description: 'The ways of this installation',
        schema: z
          .object({
            password: z.literal(true),
            api_key: z.literal(true),
            oidc: z
              .object({ label: z.string().describe('The name of the sign-in on its button') })
              .nullable()
              .describe('The sign-in of the organization; null: it is not configured'),
          })
          .openapi('SessionMethods'),
      },
    },
    audit: [],
    handle({ api: { identityProvider } }) {
      const oidc = identityProvider === undefined ? null : { label: identityProvider.label };
      return Promise.resolve({ status: 200, body: { password: true, api_key: true, oidc } });
    },
  }),
  route({
    operation_id: 'createSession',
    method: 'post',
    path: '/api/v1/session',
    tag: 'Sessions',
    summary: 'Sign in',
    description:
      'The answer sets the cookie of a new session, which ends the one that the browser had. Failed attempts are limited per account and per address. A program needs no session: it sends its API key with each request.',
    body: SignInShape,
    examples: {
      'With a password': { email: 'ada@example.com', password: 'correct horse battery staple' },
      'With an API key': { api_key: 'cov_admin_…' },
      'With a link': { link_token: '…' },
    },
    answers: { 201: { description: 'Signed in', schema: SessionShape, headers: ['Set-Cookie'] } },
    refusals: ['SIGN_IN_FAILED', 'LINK_NOT_VALID', 'TOO_MANY_SIGN_INS', 'CROSS_SITE_REQUEST'],
    audit: ['admin.signed_in'],
    async handle(request) {
      const { api, body, write } = request;
      // Refuses pages of other sites before an attempt is counted.
      const browser = request.browser();
      const attempt = { client: request.client(), email: 'email' in body ? body.email : undefined };
      await refuseAboveLimit(api, attempt);
      const proven = await prove(request);
      const answer = await write(async (tx) => {
        const proof = await proven(tx);
        const begun =
          proof &&
          (await beginSession(tx, proof, browser, {
            pepper: api.keyPepper,
            now: request.now,
            request_id: request.request_id,
          }));
        if (begun === null) throw failedProblem(body);
        return presentBegun(api, begun);
      });
      await api.signIns.succeed(attempt);
      return answer;
    },
  }),
  route({
    operation_id: 'getSession',
    method: 'get',
    path: '/api/v1/session',
    tag: 'Sessions',
    summary: 'Read the own session',
    answers: { 200: { description: 'The session of the cookie', schema: SessionShape } },
    audit: [],
    handle: ({ caller, api }) =>
      Promise.resolve({ status: 200, body: presentSession(caller, caller.session, api.sessionTimeouts) }),
  }),
  route({
    operation_id: 'deleteSession',
    method: 'delete',
    path: '/api/v1/session',
    tag: 'Sessions',
    summary: 'Sign out',
    query: z.object({
      everywhere: z.enum(['true', 'false']).optional().describe('true: also end all other sessions of this admin'),
    }),
    answers: { 204: { description: 'Signed out', headers: ['Set-Cookie'] } },
    audit: ['admin.signed_out'],
    handle({ query, caller, write, ...request }) {
      return write(async (tx) => {
        await endOwnSessions(tx, caller, { everywhere: query.everywhere === 'true' }, actOf(request));
        return { status: 204, headers: { 'Set-Cookie': ENDED_SESSION_COOKIE } };
      });
    },
  }),
  route({
    operation_id: 'confirmSession',
    method: 'post',
    path: '/api/v1/session/confirm',
    tag: 'Sessions',
    summary: 'Prove again who you are',
    description: `For ${CONFIRMED_MINUTES} minutes, the session can then call the operations that need it.`,
    body: z
      .union([
        z.strictObject({ password: ByPassword.shape.password }),
        z.strictObject({ api_key: ByApiKey.shape.api_key.describe('An API key of the same admin') }),
      ])
      .openapi('Confirmation'),
    examples: { 'With the password': { password: 'correct horse battery staple' } },
    answers: { 200: { description: 'The session', schema: SessionShape } },
    refusals: ['CONFIRMATION_FAILED', 'TOO_MANY_SIGN_INS'],
    audit: ['admin.confirmed'],
    async handle({ api, body, caller, write, client, ...request }) {
      const attempt = { client: client(), email: 'password' in body ? caller.email : undefined };
      await refuseAboveLimit(api, attempt);
      const proof =
        'password' in body
          ? await proveByGivenPassword(api, caller.email, body.password)
          : await proveByKeyText(api, body.api_key);
      if (proof?.admin_id !== caller.id) throw unconfirmedProblem(caller);
      await api.signIns.succeed(attempt);
      return write(async (tx) => {
        const session = await confirmSession(tx, caller, proof, actOf(request));
        return { status: 200, body: presentSession(caller, session, api.sessionTimeouts) };
      });
    },
  }),
];

function unconfirmedProblem({ email }: SessionCaller): ProblemError {
  const detail = `This is not the password or an API key of ${email}. Check what you entered.`;
  return new ProblemError(protocolProblem('CONFIRMATION_FAILED', detail));
}

/** Judges what a sign-in gives as proof, before the transaction, because a password takes long. A link is used in the transaction. */
async function prove({ api, body, now }: SignInRequest): Promise<(tx: Sql) => Promise<ProvenAdmin | null>> {
  if ('link_token' in body) return (tx) => useSignInLink(tx, body.link_token, api.keyPepper, now);
  const proven =
    'api_key' in body
      ? await proveByKeyText(api, body.api_key)
      : await proveByGivenPassword(api, body.email, body.password);
  return () => Promise.resolve(proven);
}

/** The same for every account and every reason, so that nothing is learned about accounts. */
function failedProblem(body: SignIn): ProblemError {
  const headers = { 'WWW-Authenticate': 'Bearer' };
  if ('link_token' in body) return linkProblem();
  const detail = `No active admin has this ${'api_key' in body ? 'API key' : 'e-mail address and password'}. Check what you entered, or ask a super admin for an invitation.`;
  return new ProblemError(protocolProblem('SIGN_IN_FAILED', detail, { headers }));
}
