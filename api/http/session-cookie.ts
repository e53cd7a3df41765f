/**
 * The cookie of a session. `__Host-` makes a browser accept it only from this host over HTTPS (or from localhost), for all paths, so no
 * other host of the domain can set it. It lasts until the browser ends; how long the session lasts is stored with it.
 */
import type { Request } from 'express';

export const SESSION_COOKIE = '__Host-covenant_session';

const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax';

export function sessionCookie(token: string): string {
  return `${SESSION_COOKIE}=${token}; ${ATTRIBUTES}`;
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
