/** Checks every mail of a run: none may contain an API key, and only the kinds that carry license keys may contain one (decisions 45). */
import { z } from 'zod';
import { containsApiKey } from '../domain/access/api-key';
import { NOTIFICATION_KINDS } from '../domain/notification/kind';
import type { NotificationKindName } from '../domain/notification/kind';
import { ScenarioError } from './client';
import type { Sql } from '../db/base/database';

/** A mail as it arrived, decoded. */
export interface ArrivedMail {
  message_id: string;
  /** The subject, the text and the HTML. */
  contents: string;
}

const CaughtMail = z.object({
  messageId: z.string(),
  subject: z.string(),
  text: z.string(),
  html: z.string(),
});

const CALL_TIMEOUT_MS = 30_000;

/** Throws ScenarioError when a mail in the mail catcher contains a key that it may not contain. */
export async function checkMails(sql: Sql, mail_url: string, report: (sentence: string) => void): Promise<void> {
  const response = await fetch(`${mail_url}/email`, { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
  if (!response.ok) throw new ScenarioError(`the mail catcher answered ${response.status}`);
  const mails = z.array(CaughtMail).parse(await response.json());
  await expectNoSecretInMails(
    sql,
    mails.map(({ messageId, subject, text, html }) => ({
      message_id: messageId,
      contents: [subject, text, html].join('\n'),
    })),
  );
  report(`None of ${mails.length} mails contains a key that it may not contain.`);
}

/** The license keys that a text contains; throws ScenarioError when it contains an API key. */
export function secretsIn(contents: string, license_keys: readonly string[]): string[] {
  if (containsApiKey(contents)) throw new ScenarioError('a mail contains an API key');
  return license_keys.filter((key) => contents.includes(key));
}

/**
 * Throws ScenarioError when one of the mails of an installation contains a key that it may not contain. A mail without a row of
 * `notifications` may contain none.
 */
export async function expectNoSecretInMails(sql: Sql, mails: readonly ArrivedMail[]): Promise<void> {
  const keys = (await sql<{ key: string }[]>`SELECT key FROM licenses`).map(({ key }) => key);
  const rows = await sql<{ id: string; kind: NotificationKindName }[]>`SELECT id, kind FROM notifications`;
  const kinds = new Map(rows.map(({ id, kind }) => [id, kind]));
  for (const { message_id, contents } of mails) {
    const kind = kinds.get(message_id.replace(/^<|@.*$/g, ''));
    const may_carry = kind !== undefined && NOTIFICATION_KINDS[kind].carries_keys;
    const [found] = secretsIn(contents, may_carry ? [] : keys);
    if (found !== undefined)
      throw new ScenarioError(`the mail ${message_id} of kind ${kind ?? 'unknown'} contains the license key ${found}`);
  }
}
