/** A license: its facts, its features, its devices, its certificate, its history, and what can be done with it. */
import { Code, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMayWrite } from '../access/use-may-write';
import { api, read } from '../base/client';
import { Page } from '../base/page';
import { usePathId } from '../base/path-id';
import { ProblemAlert } from '../base/problem-alert';
import { StatusBadge } from '../base/status-badge';
import { useTexts } from '../base/texts';
import { Section } from '../contract/tabs/section';
import { Certificate } from './certificate';
import { detailTexts } from './detail-texts';
import { Devices } from './devices';
import { History } from './history';
import { LicenseActions } from './license-actions';
import { shortKey } from './license-columns';
import { LicenseFacts } from './license-facts';
import type { License } from './license-query';
import { STATUS_TONES } from './states';
import { licenseTexts } from './texts';

export default function LicensePage() {
  const t = useTexts(licenseTexts);
  const id = usePathId();
  const license = useQuery({
    queryKey: ['license', id],
    queryFn: ({ signal }) => read(api.GET('/api/v1/licenses/{id}', { params: { path: { id } }, signal })),
  });
  const above = [{ label: t('licenses.title'), to: '/licenses' }];
  if (license.data === undefined)
    return (
      <Page title={id} above={above}>
        {license.isError ? (
          <ProblemAlert error={license.error} onRetry={() => void license.refetch()} />
        ) : (
          <Skeleton h={300} />
        )}
      </Page>
    );
  const { key, status } = license.data;
  return (
    <Page
      title={shortKey(key)}
      above={above}
      marks={<StatusBadge tone={STATUS_TONES[status]}>{t(status)}</StatusBadge>}
      actions={<LicenseActions license={license.data} />}
    >
      <LicenseFacts license={license.data} />
      <Features license={license.data} />
      <Followed license={license.data} />
    </Page>
  );
}

/** Devices, certificate and history are for operators and above. */
function Followed({ license: { id } }: { license: License }) {
  const reads = useMayWrite('operator');
  if (!reads) return null;
  return (
    <>
      <Devices id={id} />
      <Certificate id={id} />
      <History id={id} />
    </>
  );
}

function Features({ license: { features } }: { license: License }) {
  const t = useTexts(detailTexts);
  const none = Object.keys(features).length === 0;
  return (
    <Section title={t('features')}>
      {none ? (
        <Text size="sm" c="dimmed">
          {t('features.none')}
        </Text>
      ) : (
        <Code block tabIndex={0}>
          {JSON.stringify(features, null, 2)}
        </Code>
      )}
    </Section>
  );
}
