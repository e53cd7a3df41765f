/** A mail server that answers as a test says, and keeps what it accepted. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { simpleParser } from 'mailparser';
import type { ParsedMail } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import type { SMTPServerOptions } from 'smtp-server';
import type { MailServer } from '../../adapters/mail';

export interface ReceivedMail {
  /** Of the envelope. */
  to: string[];
  /** As it arrived. */
  raw: string;
  parsed: ParsedMail;
}

/** What a server answers in place of accepting; undefined: it accepts. */
export interface MailAnswers {
  rcpt?: (address: string, attempt: number) => string | undefined;
  /** `drop` ends the connection, `hang` never answers. */
  data?: (mail: ReceivedMail, attempt: number) => string | undefined;
}

export interface TestMailServer {
  port: number;
  mails: ReceivedMail[];
  answers: MailAnswers;
  /** How a sender reaches it. */
  server: MailServer;
  close(): Promise<void>;
}

export const MAIL_LOGIN = { user: 'covenant', password: 'correct horse battery' };
const FROM = { name: 'Covenant', address: 'licenses@covenant.example' };

/** Starts a server on 127.0.0.1. With `tls`, it has STARTTLS; logins need {@link MAIL_LOGIN}. */
export async function startMailServer(
  options: { answers?: MailAnswers; tls?: { key: string; cert: string }; smtp?: SMTPServerOptions } = {},
): Promise<TestMailServer> {
  const mails: ReceivedMail[] = [];
  const held = new Set<Socket>();
  const attempts = new Map<string, number>();
  const count = (what: string): number => {
    attempts.set(what, (attempts.get(what) ?? 0) + 1);
    return attempts.get(what)!;
  };
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: options.tls ? [] : ['STARTTLS'],
    allowInsecureAuth: true,
    ...(options.tls && { key: readFileSync(options.tls.key), cert: readFileSync(options.tls.cert) }),
    disableReverseLookup: true,
    closeTimeout: 100,
    onAuth({ username, password }, _session, done) {
      if (username === MAIL_LOGIN.user && password === MAIL_LOGIN.password) done(null, { user: username });
      else done(answerError(`535 5.7.8 Wrong password ${password ?? ''}`));
    },
    onRcptTo({ address }, _session, done) {
      const answer = target.answers.rcpt?.(address, count(address));
      done(answer === undefined ? null : answerError(answer));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
      stream.on('end', () => {
        void (async () => {
          const raw = Buffer.concat(chunks).toString('utf8');
          const to = session.envelope.rcptTo.map(({ address }) => address);
          const mail = { to, raw, parsed: await simpleParser(raw) };
          const answer = target.answers.data?.(mail, count(`data ${to.join()}`));
          if (answer === 'hang') return;
          if (answer === 'drop') for (const socket of held) socket.destroy();
          else if (answer !== undefined) done(answerError(answer));
          else {
            mails.push(mail);
            done(null, '2.0.0 Queued as 4711');
          }
        })();
      });
    },
    ...options.smtp,
  });
  smtp.on('error', () => undefined);
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
  smtp.server.on('connection', (socket: Socket) => {
    held.add(socket);
    socket.on('close', () => held.delete(socket));
  });
  const { port } = smtp.server.address() as AddressInfo;
  const target: TestMailServer = {
    port,
    mails,
    answers: options.answers ?? {},
    server: mailServerAt(port),
    async close() {
      for (const socket of held) socket.destroy();
      await new Promise<void>((resolve) => smtp.close(resolve));
    },
  };
  return target;
}

/** A server that speaks no SMTP: it does with each connection what the test says. */
export async function startRawMailServer(
  onConnection: (socket: Socket) => void,
): Promise<Pick<TestMailServer, 'server' | 'close'>> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server: mailServerAt((server.address() as AddressInfo).port),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function mailServerAt(port: number): MailServer {
  return { host: '127.0.0.1', port, tls: 'none', login: null, from: FROM, reply_to: null, dkim: null };
}

/** An answer such as `550 5.1.1 No such user`. */
function answerError(answer: string): Error {
  return Object.assign(new Error(answer.slice(4)), { responseCode: Number(answer.slice(0, 3)) });
}
