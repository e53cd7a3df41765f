/** Notifications as people see them: lists, why each is in its state, sending one again, bounces, and unsubscribing. */
import { countNotifications } from '../../db/notification/counts';
import { signStandard } from '../../demo/fake-billing';
import { createUnsubscribeToken } from '../../transactions/notification/unsubscribe-token';
import { BOUNCE_SECRET, startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { buildContract } from '../harness/contract-rows';
import { expectRefusal, wrongFieldsOf } from '../harness/expect-refusal';
import { buildNotification, buildRecipient, findStored } from '../harness/notifications';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const read = async (id: string) => (await api.call('GET', `/notifications/${id}`)).body;
const resend = (id: string) => api.call('POST', `/notifications/${id}/resend`);
const auditOf = (subject_id: string) =>
  api.sql`SELECT action, before, after FROM audit_events WHERE subject_id = ${subject_id} ORDER BY id`;

function report(message: object, secret = BOUNCE_SECRET) {
  const body = JSON.stringify({ id: 'report_1', type: 'bounce', ...message });
  return api.call('POST', '/notifications/bounces', { key: null, body, headers: signStandard(body, secret) });
}

test('notifications are listed by each filter, newest first', async () => {
  const { id: contract_id } = (await buildContract(api.sql)).facts;
  const [{ id: customer_id }] = await api.sql<[{ id: string }]>`
    INSERT INTO customers (name, email, created_at, updated_at) VALUES ('Ada', 'ada@example.com', now(), now()) RETURNING id`;
  const ada = await buildRecipient(api.sql, { address: 'Ada@customer.example' });
  const other = await buildRecipient(api.sql);
  const first = await buildNotification(api.sql, { recipient_id: ada, contract_id, state: 'sent' });
  const second = await buildNotification(api.sql, { recipient_id: ada, kind: 'expired', customer_id });
  const third = await buildNotification(api.sql, {
    recipient_id: other,
    state: 'failed',
    problem: 'recipient_refused',
  });
  const idsOf = async (query: string): Promise<string[]> =>
    (await api.call('GET', `/notifications?${query}`)).body.data.map(({ id }: { id: string }) => id);
  expect(await idsOf('')).toEqual([third, second, first]);
  expect(await idsOf('recipient=ada@CUSTOMER.example')).toEqual([second, first]);
  expect(await idsOf(`recipient=${other}`)).toEqual([third]);
  expect(await idsOf('recipient=unknown@customer.example')).toEqual([]);
  expect(await idsOf(`contract_id=${contract_id}`)).toEqual([first]);
  expect(await idsOf(`customer_id=${customer_id}&state=owed`)).toEqual([second]);
  expect(await idsOf('kind=expired')).toEqual([second]);
  expect(await idsOf('state=failed')).toEqual([third]);
  await api.sql`
    UPDATE notifications SET created_at = created_at + CASE id WHEN ${first} THEN interval '-9 s' ELSE interval '9 s' END
    WHERE id IN (${first}, ${third})`;
  const { created_at } = await read(second);
  expect(await idsOf(`from=${created_at}`)).toEqual([third, second]);
  expect(await idsOf(`to=${created_at}`)).toEqual([first]);
  expect(await idsOf(`from=${created_at}&to=${new Date(Date.parse(created_at) + 1_000).toISOString()}`)).toEqual([
    second,
  ]);
  expect(await idsOf('from=2000-01-01T00:00:00Z&to=2001-01-01T00:00:00Z')).toEqual([]);
  const wrong = await api.call('GET', '/notifications?recipient=ada');
  expect(wrongFieldsOf(wrong)).toEqual(['recipient']);
  expect(wrong.body.detail).toBe('recipient: must be an address or the id of a recipient');

  expect(await read(third)).toMatchObject({
    ...{ state: 'failed', problem: 'recipient_refused', role: 'customer', recipient: { id: other, status: 'ok' } },
    meaning:
      'The mail server refused the recipient for good. Check the address. No attempt follows unless it is sent again.',
    about: { event_type: null, contract_id: null },
    allowed_actions: { resend: true },
  });
});

test('a mail that is sent again is as old as its new attempts', async () => {
  const recipient_id = await buildRecipient(api.sql);
  const id = await buildNotification(api.sql, { recipient_id, kind: 'quota_80', due_at: '2099-01-01T00:00:00.000Z' });
  await api.sql`UPDATE notifications SET due_at = now() WHERE state = 'owed' AND id <> ${id}`;
  await api.sql`UPDATE notifications SET tries = 1, tried_since = now() - interval '2 days' WHERE id = ${id}`;
  expect((await countNotifications(api.sql)).oldest_s).toBeGreaterThanOrEqual(2 * 86_400);
  await resend(id);
  expect((await countNotifications(api.sql)).oldest_s).toBeLessThan(86_400);
});

test('a notification that was sent, failed or waits is sent again at once, with one audit row', async () => {
  const recipient_id = await buildRecipient(api.sql);
  for (const state of ['sent', 'failed', 'suppressed', 'included', 'waiting'] as const) {
    const id = await buildNotification(api.sql, { recipient_id, kind: 'quota_80', state, problem: 'unreachable' });
    await api.sql`UPDATE notifications SET tries = 20, tried_since = now() - interval '3 days' WHERE id = ${id}`;
    expect(await resend(id)).toMatchObject({ status: 200, body: { id, state: 'owed', problem: null } });
    // It is due already.
    expect(await resend(id)).toMatchObject({ status: 200, body: { state: 'owed' } });
    const after = { state: 'owed', kind: 'quota_80' };
    expect(await auditOf(id)).toEqual([{ action: 'notification.resent', before: { state }, after }]);
    const [{ tries, tried_since }] = await api.sql<[{ tries: number; tried_since: string | null }]>`
      SELECT tries, tried_since FROM notifications WHERE id = ${id}`;
    expect([tries, tried_since]).toEqual([0, null]);
  }
  const flying = await buildNotification(api.sql, { recipient_id, due_at: '2099-01-01T00:00:00.000Z' });
  await api.sql`UPDATE notifications SET is_sending = true, attempts = 1, attempt_at = now() WHERE id = ${flying}`;
  expect(await resend(flying)).toMatchObject({
    status: 200,
    body: { next_attempt_at: '2099-01-01T00:00:00.000Z', meaning: expect.stringContaining('in flight') },
  });
  expect(await auditOf(flying)).toEqual([]);
});

test('a notification that is sent again goes to the address that its role has now, once for each address', async () => {
  const [{ id: customer_id }] = await api.sql<[{ id: string }]>`
    INSERT INTO customers (name, email, created_at, updated_at) VALUES ('Ada', 'typo@customer.example', now(), now()) RETURNING id`;
  const recipient_id = await buildRecipient(api.sql, { address: 'typo@customer.example', status: 'bounced' });
  const failed = await buildNotification(api.sql, { recipient_id, customer_id, state: 'failed' });
  const owed = await buildNotification(api.sql, { recipient_id, customer_id });
  expectRefusal(await resend(failed), 409, 'MAIL_ADDRESS_BOUNCED');
  await api.sql`UPDATE customers SET email = 'ada@right.example' WHERE id = ${customer_id}`;
  expect(await read(failed)).toMatchObject({ allowed_actions: { resend: true } });
  const { body: sent } = await resend(failed);
  expect(sent).toMatchObject({ state: 'owed', recipient: { address: 'ada@right.example' }, about: { customer_id } });
  expect((await resend(failed)).body.id).toBe(sent.id);
  expect(await read(failed)).toMatchObject({ state: 'failed', recipient: { address: 'typo@customer.example' } });
  const after = { state: 'failed', kind: 'quota_raised', sent_as: sent.id };
  const resent = { action: 'notification.resent', before: { state: 'failed' }, after };
  expect(await auditOf(failed)).toEqual([resent, resent]);

  expect((await resend(owed)).body).toMatchObject({ state: 'owed', recipient: { id: sent.recipient.id } });
  expect(await read(owed)).toMatchObject({ state: 'suppressed', problem: 'address_replaced' });
  await api.sql`UPDATE mail_recipients SET status = 'complained', status_at = now() WHERE id = ${sent.recipient.id}`;
  expectRefusal(await resend(failed), 409, 'MAIL_ADDRESS_COMPLAINED');
  const listed = (await api.call('GET', `/notifications?recipient=${recipient_id}`)).body.data;
  expect(listed[0].allowed_actions.resend).toMatchObject({ code: 'MAIL_ADDRESS_COMPLAINED' });
});

test('nothing is sent again to an address that gets no mail, or not this kind', async () => {
  for (const [status, code] of [
    ['bounced', 'MAIL_ADDRESS_BOUNCED'],
    ['complained', 'MAIL_ADDRESS_COMPLAINED'],
  ] as const) {
    const id = await buildNotification(api.sql, {
      recipient_id: await buildRecipient(api.sql, { status }),
      state: 'sent',
    });
    expectRefusal(await resend(id), 409, code);
    expect(await read(id)).toMatchObject({ allowed_actions: { resend: { code } } });
  }
  const recipient_id = await buildRecipient(api.sql);
  await api.sql`INSERT INTO mail_unsubscriptions VALUES (${recipient_id}, 'quota_80', now())`;
  const unwanted = await buildNotification(api.sql, { recipient_id, kind: 'quota_80', state: 'suppressed' });
  expectRefusal(await resend(unwanted), 409, 'MAIL_UNSUBSCRIBED');
});

test('a bounce marks the address once, and ends what it is owed', async () => {
  const address = 'gone@customer.example';
  const recipient_id = await buildRecipient(api.sql, { address });
  const owed = await buildNotification(api.sql, { recipient_id });
  const waiting = await buildNotification(api.sql, { recipient_id, kind: 'quota_80', state: 'waiting' });
  const sent = await buildNotification(api.sql, { recipient_id, state: 'sent' });
  const unchanged = { status: 202, body: { id: 'report_1', outcome: 'ignored' } };
  expect(await report({ address, permanent: false })).toMatchObject(unchanged);
  expect(await report({ address: 'unknown@customer.example' })).toMatchObject(unchanged);
  expect(await report({ message_id: 'not one of ours' })).toMatchObject(unchanged);
  expect((await findStored(api.sql, owed)).state).toBe('owed');

  const reason = '550 5.1.1\r\n<gone@customer.example>';
  expect(await report({ address: address.toUpperCase(), reason, other: 1 })).toMatchObject({
    ...{ status: 202, body: { outcome: 'marked' } },
  });
  for (const id of [owed, waiting])
    expect(await findStored(api.sql, id)).toMatchObject({ state: 'suppressed', problem: 'bounced' });
  expect((await findStored(api.sql, sent)).state).toBe('sent');
  expect(await report({ address, reason: 'x'.repeat(20_000) })).toMatchObject({ body: { outcome: 'known' } });
  const after = { status: 'bounced', report_id: 'report_1', suppressed: 2 };
  expect(await auditOf(recipient_id)).toEqual([{ action: 'mail_recipient.bounced', before: { status: 'ok' }, after }]);
});

test('a complaint can name the mail in place of the address', async () => {
  const recipient_id = await buildRecipient(api.sql);
  const sent = await buildNotification(api.sql, { recipient_id, state: 'sent' });
  const message_id = `<${sent}@licenses.test>`;
  expect(await report({ type: 'complaint', message_id })).toMatchObject({ body: { outcome: 'marked' } });
  expect(await read(sent)).toMatchObject({ recipient: { status: 'complained' } });
  // The address of a report can be one to which mails were forwarded.
  const other = await buildRecipient(api.sql);
  const forwarded = `<${await buildNotification(api.sql, { recipient_id: other, state: 'sent' })}@licenses.test>`;
  const away = { address: 'away@customer.example', message_id: forwarded };
  expect(await report(away)).toMatchObject({ body: { outcome: 'marked' } });
  // A complaint says more than a bounce, and not the other way round.
  expect(await report({ ...away, type: 'complaint', reason: 'x'.repeat(20_000) })).toMatchObject({
    body: { outcome: 'marked' },
  });
  expect(await report(away)).toMatchObject({ body: { outcome: 'known' } });
  const { body } = await api.call('GET', `/notification-recipients/${other}`);
  expect(body).toMatchObject({ status: 'complained', status_note: 'x'.repeat(500) });
});

test('a report without a valid signature or with another shape is refused', async () => {
  const address = 'ada@signature.example';
  await buildRecipient(api.sql, { address });
  const other_secret = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;
  expectRefusal(await report({ address }, other_secret), 401, 'BAD_SIGNATURE');
  const delivery = await report({ type: 'delivery', address });
  expect(wrongFieldsOf(delivery)).toEqual(['type']);
  expect(delivery.body.errors[0].message).toContain('must be bounce or complaint');
  expect(wrongFieldsOf(await report({}))).toEqual(['address']);
  const body = '{"id"';
  const headers = signStandard(body, BOUNCE_SECRET);
  expectRefusal(await api.call('POST', '/notifications/bounces', { key: null, body, headers }), 400, 'MALFORMED_JSON');
});

test('a link unsubscribes from its kind with one click, and opening it changes nothing', async () => {
  const recipient_id = await buildRecipient(api.sql);
  const [optional, needed] = [
    await buildNotification(api.sql, { recipient_id, kind: 'quota_80' }),
    await buildNotification(api.sql, { recipient_id, kind: 'expired' }),
  ];
  const linkOf = (kind: 'quota_80' | 'expired') =>
    `/unsubscribe/${createUnsubscribeToken({ recipient_id, kind, language: 'en' }, api.api.keyPepper)}`;
  const page = await api.call('GET', linkOf('quota_80'), { key: null });
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.text).toContain('<form method="post">');
  expect((await findStored(api.sql, optional)).state).toBe('owed');

  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  for (const _repeat of [1, 2]) {
    const done = await api.call('POST', linkOf('quota_80'), { key: null, body: 'List-Unsubscribe=One-Click', headers });
    expect(done).toMatchObject({ status: 200, text: expect.stringContaining('no more mails of this kind') });
  }
  const [{ updated_at, at }] = await api.sql<[{ updated_at: string; at: string }]>`
    SELECT r.updated_at, u.at FROM mail_recipients r JOIN mail_unsubscriptions u ON u.recipient_id = r.id WHERE r.id = ${recipient_id}`;
  expect(updated_at).toEqual(at);
  expect(await findStored(api.sql, optional)).toMatchObject({ state: 'suppressed', problem: 'unsubscribed' });
  expect((await findStored(api.sql, needed)).state).toBe('owed');
  const after = { kind: 'quota_80', suppressed: 1 };
  expect(await auditOf(recipient_id)).toEqual([{ action: 'mail_recipient.unsubscribed', before: null, after }]);
  // The link of a digest ends digests and all kinds that are not needed.
  const reader = await buildRecipient(api.sql);
  await api.sql`UPDATE mail_recipients SET digest = true WHERE id = ${reader}`;
  const waiting = await buildNotification(api.sql, { recipient_id: reader, kind: 'quota_80', state: 'waiting' });
  const digest = createUnsubscribeToken({ recipient_id: reader, kind: 'digest', language: 'en' }, api.api.keyPepper);
  for (const _repeat of [1, 2])
    expect(await api.call('POST', `/unsubscribe/${digest}`, { key: null })).toMatchObject({ status: 200 });
  expect((await findStored(api.sql, waiting)).problem).toBe('unsubscribed');
  const { body } = await api.call('GET', `/notification-recipients/${reader}`);
  expect(body).toMatchObject({ digest: false, unsubscribed: expect.arrayContaining(['quota_80', 'low_water']) });
  expect(body.unsubscribed).not.toContain('expired');
  expect(await auditOf(reader)).toMatchObject([{ after: { kind: 'digest', suppressed: 1 } }]);
  // A mail that is always sent has no such link, and no other text is one.
  for (const path of [linkOf('expired'), `${linkOf('quota_80')}x`, '/unsubscribe/abc'])
    expectRefusal(await api.call('POST', path, { key: null }), 404, 'NOT_FOUND');
});

