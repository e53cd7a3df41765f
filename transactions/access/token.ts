/** Random tokens that are shown once: of sessions and of links. Only their HMAC with the installation's pepper is stored. */
import { createHmac, randomBytes } from 'node:crypto';

const TOKEN_BYTES = 32;
/** The form of every token: 256 bits as base64url. */
const TOKEN_PATTERN = /^[A-Za-z0-9_-]{43}$/;

export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** The HMAC by which the row of a token is found; null when the text is no token. `purpose` keeps tokens of one kind from working as another. */
export function tokenHmac(purpose: 'session' | 'link', token: string, pepper: string): Buffer | null {
  if (!TOKEN_PATTERN.test(token)) return null;
  return createHmac('sha256', pepper).update(`${purpose} ${token}`).digest();
}
