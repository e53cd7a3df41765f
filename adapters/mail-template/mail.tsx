/** The templates of all kinds, and a mail rendered by its template. */
import { render, toPlainText } from '@react-email/render';
import type { ItemContent, MailContent, RenderedMail } from '../../domain/notification/content';
import {
  apiKeyRevealed,
  apiKeyRotated,
  jobFailed,
  lowWater,
  replenishBlocked,
  webhookDisabled,
} from './kinds/operations';
import { expired, pastDue, reinstated, suspended, terminated } from './kinds/contract';
import { digestTemplate } from './kinds/digest';
import { licensesReady, orderLicenses } from './kinds/licenses';
import { limitExceeded, quota100, quota80, quotaRaised } from './kinds/quota';
import { renewalReminder, renewed, willNotRenew } from './kinds/renewal';
import { report } from './kinds/report';
import { Layout, isNamed } from './layout';
import type { MailOptions, Template, Templates } from './template';
import { wordsOf } from './words';
import type { Words } from './words';

/** The text has no capitals for headings, and a line for each fact. */
const TEXT_FORM: Parameters<typeof toPlainText>[1] = {
  wordwrap: false,
  selectors: [
    { selector: 'h1', options: { uppercase: false } },
    { selector: 'p.line', format: 'paragraph', options: { leadingLineBreaks: 1, trailingLineBreaks: 1 } },
  ],
};

const TEMPLATES: Templates = {
  licenses_ready: licensesReady,
  order_licenses: orderLicenses,
  past_due: pastDue,
  suspended,
  reinstated,
  terminated,
  renewal_reminder: renewalReminder,
  renewed,
  will_not_renew: willNotRenew,
  expired,
  quota_80: quota80,
  quota_100: quota100,
  quota_raised: quotaRaised,
  limit_exceeded: limitExceeded,
  low_water: lowWater,
  replenish_blocked: replenishBlocked,
  webhook_disabled: webhookDisabled,
  job_failed: jobFailed,
  api_key_revealed: apiKeyRevealed,
  api_key_rotated: apiKeyRotated,
  report,
  digest: digestTemplate(headed),
};

/** The template of a content. It fits, because both are chosen by the same kind. */
function templateOf({ kind }: MailContent): Template<MailContent['kind']> {
  return TEMPLATES[kind] as unknown as Template<MailContent['kind']>;
}

function headed(item: ItemContent, words: Words): { subject: string; lead: string } {
  const { subject, lead } = templateOf(item);
  const own = wordsOf(words.language, item.timezone);
  return { subject: withEnvironment(subject(item, own), item), lead: lead(item, own) };
}

/** A subject with the environment, unless that is production: a digest has mails of several. */
function withEnvironment(subject: string, { environment }: MailContent): string {
  return isNamed(environment) ? `[${environment}] ${subject}` : subject;
}

/** A mail in a language. The text is made of the HTML, so that both say the same. */
export async function mailOf(content: MailContent, { language, unsubscribe_url }: MailOptions): Promise<RenderedMail> {
  const words = wordsOf(language, content.timezone);
  const { subject, lead, Body } = templateOf(content);
  const heading = subject(content, words);
  const html = await render(
    <Layout
      frame={content}
      words={words}
      heading={heading}
      lead={lead(content, words)}
      unsubscribe_url={unsubscribe_url}
    >
      <Body content={content} words={words} />
    </Layout>,
  );
  return { subject: withEnvironment(heading, content), text: toPlainText(html, TEXT_FORM), html };
}
