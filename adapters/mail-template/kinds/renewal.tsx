/** Mails about the renewal of a contract. Ends of terms are shown as the last day that the term covers. */
import type { ContentOf } from '../../../domain/notification/content';
import { Facts, Sentence } from '../blocks';
import { contractFacts, named, readerOf, titled } from '../contract-name';
import type { Template } from '../template';
import type { Words } from '../words';

export const renewalReminder: Template<'renewal_reminder'> = {
  subject: (content, words) => {
    const { occasion, mode, days_left } = content;
    return words.text('renewal_reminder.subject', { ...titled(content), occasion, mode, days: days_left });
  },
  lead: (content, words) => {
    const { mode, last_day } = content;
    return words.text('renewal_reminder.lead', { ...named(content), mode, last_day: words.date(last_day) });
  },
  Body: ({ content, words }) => (
    <>
      <Facts of={contractFacts(content, words)} />
      <ReminderAdvice content={content} words={words} />
    </>
  ),
};

function ReminderAdvice({ content, words }: { content: ContentOf<'renewal_reminder'>; words: Words }) {
  const { occasion, mode, opt_out_by, may_opt_out } = content;
  const reader = readerOf(content);
  if (occasion === 'last_day_to_opt_out') return <Sentence>{words.text('renewal_reminder.last_day')}</Sentence>;
  if (mode === 'manual') return <Sentence>{words.text('renewal_reminder.by_hand', reader)}</Sentence>;
  if (mode === 'none' || opt_out_by === null) return null;
  const advice = may_opt_out ? 'renewal_reminder.opt_out' : 'renewal_reminder.opt_out_over';
  return <Sentence>{words.text(advice, { ...reader, date: words.date(opt_out_by) })}</Sentence>;
}

export const renewed: Template<'renewed'> = {
  subject: (content, words) =>
    words.text('renewed.subject', { ...titled(content), last_day: words.date(content.last_day) }),
  lead: (content, words) => {
    const { first_day, last_day } = content;
    const term = { first_day: words.date(first_day), last_day: words.date(last_day) };
    return words.text('renewed.lead', { ...named(content), ...term });
  },
  Body: ({ content, words }) => {
    const { quota_added } = content;
    const added = quota_added === 0 ? null : words.number(quota_added);
    return <Facts of={[...contractFacts(content, words), [words.text('renewed.quota_added'), added]]} />;
  },
};

export const willNotRenew: Template<'will_not_renew'> = {
  subject: (content, words) => words.text('will_not_renew.subject', titled(content)),
  lead: (content, words) =>
    words.text('will_not_renew.lead', { ...named(content), ...readerOf(content), cause: content.cause }),
  Body: ({ content, words }) => (
    <>
      <Facts of={contractFacts(content, words)} />
      {content.cause !== 'opted_out' && (
        <Sentence>{words.text('will_not_renew.reason', { ...readerOf(content), cause: content.cause })}</Sentence>
      )}
      {content.renews_once && <Sentence>{words.text('will_not_renew.once')}</Sentence>}
      {content.last_day !== null && (
        <Sentence>{words.text('will_not_renew.ends', { last_day: words.date(content.last_day) })}</Sentence>
      )}
    </>
  ),
};
