/** Identifies repeated requests: the same caller, operation, Idempotency-Key and content. */
import { hash } from 'node:crypto';
import type { Request } from 'express';
import { containsApiKey } from '../../domain/access/api-key';
import { refuse } from '../../domain/base/refusal';
import { callerName, credentialIdOf } from '../../domain/access/caller';
import type { KnownCaller } from '../../domain/access/caller';
import { isAboutOwnSession, isOpen } from '../../domain/access/permission';
import type { IdempotentRequest } from '../../db/base/idempotency';
import { hasBody } from './body';
import { ProblemError, problemOf, throwShapeProblem } from './problem';
import type { Route } from './route';

const IDEMPOTENCY_KEY_CHARS_MAX = 255;

/**
 * Whether answers of a route are stored under the Idempotency-Key of their request. Keys belong to a caller, so open operations have none.
 * A proof of identity must be given again each time, and a fingerprint of it would let a password be guessed.
 */
export function storesAnswers({ method, operation_id }: Pick<Route, 'method' | 'operation_id'>): boolean {
  return method === 'post' && !isOpen(operation_id) && !isAboutOwnSession(operation_id);
}

/** The `Idempotency-Key` of a request, with its scope and fingerprint; null when it has none. */
export function idempotencyOf(request: Request, route: Route, caller: KnownCaller): IdempotentRequest | null {
  const key = request.get('idempotency-key');
  if (key === undefined) return null;
  if (key.length === 0 || key.length > IDEMPOTENCY_KEY_CHARS_MAX) {
    throwShapeProblem([{ path: 'Idempotency-Key', message: `must have 1 to ${IDEMPOTENCY_KEY_CHARS_MAX} characters` }]);
  }
  // Headers have no defined encoding, so a non-ASCII key would differ from the same text in a body.
  if (!/^[\x20-\x7e]+$/.test(key)) throwShapeProblem([{ path: 'Idempotency-Key', message: 'must be printable ASCII' }]);
  if (containsApiKey(key)) throw new ProblemError(problemOf(refuse('API_KEY_AS_IDEMPOTENCY_KEY')));
  return {
    key,
    // A body without fields means the same as no body.
    fingerprint: fingerprintOf(request.method, request.path.toLowerCase(), hasBody(request) ? request.body : undefined),
    scope: `${callerName(caller)} ${route.operation_id}`,
    former_scope: `${credentialIdOf(caller)} ${route.method} ${route.path}`,
  };
}

/** A hash of method, path and body with sorted keys. A repetition has the same one; another request does not. */
export function fingerprintOf(method: string, path: string, body: unknown): string {
  return hash('sha256', `${method} ${path} ${JSON.stringify(sortKeys(body ?? null))}`, 'base64');
}

/** Returns the value itself if it needs no change: most bodies have few fields. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  if (isSortedAndFlat(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  );
}

function isSortedAndFlat(value: object): boolean {
  let before = '';
  for (const [key, inner] of Object.entries(value)) {
    if (key < before || (typeof inner === 'object' && inner !== null)) return false;
    before = key;
  }
  return true;
}
