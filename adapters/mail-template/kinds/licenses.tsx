/** Mails with licenses. */
import { MAILED_LICENSES_MAX } from '../../../domain/notification/content';
import type { ContentOf, LicensesDetails, MailFrame, MailedLicense } from '../../../domain/notification/content';
import { Section } from '@react-email/section';
import { Action, Code, Fact, Facts, LinkLine, Note, Sentence } from '../blocks';
import { readerOf } from '../contract-name';
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
        <LicenseCard key={license.id} license={license} frame={content} words={words} />
      ))}
      {withdrawn > 0 && <Sentence>{words.text('licenses.withdrawn', { count: withdrawn })}</Sentence>}
      {contract && <Facts of={[[words.text('facts.contract'), contract.name]]} />}
      <Note>{words.text('licenses.keep')}</Note>
    </>
  );
}

function LicenseCard(props: { license: MailedLicense; frame: MailFrame; words: Words }) {
  const { license, frame, words } = props;
  const { key, product, certificate_url } = license;
  return (
    <Section className="card" style={STYLES.card}>
      <Code>{key}</Code>
      <Fact name={words.text('facts.product')} value={product} />
      <ValidFact license={license} words={words} />
      {certificate_url !== null && <Certificate url={certificate_url} frame={frame} words={words} />}
    </Section>
  );
}

function ValidFact({ license: { expires_at, expires_from }, words }: { license: MailedLicense; words: Words }) {
  if (expires_at !== null) return <Fact name={words.text('licenses.expires')} value={words.time(expires_at)} />;
  if (expires_from === null)
    return <Fact name={words.text('licenses.valid')} value={words.text('licenses.never_expires')} />;
  const value = words.text('licenses.expires_later', { basis: expires_from });
  return <Fact name={words.text('licenses.expires')} value={value} />;
}

/** People of the customer have no key with which they could open the link. */
function Certificate({ url, frame, words }: { url: string; frame: MailFrame; words: Words }) {
  if (readerOf(frame).reader === 'customer') return <Note>{words.text('licenses.certificate_exists')}</Note>;
  return <LinkLine href={url}>{words.text('licenses.certificate')}</LinkLine>;
}
