/**
 * Refuses requests that another site makes a browser send (CSRF). A browser adds the cookie of the session to them, so a request that
 * changes something must also show that a page of this origin sent it.
 *
 * Browsers say so in `Sec-Fetch-Site`, which no page can set. Old ones and connections without TLS send only `Origin`, which must then be
 * the public URL or the host of the request. `SameSite=Lax` of the cookie is a second wall.
 */
import type { Request } from 'express';
import { ProblemError, protocolProblem } from './problem';

/** Methods that change nothing. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** Throws 403 for a request that does not come from a page of this origin. A program that has a session sends `Origin` itself. */
export function refuseCrossSite(request: Request, public_url: string): void {
  if (SAFE_METHODS.has(request.method) || isSameOrigin(request, public_url) === true) return;
  throw crossSiteProblem(public_url);
}

/** The same for a request that needs no session, such as a sign-in: one that says nothing of its origin comes from no page. */
export function refuseForeignPage(request: Request, public_url: string): void {
  if (isSameOrigin(request, public_url) === false) throw crossSiteProblem(public_url);
}

/** Whether a page of this origin sent the request; undefined when it does not say. */
function isSameOrigin(request: Request, public_url: string): boolean | undefined {
  const site = request.get('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  const origin = request.get('origin');
  if (origin === undefined) return undefined;
  return origin === new URL(public_url).origin || origin === `${request.protocol}://${request.get('host')}`;
}

function crossSiteProblem(public_url: string): ProblemError {
  const detail = `A session can change something only from the admin pages of this address, and this request does not show that it comes from there. Open them at ${public_url}/admin. A program uses an API key, or sends the header Origin: ${new URL(public_url).origin}.`;
  return new ProblemError(protocolProblem('CROSS_SITE_REQUEST', detail));
}
