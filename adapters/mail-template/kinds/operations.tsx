/** Mails for those who look after contracts and the installation: pools, webhooks, jobs and API keys. */
import { Action, Facts, Note, Sentence } from '../blocks';
import { Contact } from '../contact';
import { contractFacts, named, readerOf, titled } from '../contract-name';
import type { Template } from '../template';
import { inline, short } from '../words';

export const lowWater: Template<'low_water'> = {
  subject: (content, words) => words.text('low_water.subject', titled(content)),
  lead: (content, words) => {
    const { available, low_water } = content;
    return words.text('low_water.lead', { ...named(content), available, low_water });
  },
  Body: ({ content, words }) => (
    <>
      <Facts of={contractFacts(content, words)} />
      <Contact topic="quota" frame={content} words={words}>
        {words.text('low_water.next')}
      </Contact>
    </>
  ),
};

export const replenishBlocked: Template<'replenish_blocked'> = {
  subject: (content, words) => words.text('replenish_blocked.subject', titled(content)),
  lead: (content, words) => words.text('replenish_blocked.lead', { ...named(content), cause: causeOf(content) }),
  Body: ({ content, words }) => {
    const { target, available, requested, remaining } = content;
    return (
      <>
        <Facts
          of={[
            ...contractFacts(content, words),
            [words.text('replenish_blocked.target'), target === null ? null : words.number(target)],
            [words.text('facts.available'), words.number(available)],
            [words.text('replenish_blocked.requested'), words.number(requested)],
            [words.text('facts.remaining'), words.number(remaining)],
          ]}
        />
        <Contact topic={content.by_quota ? 'quota' : 'questions'} frame={content} words={words}>
          {words.text('replenish_blocked.next', { cause: causeOf(content) })}
        </Contact>
      </>
    );
  },
};

function causeOf({ by_quota, code }: { by_quota: boolean; code: string }): string {
  return by_quota ? 'quota' : code;
}

export const webhookDisabled: Template<'webhook_disabled'> = {
  subject: ({ host }, words) => words.text('webhook_disabled.subject', { host: short(host) }),
  lead: ({ host, reason, failing_since }, words) =>
    words.text('webhook_disabled.lead', {
      host: inline(host),
      reason,
      known: failing_since === null ? 'no' : 'yes',
      since: failing_since === null ? '' : words.time(failing_since),
    }),
  Body: ({ content, words }) => (
    <>
      <Facts of={[...contractFacts(content, words), [words.text('webhook_disabled.endpoint'), content.endpoint_id]]} />
      <Contact topic="questions" frame={content} words={words}>
        {words.text('webhook_disabled.next')}
      </Contact>
    </>
  ),
};

export const jobFailed: Template<'job_failed'> = {
  subject: (content, words) => {
    const known = content.contract === null ? 'no' : 'yes';
    return words.text('job_failed.subject', { ...titled(content), job: content.job, known });
  },
  lead: ({ job, failed, requested }, words) => words.text('job_failed.lead', { job, failed, requested }),
  Body: ({ content, words }) => {
    const { succeeded, failed, job_url } = content;
    return (
      <>
        <Facts
          of={[
            ...contractFacts(content, words),
            [words.text('job_failed.succeeded'), words.number(succeeded)],
            [words.text('job_failed.failed'), words.number(failed)],
          ]}
        />
        <Contact topic="questions" frame={content} words={words} />
        {readerOf(content).reader === 'vendor' && <Action href={job_url}>{words.text('job_failed.show')}</Action>}
      </>
    );
  },
};

export const apiKeyRevealed: Template<'api_key_revealed'> = {
  subject: (content, words) => words.text('api_key_revealed.subject', titled(content)),
  lead: (content, words) => {
    const admin = readerOf(content).reader === 'vendor' ? content.admin : null;
    const by = { known: admin === null ? 'no' : 'yes', admin: inline(admin ?? '') };
    return words.text('api_key_revealed.lead', { ...named(content), ...by, at: words.time(content.at) });
  },
  Body: ({ content, words }) => (
    <>
      <Facts of={[...contractFacts(content, words), [words.text('api_key.id'), content.key_id]]} />
      <Sentence>{words.text('api_key_revealed.next', readerOf(content))}</Sentence>
      <Note>{words.text('api_key.never_mailed', readerOf(content))}</Note>
    </>
  ),
};

export const apiKeyRotated: Template<'api_key_rotated'> = {
  subject: (content, words) => words.text('api_key_rotated.subject', titled(content)),
  lead: (content, words) => words.text('api_key_rotated.lead', { ...named(content), at: words.time(content.at) }),
  Body: ({ content, words }) => {
    const { key_id, old_key_until } = content;
    return (
      <>
        <Facts of={[...contractFacts(content, words), [words.text('api_key.id'), key_id]]} />
        <Sentence>
          {old_key_until === null
            ? words.text('api_key_rotated.at_once', readerOf(content))
            : words.text('api_key_rotated.until', { ...readerOf(content), until: words.time(old_key_until) })}
        </Sentence>
        <Note>{words.text('api_key.never_mailed', readerOf(content))}</Note>
      </>
    );
  },
};
