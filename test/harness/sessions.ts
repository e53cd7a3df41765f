/** Signing in, as a browser does. */
import { SESSION_COOKIE } from '../../api/http/session-cookie';
import type { ApiAnswer, TestApi } from './api';

/** The token in the cookie that an answer sets. */
export function tokenOf(answer: ApiAnswer): string {
  const [, token] =
    new RegExp(`^${SESSION_COOKIE}=([A-Za-z0-9_-]{43});`).exec(answer.headers.get('set-cookie') ?? '') ?? [];
  if (token === undefined) throw new Error(`the answer sets no session: ${answer.status} ${answer.text}`);
  return token;
}

/** Signs in with an API key, and returns the token of the session. */
export async function signIn(api: TestApi, api_key = api.keys.super_admin): Promise<string> {
  return tokenOf(await api.call('POST', '/session', { key: null, body: { api_key } }));
}
