/** The contracts that keep licenses ready for orders, with how many they have left. */
import { Anchor, Group, Switch, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import type { Column } from '../base/data-table';
import { EmptyState } from '../base/empty-state';
import { ColumnsMenu, SearchFilter } from '../base/filters';
import { formatNumber } from '../base/instants';
import type { components, paths } from '../base/interface';
import { pick, useListState } from '../base/list-search';
import { Page } from '../base/page';
import { StatusBadge } from '../base/status-badge';
import { useLanguage, useTexts } from '../base/texts';
import { poolTexts } from './texts';
import { usePoolContract } from './use-contract';
import type { PoolContract } from './use-contract';

type Row = components['schemas']['ContractListItem'];
type Query = NonNullable<paths['/api/v1/contracts']['get']['parameters']['query']>;

export default function PoolsPage() {
  const t = useTexts(poolTexts);
  const state = useListState();
  const query = { ...pick(state.search, ['search', 'warning', 'cursor', 'environment']), type: 'pool' } as Query;
  const list = useQuery({
    queryKey: ['contracts', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/contracts', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const columns = useColumns();
  return (
    <Page title={t('pools.title')}>
      <Group align="flex-end" gap="sm">
        <SearchFilter state={state} label={t('pools.search')} />
        <Switch
          label={t('pools.low')}
          checked={state.search['warning'] === 'POOL_LOW'}
          mb="xs"
          onChange={({ currentTarget: { checked } }) => state.change({ warning: checked ? 'POOL_LOW' : '' })}
        />
        <ColumnsMenu state={state} columns={columns} />
      </Group>
      <DataTable
        label={t('pools.title')}
        list={list}
        columns={columns}
        rowKey={({ id }) => id}
        state={state}
        empty={<EmptyState title={t('pools.empty')}>{t('pools.empty_text')}</EmptyState>}
      />
    </Page>
  );
}

type Count = keyof NonNullable<PoolContract['pool']>;

function useColumns(): Column<Row>[] {
  const t = useTexts(poolTexts);
  const count = (id: Count, optional = false): Column<Row> => ({
    id,
    header: t(id),
    numeric: true,
    optional,
    cell: (row) => <PoolNumber id={row.id} of={({ pool }) => pool?.[id]} />,
  });
  return [
    {
      id: 'name',
      header: t('name'),
      cell: ({ id, name }) => (
        <Anchor component={Link} to={`/pools/${id}`}>
          <bdi>{name}</bdi>
        </Anchor>
      ),
    },
    {
      id: 'state',
      header: t('state'),
      cell: ({ warnings }) => {
        const low = warnings.includes('POOL_LOW');
        return <StatusBadge tone={low ? 'bad' : 'good'}>{t(low ? 'low' : 'enough')}</StatusBadge>;
      },
    },
    count('available'),
    count('held'),
    count('assigned'),
    {
      id: 'low_water',
      header: t('low_water'),
      numeric: true,
      cell: ({ id }) => <PoolNumber id={id} of={({ low_water }) => low_water ?? undefined} />,
    },
    count('expiring', true),
    count('suspended', true),
    count('expired', true),
    count('revoked', true),
  ];
}

/** The list of contracts has no numbers of pools: each is read with its contract, once for all columns. */
function PoolNumber({ id, of }: { id: string; of: (contract: PoolContract) => number | undefined }) {
  const language = useLanguage();
  const { data } = usePoolContract(id);
  const number = data && of(data);
  return (
    <Text span inherit>
      {number === undefined ? '–' : formatNumber(number, language)}
    </Text>
  );
}
