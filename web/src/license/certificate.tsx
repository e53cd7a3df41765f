/** The signed form of a license. It is read only when someone asks for it. */
import { Button, Code, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, read } from '../base/client';
import { CopyText } from '../base/copy-text';
import { Facts } from '../base/facts';
import { Instant } from '../base/instant';
import { ProblemAlert } from '../base/problem-alert';
import { saveText } from '../base/save-text';
import { useTexts } from '../base/texts';
import { Section } from '../contract/tabs/section';
import { detailTexts } from './detail-texts';

export function Certificate({ id }: { id: string }) {
  const t = useTexts(detailTexts);
  const [shown, setShown] = useState(false);
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['license', id, 'certificate'],
    queryFn: ({ signal }) => read(api.GET('/api/v1/licenses/{id}/certificate', { params: { path: { id } }, signal })),
    enabled: shown,
  });
  return (
    <Section title={t('certificate')}>
      <Text size="sm">{t('certificate.text')}</Text>
      {error && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      {data ? (
        <>
          <Code block tabIndex={0} style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            {data.certificate}
          </Code>
          <Facts
            label={t('certificate')}
            rows={[
              [t('certificate.key'), <CopyText text={data.kid} key="kid" />],
              [t('certificate.issued'), <Instant at={data.issued_at} key="issued" />],
              [t('certificate.expires'), data.expires_at && <Instant at={data.expires_at} />],
            ]}
          />
          <Group>
            <Button variant="default" onClick={() => saveText(`${id}.lic`, `${data.certificate}\n`)}>
              {t('certificate.download')}
            </Button>
          </Group>
        </>
      ) : (
        !error && <Group>
          <Button variant="default" loading={isFetching} onClick={() => setShown(true)}>
            {t('certificate.show')}
          </Button>
        </Group>
      )}
    </Section>
  );
}
