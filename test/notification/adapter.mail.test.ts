/** The mail sender tells what a mail server accepts, refuses for good, and refuses for now, and never waits without a limit. */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setInterval as every } from 'node:timers/promises';
import { createMailSender } from '../../adapters/mail';
import type { MailLimits, MailServer, OutgoingMail } from '../../adapters/mail';
import { createTestAuthority } from '../harness/certificates';
import { MAIL_LOGIN, startMailServer, startRawMailServer } from '../harness/mail-server';
import type { MailAnswers, TestMailServer } from '../harness/mail-server';
import type { SMTPServerOptions } from 'smtp-server';
import { makeRunDirectory } from '../harness/run-directory';

const MAIL: OutgoingMail = {
  message_id: '0190f1de-0000-7000-8000-000000000001@covenant.example',
  to: 'ada@customer.example',
  subject: 'Your licenses 🎉 are ready',
  text: 'Hello Ada',
  html: '<p>Hello Ada</p>',
  unsubscribe_url: null,
};
/** Enough for a server on this machine that answers. */
const SHORT: Partial<MailLimits> = { answer_ms: 400, timeout_ms: 5_000 };

let answering: TestMailServer;
const closed: (() => unknown)[] = [];
beforeAll(async () => {
  answering = await startMailServer();
});
afterEach(async () => {
  answering.answers = {};
  answering.mails.length = 0;
  for (const close of closed.splice(0)) await close();
});
afterAll(() => answering.close());

function sender(server: MailServer, limits: Partial<MailLimits> = {}) {
  const made = createMailSender(server, limits);
  closed.push(made.close);
  return made;
}

/** Sends the mail to the server that answers so. */
function sendTo(answers: MailAnswers, mail: Partial<OutgoingMail> = {}) {
  answering.answers = answers;
  return sender(answering.server).send({ ...MAIL, ...mail });
}

test('a mail arrives with both parts, its own id, and what mail programs need to know about it', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const dkim = {
    domain: 'covenant.example',
    selector: 'mail',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
  const reply_to = { name: 'Sales', address: 'sales@covenant.example' };
  const unsubscribe_url = 'https://covenant.example/unsubscribe/token';
  const attachments = [{ filename: 'usage.csv', content: Buffer.from('a,b\n1,2\n'), content_type: 'text/csv' }];
  const sent = await sender({ ...answering.server, dkim, reply_to }).send({ ...MAIL, unsubscribe_url, attachments });
  expect(sent).toEqual({ outcome: 'accepted', words: '250 2.0.0 Queued as 4711' });
  const [{ to, raw, parsed }] = answering.mails as [TestMailServer['mails'][0]];
  expect(to).toEqual(['ada@customer.example']);
  expect(parsed).toMatchObject({ subject: MAIL.subject, html: MAIL.html, messageId: `<${MAIL.message_id}>` });
  expect(parsed.text?.trim()).toBe('Hello Ada');
  expect(parsed.from?.text).toBe('"Covenant" <licenses@covenant.example>');
  expect(parsed.replyTo?.text).toBe('"Sales" <sales@covenant.example>');
  expect(parsed.attachments[0]).toMatchObject({ filename: 'usage.csv', contentType: 'text/csv' });
  expect(raw).toMatch(/^Auto-Submitted: auto-generated\r$/m);
  expect(raw).toMatch(/^List-Unsubscribe: <https:\/\/covenant\.example\/unsubscribe\/token>\r$/m);
  expect(raw).toMatch(/^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r$/m);
  expect(raw).toMatch(/^DKIM-Signature: v=1; a=rsa-sha256; .*d=covenant\.example;/m);
});

test.each<[string, MailAnswers, string, string]>([
  ['RCPT is refused', { rcpt: () => '550 5.1.1 No such user' }, 'refused', 'recipient_refused'],
  ['DATA is refused', { data: () => '554 5.7.1 Looks like spam' }, 'refused', 'message_refused'],
  ['the mail is too large', { data: () => '552 5.3.4 Too large' }, 'refused', 'message_refused'],
  ['the recipient is greylisted', { rcpt: () => '451 4.7.1 Greylisted' }, 'failed', 'deferred'],
  ['the server is going down', { data: () => '421 4.3.2 Closing' }, 'failed', 'deferred'],
  ['RCPT asks for a login', { rcpt: () => '530 5.7.0 Log in first' }, 'failed', 'login_refused'],
  ['the connection ends before the answer', { data: () => 'drop' }, 'failed', 'interrupted'],
])('%s: %s', async (_case, answers, outcome, problem) => {
  expect(await sendTo(answers)).toMatchObject({ outcome, problem });
  // The next mail is not affected.
  expect(await sendTo({})).toMatchObject({ outcome: 'accepted' });
});

test('what the server says is kept on one line, bounded, and without the address and the password', async () => {
  const server = { ...answering.server, login: MAIL_LOGIN };
  answering.answers = {
    rcpt: (address) => `550 5.1.1 <${address.toUpperCase()}> \u0007 ${MAIL_LOGIN.password} ${'x'.repeat(900)}`,
  };
  const { words } = await sender(server).send(MAIL);
  expect(words).toMatch(/^550 5\.1\.1 <\*\*\*> +\*\*\* x+…$/);
  expect(words.length).toBeLessThanOrEqual(500);
});

