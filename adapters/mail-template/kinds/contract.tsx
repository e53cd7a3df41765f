/** Mails about payments and holds of a contract, and about its end. */
import { Facts, Note, Sentence } from '../blocks';
import type { Template } from '../template';
import { contractFacts, named, readerOf, titled } from '../contract-name';

export const pastDue: Template<'past_due'> = {
  subject: (content, words) => words.text('past_due.subject', titled(content)),
  lead: (content, words) => words.text('past_due.lead', { ...named(content), count: content.invoices.length }),
  Body: ({ content, words }) => (
    <>
      <Facts
        of={[
          ...contractFacts(content, words),
          ...content.invoices.map(
            ({ id, due_date }) =>
              [words.text('facts.invoice', { id }), words.text('facts.due', { date: words.date(due_date) })] as const,
          ),
        ]}
      />
      {content.suspends_on !== null && (
        <Sentence>{words.text('past_due.suspends', { date: words.date(content.suspends_on) })}</Sentence>
      )}
      <Note>{words.text('past_due.paid', readerOf(content))}</Note>
    </>
  ),
};

export const suspended: Template<'suspended'> = {
  subject: (content, words) => words.text('suspended.subject', titled(content)),
  lead: (content, words) => words.text('suspended.lead', { ...named(content), cause: content.cause }),
  Body: ({ content, words }) => (
    <>
      <Facts of={[...contractFacts(content, words), [words.text('facts.since'), words.time(content.at)]]} />
      <Sentence>{words.text('suspended.effect', { effect: content.issued_licenses })}</Sentence>
      <Sentence>{words.text('suspended.next', { cause: content.cause })}</Sentence>
      {content.terminates_on !== null && (
        <Sentence>{words.text('suspended.terminates', { date: words.date(content.terminates_on) })}</Sentence>
      )}
    </>
  ),
};

export const reinstated: Template<'reinstated'> = {
  subject: (content, words) => words.text('reinstated.subject', titled(content)),
  lead: (content, words) => words.text('reinstated.lead', named(content)),
  Body: ({ content, words }) => (
    <>
      <Facts of={[...contractFacts(content, words), [words.text('facts.since'), words.time(content.at)]]} />
      {content.was_wrong && <Sentence>{words.text('reinstated.was_wrong')}</Sentence>}
    </>
  ),
};

export const terminated: Template<'terminated'> = {
  subject: (content, words) => words.text('terminated.subject', titled(content)),
  lead: (content, words) => words.text('terminated.lead', { ...named(content), cause: content.cause }),
  Body: ({ content, words }) => (
    <>
      <Facts
        of={[
          ...contractFacts(content, words),
          [words.text('facts.since'), words.time(content.at)],
          [words.text('terminated.reason'), content.reason],
        ]}
      />
      <Sentence>{words.text('terminated.effect', { revokes: content.revokes_licenses ? 'yes' : 'no' })}</Sentence>
    </>
  ),
};

export const expired: Template<'expired'> = {
  subject: (content, words) => words.text('expired.subject', titled(content)),
  lead: (content, words) => {
    const { last_day } = content;
    const day = last_day === null ? '' : words.date(last_day);
    return words.text('expired.lead', { ...named(content), known: last_day === null ? 'no' : 'yes', last_day: day });
  },
  Body: ({ content, words }) => (
    <>
      <Facts of={contractFacts(content, words)} />
      <Sentence>{words.text('expired.next')}</Sentence>
    </>
  ),
};
