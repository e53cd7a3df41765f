/**
 * Authorizes the caller of an operation, in the order of domain.md 5.6: an invalid API key and a session that has ended get 401, a request
 * that another site sent with a session 403, an address that the contract of a key does not list 403, a caller without permission 403, and
 * the key of a contract that asks for another contract 404 (decisions 43).
 */
import type { Request } from 'express';
import { CONFIRMED_MINUTES } from '../../domain/access/session';
import { containsApiKey, readApiKey } from '../../domain/access/api-key';
import type { ApiKey, ApiKeyFault } from '../../domain/access/api-key';
import { ANONYMOUS, addressesOf, reachesContract } from '../../domain/access/caller';
import type { Caller, KnownCaller } from '../../domain/access/caller';
import { isOpen, mayCall, needsConfirmation, permissionOf } from '../../domain/access/permission';
import type { OperationId } from '../../domain/access/permission';
import { notFound } from '../../domain/base/refusal';
import { clientAddress } from './client-address';
import { addressMatcherOf } from './address-matchers';
import { keyTextOf } from './api-key-header';
import type { Authenticate } from './authentication';
import { refuseCrossSite } from './cross-site';
import { isDryRun } from './dry-run';
import { ProblemError, problemOf, protocolProblem } from './problem';
import type { ProtocolCode } from './problem';
import { rememberCaller } from './refused-call';
import type { Route } from './route';
import { sessionTokenOf } from './session-cookie';
import type { AuthenticateSession } from './session-authentication';

/** Identifies and authorizes the caller. Rejects with a problem. */
export type Authorize = (request: Request) => Promise<Caller>;

/** What finds callers. */
export interface Authenticators {
  authenticate: Authenticate;
  authenticateSession: AuthenticateSession;
  /** The public URL, from whose pages a session is used. */
  publicUrl: string;
}

/** An open operation ignores API keys and sessions: one in the request is neither looked up nor refused. */
export function createAuthorize(route: AuthorizedRoute, api: Authenticators): Authorize {
  const { operation_id } = route;
  if (isOpen(operation_id)) return () => Promise.resolve(ANONYMOUS);
  return async (request) => {
    const caller = await identify(request, api);
    if (!isAddressAllowed(caller, request)) throw addressProblem(request);
    if (!mayCall(caller, operation_id)) throw forbiddenProblem(caller, operation_id);
    refuseUnconfirmed(route, request, caller);
    refuseOtherContract(route, request, caller);
    return caller;
  };
}

/**
 * The same, with callers who may be cached (api/http/authentication.ts). A caller whom the cached role or list of addresses does not
 * admit is looked up again: it may have been changed since.
 */
export function createCachedAuthorize(
  route: AuthorizedRoute,
  api: Authenticators & { authenticateCached: Authenticate },
): Authorize {
  const { operation_id } = route;
  const authorize = createAuthorize(route, api);
  if (isOpen(operation_id)) return authorize;
  return async (request) => {
    // A session is not cached.
    if (!request.headers.authorization) return authorize(request);
    const caller = await identifyKey(request, api.authenticateCached);
    if (!isAddressAllowed(caller, request) || !mayCall(caller, operation_id)) return authorize(request);
    refuseOtherContract(route, request, caller);
    return caller;
  };
}

/** Whether the key of the caller is accepted from the address of the request, which only trusted proxies can replace. */
function isAddressAllowed(caller: KnownCaller, request: Request): boolean {
  return addressMatcherOf(addressesOf(caller))(clientAddress(request));
}

function addressProblem(request: Request): ProblemError {
  const ip = clientAddress(request) ?? 'unknown';
  const detail = `The API key of this contract is not accepted from the address ${ip}. Call from a listed address, or have this one added to ip_allowlist of the contract.`;
  return new ProblemError(protocolProblem('ADDRESS_NOT_ALLOWED', detail, { metadata: { ip } }));
}

type AuthorizedRoute = Pick<Route, 'operation_id' | 'path' | 'query'>;

/** The path of a route whose `:id` is that of a contract. Routes of jobs check the contract of the job in their handlers. */
const CONTRACT_PATH = /^\/api\/v1\/contracts\/:id(\/|$)/;

/** Throws 404 when the path names a contract that does not exist for the caller. */
function refuseOtherContract({ path }: AuthorizedRoute, request: Request, caller: KnownCaller): void {
  if (!CONTRACT_PATH.test(path)) return;
  const { id } = request.params as { id: string };
  if (!reachesContract(caller, id)) throw new ProblemError(problemOf(notFound('contract', id)));
}

/** The caller whose key or session a request carries. A key wins: with it, a cookie has no effect. */
function identify(request: Request, api: Authenticators): Promise<KnownCaller> {
  const token = request.headers.authorization ? undefined : sessionTokenOf(request);
  return token === undefined ? identifyKey(request, api.authenticate) : identifySession(request, token, api);
}

async function identifySession(
  request: Request,
  token: string,
  { authenticateSession, publicUrl }: Authenticators,
): Promise<KnownCaller> {
  const caller = await authenticateSession(token);
  if (caller === undefined) throw sessionEndedProblem();
  rememberCaller(request, caller);
  refuseCrossSite(request, publicUrl);
  return caller;
}

export function sessionEndedProblem(): ProblemError {
  const detail = 'Your session has ended. Sign in again, and repeat what you did last: nothing of it was saved.';
  return new ProblemError(protocolProblem('SESSION_ENDED', detail, { headers: { 'WWW-Authenticate': 'Bearer' } }));
}

/**
 * Throws 403 when an operation needs a recent proof of who the admin of a session is. API keys are not asked (decisions 42). A dry run needs
 * no proof, because it changes nothing and shows no secret.
 */
