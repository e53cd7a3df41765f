/** Mails about the quota of a contract: how much is used, that it is raised, and that more is asked for. */
import type { QuotaCounters } from '../../../domain/contract/quota';
import type { ContentOf } from '../../../domain/notification/content';
import { Facts, Note, Sentence } from '../blocks';
import { Contact } from '../contact';
import { contractFacts, named, readerOf, titled } from '../contract-name';
import type { Template } from '../template';
import { short } from '../words';
import type { Words } from '../words';

export const quota80: Template<'quota_80'> = {
  subject: (content, words) => words.text('quota_80.subject', { ...titled(content), percent: words.percent(80) }),
  lead: (content, words) => words.text('quota_80.lead', { ...named(content), ...counts(content.quota) }),
  Body: QuotaBody,
};

export const quota100: Template<'quota_100'> = {
  subject: (content, words) => words.text('quota_100.subject', titled(content)),
  lead: (content, words) => words.text('quota_100.lead', { ...named(content), ...counts(content.quota) }),
  Body: QuotaBody,
};

export const quotaRaised: Template<'quota_raised'> = {
  subject: ({ amount, period_label, is_emergency, quota }, words) =>
    words.text('quota_raised.subject', {
      occasion: period_label === null ? (is_emergency ? 'emergency' : 'other') : 'period',
      period: short(labelOf(period_label ?? '', words)),
      amount,
      available: counts(quota).remaining,
    }),
  lead: (content, words) => {
    const { amount, quota } = content;
    return words.text('quota_raised.lead', { ...named(content), ...counts(quota), amount });
  },
  Body: ({ content, words }) => (
    <>
      <Facts of={[...contractFacts(content, words), ...quotaFacts(content.quota, words)]} />
      {content.is_emergency && <Sentence>{words.text('quota_raised.emergency', readerOf(content))}</Sentence>}
      <Note>{words.text('quota_raised.same_key', readerOf(content))}</Note>
    </>
  ),
};

export const limitExceeded: Template<'limit_exceeded'> = {
  subject: (content, words) => {
    const { occasion, limit } = content;
    return words.text('limit_exceeded.subject', { ...titled(content), occasion, limit });
  },
  lead: (content, words) => {
    const { since, used, total, limit } = content;
    return words.text('limit_exceeded.lead', { ...named(content), since: words.time(since), used, total, limit });
  },
  Body: ({ content, words }) => (
    <>
      <Facts
        of={[
          ...contractFacts(content, words),
          [words.text('limit_exceeded.demand'), words.number(content.demand)],
          [words.text('limit_exceeded.largest'), words.number(content.largest_request)],
        ]}
      />
      <Contact topic="quota" frame={content} words={words} />
      <Sentence>{words.text('limit_exceeded.next', readerOf(content))}</Sentence>
    </>
  ),
};

function QuotaBody({ content, words }: { content: ContentOf<'quota_80' | 'quota_100'>; words: Words }) {
  return (
    <>
      <Facts of={[...contractFacts(content, words), ...quotaFacts(content.quota, words)]} />
      <Contact topic="quota" frame={content} words={words} />
    </>
  );
}

function quotaFacts(quota: QuotaCounters, words: Words): [string, string][] {
  const { used, total, remaining } = counts(quota);
  return [
    [words.text('facts.used'), words.text('facts.used_of_total', { used, total })],
    [words.text('facts.remaining'), words.number(remaining)],
  ];
}

function counts({ total, claimed }: QuotaCounters) {
  return { used: claimed, total, remaining: total - claimed };
}

/** The label of a period; that of a term, which a renewal writes, in the language of the mail. */
function labelOf(label: string, words: Words): string {
  const [, term] = /^term (\d+)$/.exec(label) ?? [];
  return term === undefined ? capitalized(label) : words.text('quota_raised.term', { number: Number(term) });
}

function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
