/** `/session/oidc`: signing in with the identity provider of the organization, and proving again who one is. */
import { ProviderFailed, isFresh } from '../../domain/access/oidc';
import type { IdentityProvider, OidcAttempt, OidcFailure, ProviderAccount } from '../../domain/access/oidc';
import { ownPath } from '../../domain/access/own-path';
import { actorOf } from '../../domain/access/caller';
import type { AnonymousCaller, SessionCaller } from '../../domain/access/caller';
import { CONFIRMED_MINUTES } from '../../domain/access/session';
import type { Refusal } from '../../domain/base/refusal';
import { findProvenOwner, openAttempt, proveByAccount, sealAttempt, useAttempt } from '../../transactions/access/oidc';
import { beginSession, confirmSession } from '../../transactions/access/session';
import type { Browser } from '../../transactions/access/session';
import type { Api } from '../http/api';
import { sessionEndedProblem } from '../http/authorization';
import { ProblemError, protocolProblem } from '../http/problem';
import { route } from '../http/route';
import type { Answer, HandlerRequest, Route } from '../http/route';
import { OIDC_COOKIE, oidcCookie, sessionCookie } from '../http/session-cookie';
import { z } from '../http/zod';

/** Where the provider sends people back to. */
export const OIDC_CALLBACK_PATH = '/api/v1/session/oidc/callback';

/** Codes of some providers have more than 1,000 characters. All parameters fit into the request line, also when each is escaped. */
const CODE_CHARS_MAX = 3_072;
const TEXT_CHARS_MAX = 256;
/** The characters that OAuth 2.0 allows in these parameters (RFC 6749, appendix A). */
const parameter = (chars_max: number) =>
  z
    .string()
    .max(chars_max)
    .regex(/^[\x20-\x7e]*$/)
    .optional();

type Returned = HandlerRequest<unknown, Record<string, unknown>, unknown, AnonymousCaller>;

export const oidcRoutes: Route[] = [
  route({
    operation_id: 'beginOidcSignIn',
    method: 'post',
    path: '/api/v1/session/oidc',
    tag: 'Sessions',
    summary: 'Sign in with the identity provider',
    description: `The answer sets a cookie, and the browser goes to \`authorization_url\`. The provider sends it back, and it ends on a page of the admin pages. With \`confirm\`, the admin of the session proves again who they are: the provider asks for a new sign-in, and for ${CONFIRMED_MINUTES} minutes the session can then call the operations that need it.`,
    body: z
      .strictObject({
        return_to: z
          .string()
          .max(1_000)
          .optional()
          .describe('The page that follows: a path below `/admin`. Default: the first page, also for anything else'),
        confirm: z.boolean().optional().describe('true: a proof of identity for the session of the cookie'),
      })
      .openapi('OidcSignIn'),
    examples: { 'To a page': { return_to: '/admin/contracts' }, 'As a proof of identity': { confirm: true } },
    answers: {
      200: {
        description: 'The page of the provider',
        schema: z.object({ authorization_url: z.url() }).openapi('OidcRedirection'),
        headers: ['Set-Cookie'],
      },
    },
    refusals: ['OIDC_NOT_CONFIGURED', 'IDENTITY_PROVIDER_UNAVAILABLE', 'SESSION_ENDED', 'CROSS_SITE_REQUEST'],
    audit: [],
    async handle({ api, body, now, request_id, browser }) {
      const { session_token } = browser();
      const provider = providerOf(api);
      const caller = body.confirm ? await callerOf(api, session_token) : undefined;
      if (body.confirm && caller === undefined) throw sessionEndedProblem();
      const { authorization_url, secrets } = await provider
        .begin({ fresh: caller !== undefined })
        .catch((error: unknown) => refuseUnavailable(api, request_id, error));
      const attempt: OidcAttempt = {
        ...secrets,
        return_to: ownPath(body.return_to),
        session_id: caller?.session.id ?? null,
        began_at: now,
      };
      const headers = { 'Set-Cookie': oidcCookie(await sealAttempt(attempt, api.keyPepper)) };
      return { status: 200, body: { authorization_url }, headers };
    },
  }),
  route({
    operation_id: 'finishOidcSignIn',
    method: 'get',
    path: OIDC_CALLBACK_PATH,
    tag: 'Sessions',
    summary: 'Come back from the identity provider',
    description:
      'Only the browser in which a sign-in began can finish it, once and within ten minutes. It ends on the page of `return_to`, or on the sign-in page, which says what is wrong.',
    query: z.looseObject({
      code: parameter(CODE_CHARS_MAX),
      state: parameter(TEXT_CHARS_MAX),
      error: parameter(TEXT_CHARS_MAX),
    }),
    answers: { 303: { description: 'The page that follows', headers: ['Location', 'Set-Cookie'] } },
    audit: ['admin.signed_in', 'admin.oidc_linked', 'admin.confirmed'],
    async handle(request) {
      const { api, now, query, returned } = request;
      const attempt = await openAttempt(returned().cookie(OIDC_COOKIE), api.keyPepper, now);
      if (attempt?.state !== query.state || attempt === null) return failed('attempt_invalid');
      return finish(request, attempt);
    },
  }),
];

