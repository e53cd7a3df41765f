/** The audit of a contract: what changed, from what to what, who did it and why. */
import { Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, read } from '../../base/client';
import { DataTable } from '../../base/data-table';
import type { Column } from '../../base/data-table';
import { EmptyState } from '../../base/empty-state';
import { Instant } from '../../base/instant';
import type { components } from '../../base/interface';
import { pick, useListState } from '../../base/list-search';
import { useNames, useTexts } from '../../base/texts';
import type { HistoryTabProps } from '../tab-props';
import { auditTexts } from './audit-texts';
import { Differences } from './differences';
import { Section } from './section';

type AuditEvent = components['schemas']['AuditEvent'];

export default function ActivityTab({ id, contract }: HistoryTabProps) {
  const t = useTexts(auditTexts);
  const state = useListState();
  const query = pick(state.search, ['cursor']);
  const list = useQuery({
    queryKey: ['contract', id, 'activity', query],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/contracts/{id}/activity', { params: { path: { id }, query }, signal })),
    placeholderData: keepPreviousData,
  });
  return (
    <Section title={t('activity')}>
      <DataTable
        label={t('activity')}
        list={list}
        columns={useColumns(contract?.timezone)}
        rowKey={(event) => event.id}
        state={state}
        empty={<EmptyState title={t('empty')} />}
      />
    </Section>
  );
}

function useColumns(zone: string | undefined): Column<AuditEvent>[] {
  const t = useTexts(auditTexts);
  const nameOf = useNames(auditTexts);
  return [
    { id: 'at', header: t('at'), cell: ({ at }) => <Instant at={at} zone={zone} /> },
    {
      id: 'action',
      header: t('action'),
      cell: ({ action, clock }) => (
        <>
          {nameOf(action)}
          {clock === 'test' && (
            <Text size="xs" c="dimmed">
              {t('test_clock')}
            </Text>
          )}
        </>
      ),
    },
    {
      id: 'actor',
      header: t('actor'),
      cell: ({ actor }) => (
        <>
          <bdi>{actor.name}</bdi>
          {actor.ip && (
            <Text size="xs" c="dimmed">
              {actor.ip}
            </Text>
          )}
        </>
      ),
    },
    { id: 'changes', header: t('changes'), cell: (event) => <Differences {...event} /> },
    { id: 'reason', header: t('reason'), cell: ({ reason }) => reason ?? '–' },
  ];
}
