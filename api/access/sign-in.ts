/** What the ways to sign in share: the limit of attempts, the proofs, the refusals and the answer. */
import { readApiKey } from '../../domain/access/api-key';
import { PasswordsBusy, hashPassword } from '../../transactions/access/password';
import { proveByApiKey, proveByPassword } from '../../transactions/access/prove-admin';
import type { BegunSession, ProvenAdmin } from '../../transactions/access/session';
import type { Attempt } from '../../transactions/access/sign-in-limit';
import type { Api } from '../http/api';
import { ProblemError, protocolProblem } from '../http/problem';
import type { Answer } from '../http/route';
import { sessionCookie } from '../http/session-cookie';
import { presentSession } from './session-presenter';

/** Counts an attempt; throws 429 when too many have failed. */
export async function refuseAboveLimit({ signIns }: Api, attempt: Attempt): Promise<void> {
  const seconds = await signIns.begin(attempt);
  if (seconds === 0) return;
  const detail = `Too many attempts to sign in have failed for this account or from your address. Try again in ${seconds} s, or use another way to sign in.`;
  const headers = { 'Retry-After': String(seconds) };
  throw new ProblemError(
    protocolProblem('TOO_MANY_SIGN_INS', detail, { metadata: { retry_after_s: seconds }, headers }),
  );
}

/** The admin whose API key this is, or null. */
export async function proveByKeyText(api: Api, text: string): Promise<ProvenAdmin | null> {
  const key = readApiKey(text);
  return typeof key === 'string' ? null : proveByApiKey(key, api.authenticate);
}

/** The admin with this e-mail address and password, or null. */
export function proveByGivenPassword({ db }: Api, email: string, password: string): Promise<ProvenAdmin | null> {
  return proveByPassword(db, email, password).catch(refuseIfBusy);
}

/** The hash of a new password. */
export function hashInTurn(password: string): Promise<string> {
  return hashPassword(password).catch(refuseIfBusy);
}

function refuseIfBusy(error: unknown): never {
  if (!(error instanceof PasswordsBusy)) throw error;
  const detail = 'Too many people are signing in at the same time. Try again in a moment.';
  throw new ProblemError(protocolProblem('CHANGES_BUSY', detail));
}

/** For a link that does not work (any more). */
export function linkProblem(): ProblemError {
  const detail =
    'This link was used already, has expired, was replaced by a newer one, or is not complete. Ask for a new one.';
  return new ProblemError(protocolProblem('LINK_NOT_VALID', detail, { headers: { 'WWW-Authenticate': 'Bearer' } }));
}

/** The answer to a sign-in. */
export function presentBegun(api: Api, { admin, session, token }: BegunSession): Answer {
  return {
    status: 201,
    body: presentSession(admin, session, api.sessionTimeouts),
    headers: { 'Set-Cookie': sessionCookie(token) },
  };
}
