/** Writes what a mail says, from the facts as they are when it is sent. */
import { renderMail } from '../../adapters/mail-template/render';
import type { Database } from '../../db/base/database';
import { loadMailContent } from '../../transactions/notification/load-mail-content';
import type { ComposeOptions, ComposedMail } from './sending';

/**
 * The mail of a notification, in the language of its recipient; null when the notification no longer exists, and `overtaken` when what it
 * says is no longer true.
 */
export async function composeMail(
  db: Database,
  notification_id: string,
  { language, unsubscribe_url, public_url }: ComposeOptions & { public_url: string },
): Promise<ComposedMail | 'overtaken' | null> {
  const loaded = await loadMailContent(db, notification_id, { public_url });
  if (loaded === null || loaded === 'overtaken') return loaded;
  const { content, attachments } = loaded;
  return { ...(await renderMail(content, { language, unsubscribe_url })), attachments };
}
