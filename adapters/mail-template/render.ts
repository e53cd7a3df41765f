/**
 * Renders mails. The templates are loaded with the first mail: with React and the parser of messages they take 0.4 s of CPU and 50 MB, which a
 * process should not pay before it sends mail. After that a mail takes 4 ms.
 */
import type { MailContent, RenderedMail } from '../../domain/notification/content';
import type { MailOptions } from './template';

/** The mail of a content. */
export async function renderMail(content: MailContent, options: MailOptions): Promise<RenderedMail> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- An import would load the templates with this file.
  const { mailOf } = require('./mail') as typeof import('./mail');
  return mailOf(content, options);
}
