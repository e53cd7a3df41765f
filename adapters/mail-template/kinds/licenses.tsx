/** Mails with licenses. */
import { MAILED_LICENSES_MAX } from '../../../domain/notification/content';
import type { ContentOf, LicensesDetails, MailedLicense } from '../../../domain/notification/content';
import { Section } from '@react-email/section';
import { Action, Code, Fact, Facts, LinkLine, Note, Sentence } from '../blocks';
import { STYLES } from '../styles';
import type { Template } from '../template';
import { inline, short } from '../words';
import type { Words } from '../words';

export const licensesReady: Template<'licenses_ready'> = {
  subject: ({ count, contract_type }, words) =>
    words.text('licenses_ready.subject', { count, type: contract_type ?? 'other' }),
  lead: (content, words) => words.text('licenses_ready.lead', counted(content)),
  Body: LicensesBody,
};

export const orderLicenses: Template<'order_licenses'> = {
  subject: ({ count, order_ref }, words) => words.text('order_licenses.subject', { count, order: short(order_ref) }),
  lead: (content, words) =>
    words.text('order_licenses.lead', { ...counted(content), order: inline(content.order_ref) }),
  Body: LicensesBody,
};

function counted({ count, product }: LicensesDetails & { product: string | null }) {
  return { count, known: product === null ? 'no' : 'yes', product: inline(product ?? '') };
}

function LicensesBody({ content, words }: { content: ContentOf<'licenses_ready' | 'order_licenses'>; words: Words }) {
  const { count, licenses, withdrawn, licenses_url, contract } = content;
  if (count > MAILED_LICENSES_MAX)
    return (
      <>
        <Sentence>{words.text('licenses.too_many', { max: MAILED_LICENSES_MAX })}</Sentence>
        <Action href={licenses_url}>{words.text('licenses.show')}</Action>
        <Note>{words.text('licenses.needs_key')}</Note>
      </>
    );
  return (
    <>
      {licenses.map((license) => (
        <LicenseCard key={license.id} license={license} words={words} />
      ))}
      {withdrawn > 0 && <Sentence>{words.text('licenses.withdrawn', { count: withdrawn })}</Sentence>}
      {contract && <Facts of={[[words.text('facts.contract'), contract.name]]} />}
      <Note>{words.text('licenses.keep')}</Note>
    </>
  );
}

function LicenseCard({ license, words }: { license: MailedLicense; words: Words }) {
  const { key, product, expires_at, certificate_url } = license;
  const until = expires_at === null ? words.text('licenses.never_expires') : words.time(expires_at);
  return (
    <Section className="card" style={STYLES.card}>
      <Code>{key}</Code>
      <Fact name={words.text('facts.product')} value={product} />
      <Fact name={words.text('licenses.expires')} value={until} />
      {certificate_url !== null && <LinkLine href={certificate_url}>{words.text('licenses.certificate')}</LinkLine>}
    </Section>
  );
}
