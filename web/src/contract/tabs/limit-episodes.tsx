/** When limits of a contract were exceeded. */
import { Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api, read } from '../../base/client';
import { Instant } from '../../base/instant';
import { formatNumber } from '../../base/instants';
import { ProblemAlert } from '../../base/problem-alert';
import { useLanguage, useTexts } from '../../base/texts';
import type { TabProps } from '../tab-props';
import { noticeTexts } from './notice-texts';
import { PlainTable } from './plain-table';
import { Section } from './section';

export function LimitEpisodes({ contract: { id, timezone } }: TabProps) {
  const t = useTexts(noticeTexts);
  const language = useLanguage();
  const list = useQuery({
    queryKey: ['contract', id, 'limit-episodes'],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/contracts/{id}/limit-episodes', { params: { path: { id }, query: {} }, signal })),
  });
  return (
    <Section title={t('episodes')}>
      {list.isError && <ProblemAlert error={list.error} onRetry={() => void list.refetch()} />}
      {list.data?.data.length === 0 && <Text size="sm">{t('none')}</Text>}
      {list.data && list.data.data.length > 0 && (
        <PlainTable label={t('episodes')} headers={[t('since'), t('until'), t('limit'), t('used'), t('demand')]}>
          {list.data.data.map((episode) => (
            <Table.Tr key={episode.id}>
              <Table.Td>
                <Instant at={episode.opened_at} zone={timezone} />
              </Table.Td>
              <Table.Td>{episode.closed_at ? <Instant at={episode.closed_at} zone={timezone} /> : t('open')}</Table.Td>
              <Table.Td>{formatNumber(episode.limit_value, language)}</Table.Td>
              <Table.Td>{formatNumber(episode.used, language)}</Table.Td>
              <Table.Td>{formatNumber(episode.demand, language)}</Table.Td>
            </Table.Tr>
          ))}
        </PlainTable>
      )}
    </Section>
  );
}