function refuseUnconfirmed(route: AuthorizedRoute, request: Request, caller: KnownCaller): void {
  if (caller.kind !== 'session' || caller.is_confirmed || !needsConfirmation(route.operation_id)) return;
  if (isDryRun(route, request)) return;
  const detail = `This needs a proof from the last ${CONFIRMED_MINUTES} minutes that you are ${caller.name}. Enter your password or your API key (POST /api/v1/session/confirm), and repeat the request.`;
  throw new ProblemError(
    protocolProblem('REAUTHENTICATION_REQUIRED', detail, { metadata: { confirmed_minutes: CONFIRMED_MINUTES } }),
  );
}

/** The caller whose key a request carries. */
async function identifyKey(request: Request, authenticate: Authenticate): Promise<KnownCaller> {
  const key = readKeyOf(request);
  const caller = await authenticate(key);
  if (caller) {
    rememberCaller(request, caller);
    return caller;
  }
  const detail = 'This API key is unknown or revoked. Ask for a new one, or send another one.';
  throw invalidKeyProblem('INVALID_API_KEY', detail);
}

/** The API key of a request. Throws the problem of a key that is missing, in the wrong place, or not complete. */
function readKeyOf(request: Request): ApiKey {
  if (containsApiKey(request.originalUrl)) throw invalidKeyProblem('API_KEY_IN_URL', KEY_FAULTS.API_KEY_IN_URL);
  const header = request.get('authorization');
  if (!header) {
    const { cookie = '' } = request.headers;
    if (containsApiKey(cookie)) throw invalidKeyProblem('API_KEY_IN_COOKIE', KEY_FAULTS.API_KEY_IN_COOKIE);
    throw unauthenticatedProblem(
      'Send an API key in the header Authorization: Bearer cov_…, or sign in to the admin pages.',
    );
  }
  const text = keyTextOf(request);
  if (text === undefined)
    throw unauthenticatedProblem('The Authorization header has no API key: send Authorization: Bearer cov_…');
  const key = countAuthorizationHeaders(request.rawHeaders) > 1 ? 'repeated' : readApiKey(text);
  if (typeof key !== 'string') return key;
  const code = CODE_OF_FAULT[key];
  throw invalidKeyProblem(code, KEY_FAULTS[code]);
}

/** Node keeps only the first of several Authorization headers. */
function countAuthorizationHeaders(raw_headers: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < raw_headers.length; index += 2) {
    const name = raw_headers[index] as string;
    if (name.length === 'authorization'.length && name.toLowerCase() === 'authorization') count++;
  }
  return count;
}

const CODE_OF_FAULT = {
  too_long: 'API_KEY_TOO_LONG',
  has_spaces: 'API_KEY_HAS_SPACES',
  repeated: 'API_KEY_REPEATED',
  truncated: 'API_KEY_TRUNCATED',
  mistyped: 'API_KEY_MISTYPED',
  malformed: 'API_KEY_MALFORMED',
} as const satisfies Record<ApiKeyFault, ProtocolCode>;

/** What is wrong with a key that was not looked up, and the remedy. */
const KEY_FAULTS = {
  API_KEY_IN_URL:
    'The URL contains an API key. URLs are stored in logs, so replace this key by a new one, and send that in the header Authorization: Bearer cov_…',
  API_KEY_IN_COOKIE: 'The API key is in a cookie. Send it in the header Authorization: Bearer cov_…',
  API_KEY_TOO_LONG: 'The text in the Authorization header is much longer than an API key. Send the key alone.',
  API_KEY_HAS_SPACES: 'The API key contains spaces or line breaks. Copy the complete key without them.',
  API_KEY_REPEATED: 'The request contains more than one API key. Send one key in one Authorization header.',
  API_KEY_TRUNCATED: 'The API key is incomplete: its end is missing. Copy the complete key.',
  API_KEY_MISTYPED: 'The checksum of the API key is wrong, so a character was changed. Copy the complete key again.',
  API_KEY_MALFORMED: 'This is not an API key of Covenant. Its keys begin with cov_admin_, cov_live_ or cov_test_.',
} as const satisfies Partial<Record<ProtocolCode, string>>;

function invalidKeyProblem(code: ProtocolCode, detail: string): ProblemError {
  return new ProblemError(
    protocolProblem(code, detail, { headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } }),
  );
}

function unauthenticatedProblem(detail: string): ProblemError {
  return new ProblemError(protocolProblem('UNAUTHENTICATED', detail, { headers: { 'WWW-Authenticate': 'Bearer' } }));
}

function forbiddenProblem(caller: KnownCaller, operation_id: OperationId): ProblemError {
  const permission = permissionOf(operation_id);
  if ('anonymous' in permission) throw new Error(`${operation_id} is an open operation`);
  if (!('admin' in permission)) {
    const detail = 'This operation is about the session of a browser. An API key has none; it needs no sign-in.';
    return new ProblemError(protocolProblem('FORBIDDEN_CALLER', detail));
  }
  switch (caller.kind) {
    case 'admin':
    case 'session': {
      const { role } = caller;
      const needed = permission.admin;
      const detail = `Your role is ${role}. This operation needs the role ${needed} or above.`;
      return new ProblemError(protocolProblem('FORBIDDEN_ROLE', detail, { metadata: { role, needed } }));
    }
    case 'contract': {
      const detail =
        'The API key of a contract cannot call this operation. It can generate licenses, and read its usage, its jobs and their licenses. Of a pool it can take licenses, read, assign and release its holds, and return licenses.';
      return new ProblemError(protocolProblem('FORBIDDEN_CALLER', detail));
    }
  }
}
