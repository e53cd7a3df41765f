/**
 * Sends mails to a mail server over SMTP, by nodemailer.
 *
 * One mail has one recipient, so each answer of the server is about that mail. Only what the server says about the recipient or the message
 * refuses a mail for good. Everything else can be repaired or passes: a server that cannot be reached, a wrong password, a sender that is
 * not allowed. Every wait has a limit, and the connection of an attempt that takes too long is closed.
 */
import { createTransport } from 'nodemailer';
import type { NodemailerError } from 'nodemailer/lib/errors';
import type { SendMailOptions } from 'nodemailer';
import type { SMTPPoolOptions } from 'nodemailer/lib/smtp-pool';
import { isMailAddress } from '../domain/notification/address';
import { SEND_MS_MAX } from '../domain/notification/outcome';
import type { SendFailure, SendResult } from '../domain/notification/outcome';

/** An address with the name that mail programs show. */
export interface Mailbox {
  name: string;
  address: string;
}

/** The mail server and what each mail says about its sender. */
export interface MailServer {
  host: string;
  port: number;
  /** `implicit`: encrypted from the first byte. `starttls`: encrypted before the login, or not sent. `none`: never encrypted. */
  tls: 'implicit' | 'starttls' | 'none';
  login: { user: string; password: string } | null;
  /** The certificate authorities of the server, in place of those of the system. */
  ca?: Buffer | undefined;
  from: Mailbox;
  reply_to: Mailbox | null;
  dkim: { domain: string; selector: string; private_key: string } | null;
}

/** A mail to one address. */
export interface OutgoingMail {
  /** Without angle brackets. The same at every attempt, so that mail programs show a mail once that arrives twice. */
  message_id: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  attachments?: readonly { filename: string; content: Uint8Array; content_type: string }[];
  /** Where one click ends mails of this kind (RFC 8058); null: they are always sent. */
  unsubscribe_url: string | null;
}

/** Sends mails. Never throws: what goes wrong is a result. */
export interface MailSender {
  send(mail: OutgoingMail): Promise<SendResult>;
  /** Connects and logs in, and sends nothing. */
  check(): Promise<SendResult>;
  close(): void;
}

export interface MailLimits {
  /** Connections, and so mails that are sent at the same time. */
  connections: number;
  /** For the whole attempt. */
  timeout_ms: number;
  /** Until the connection is open, until the server greets, and between two answers. */
  answer_ms: number;
}

/** Servers that check a recipient elsewhere answer late. */
const ANSWER_MS = 40_000;
const DNS_MS = 5_000;
const CONNECTIONS = 5;
/** An idle connection is closed before servers do that, so that no mail meets a connection that is gone. */
const IDLE_MS = 10_000;
const MAILS_OF_A_CONNECTION = 100;
const TIMED_OUT = { outcome: 'failed', problem: 'timeout' } as const;
const RESPONSE_BYTES_MAX = 16 * 1_024;
/** What is kept of the words of the server. */
const WORDS_LENGTH_MAX = 500;

/** Creates a sender. Close it at the end: it keeps connections open. */
export function createMailSender(server: MailServer, limits: Partial<MailLimits> = {}): MailSender {
  const { connections = CONNECTIONS, timeout_ms = SEND_MS_MAX, answer_ms = ANSWER_MS } = limits;
  const options: SMTPPoolOptions = {
    pool: true,
    host: server.host,
    port: server.port,
    secure: server.tls === 'implicit',
    requireTLS: server.tls === 'starttls',
    ignoreTLS: server.tls === 'none',
    ...(server.login && { auth: { user: server.login.user, pass: server.login.password } }),
    tls: { minVersion: 'TLSv1.2', ...(server.ca && { ca: server.ca }) },
    maxConnections: connections,
    maxMessages: MAILS_OF_A_CONNECTION,
    // A mail whose connection ends may have arrived. The workflow decides when it is sent again.
    maxRequeues: 0,
    idleTimeout: IDLE_MS,
    connectionTimeout: answer_ms,
    greetingTimeout: answer_ms,
    socketTimeout: answer_ms,
    dnsTimeout: Math.min(DNS_MS, answer_ms),
    maxResponseSize: RESPONSE_BYTES_MAX,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(server.dkim && {
      dkim: {
        domainName: server.dkim.domain,
        keySelector: server.dkim.selector,
        privateKey: server.dkim.private_key,
      },
    }),
  };
  const transport = createTransport(options);
  const secrets = server.login === null ? [] : [server.login.password];
  return {
    async send(mail) {
      if (!isMailAddress(mail.to)) return { outcome: 'refused', problem: 'address_invalid', words: '' };
      const hidden = [...secrets, mail.to];
      const began_at = performance.now();
      try {
        const sent = await transport.sendMail({ ...messageOf(server, mail), signal: AbortSignal.timeout(timeout_ms) });
        return { outcome: 'accepted', words: wordsOf(sent.response, hidden) };
      } catch (error) {
        const result = resultOf(error as NodemailerError, hidden);
        const waited_ms = performance.now() - began_at;
        return isUnsent(error as NodemailerError) && waited_ms >= answer_ms ? { ...result, ...TIMED_OUT } : result;
      }
    },
    async check() {
      try {
        await withLimit(transport.verify(), timeout_ms);
        return { outcome: 'accepted', words: '' };
      } catch (error) {
        return resultOf(error as NodemailerError, secrets);
      }
    },
    close: () => transport.close(),
  };
}

