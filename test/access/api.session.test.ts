/** Sessions of admins in a browser: what a sign-in makes, and what ends it. */
import { hashPassword } from '../../transactions/access/password';
import { acceptInvitation } from '../../transactions/access/invitation';
import { proveByPassword } from '../../transactions/access/prove-admin';
import { beginSession } from '../../transactions/access/session';
import type { ProvenAdmin } from '../../transactions/access/session';
import { createSignInLink } from '../../transactions/access/sign-in-link';
import { SYSTEM } from '../../domain/base/actor';
import { sessionHeaders, startTestApi } from '../harness/api';
import type { ApiAnswer, TestAdmin, TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import { expectRefusal } from '../harness/expect-refusal';
import { signIn, tokenOf } from '../harness/sessions';

const UNKNOWN_ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';
const PASSWORD = 'correct horse battery staple';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

async function emailOf({ id }: TestAdmin): Promise<string> {
  const [{ email }] = await api.sql<[{ email: string }]>`SELECT email FROM admins WHERE id = ${id}`;
  return email;
}

async function addPassword(admin: TestAdmin): Promise<string> {
  await api.sql`
    INSERT INTO admin_passwords (admin_id, hash, set_at) VALUES (${admin.id}, ${await hashPassword(PASSWORD)}, now())`;
  return emailOf(admin);
}

function post(body: unknown, headers: Record<string, string> = {}): Promise<ApiAnswer> {
  return api.call('POST', '/session', { key: null, body, headers });
}

function getSession(session: string): Promise<ApiAnswer> {
  return api.call('GET', '/session', { session });
}

async function addLink(admin: TestAdmin): Promise<string> {
  const { now } = await nowOf();
  const email = await emailOf(admin);
  const link = await api.sql.begin((tx) =>
    createSignInLink(tx, email, api.api.keyPepper, { actor: SYSTEM, now, request_id: null }),
  );
  return link?.token ?? '';
}

async function nowOf(): Promise<{ now: string }> {
  return { now: await api.api.clock() };
}

async function shift(token_owner: string, column: 'created_at' | 'last_used_at', by: string): Promise<void> {
  await api.sql`UPDATE sessions SET ${api.sql(column)} = ${api.sql(column)} - ${by}::interval WHERE admin_id = ${token_owner}`;
}

describe('a sign-in', () => {
  test('works with a password in any letter case of the address, with an API key, and with a link', async () => {
    const admin = await api.addAdmin('operator');
    const email = await addPassword(admin);
    const answers = {
      password: await post({ email: ` ${email.toUpperCase()} `, password: PASSWORD }),
      api_key: await post({ api_key: admin.key }),
      link: await post({ link_token: await addLink(admin) }),
    };
    for (const [method, answer] of Object.entries(answers)) {
      expect(answer.status).toBe(201);
      expect(answer.body).toMatchObject({ method, admin: { id: admin.id, email, name: admin.name, role: 'operator' } });
      expect((await getSession(tokenOf(answer))).body).toEqual(answer.body);
      expect((await api.call('GET', '/me', { session: tokenOf(answer) })).body).toMatchObject({ kind: 'session' });
    }
    const rows =
      await api.sql`SELECT action, after FROM audit_events WHERE subject_id = ${admin.id} AND action = 'admin.signed_in'`;
    expect(rows.map(({ after }) => (after as { method: string }).method).sort()).toEqual([
      'api_key',
      'link',
      'password',
    ]);
  });

  test('sets a cookie that scripts cannot read, other sites do not send, and no other host can set', async () => {
    const answer = await post({ api_key: api.keys.viewer });
    expect(answer.headers.get('set-cookie')).toMatch(
      /^__Host-covenant_session=[A-Za-z0-9_-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    );
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('always makes a new token, and ends the session that the browser had', async () => {
    const fixed = 'A'.repeat(43);
    const first = tokenOf(await post({ api_key: api.keys.viewer }, sessionHeaders(fixed)));
    expect(first).not.toBe(fixed);
    expectRefusal(await getSession(fixed), 401, 'SESSION_ENDED');
    const second = tokenOf(await post({ api_key: api.keys.viewer }, sessionHeaders(first)));
    expect(second).not.toBe(first);
    expectRefusal(await getSession(first), 401, 'SESSION_ENDED');
    expect((await getSession(second)).status).toBe(200);
  });

  test('stores no token and no password, and the history and the answers have none', async () => {
    const admin = await api.addAdmin('viewer');
    const email = await addPassword(admin);
    const token = tokenOf(await post({ email, password: PASSWORD }));
    const link = await addLink(admin);
    const tables = await api.sql`
      SELECT (SELECT jsonb_agg(to_jsonb(s)) FROM sessions s) AS sessions, (SELECT jsonb_agg(to_jsonb(l)) FROM admin_links l) AS links,
             (SELECT jsonb_agg(to_jsonb(p)) FROM admin_passwords p) AS passwords, (SELECT jsonb_agg(to_jsonb(e)) FROM audit_events e) AS audit`;
    const stored = JSON.stringify(tables);
    for (const secret of [token, link, PASSWORD]) expect(stored).not.toContain(secret);
  });

  test('refuses an unknown address, a wrong password, a disabled admin and an admin without a password with one text', async () => {
    const [wrong, disabled, without] = [
      await api.addAdmin('viewer'),
      await api.addAdmin('viewer'),
      await api.addAdmin('viewer'),
    ];
    await addPassword(wrong);
    await addPassword(disabled);
    await api.call('PATCH', `/admins/${disabled.id}`, { body: { status: 'disabled' } });
    const answers = [
      await post({ email: 'unknown@covenant.test', password: PASSWORD }),
      await post({ email: await emailOf(wrong), password: 'another password' }),
      await post({ email: await emailOf(disabled), password: PASSWORD }),
      await post({ email: await emailOf(without), password: PASSWORD }),
      await post({ email: await emailOf(without), password: '' + 'x'.repeat(20) }),
    ];
    for (const answer of answers) {
      expectRefusal(answer, 401, 'SIGN_IN_FAILED');
      expect({ ...answer.body, request_id: '' }).toEqual({ ...answers[0]?.body, request_id: '' });
      expect(answer.headers.get('set-cookie')).toBeNull();
    }
    expectRefusal(await post({ api_key: disabled.key }), 401, 'SIGN_IN_FAILED');
    expectRefusal(await post({ api_key: 'cov_admin_' }), 401, 'SIGN_IN_FAILED');
  });

  test('is refused for a page of another site', async () => {
    for (const headers of [{ Origin: 'https://evil.test' }, { 'Sec-Fetch-Site': 'cross-site' }])
      expectRefusal(await post({ api_key: api.keys.viewer }, headers), 403, 'CROSS_SITE_REQUEST');
    for (const headers of [{ Origin: 'https://licenses.test' }, { Origin: api.url }])
      expect((await post({ api_key: api.keys.viewer }, headers)).status).toBe(201);
  });
});

describe('a link', () => {
  test('works once, also for two browsers at the same moment', async () => {
    const link_token = await addLink(api.admins.admin);
    const answers = await Promise.all([1, 2, 3, 4].map(() => post({ link_token })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 401, 401, 401]);
    expectRefusal(await post({ link_token }), 401, 'LINK_NOT_VALID');
  });

  test('does not work after its time, for an admin who was disabled since, or as a session', async () => {
    const expired = await addLink(api.admins.admin);
    await api.sql`UPDATE admin_links SET expires_at = now() - interval '1 minute' WHERE used_at IS NULL`;
    expectRefusal(await post({ link_token: expired }), 401, 'LINK_NOT_VALID');
    const disabled = await api.addAdmin('viewer');
    const link_token = await addLink(disabled);
    await api.call('PATCH', `/admins/${disabled.id}`, { body: { status: 'disabled' } });
    expectRefusal(await post({ link_token }), 401, 'LINK_NOT_VALID');
    await api.call('PATCH', `/admins/${disabled.id}`, { body: { status: 'active' } });
    expectRefusal(await post({ link_token }), 401, 'LINK_NOT_VALID');
    expectRefusal(await getSession(await addLink(api.admins.admin)), 401, 'SESSION_ENDED');
  });
});

describe('a session', () => {
  test('ends after 30 minutes without a request, and a request within them continues it', async () => {
    const { id, key } = await api.addAdmin('viewer');
    const session = await signIn(api, key);
    await shift(id, 'last_used_at', '29 minutes');
    const { body } = await getSession(session);
    expect(Date.parse(body.idle_expires_at)).toBeGreaterThan(Date.now() + 28 * 60_000);
    await shift(id, 'last_used_at', '29 minutes');
    expect((await getSession(session)).status).toBe(200);
    await shift(id, 'last_used_at', '31 minutes');
    expectRefusal(await getSession(session), 401, 'SESSION_ENDED');
  });

  test('ends after 12 hours, however much it is used', async () => {
    const { id, key } = await api.addAdmin('viewer');
    const session = await signIn(api, key);
    await shift(id, 'created_at', '719 minutes');
    expect((await getSession(session)).status).toBe(200);
    await shift(id, 'created_at', '2 minutes');
    expectRefusal(await getSession(session), 401, 'SESSION_ENDED');
  });

  test('ends by a sign-out, which clears the cookie; others of the admin only by a sign-out everywhere', async () => {
    const { key } = await api.addAdmin('viewer');
    const [one, two, three] = [await signIn(api, key), await signIn(api, key), await signIn(api, key)];
    const answer = await api.call('DELETE', '/session', { session: one });
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([
      204,
      '__Host-covenant_session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0',
    ]);
    expectRefusal(await getSession(one), 401, 'SESSION_ENDED');
    expect((await getSession(two)).status).toBe(200);
    await api.call('DELETE', '/session?everywhere=true', { session: two });
    expectRefusal(await getSession(three), 401, 'SESSION_ENDED');
  });

  test('has a new role of its admin from the next request on, and ends when the admin is disabled, also after a new start', async () => {
    const { id, key } = await api.addAdmin('super_admin');
    const session = await signIn(api, key);
    await api.call('PATCH', `/admins/${id}`, { body: { role: 'viewer' } });
    expectRefusal(await api.call('GET', '/admins', { session }), 403, 'FORBIDDEN_ROLE');
    await api.call('PATCH', `/admins/${id}`, { body: { status: 'disabled' } });
    expectRefusal(await getSession(session), 401, 'SESSION_ENDED');
    await api.call('PATCH', `/admins/${id}`, { body: { status: 'active' } });
    expectRefusal(await getSession(session), 401, 'SESSION_ENDED');
  });

  test('ends when the API key is revoked by which it began', async () => {
    const { id, key } = await api.addAdmin('viewer');
    const session = await signIn(api, key);
    const { api_key_id } = (await api.call('GET', '/me', { key })).body;
    await api.call('DELETE', `/admins/${id}/api-keys/${api_key_id}`);
    expectRefusal(await getSession(session), 401, 'SESSION_ENDED');
  });

  test('is ignored beside an API key, which needs no origin', async () => {
    const { Cookie = '' } = sessionHeaders(await signIn(api, api.keys.viewer));
    const { body } = await api.call('GET', '/me', { key: api.keys.admin, headers: { Cookie } });
    expect(body).toMatchObject({ kind: 'admin', id: api.admins.admin.id });
  });

  test('has idempotency keys of its own, which its admin shares with no API key and with the own other sessions', async () => {
    const [session, other] = [await signIn(api), await signIn(api)];
    const create = (email: string, caller: { session?: string }) =>
      api.call('POST', '/customers', {
        body: { name: 'Ada', email },
        headers: { 'Idempotency-Key': 'once' },
        ...caller,
      });
    expect((await create('one@covenant.test', {})).status).toBe(201);
    expectRefusal(await create('one@covenant.test', { session }), 409, 'EMAIL_TAKEN');
    const { body } = await create('two@covenant.test', { session });
    // A form can be sent again after a new sign-in.
    expect((await create('two@covenant.test', { session: other })).body.id).toBe(body.id);
  });
});

describe('a proof of identity', () => {
  const reveal = (session: string) => api.call('POST', `/contracts/${UNKNOWN_ID}/api-key/reveal`, { session });

  test('counts for 10 minutes, and is given again with the password or an API key of the same admin', async () => {
    const admin = await api.addAdmin('super_admin');
    await addPassword(admin);
    const session = await signIn(api, admin.key);
    const confirm = (body: object) =>
      api.call('POST', '/session/confirm', { session, body, headers: { 'Idempotency-Key': 'once' } });
    for (const body of [{ password: PASSWORD }, { api_key: admin.key }]) {
      await api.sql`UPDATE sessions SET confirmed_at = confirmed_at - interval '10 minutes' WHERE admin_id = ${admin.id}`;
      expectRefusal(await reveal(session), 403, 'REAUTHENTICATION_REQUIRED');
      expectRefusal(await confirm({ password: 'another password' }), 403, 'CONFIRMATION_FAILED');
      expectRefusal(await confirm({ api_key: api.keys.super_admin }), 403, 'CONFIRMATION_FAILED');
      expectRefusal(await reveal(session), 403, 'REAUTHENTICATION_REQUIRED');
      const { body: confirmed } = await confirm(body);
      expect(await api.sql`SELECT FROM idempotency_keys WHERE scope LIKE '%confirmSession'`).toHaveLength(0);
      expect(Date.parse(confirmed.confirmed_until) - Date.now()).toBeGreaterThan(9 * 60_000);
      expectRefusal(await reveal(session), 404, 'NOT_FOUND');
    }
  });

  describe('that is too old', () => {
    let session: string;
    let contract: { id: string; name: string };
    let license_id: string;

    beforeAll(async () => {
      const admin = await api.addAdmin('super_admin');
      session = await signIn(api, admin.key);
      await api.sql`UPDATE sessions SET confirmed_at = confirmed_at - interval '10 minutes' WHERE admin_id = ${admin.id}`;
      contract = await addContract(api, await addCatalogue(api), { api_access: true });
      license_id = (await api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 1 } })).body
        .licenses[0].id;
    });

    /** What the calls below would change. */
    const stored = async (): Promise<unknown> => [
      ...(await api.sql`
        SELECT (SELECT count(*) FROM audit_events) AS audit, (SELECT count(*) FROM license_facts) AS facts,
               (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.id) FROM contracts c) AS contracts,
               (SELECT jsonb_agg(to_jsonb(k) ORDER BY k.key_id) FROM contract_api_keys k) AS keys`),
    ];
    const calls = (): [string, string, object?][] => [
      ['POST', `/contracts/${contract.id}/terminate`, { reason: 'The contract was breached' }],
      ['DELETE', `/contracts/${contract.id}`, { confirm_name: contract.name }],
      ['POST', `/contracts/${contract.id}/api-key/rotate`, {}],
      ['POST', '/licenses/revoke', { ids: [license_id] }],
    ];

    test('is enough for a dry run, which changes nothing', async () => {
      const before = await stored();
      for (const [method, path, body] of calls()) {
        const { status, body: answer } = await api.call(method, `${path}?dry_run=true`, { session, body });
        // An active contract cannot be deleted, which the preview says.
        if (method === 'DELETE') expect(answer.code).toBe('CONTRACT_ACTIVE');
        else expect([path, status, answer.dry_run]).toEqual([path, 200, true]);
      }
      const { body } = await api.call('POST', `/contracts/${contract.id}/api-key/reveal?dry_run=true`, { session });
      expect(body).toMatchObject({ dry_run: true, key: null });
      expect(await stored()).toEqual(before);
    });

    test.each([
      '',
      '?dry_run=false',
      '?dry_run=',
      '?dry_run=TRUE',
      '?dry_run=true%20',
      '?DRY_RUN=true',
      '?dry_run[]=true',
      '?dry_run=true&dry_run=true',
      '?dry_run=true&dry_run=false',
      '?x?dry_run=true',
      '?x=%26dry_run=true',
      '?#?dry_run=true',
    ])('is refused for "%s", also with a dry run in the body or in a header', async (query) => {
      const before = await stored();
      const headers = { 'Dry-Run': 'true', 'X-HTTP-Method-Override': 'GET' };
      for (const [method, path, body] of calls())
        for (const sent of [body, { ...body, dry_run: true }])
          expectRefusal(
            await api.call(method, path + query, { session, body: sent, headers }),
            403,
            'REAUTHENTICATION_REQUIRED',
          );
      expect(await stored()).toEqual(before);
    });

    test('is refused for an operation without a dry run, whatever the query is', async () => {
      const email = 'another-super@covenant.test';
      const writes: [string, string, object][] = [
        ['POST', '/admins', { email, name: 'Eve', role: 'super_admin' }],
        ['PATCH', `/admins/${api.admins.viewer.id}`, { role: 'super_admin' }],
        ['POST', `/admins/${api.admins.viewer.id}/api-keys`, {}],
        ['POST', `/admins/${api.admins.viewer.id}/invitation`, {}],
      ];
      const before = await stored();
      for (const [method, path, body] of writes)
        for (const query of ['', '?dry_run=true'])
          expectRefusal(await api.call(method, path + query, { session, body }), 403, 'REAUTHENTICATION_REQUIRED');
      expect(await stored()).toEqual(before);
      expect((await api.call('POST', '/admins', { session: await signIn(api), body: writes[0]?.[2] })).status).toBe(
        201,
      );
    });
  });
});

describe('an invitation', () => {
  const accept = (token: string, password = PASSWORD) =>
    api.call('POST', '/session/invitation', { key: null, body: { token, password } });

  async function invite({ id }: { id: string }): Promise<string> {
    const { body } = await api.call('POST', `/admins/${id}/invitation`);
    expect(body.url).toMatch(/^https:\/\/licenses\.test\/admin\/invitation#token=[A-Za-z0-9_-]{43}$/);
    return body.url.split('token=')[1] as string;
  }

  test('sets a password, signs in, ends the other sessions of the admin, and works once', async () => {
    const admin = await api.addAdmin('operator');
    const before = await signIn(api, admin.key);
    const token = await invite(admin);
    const answers = await Promise.all([accept(token), accept(token), accept(token)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 401, 401]);
    const accepted = answers.find(({ status }) => status === 201) as ApiAnswer;
    expect((await getSession(tokenOf(accepted))).body).toMatchObject({ method: 'password', admin: { id: admin.id } });
    expectRefusal(await getSession(before), 401, 'SESSION_ENDED');
    expect((await post({ email: await emailOf(admin), password: PASSWORD })).status).toBe(201);
    // Composed and decomposed letters are one password.
    const accented = 'pässwörter für alle';
    await accept(await invite(admin), accented.normalize('NFD'));
    expect((await post({ email: await emailOf(admin), password: accented.normalize('NFC') })).status).toBe(201);
    expectRefusal(await post({ email: await emailOf(admin), password: PASSWORD }), 401, 'SIGN_IN_FAILED');
  });

  test('leaves no session that a former password began at the same moment', async () => {
    const admin = await api.addAdmin('viewer');
    const email = await addPassword(admin);
    const { token, hash } = { token: await invite(admin), hash: await hashPassword('another long password') };
    const browser = { session_token: undefined, address: undefined, user_agent: undefined };
    const request = { pepper: api.api.keyPepper, now: await api.api.clock(), request_id: null };
    // The former password is compared before the new one is set, and its session begins after that.
    const proof = await proveByPassword(api.sql, email, PASSWORD);
    await api.sql.begin((tx) => acceptInvitation(tx, { token, hash }, browser, request));
    expect(await api.sql.begin((tx) => beginSession(tx, proof as ProvenAdmin, browser, request))).toBeNull();
  });

  test('takes no password that is short, long, repeated, or the name or address, and stays valid then', async () => {
    const admin = await api.addAdmin('viewer');
    const token = await invite(admin);
    for (const password of ['eleven char', 'x'.repeat(257), 'abababababababab', admin.name, await emailOf(admin)]) {
      const answer = await accept(token, password);
      expectRefusal(answer, 422, 'VALIDATION_FAILED');
      expect(answer.body.errors).toEqual([{ path: 'password', message: expect.stringMatching(/^must/) }]);
    }
    expect((await accept(token)).status).toBe(201);
  });

  test('is replaced by a newer one, expires after 72 hours, and is refused for a disabled admin', async () => {
    const admin = await api.addAdmin('viewer');
    const former = await invite(admin);
    const token = await invite(admin);
    expectRefusal(await accept(former), 401, 'LINK_NOT_VALID');
    await api.sql`UPDATE admin_links SET expires_at = expires_at - interval '72 hours' WHERE used_at IS NULL`;
    expectRefusal(await accept(token), 401, 'LINK_NOT_VALID');
    await api.call('PATCH', `/admins/${admin.id}`, { body: { status: 'disabled' } });
    expectRefusal(await api.call('POST', `/admins/${admin.id}/invitation`), 409, 'ADMIN_DISABLED');
  });
});

test('the list of sessions has the own ones; a super admin sees and ends those of others, for whom they do not exist', async () => {
  const [one, other] = [await api.addAdmin('operator'), await api.addAdmin('operator')];
  const session = await signIn(api, one.key);
  const { body } = await post({ api_key: one.key }, { 'User-Agent': 'Firefox' });
  const listed = (await api.call('GET', '/sessions', { session })).body.data;
  expect(listed.map((row: { is_current: boolean }) => row.is_current)).toEqual([false, true]);
  const from = { user_agent: 'Firefox', address: '127.0.0.1' };
  expect(listed[0]).toMatchObject({ id: body.id, ...from, admin: { id: one.id } });
  expect((await api.call('GET', `/sessions?admin_id=${one.id}`, { key: other.key })).body.data).toEqual([]);
  expectRefusal(await api.call('DELETE', `/sessions/${body.id}`, { key: other.key }), 404, 'NOT_FOUND');
  expect((await api.call('GET', `/sessions?admin_id=${one.id}`)).body.data).toHaveLength(2);
  expect((await api.call('DELETE', `/sessions/${listed[1].id}`)).status).toBe(204);
  expectRefusal(await getSession(session), 401, 'SESSION_ENDED');
  expect((await api.call('DELETE', `/sessions/${body.id}`, { key: one.key })).status).toBe(204);
  expectRefusal(await api.call('DELETE', `/sessions/${body.id}`, { key: one.key }), 404, 'NOT_FOUND');
});

test('attempts are limited per account and per address, and a success is none', async () => {
  const limited = await startTestApi({ sign_in_limits: { account: 3, address: 6 } });
  try {
    const fail = (email: string) =>
      limited.call('POST', '/session', { key: null, body: { email, password: 'a wrong password' } });
    for (let n = 0; n < 5; n++) await signIn(limited, limited.keys.viewer);
    const answers = [];
    for (let n = 0; n < 4; n++) answers.push(await fail('Ada@covenant.test'));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 429]);
    expect(Number(answers[3]?.headers.get('retry-after'))).toBeGreaterThan(800);
    expectRefusal(await fail('ada@covenant.test'), 429, 'TOO_MANY_SIGN_INS');
    // The fifth attempt was the fifth from this address too.
    expectRefusal(await fail('eve@covenant.test'), 401, 'SIGN_IN_FAILED');
    expectRefusal(await fail('eve@covenant.test'), 429, 'TOO_MANY_SIGN_INS');
    await limited.sql`UPDATE sign_in_attempts SET started_at = started_at - interval '15 minutes'`;
    expectRefusal(await fail('ada@covenant.test'), 401, 'SIGN_IN_FAILED');
  } finally {
    await limited.close();
  }
});
