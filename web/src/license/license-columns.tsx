/** The columns of the list of licenses. */
import { Anchor, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Column } from '../base/data-table';
import { EntityName } from '../base/entity-name';
import { Instant } from '../base/instant';
import { formatNumber } from '../base/instants';
import { StatusBadge } from '../base/status-badge';
import { useLanguage, useNames, useTexts } from '../base/texts';
import type { License } from './license-query';
import { STATUS_TONES } from './states';
import { licenseTexts } from './texts';

export function useLicenseColumns(): Column<License>[] {
  const t = useTexts(licenseTexts);
  const language = useLanguage();
  const nameOf = useNames(licenseTexts);
  const instant = (id: string, header: string, at: (license: License) => string | null): Column<License> => ({
    id,
    header,
    optional: true,
    cell: (license) => <Instant at={at(license)} />,
  });
  return [
    { id: 'key', header: t('key'), cell: (license) => <KeyLink license={license} /> },
    {
      id: 'status',
      header: t('status'),
      cell: ({ status }) => <StatusBadge tone={STATUS_TONES[status]}>{t(status)}</StatusBadge>,
    },
    { id: 'source', header: t('source'), cell: (license) => <Source license={license} /> },
    {
      id: 'customer',
      header: t('customer'),
      cell: ({ customer_id }) => (customer_id ? <EntityName kind="customer" id={customer_id} /> : <Nothing />),
    },
    { id: 'created', header: t('created'), cell: ({ created_at }) => <Instant at={created_at} day /> },
    {
      id: 'expires',
      header: t('expires'),
      cell: ({ expires_at }) => (expires_at ? <Instant at={expires_at} day /> : <Nothing>{t('never')}</Nothing>),
    },
    {
      id: 'devices',
      header: t('devices'),
      numeric: true,
      cell: ({ activations, activation_limit }) =>
        activation_limit === null
          ? formatNumber(activations, language)
          : t('devices.of', { used: activations, limit: activation_limit }),
    },
    { id: 'id', header: t('id'), optional: true, cell: ({ id }) => id },
    {
      id: 'product',
      header: t('product'),
      optional: true,
      cell: ({ product_id }) => <EntityName kind="product" id={product_id} />,
    },
    {
      id: 'generator',
      header: t('generator'),
      optional: true,
      cell: ({ generator_id }) => <EntityName kind="generator" id={generator_id} />,
    },
    {
      id: 'contract_customer',
      header: t('contract_customer'),
      optional: true,
      cell: ({ contract_customer_id: id }) => (id ? <EntityName kind="customer" id={id} /> : <Nothing />),
    },
    instant('assigned_at', t('assigned_at'), ({ assigned_at }) => assigned_at),
    instant('activated_at', t('activated_at'), ({ activated_at }) => activated_at),
    instant('held_until', t('held_until'), ({ held_until }) => held_until),
    instant('suspended_at', t('suspended_at'), ({ suspended_at }) => suspended_at),
    instant('revoked_at', t('revoked_at'), ({ revoked_at }) => revoked_at),
    {
      id: 'job',
      header: t('job'),
      optional: true,
      cell: ({ job_id, ordinal }) =>
        job_id ? (
          <Anchor component={Link} to={`/jobs/${job_id}`}>
            {job_id} #{ordinal}
          </Anchor>
        ) : (
          <Nothing />
        ),
    },
    { id: 'channel', header: t('channel'), optional: true, cell: ({ channel }) => nameOf(channel) },
    { id: 'environment', header: t('environment'), optional: true, cell: ({ environment }) => t(environment) },
  ];
}

/** A key links to its license. Long keys, such as certificates, are cut off. */
function KeyLink({ license: { id, key, is_test } }: { license: License }) {
  const t = useTexts(licenseTexts);
  return (
    <div>
      <Anchor component={Link} to={`/licenses/${id}`} ff="monospace" size="sm">
        <bdi>{shortKey(key)}</bdi>
      </Anchor>
      {is_test && (
        <Text size="xs" c="dimmed">
          {t('is_test')}
        </Text>
      )}
    </div>
  );
}

const KEY_CHARS_SHOWN = 40;

export function shortKey(key: string): string {
  return key.length <= KEY_CHARS_SHOWN ? key : `${key.slice(0, KEY_CHARS_SHOWN)}…`;
}

const CONTRACT_PREFIX = 'Contract: ';

/** The contract as a link; a deleted one has a page too. */
export function Source({ license: { source, contract_id } }: { license: License }) {
  const t = useTexts(licenseTexts);
  const nameOf = useNames(licenseTexts);
  if (contract_id === null) return nameOf(source, 'source.');
  return (
    <span>
      {t('contract')}:{' '}
      <EntityName kind="contract" id={contract_id} name={source.replace(CONTRACT_PREFIX, '')} />
    </span>
  );
}

function Nothing({ children = '–' }: { children?: ReactNode }) {
  return (
    <Text span c="dimmed" inherit>
      {children}
    </Text>
  );
}
