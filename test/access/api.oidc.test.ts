/** Signing in with the identity provider: a real one on 127.0.0.1. */
import { OIDC_CALLBACK_PATH } from '../../api/access/oidc';
import { OIDC_COOKIE } from '../../api/http/session-cookie';
import { ProviderFailed, isFresh } from '../../domain/access/oidc';
import type { OidcAttempt } from '../../domain/access/oidc';
import { openAttempt, sealAttempt } from '../../transactions/access/oidc';
import { createIdentityProvider } from '../../adapters/oidc';
import { sessionHeaders, startTestApi } from '../harness/api';
import type { ApiAnswer, TestAdmin, TestApi } from '../harness/api';
import { expectRefusal } from '../harness/expect-refusal';
import { CLIENT_SECRET, startIdentityProvider } from '../harness/identity-provider';
import type { TestIdentityProvider } from '../harness/identity-provider';
import { signIn, tokenOf } from '../harness/sessions';

const REDIRECT_URI = `https://licenses.test${OIDC_CALLBACK_PATH}`;

let login: TestIdentityProvider;
let api: TestApi;

beforeAll(async () => {
  login = await startIdentityProvider(REDIRECT_URI);
  api = await startTestApi({ identityProvider: login.provider });
});
afterAll(async () => {
  await api.close();
  await login.close();
});

/** A sign-in that has begun: the page of the provider, and the cookie of the browser. */
interface Begun {
  authorization_url: string;
  cookie: string;
}

async function begin(body: object = {}, headers: Record<string, string> = {}): Promise<Begun> {
  const answer = await api.call('POST', '/session/oidc', { key: null, body, headers });
  expect(answer.status).toBe(200);
  return { authorization_url: answer.body.authorization_url, cookie: cookieOf(answer) };
}

function cookieOf(answer: ApiAnswer): string {
  const [, value = ''] =
    new RegExp(`^${OIDC_COOKIE}=([^;]+); Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$`).exec(
      answer.headers.get('set-cookie') ?? '',
    ) ?? [];
  expect(value).not.toBe('');
  return value;
}

/** The browser comes back from the site of the provider. */
function comeBack(address: URL | string, cookie: string, session?: string): Promise<ApiAnswer> {
  const search = typeof address === 'string' ? address : address.search;
  const cookies = [`${OIDC_COOKIE}=${cookie}`, ...(session ? [sessionHeaders(session)['Cookie']] : [])];
  const headers = { Cookie: cookies.join('; '), 'Sec-Fetch-Site': 'cross-site' };
  return api.call('GET', `/session/oidc/callback${search}`, { key: null, headers });
}

async function signInAs(subject: string, body: object = {}): Promise<ApiAnswer> {
  const { authorization_url, cookie } = await begin(body);
  return comeBack(await login.signIn(authorization_url, subject), cookie);
}

function expectFailure(answer: ApiAnswer, failure: string): void {
  expect(answer.status).toBe(303);
  expect(answer.headers.get('location')).toMatch(new RegExp(`^/admin/sign-in\\?error=${failure}(&|$)`));
  expect(answer.headers.get('set-cookie')).toBeNull();
}

async function emailOf({ id }: { id: string }): Promise<string> {
  const [{ email }] = await api.sql<[{ email: string }]>`SELECT email FROM admins WHERE id = ${id}`;
  return email;
}

/** An admin who has an account at the provider. */
async function addPerson(subject: string, role: TestAdmin['role'] = 'operator'): Promise<TestAdmin> {
  const admin = await api.addAdmin(role);
  login.people.set(subject, { email: (await emailOf(admin)).toUpperCase(), email_verified: true });
  return admin;
}

