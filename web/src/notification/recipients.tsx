/** The list of addresses that get mail, or got it. */
import { Anchor, Group, Stack, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import type { Column } from '../base/data-table';
import { EmptyState } from '../base/empty-state';
import { SearchFilter, SelectFilter } from '../base/filters';
import { Instant } from '../base/instant';
import type { paths } from '../base/interface';
import { pick, useListState } from '../base/list-search';
import { Page } from '../base/page';
import { StatusBadge } from '../base/status-badge';
import { useNames, useTexts } from '../base/texts';
import { RECIPIENT_TONES } from './states';
import type { Recipient } from './states';
import { notificationTexts } from './texts';

type Query = NonNullable<paths['/api/v1/notification-recipients']['get']['parameters']['query']>;

const STATUSES = Object.keys(RECIPIENT_TONES) as Recipient['status'][];

export default function RecipientsPage() {
  const t = useTexts(notificationTexts);
  const state = useListState();
  const query = pick(state.search, ['search', 'status', 'cursor'] as const) as Query;
  const list = useQuery({
    queryKey: ['notification-recipients', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/notification-recipients', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const columns = useColumns();
  return (
    <Page title={t('recipients.title')}>
      <Group align="flex-end" gap="sm">
        <SearchFilter state={state} label={t('address')} />
        <SelectFilter
          state={state}
          name="status"
          label={t('status')}
          options={STATUSES.map((value) => ({ value, label: t(`status.${value}`) }))}
        />
      </Group>
      <DataTable
        label={t('recipients.title')}
        list={list}
        columns={columns}
        rowKey={({ id }) => id}
        state={state}
        empty={<EmptyState title={t('recipients.empty')}>{t('recipients.empty_text')}</EmptyState>}
      />
    </Page>
  );
}

function useColumns(): Column<Recipient>[] {
  const t = useTexts(notificationTexts);
  const nameOf = useNames(notificationTexts);
  return [
    {
      id: 'address',
      header: t('address'),
      cell: ({ id, address }) => (
        <Anchor component={Link} to={`/notification-recipients/${id}`} style={{ overflowWrap: 'anywhere' }}>
          <bdi>{address}</bdi>
        </Anchor>
      ),
    },
    {
      id: 'status',
      header: t('status'),
      cell: ({ status, status_note }) => (
        <Stack gap={2} align="flex-start">
          <StatusBadge tone={RECIPIENT_TONES[status]}>{t(`status.${status}`)}</StatusBadge>
          {status_note !== null && <Text size="xs">{status_note}</Text>}
        </Stack>
      ),
    },
    {
      id: 'unsubscribed',
      header: t('unsubscribed'),
      cell: ({ unsubscribed }) => unsubscribed.map((kind) => nameOf(kind, 'kind.')).join(', ') || '–',
    },
    { id: 'created', header: t('created'), cell: ({ created_at }) => <Instant at={created_at} day /> },
  ];
}