test('the pages of a link are in the language of the recipient, and of its mail before', async () => {
  const recipient_id = await buildRecipient(api.sql, { address: 'zoe@pages.example' });
  const link = { recipient_id, kind: 'quota_80', language: 'de' } as const;
  const path = `/unsubscribe/${createUnsubscribeToken(link, api.api.keyPepper)}`;
  const { text } = await api.call('GET', path, { key: null });
  for (const words of ['lang="de"', 'z***@pages.example', 'Hinweise, dass 80 % eines Kontingents verbraucht sind'])
    expect(text).toContain(words);
  expect(text).not.toContain('zoe@');
  await api.sql`UPDATE mail_recipients SET language = 'en' WHERE id = ${recipient_id}`;
  const done = await api.call('POST', path, { key: null });
  expect(done.text).toContain('You get no more mails of this kind to z***@pages.example.');
  expect(done.text).toContain(`PATCH /api/v1/notification-recipients/${recipient_id}`);

  const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'accept-language': 'de-AT,en;q=0.5' };
  for (const invalid of ['/unsubscribe/abc', '/unsubscribe/a.b', `${path}x`]) {
    const page = await fetch(`${api.url}/api/v1${invalid}`, { headers: browser });
    expect(page.status).toBe(404);
    expect(await page.text()).toContain('Dieser Link ist nicht gültig.');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expectRefusal(await api.call('GET', invalid, { key: null, headers: { accept: '*/*' } }), 404, 'NOT_FOUND');
  }
});
