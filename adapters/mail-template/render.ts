/** Renders mails: the subject, the text and the HTML of a content in a language. */
import type { Environment } from '../../domain/base/environment';
import type { MailContent, MailLanguage, RenderedMail } from '../../domain/notification/content';

export interface MailOptions {
  language: MailLanguage;
  /** The environment of the mail; null: it concerns all. */
  environment: Environment | null;
  /** Where the recipient can unsubscribe from the kind; null for kinds that are always sent. */
  unsubscribe_url: string | null;
}

/** The mail of a content. */
export async function renderMail(
  { kind, contract }: MailContent,
  { environment, unsubscribe_url }: MailOptions,
): Promise<RenderedMail> {
  const subject = `${environment === null || environment === 'production' ? '' : `[${environment}] `}${kind}`;
  const text = [subject, contract?.name, contract?.url, unsubscribe_url].filter(Boolean).join('\n');
  return { subject, text, html: `<pre>${kind}</pre>` };
}
