/** Authorizes the caller of an operation: an invalid API key gets 401, a caller without permission gets 403. */
import type { Request } from 'express';
import { ANONYMOUS } from '../../domain/access/caller';
import type { Caller, KnownCaller } from '../../domain/access/caller';
import { isOpen, mayCall, permissionOf } from '../../domain/access/permission';
import type { OperationId } from '../../domain/access/permission';
import type { Authenticate } from './authentication';
import { ProblemError, protocolProblem } from './problem';

/** Identifies and authorizes the caller. Rejects with a problem. */
export type Authorize = (request: Request) => Promise<Caller>;

/** An open operation ignores API keys: a key in the request is neither looked up nor refused. */
export function createAuthorize(operation_id: OperationId, authenticate: Authenticate): Authorize {
  if (isOpen(operation_id)) return () => Promise.resolve(ANONYMOUS);
  return async (request) => {
    const caller = await identify(request, authenticate);
    if (!mayCall(caller, operation_id)) throw forbiddenProblem(caller, operation_id);
    return caller;
  };
}

/**
 * The same, with callers who may be cached (api/http/authentication.ts). A caller whom the cached role does not admit is looked up
 * again: the role may have been raised since.
 */
export function createCachedAuthorize(
  operation_id: OperationId,
  api: { authenticate: Authenticate; authenticateCached: Authenticate },
): Authorize {
  const authorize = createAuthorize(operation_id, api.authenticate);
  if (isOpen(operation_id)) return authorize;
  return async (request) => {
    const caller = await identify(request, api.authenticateCached);
    return mayCall(caller, operation_id) ? caller : authorize(request);
  };
}

/** The caller whose key a request carries. */
async function identify(request: Request, authenticate: Authenticate): Promise<KnownCaller> {
  const header = request.get('authorization');
  if (!header) throw unauthenticatedProblem('Send an API key in the header Authorization: Bearer cov_admin_…');
  if (!/^Bearer +\S/i.test(header))
    throw unauthenticatedProblem('The Authorization header has no API key: send Authorization: Bearer cov_admin_…');
  const key = /^Bearer +(\S+) *$/i.exec(header)?.[1];
  const caller = key === undefined ? undefined : await authenticate(key);
  if (caller) return caller;
  const detail =
    'This API key is unknown or revoked. Copy the complete key without spaces, or ask a super admin for a new one.';
  throw new ProblemError(
    protocolProblem('INVALID_API_KEY', detail, { headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } }),
  );
}

function unauthenticatedProblem(detail: string): ProblemError {
  return new ProblemError(protocolProblem('UNAUTHENTICATED', detail, { headers: { 'WWW-Authenticate': 'Bearer' } }));
}

function forbiddenProblem(caller: KnownCaller, operation_id: OperationId): ProblemError {
  const permission = permissionOf(operation_id);
  if ('anonymous' in permission) throw new Error(`${operation_id} is an open operation`);
  switch (caller.kind) {
    case 'admin': {
      const { role } = caller;
      const needed = permission.admin;
      const detail = `Your role is ${role}. This operation needs the role ${needed} or above.`;
      return new ProblemError(protocolProblem('FORBIDDEN_ROLE', detail, { metadata: { role, needed } }));
    }
  }
}