function messageOf({ from, reply_to }: MailServer, mail: OutgoingMail): SendMailOptions {
  const { message_id, to, subject, text, html, attachments = [], unsubscribe_url } = mail;
  return {
    messageId: `<${message_id}>`,
    envelope: { from: from.address, to },
    from,
    to: { name: '', address: to },
    ...(reply_to && { replyTo: reply_to }),
    subject: oneLine(subject),
    text,
    html,
    attachments: attachments.map(({ filename, content, content_type }) => ({
      filename: oneLine(filename),
      content: Buffer.from(content),
      contentType: content_type,
    })),
    headers: {
      // No out-of-office answer comes back (RFC 3834).
      'Auto-Submitted': 'auto-generated',
      ...(unsubscribe_url !== null && {
        'List-Unsubscribe': { prepared: true, value: `<${oneLine(unsubscribe_url)}>` },
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      }),
    },
  };
}

/** A text without line breaks and control characters, which end a header field. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}

/**
 * Whether a connection ended before a byte of the mail was sent: nodemailer then sends it over another one, which `maxRequeues` forbids. That
 * error does not say whether the server was silent for too long.
 */
function isUnsent({ code, message }: NodemailerError): boolean {
  return code === 'ECONNECTION' && message.startsWith('Reached maximum number of retries');
}

/** What the failure of an attempt means. The answer to RCPT and that to DATA judge the mail; all others judge the connection. */
function resultOf(error: NodemailerError, hidden: readonly string[]): SendResult {
  const words = wordsOf(error.response ?? error.message, hidden);
  const { command, responseCode: status = 0 } = error;
  if (error.permanent === true && !ABOUT_LOGIN.includes(status)) {
    if (command === 'RCPT TO') return { outcome: 'refused', problem: 'recipient_refused', words };
    if (command === 'DATA' || status === TOO_LARGE) return { outcome: 'refused', problem: 'message_refused', words };
  }
  // The server said how much it accepts, and the mail is larger.
  if (error.code === 'EMESSAGE' && command === 'MAIL FROM')
    return { outcome: 'refused', problem: 'message_refused', words };
  return { outcome: 'failed', problem: failureOf(error), words };
}

/** Statuses that ask for a login or refuse it, whatever they answer (RFC 4954). */
const ABOUT_LOGIN = [530, 534, 535, 538];
/** The mail exceeds what the server accepts. */
const TOO_LARGE = 552;

function failureOf({ code, name, command, responseCode, originalCode }: NodemailerError): SendFailure {
  if (code === 'ETIMEDOUT' || code === 'EABORT' || name === 'TimeoutError') return 'timeout';
  if (code === 'EAUTH' || code === 'ENOAUTH' || ABOUT_LOGIN.includes(responseCode ?? 0)) return 'login_refused';
  if (code === 'ETLS' || /CERT|SELF_SIGNED|UNABLE_TO_|ERR_SSL|ERR_TLS/.test(originalCode ?? '')) return 'tls';
  if (command === 'MAIL FROM' && (responseCode ?? 0) >= 500) return 'sender_refused';
  if (responseCode !== undefined && responseCode >= 400 && responseCode < 500) return 'deferred';
  if (code === 'EPROTOCOL' || responseCode !== undefined) return 'protocol';
  if (code === 'EDNS' || originalCode !== undefined) return 'unreachable';
  return 'interrupted';
}

/** Words of the server as one bounded line that can be stored and shown. */
function wordsOf(text: string | undefined, hidden: readonly string[]): string {
  const visible = hidden.reduce((rest, secret) => replaceIgnoringCase(rest, secret), oneLine(text ?? ''));
  return visible.length <= WORDS_LENGTH_MAX ? visible : `${visible.slice(0, WORDS_LENGTH_MAX - 1)}…`;
}

function replaceIgnoringCase(text: string, hidden: string): string {
  if (hidden === '') return text;
  const pattern = hidden.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return text.replace(new RegExp(pattern, 'gi'), '***');
}

async function withLimit<T>(work: Promise<T>, timeout_ms: number): Promise<T> {
  const signal = AbortSignal.timeout(timeout_ms);
  return Promise.race([
    work,
    new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    }),
  ]);
}
