/** The contracts of a customer, of a generator or on a test clock, as a short table within another page. */
import { Anchor, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import type { Column } from '../base/data-table';
import { Instant } from '../base/instant';
import { formatNumber } from '../base/instants';
import type { paths } from '../base/interface';
import { pick, useListState } from '../base/list-search';
import { StatusBadge } from '../base/status-badge';
import { useLanguage, useTexts } from '../base/texts';
import { STATE_TONES } from './states';
import type { ContractListItem } from './states';
import { contractTexts } from './texts';

type Query = NonNullable<paths['/api/v1/contracts']['get']['parameters']['query']>;

interface ContractsOfProps {
  filter: Query;
  /** How often the list is read again while something changes it. */
  refetch_ms?: number | false;
}

/** The page of the list stands in the URL (`cursor`), so a page can have one such table. */
export function ContractsOf({ filter, refetch_ms = false }: ContractsOfProps) {
  const t = useTexts(contractTexts);
  const state = useListState();
  const search = pick(state.search, ['cursor']);
  const query = { ...filter, ...search };
  const list = useQuery({
    queryKey: ['contracts', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/contracts', { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: refetch_ms,
  });
  return (
    <DataTable
      label={t('contracts.title')}
      list={list}
      columns={useColumns()}
      rowKey={({ id }) => id}
      state={{ ...state, search }}
      empty={<Text c="dimmed">{t('contracts.none')}</Text>}
    />
  );
}

function useColumns(): Column<ContractListItem>[] {
  const t = useTexts(contractTexts);
  const language = useLanguage();
  return [
    {
      id: 'name',
      header: t('name'),
      cell: ({ id, name }) => (
        <Anchor component={Link} to={`/contracts/${id}`}>
          <bdi>{name}</bdi>
        </Anchor>
      ),
    },
    { id: 'type', header: t('type'), cell: ({ type }) => t(type) },
    {
      id: 'state',
      header: t('state'),
      cell: ({ state }) => <StatusBadge tone={STATE_TONES[state]}>{t(state)}</StatusBadge>,
    },
    {
      id: 'quota',
      header: t('quota'),
      numeric: true,
      cell: ({ quota }) =>
        t('quota.short', {
          generated: formatNumber(quota.generated, language),
          total: formatNumber(quota.total, language),
        }),
    },
    { id: 'created', header: t('created'), cell: ({ created_at }) => <Instant at={created_at} day /> },
  ];
}