describe('a sign-in', () => {
  test('finds the admin by the verified address the first time, and then by the subject, also after a changed address', async () => {
    const admin = await addPerson('ada');
    expect((await api.call('GET', '/session/methods', { key: null })).body).toMatchObject({
      oidc: { label: 'Example Login' },
    });
    const answer = await signInAs('ada', { return_to: '/admin/contracts?state=active' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/admin/contracts?state=active']);
    const { body } = await api.call('GET', '/session', { session: tokenOf(answer) });
    expect(body).toMatchObject({ method: 'oidc', admin: { id: admin.id, role: 'operator' } });
    const other = await addPerson('other');
    login.people.set('ada', { email: await emailOf(other), email_verified: false });
    const again = await api.call('GET', '/session', { session: tokenOf(await signInAs('ada')) });
    expect(again.body.admin.id).toBe(admin.id);
    const rows = await api.sql`SELECT action FROM audit_events WHERE subject_id = ${admin.id} ORDER BY id`;
    expect(rows.map(({ action }) => action)).toEqual(['admin.oidc_linked', 'admin.signed_in', 'admin.signed_in']);
  });

  test('is refused without a verified address, for an unknown person, a disabled admin, and a second account of an admin', async () => {
    const admin = await addPerson('eve');
    const email = await emailOf(admin);
    login.people.set('unverified', { email, email_verified: false });
    login.people.set('unknown', { email: 'unknown@covenant.test', email_verified: true });
    login.people.set('second', { email, email_verified: true });
    expectFailure(await signInAs('unverified'), 'email_unverified');
    expectFailure(await signInAs('unknown'), 'no_admin');
    tokenOf(await signInAs('eve'));
    expectFailure(await signInAs('second'), 'other_account');
    await api.call('PATCH', `/admins/${admin.id}`, { body: { status: 'disabled' } });
    expectFailure(await signInAs('eve'), 'no_admin');
    // Disabling has removed the link, so the address decides again.
    await api.call('PATCH', `/admins/${admin.id}`, { body: { status: 'active' } });
    tokenOf(await signInAs('second'));
    expectFailure(await signInAs('eve'), 'other_account');
  });

  test('of one account in two browsers at the same moment begins two sessions', async () => {
    await addPerson('twice');
    const begun = [await begin(), await begin()];
    const addresses: URL[] = [];
    for (const { authorization_url } of begun) addresses.push(await login.signIn(authorization_url, 'twice'));
    const answers = await Promise.all(begun.map(({ cookie }, i) => comeBack(addresses[i]!, cookie)));
    expect(new Set(answers.map(tokenOf)).size).toBe(2);
  });

  test.each([
    ['//evil.test/x', '/admin/'],
    ['/\\evil.test', '/admin/'],
    ['\\\\evil.test', '/admin/'],
    ['https://evil.test/x', '/admin/'],
    ['javascript:alert(1)', '/admin/'],
    ['/\t/evil.test', '/admin/'],
    ['/admin//evil.test', '/admin/evil.test'],
    ['/admin/..//evil.test', '/admin/evil.test'],
    ['/%2e%2e/%2e%2e//evil.test', '/admin/evil.test'],
    ['/contracts', '/admin/contracts'],
    ['/admin/pools?tab=a', '/admin/pools?tab=a'],
  ])('with return_to %j leads to %s', async (return_to, location) => {
    if (!login.people.has('walker')) await addPerson('walker');
    expect((await signInAs('walker', { return_to })).headers.get('location')).toBe(location);
  });

  test('is finished once, in the browser in which it began, in its time, with its state', async () => {
    await addPerson('max');
    const { authorization_url, cookie } = await begin({ return_to: '/licenses' });
    const back = await login.signIn(authorization_url, 'max');
    expectFailure(await comeBack(back, (await begin()).cookie), 'attempt_invalid');
    expectFailure(await comeBack(back, `${cookie.slice(0, -2)}AA`), 'attempt_invalid');
    expectFailure(await comeBack(back, ''), 'attempt_invalid');
    expectFailure(await comeBack(back, await expired(cookie)), 'attempt_invalid');
    expectFailure(await comeBack('?code=abc&state=wrong', cookie), 'attempt_invalid');
    expectFailure(await comeBack('', cookie), 'attempt_invalid');
    const answers = await Promise.all([comeBack(back, cookie), comeBack(back, cookie)]);
    expect(answers.filter((answer) => answer.headers.has('set-cookie'))).toHaveLength(1);
    expectFailure(await comeBack(back, cookie), 'attempt_invalid');
  });

  test('says that the provider refused, or that its answer is wrong', async () => {
    const cancelled = await begin({ return_to: '/pools' });
    const state = new URL(cancelled.authorization_url).searchParams.get('state') ?? '';
    const answer = await comeBack(`?error=access_denied&state=${state}&iss=x`, cancelled.cookie);
    expect(answer.headers.get('location')).toMatch(/^\/admin\/sign-in\?error=[a-z_]+&return_to=%2Fpools$/);
    const forged = await begin();
    const its_state = new URL(forged.authorization_url).searchParams.get('state') ?? '';
    const issuer = new URL(forged.authorization_url).origin;
    expectFailure(await comeBack(`?code=forged&state=${its_state}&iss=${issuer}`, forged.cookie), 'answer_invalid');
  });

  test('leaves no secret in the log and in the database', async () => {
    await addPerson('sam');
    const logged: unknown[] = [];
    const spies = (['info', 'warn', 'error', 'debug'] as const).map((level) =>
      jest.spyOn(api.api.log, level).mockImplementation((...line: unknown[]) => void logged.push(line)),
    );
    const { authorization_url, cookie } = await begin();
    const back = await login.signIn(authorization_url, 'sam');
    const session = tokenOf(await comeBack(back, cookie));
    const forged = await begin();
    const forged_state = new URL(forged.authorization_url).searchParams.get('state') ?? '';
    const query = `?code=forged-code&state=${forged_state}&iss=${new URL(authorization_url).origin}`;
    expectFailure(await comeBack(query, forged.cookie), 'answer_invalid');
    spies.forEach((spy) => spy.mockRestore());
    expect(JSON.stringify(logged)).toContain('the sign-in at the identity provider failed');
    const attempt = (await open(cookie)) as OidcAttempt;
    const stored = await api.sql`
      SELECT (SELECT jsonb_agg(to_jsonb(e)) FROM audit_events e) AS audit, (SELECT jsonb_agg(to_jsonb(s)) FROM sessions s) AS sessions,
             (SELECT jsonb_agg(to_jsonb(f)) FROM finished_oidc_attempts f) AS attempts`;
    const text = JSON.stringify([logged, stored]);
    const { state, nonce, code_verifier } = attempt;
    const code = back.searchParams.get('code') ?? '';
    for (const secret of [state, nonce, code_verifier, code, session, CLIENT_SECRET, 'forged-code', forged_state])
      expect(text).not.toContain(secret);
    // The cookie is sealed.
    expect(Buffer.from(cookie, 'base64url').toString()).not.toContain(code_verifier);
  });
});

describe('a proof of identity', () => {
  const reveal = (session: string) =>
    api.call('POST', '/contracts/0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f/api-key/reveal', { session });

  async function confirmAs(subject: string, session: string, back_with = session): Promise<ApiAnswer> {
    const { authorization_url, cookie } = await begin({ confirm: true, return_to: '/x' }, sessionHeaders(session));
    const { searchParams } = new URL(authorization_url);
    expect([searchParams.get('prompt'), searchParams.get('max_age')]).toEqual(['login', '0']);
    return comeBack(await login.signIn(authorization_url, subject), cookie, back_with);
  }

  test('counts for the same person in the same session only', async () => {
    const admin = await addPerson('root', 'super_admin');
    await addPerson('guest', 'super_admin');
    const session = tokenOf(await signInAs('root'));
    const guest_session = tokenOf(await signInAs('guest'));
    await api.sql`UPDATE sessions SET confirmed_at = confirmed_at - interval '10 minutes' WHERE admin_id = ${admin.id}`;
    expectRefusal(await reveal(session), 403, 'REAUTHENTICATION_REQUIRED');
    expectFailure(await confirmAs('guest', session), 'other_person');
    expectFailure(await confirmAs('root', session, guest_session), 'session_ended');
    expectFailure(await confirmAs('root', session, ''), 'session_ended');
    expectRefusal(await reveal(session), 403, 'REAUTHENTICATION_REQUIRED');
    const answer = await confirmAs('root', session);
    expect(answer.headers.get('location')).toBe('/admin/x');
    expect(answer.headers.get('set-cookie')).toBeNull();
    expectRefusal(await reveal(session), 404, 'NOT_FOUND');
  });

  test('needs a session, and a sign-in at the provider since it began', async () => {
    const none = await api.call('POST', '/session/oidc', { key: null, body: { confirm: true } });
    expectRefusal(none, 401, 'SESSION_ENDED');
    const account = { issuer: 'i', subject: 's', verified_email: null };
    const fresh = (authenticated_at: string | null) =>
      isFresh({ ...account, authenticated_at }, { began_at: '2026-01-01T00:01:00.500Z' });
    expect([null, '2026-01-01T00:00:30.000Z', '2026-01-01T00:01:00.000Z'].map(fresh)).toEqual([false, false, true]);
  });
});

describe('an installation', () => {
  test('whose provider does not answer refuses this sign-in only, and finds the provider when it is back', async () => {
    const settings = { client_id: 'x', client_secret: 'x', label: 'Down', redirect_uri: REDIRECT_URI };
    const down = createIdentityProvider({ ...settings, issuer: 'http://127.0.0.1:9' });
    await expect(down.begin({ fresh: false })).rejects.toThrow(ProviderFailed);
    const spy = jest.spyOn(login.provider, 'begin').mockImplementation((options) => down.begin(options));
    const answer = await api.call('POST', '/session/oidc', { key: null, body: {} });
    expectRefusal(answer, 503, 'IDENTITY_PROVIDER_UNAVAILABLE');
    expect(answer.headers.get('retry-after')).toBe('5');
    await signIn(api);
    spy.mockRestore();
    const { authorization_url, cookie } = await begin();
    const finish = jest.spyOn(login.provider, 'finish').mockImplementation((...given) => down.finish(...given));
    expectFailure(await comeBack(await login.signIn(authorization_url, 'walker'), cookie), 'provider_unavailable');
    finish.mockRestore();
  });

  test('without a provider says so, and refuses pages of other sites', async () => {
    const { identityProvider } = api.api;
    api.api.identityProvider = undefined;
    const answer = await api.call('POST', '/session/oidc', { key: null, body: {} });
    api.api.identityProvider = identityProvider;
    expectRefusal(answer, 404, 'OIDC_NOT_CONFIGURED');
    const foreign = { key: null, body: {}, headers: { Origin: 'https://evil.test' } };
    expectRefusal(await api.call('POST', '/session/oidc', foreign), 403, 'CROSS_SITE_REQUEST');
  });
});

async function open(cookie: string): Promise<OidcAttempt | null> {
  return openAttempt(cookie, api.api.keyPepper, await api.api.clock());
}

/** The same attempt, as if it had begun ten minutes before. */
async function expired(cookie: string): Promise<string> {
  const attempt = (await open(cookie)) as OidcAttempt;
  const began_at = new Date(Date.parse(attempt.began_at) - 600_000).toISOString();
  return sealAttempt({ ...attempt, began_at }, api.api.keyPepper);
}
