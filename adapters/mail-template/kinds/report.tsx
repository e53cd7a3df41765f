/** The report of a contract. */
import { Action, Facts, Sentence } from '../blocks';
import { contractFacts, named, titled } from '../contract-name';
import type { Template } from '../template';

export const report: Template<'report'> = {
  subject: (content, words) => {
    const { frequency, day } = content;
    return words.text('report.subject', { ...titled(content), frequency, day: words.date(day) });
  },
  lead: (content, words) => {
    const { frequency, day } = content;
    return words.text('report.lead', { ...named(content), frequency, day: words.date(day) });
  },
  Body: ({ content, words }) => (
    <>
      <Facts of={contractFacts(content, words)} />
      <Sentence>{words.text(content.is_attached ? 'report.attached' : 'report.too_large')}</Sentence>
      {!content.is_attached && <Action href={content.url}>{words.text('report.show')}</Action>}
    </>
  ),
};
