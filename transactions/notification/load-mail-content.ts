/** Reads what a mail says. */
import type { Sql } from '../../db/base/database';
import { findMailFacts } from '../../db/notification/content';
import type { LoadedMail, MailContent } from '../../domain/notification/content';

export interface MailLinks {
  /** The origin of the API, without a slash at its end. */
  public_url: string;
}

/** What the mail of a notification says now, with its files; null when there is no such notification. */
export async function loadMailContent(
  db: Sql,
  notification_id: string,
  { public_url }: MailLinks,
): Promise<LoadedMail | null> {
  const facts = await findMailFacts(db, notification_id);
  if (!facts) return null;
  const { id, kind, role, environment, created_at, event, contract, product, customer } = facts;
  const content = {
    notification_id: id,
    kind,
    role,
    environment,
    at: event?.at ?? created_at,
    timezone: contract?.timezone ?? 'UTC',
    contract: contract && {
      id: contract.id,
      name: contract.name,
      url: `${public_url}/api/v1/contracts/${contract.id}`,
    },
    product,
    customer,
  };
  return { content: content as unknown as MailContent, attachments: [] };
}