/** Uses up an attempt of this browser, whatever comes of it. */
async function finish(request: Returned, attempt: OidcAttempt): Promise<Answer | Refusal> {
  const { api, now, query, request_id } = request;
  const provider = api.identityProvider;
  if (provider === undefined) return failed('not_configured', attempt);
  if (!(await useAttempt(api.db, attempt, api.keyPepper, now))) return failed('attempt_invalid', attempt);
  const from = { client: request.client() };
  if ((await api.signIns.begin(from)) > 0) return failed('too_many_attempts', attempt);
  const account = await accountOf(provider, query, attempt).catch((error: unknown) => {
    if (!(error instanceof ProviderFailed)) throw error;
    api.log.warn(
      { request_id, failure: error.failure, reason: error.message },
      'the sign-in at the identity provider failed',
    );
    return error.failure;
  });
  if (typeof account === 'string') return failed(account, attempt);
  await api.signIns.succeed(from);
  return attempt.session_id === null ? enter(request, attempt, account) : confirm(request, attempt, account);
}

function accountOf(
  provider: IdentityProvider,
  query: Record<string, unknown>,
  attempt: OidcAttempt,
): Promise<ProviderAccount> {
  const texts = Object.entries(query).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return provider.finish(Object.fromEntries(texts), attempt);
}

/** Begins a session for the admin of an account. */
function enter(
  { api, now, request_id, returned, write }: Returned,
  attempt: OidcAttempt,
  account: ProviderAccount,
): Promise<Answer | Refusal> {
  const { browser } = returned();
  return write(async (tx) => {
    const proven = await proveByAccount(tx, account, { now, request_id, address: browser.address });
    if (typeof proven === 'string') return failed(proven, attempt);
    const begun = await beginSession(tx, proven, browser, { pepper: api.keyPepper, now, request_id });
    return begun === null
      ? failed('no_admin', attempt)
      : succeeded(attempt, { 'Set-Cookie': sessionCookie(begun.token) });
  });
}

/** Stores that the admin of the session has signed in at the provider again. */
async function confirm(
  { api, now, request_id, returned, write }: Returned,
  attempt: OidcAttempt,
  account: ProviderAccount,
): Promise<Answer | Refusal> {
  const { browser } = returned();
  const caller = await callerOf(api, browser.session_token);
  if (caller === undefined || caller.session.id !== attempt.session_id) return failed('session_ended', attempt);
  if (!isFresh(account, attempt)) return failed('not_recent', attempt);
  return write(async (tx) => {
    const proven = await findProvenOwner(tx, account);
    if (proven?.admin_id !== caller.id) return failed('other_person', attempt);
    await confirmSession(tx, caller, proven, { actor: actorOf(caller, browser.address), now, request_id });
    return succeeded(attempt);
  });
}

function callerOf(
  { authenticateSession }: Api,
  session_token: Browser['session_token'],
): Promise<SessionCaller | undefined> {
  return session_token === undefined ? Promise.resolve(undefined) : authenticateSession(session_token);
}

function succeeded({ return_to }: OidcAttempt, headers: Record<string, string> = {}): Answer {
  return { status: 303, headers: { Location: `/admin${return_to}`, ...headers } };
}

/** The sign-in page, which says in words what is wrong, and keeps where the person wanted to go. */
function failed(failure: OidcFailure, attempt?: OidcAttempt): Answer {
  const search = new URLSearchParams({ error: failure });
  if (attempt !== undefined && attempt.return_to !== '/') search.set('return_to', attempt.return_to);
  return { status: 303, headers: { Location: `/admin/sign-in?${search.toString()}` } };
}

function providerOf({ identityProvider }: Api): IdentityProvider {
  if (identityProvider !== undefined) return identityProvider;
  const detail =
    'This installation has no identity provider. Sign in with a password or an API key, or set OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET.';
  throw new ProblemError(protocolProblem('OIDC_NOT_CONFIGURED', detail));
}

function refuseUnavailable({ log, identityProvider }: Api, request_id: string, error: unknown): never {
  if (!(error instanceof ProviderFailed)) throw error;
  log.warn({ request_id, reason: error.message }, 'the identity provider cannot be reached');
  const detail = `The identity provider ${identityProvider?.label ?? ''} does not answer. Try again in a moment, or sign in with a password or an API key.`;
  throw new ProblemError(protocolProblem('IDENTITY_PROVIDER_UNAVAILABLE', detail));
}