test('no part of a mail adds a header field or a recipient', async () => {
  const evil = 'x\r\nBcc: eve@evil.example\r\n\r\nBody';
  const attachments = [{ filename: evil, content: Buffer.from('a'), content_type: 'text/csv' }];
  await sendTo({}, { subject: evil, unsubscribe_url: `https://covenant.example/${evil}`, attachments });
  const [{ to, parsed, raw }] = answering.mails as [TestMailServer['mails'][0]];
  expect(to).toEqual(['ada@customer.example']);
  expect(parsed.subject).toBe('x Bcc: eve@evil.example Body');
  expect(raw).not.toMatch(/^Bcc:/im);
  for (const address of [
    'ada@a.example, eve@evil.example',
    'ada@a.example\r\nRCPT TO:<eve@evil.example>',
    '<ada@a.example>',
    'ada',
  ])
    expect(await sendTo({}, { to: address })).toMatchObject({ outcome: 'refused', problem: 'address_invalid' });
});

test('a server that hangs, is silent, talks without end or answers nonsense costs the time limit at most', async () => {
  const raw = async (answer: (socket: { write: (text: string) => void; end: () => void }) => void) => {
    const server = await startRawMailServer(answer);
    closed.push(server.close);
    return sender(server.server, SHORT).send(MAIL);
  };
  expect(await raw(() => undefined)).toMatchObject({ outcome: 'failed', problem: 'timeout' });
  expect(await raw((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))).toMatchObject({
    outcome: 'failed',
    problem: 'protocol',
  });
  expect(await raw((socket) => socket.write('554 5.7.1 You are blocked\r\n'))).toMatchObject({
    outcome: 'failed',
    problem: 'protocol',
    words: expect.stringContaining('You are blocked'),
  });
  expect(await raw((socket) => socket.end())).toMatchObject({ outcome: 'failed', problem: 'interrupted' });
  expect(await raw((socket) => socket.write(`220-${'x'.repeat(100_000)}`))).toMatchObject({ outcome: 'failed' });
  answering.answers = { data: () => 'hang' };
  expect(await sender(answering.server, SHORT).send(MAIL)).toMatchObject({ outcome: 'failed', problem: 'timeout' });
  // The second mail uses the connection of the first one, and none of it is sent.
  const rcpt: SMTPServerOptions['onRcptTo'] = ({ address }, _session, done) => void (address === MAIL.to ? done() : 0);
  const silent = await startMailServer({ smtp: { onRcptTo: rcpt } });
  closed.push(silent.close);
  const twice = sender(silent.server, { ...SHORT, connections: 1 });
  expect(await twice.send(MAIL)).toMatchObject({ outcome: 'accepted' });
  expect(await twice.send({ ...MAIL, to: 'slow@customer.example' })).toMatchObject({
    outcome: 'failed',
    problem: 'timeout',
  });
  // A server that always says something is silent for no limit; the time of the whole attempt ends it.
  const ended = new AbortController();
  closed.push(() => ended.abort());
  const dripping = (socket: { write: (text: string) => void }) => {
    void (async () => {
      for await (const _tick of every(100, undefined, { signal: ended.signal })) socket.write('220-wait\r\n');
    })().catch(() => undefined);
  };
  const server = await startRawMailServer(dripping);
  closed.push(server.close);
  const limits = { answer_ms: 10_000, timeout_ms: 500 };
  expect(await sender(server.server, limits).send(MAIL)).toMatchObject({ outcome: 'failed', problem: 'timeout' });
});

test('a mail is sent encrypted to a server that proves its name, or not at all', async () => {
  const authority = createTestAuthority(makeRunDirectory('mail'));
  const ca = readFileSync(authority.ca);
  const start = async (names: string[], smtp = {}) => {
    const started = await startMailServer({ tls: authority.issue(names[0]!.replace(/\W/g, '-'), names), smtp });
    closed.push(started.close);
    return started.server;
  };
  const named = await start(['IP:127.0.0.1']);
  const login = MAIL_LOGIN;
  expect(await sender({ ...named, tls: 'starttls', ca, login }).send(MAIL)).toMatchObject({ outcome: 'accepted' });
  const implicit = await start(['IP:127.0.0.1'], { secure: true });
  expect(await sender({ ...implicit, tls: 'implicit', ca, login }).check()).toMatchObject({ outcome: 'accepted' });
  expect(await sender({ ...named, tls: 'starttls', login }).send(MAIL)).toMatchObject({
    outcome: 'failed',
    problem: 'tls',
  });
  const other = await start(['DNS:other.example']);
  expect(await sender({ ...other, tls: 'starttls', ca }).check()).toMatchObject({ outcome: 'failed', problem: 'tls' });
  expect(await sender({ ...answering.server, tls: 'starttls' }, SHORT).send(MAIL)).toMatchObject({
    outcome: 'failed',
    problem: 'tls',
  });
});

test('the check finds a wrong password and a server that is not there, and sends nothing', async () => {
  const wrong = { ...answering.server, login: { user: 'covenant', password: 'hunter2' } };
  const refused = await sender(wrong).check();
  expect(refused).toMatchObject({ outcome: 'failed', problem: 'login_refused' });
  expect(refused.words).not.toContain('hunter2');
  const gone = await startRawMailServer(() => undefined);
  await gone.close();
  expect(await sender(gone.server).check()).toMatchObject({ outcome: 'failed', problem: 'unreachable' });
  expect(answering.mails).toEqual([]);
});
