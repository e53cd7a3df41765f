/** `/session`: signing in to the admin pages and out again. */
import { readApiKey } from '../../domain/access/api-key';
import type { BegunSession, ProvenAdmin } from '../../transactions/access/session';
import { beginSession, endOwnSessions } from '../../transactions/access/session';
import { proveByApiKey, proveByPassword } from '../../transactions/access/prove-admin';
import { useSignInLink } from '../../transactions/access/sign-in-link';
import { PasswordsBusy } from '../../transactions/access/password';
import type { Attempt } from '../../transactions/access/sign-in-limit';
import type { Sql } from '../../db/base/database';
import type { Api } from '../http/api';
import { actOf } from '../http/edit';
import { ProblemError, protocolProblem } from '../http/problem';
import { route } from '../http/route';
import type { Answer, HandlerRequest, Route } from '../http/route';
import { ENDED_SESSION_COOKIE, sessionCookie } from '../http/session-cookie';
import { z } from '../http/zod';
import type { AnonymousCaller } from '../../domain/access/caller';
import { SessionShape, presentSession } from './session-presenter';

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
    handle: () => Promise.resolve({ status: 200, body: { password: true, api_key: true, oidc: null } }),
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
];

/** Throws 429 when too many attempts have failed, and else counts this one. */
export async function refuseAboveLimit({ signIns }: Api, attempt: Attempt): Promise<void> {
  const seconds = await signIns.begin(attempt);
  if (seconds === 0) return;
  const detail = `Too many attempts to sign in have failed for this account or from your address. Try again in ${seconds} s, or use another way to sign in.`;
  const headers = { 'Retry-After': String(seconds) };
  throw new ProblemError(
    protocolProblem('TOO_MANY_SIGN_INS', detail, { metadata: { retry_after_s: seconds }, headers }),
  );
}

/** Judges what a sign-in gives as proof, before the transaction, because a password takes long. A link is used in the transaction. */
async function prove({ api, body, now }: SignInRequest): Promise<(tx: Sql) => Promise<ProvenAdmin | null>> {
  if ('link_token' in body) return (tx) => useSignInLink(tx, body.link_token, api.keyPepper, now);
  const proven = 'api_key' in body ? await proveByKeyText(api, body.api_key) : await proveByGivenPassword(api, body);
  return () => Promise.resolve(proven);
}

async function proveByKeyText(api: Api, text: string): Promise<ProvenAdmin | null> {
  const key = readApiKey(text);
  return typeof key === 'string' ? null : proveByApiKey(key, api.authenticate);
}

async function proveByGivenPassword(
  { db }: Api,
  { email, password }: z.infer<typeof ByPassword>,
): Promise<ProvenAdmin | null> {
  try {
    return await proveByPassword(db, email, password);
  } catch (error) {
    if (!(error instanceof PasswordsBusy)) throw error;
    throw new ProblemError(
      protocolProblem('CHANGES_BUSY', 'Too many people are signing in at the same time. Try again in a moment.'),
    );
  }
}

/** The same for every account and every reason, so that nothing is learned about accounts. */
function failedProblem(body: SignIn): ProblemError {
  const headers = { 'WWW-Authenticate': 'Bearer' };
  if ('link_token' in body) {
    const detail = 'This link was used already, has expired, or is not complete. Ask for a new one.';
    return new ProblemError(protocolProblem('LINK_NOT_VALID', detail, { headers }));
  }
  const detail = `No active admin has this ${'api_key' in body ? 'API key' : 'e-mail address and password'}. Check what you entered, or ask a super admin for an invitation.`;
  return new ProblemError(protocolProblem('SIGN_IN_FAILED', detail, { headers }));
}

/** The answer to a sign-in. */
export function presentBegun(api: Api, { admin, session, token }: BegunSession): Answer {
  return {
    status: 201,
    body: presentSession(admin, session, api.sessionTimeouts),
    headers: { 'Set-Cookie': sessionCookie(token) },
  };
}
