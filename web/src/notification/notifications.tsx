/** The list of notifications. */
import { Anchor, Group, Stack, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import type { Column } from '../base/data-table';
import { EmptyState } from '../base/empty-state';
import { EntityName } from '../base/entity-name';
import { EntitySelect } from '../base/entity-select';
import { SearchFilter, SelectFilter } from '../base/filters';
import { Instant } from '../base/instant';
import { InstantFilter } from '../base/instant-filter';
import type { paths } from '../base/interface';
import { pick, useListState } from '../base/list-search';
import { Page } from '../base/page';
import { StatusBadge } from '../base/status-badge';
import { useTexts } from '../base/texts';
import { KINDS, STATE_TONES } from './states';
import type { Notification } from './states';
import { notificationTexts } from './texts';

type Query = NonNullable<paths['/api/v1/notifications']['get']['parameters']['query']>;

const PARAMETERS = ['recipient', 'kind', 'state', 'contract_id', 'customer_id', 'from', 'to', 'cursor'] as const;
const STATES = Object.keys(STATE_TONES) as Notification['state'][];

export default function NotificationsPage() {
  const t = useTexts(notificationTexts);
  const state = useListState();
  const query = pick(state.search, PARAMETERS) as Query;
  const list = useQuery({
    queryKey: ['notifications', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/notifications', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const columns = useColumns();
  return (
    <Page title={t('title')}>
      <Group align="flex-end" gap="sm">
        <SearchFilter state={state} name="recipient" label={t('filter.recipient')} />
        <SelectFilter
          state={state}
          name="kind"
          label={t('kind')}
          options={KINDS.map((value) => ({ value, label: t(`kind.${value}`) }))}
        />
        <SelectFilter
          state={state}
          name="state"
          label={t('state')}
          options={STATES.map((value) => ({ value, label: t(`state.${value}`) }))}
        />
        {(['contract', 'customer'] as const).map((kind) => (
          <EntitySelect
            key={kind}
            kind={kind}
            label={t(kind)}
            placeholder={t('all')}
            value={state.search[`${kind}_id`] ?? null}
            style={{ flex: '2 1 14rem' }}
            onChange={(id) => state.change({ [`${kind}_id`]: id ?? '' })}
          />
        ))}
        <InstantFilter state={state} name="from" label={t('from')} />
        <InstantFilter state={state} name="to" label={t('to')} />
      </Group>
      <DataTable
        label={t('title')}
        list={list}
        columns={columns}
        rowKey={({ id }) => id}
        state={state}
        empty={<EmptyState title={t('empty')}>{t('empty_text')}</EmptyState>}
      />
    </Page>
  );
}

function useColumns(): Column<Notification>[] {
  const t = useTexts(notificationTexts);
  return [
    {
      id: 'kind',
      header: t('kind'),
      cell: ({ id, kind }) => (
        <Anchor component={Link} to={`/notifications/${id}`}>
          {t(`kind.${kind}`)}
        </Anchor>
      ),
    },
    {
      id: 'recipient',
      header: t('recipient'),
      cell: ({ recipient, role }) => (
        <Stack gap={0}>
          <Anchor component={Link} to={`/notification-recipients/${recipient.id}`} style={{ overflowWrap: 'anywhere' }}>
            <bdi>{recipient.address}</bdi>
          </Anchor>
          <Text size="xs" c="dimmed">
            {t(`role.${role}`)}
          </Text>
        </Stack>
      ),
    },
    {
      id: 'state',
      header: t('state'),
      cell: ({ state, meaning }) => (
        <Stack gap={2} align="flex-start">
          <StatusBadge tone={STATE_TONES[state]}>{t(`state.${state}`)}</StatusBadge>
          {state !== 'sent' && <Text size="xs">{meaning}</Text>}
        </Stack>
      ),
    },
    {
      id: 'contract',
      header: t('contract'),
      cell: ({ about: { contract_id, contract_name } }) =>
        contract_id === null ? '–' : <EntityName kind="contract" id={contract_id} name={contract_name ?? undefined} />,
    },
    { id: 'created', header: t('created'), cell: ({ created_at }) => <Instant at={created_at} /> },
  ];
}
