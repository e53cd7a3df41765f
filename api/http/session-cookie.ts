/**
 * The cookie of a session. `__Host-` makes a browser accept it only from this host over HTTPS (or from localhost), for all paths, so no
 * other host of the domain can set it. It lasts until the browser ends; how long the session lasts is stored with it.
 */
import type { Request } from 'express';
import { OIDC_MINUTES } from '../../domain/access/oidc';

export const SESSION_COOKIE = '__Host-covenant_session';
/** The cookie of a sign-in at the identity provider that has begun. */
export const OIDC_COOKIE = '__Host-covenant_oidc';

const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax';

export function sessionCookie(token: string): string {
  return `${SESSION_COOKIE}=${token}; ${ATTRIBUTES}`;
}

/** `Lax`, because the answer of the provider comes from its site. A finished attempt cannot be used again, so the cookie may stay until then. */
export function oidcCookie(sealed: string): string {
  return `${OIDC_COOKIE}=${sealed}; ${ATTRIBUTES}; Max-Age=${OIDC_MINUTES * 60}`;
}

/** Makes a browser forget the cookie. */
export const ENDED_SESSION_COOKIE = `${SESSION_COOKIE}=; ${ATTRIBUTES}; Max-Age=0`;

/** The token of the session of a request; undefined when it has no such cookie. */
export function sessionTokenOf(request: Request): string | undefined {
  return cookieOf(request, SESSION_COOKIE);
}

/** The value of a cookie; undefined when it is missing or empty. */
export function cookieOf({ headers }: Request, name: string): string | undefined {
  for (const part of (headers.cookie ?? '').split(';')) {
    const text = part.trim();
    if (text.startsWith(`${name}=`)) return text.slice(name.length + 1) || undefined;
  }
  return undefined;
}
