/** No mail may contain an API key, and only the kinds that carry them may contain license keys (decisions 45). */
import { containsApiKey } from '../../domain/access/api-key';
import { NOTIFICATION_KINDS } from '../../domain/notification/kind';
import type { NotificationKindName } from '../../domain/notification/kind';
import type { TestDatabase } from './database';

/** A mail as it arrived, decoded. */
export interface ArrivedMail {
  message_id: string;
  /** The subject, the text, the HTML and the attachments. */
  contents: string;
}

/** The license keys that a text contains; throws when it contains an API key. */
export function secretsIn(contents: string, license_keys: readonly string[]): string[] {
  if (containsApiKey(contents)) throw new Error('A mail contains an API key');
  return license_keys.filter((key) => contents.includes(key));
}

/**
 * Throws when one of the mails of an installation contains a key that it may not contain. A mail without a row of `notifications` may contain
 * none.
 */
export async function expectNoSecretInMails(sql: TestDatabase['sql'], mails: readonly ArrivedMail[]): Promise<void> {
  const keys = (await sql<{ key: string }[]>`SELECT key FROM licenses`).map(({ key }) => key);
  const rows = await sql<{ id: string; kind: NotificationKindName }[]>`SELECT id, kind FROM notifications`;
  const kinds = new Map(rows.map(({ id, kind }) => [id, kind]));
  for (const { message_id, contents } of mails) {
    const kind = kinds.get(message_id.replace(/^<|@.*$/g, ''));
    const found = secretsIn(contents, keys);
    if (found.length === 0) continue;
    if (kind === undefined || !NOTIFICATION_KINDS[kind].carries_keys)
      throw new Error(`The mail ${message_id} of kind ${kind ?? 'unknown'} contains the license key ${found[0]}`);
  }
}
