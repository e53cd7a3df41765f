/** The facts of a license. */
import { Anchor, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useMayWrite } from '../access/use-may-write';
import { baseTexts } from '../base/base-texts';
import { CopyText } from '../base/copy-text';
import { EntityName } from '../base/entity-name';
import { Facts } from '../base/facts';
import { Instant } from '../base/instant';
import { formatNumber } from '../base/instants';
import { useLanguage, useNames, useTexts } from '../base/texts';
import { detailTexts } from './detail-texts';
import { Source } from './license-columns';
import type { License } from './license-query';
import { licenseTexts } from './texts';

export function LicenseFacts({ license }: { license: License }) {
  const t = useTexts(licenseTexts);
  const detail = useTexts(detailTexts);
  const base = useTexts(baseTexts);
  const nameOf = useNames(licenseTexts);
  const language = useLanguage();
  const { customer_id, contract_customer_id, job_id, activations, activation_limit } = license;
  return (
    <Facts
      label={detail('facts')}
      rows={[
        [t('key'), <Key license={license} key="key" />],
        [t('source'), <Source license={license} key="source" />],
        [t('customer'), customer_id && <EntityName kind="customer" id={customer_id} />],
        [t('contract_customer'), contract_customer_id && <EntityName kind="customer" id={contract_customer_id} />],
        [t('product'), <EntityName kind="product" id={license.product_id} key="product" />],
        [t('generator'), <EntityName kind="generator" id={license.generator_id} key="generator" />],
        [
          t('devices'),
          activation_limit === null
            ? `${formatNumber(activations, language)} (${t('unlimited')})`
            : t('devices.of', { used: activations, limit: activation_limit }),
        ],
        [t('expires'), license.expires_at ? <Instant at={license.expires_at} /> : t('never')],
        [t('created'), <Instant at={license.created_at} key="created" />],
        [
          detail('originally_created_at'),
          license.originally_created_at && <Instant at={license.originally_created_at} />,
        ],
        [t('assigned_at'), license.assigned_at && <Instant at={license.assigned_at} />],
        [t('held_until'), license.held_until && <Instant at={license.held_until} />],
        [t('activated_at'), license.activated_at && <Instant at={license.activated_at} />],
        [t('suspended_at'), license.suspended_at && <Instant at={license.suspended_at} />],
        [t('revoked_at'), license.revoked_at && <Instant at={license.revoked_at} />],
        [t('environment'), t(license.environment)],
        [t('is_test'), license.is_test && base('yes')],
        [t('imported'), license.imported && base('yes')],
        [t('channel'), nameOf(license.channel)],
        [t('job'), job_id && <JobLink id={job_id} ordinal={license.ordinal} />],
        [t('id'), <CopyText text={license.id} key="id" />],
      ]}
    />
  );
}

/** Viewers see a part of the key, which is of no use to copy. */
function Key({ license: { key } }: { license: License }) {
  const t = useTexts(detailTexts);
  const whole = useMayWrite('operator');
  if (whole) return <CopyText text={key} />;
  return (
    <>
      <bdi>{key}</bdi>
      <Text size="xs" c="dimmed">
        {t('key.masked')}
      </Text>
    </>
  );
}

/** Viewers cannot read jobs. */
function JobLink({ id, ordinal }: { id: string; ordinal: number }) {
  const reads = useMayWrite('operator');
  const text = `${id} #${ordinal}`;
  if (!reads) return text;
  return (
    <Anchor component={Link} to={`/jobs/${id}`} style={{ overflowWrap: 'anywhere' }}>
      {text}
    </Anchor>
  );
}
