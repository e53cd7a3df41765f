/** The list of contracts. */
import { Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { IconPlus } from '@tabler/icons-react';
import { baseTexts } from '../base/base-texts';
import { useMayWrite } from '../access/use-may-write';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import type { Column } from '../base/data-table';
import { EmptyState } from '../base/empty-state';
import { ColumnsMenu, SearchFilter, SelectFilter, SortPanel } from '../base/filters';
import { Instant } from '../base/instant';
import { formatNumber } from '../base/instants';
import type { paths } from '../base/interface';
import { pick, useListState } from '../base/list-search';
import { Page } from '../base/page';
import { StatusBadge } from '../base/status-badge';
import { useLanguage, useTexts } from '../base/texts';
import { ContractRowMenu } from './contract-row-menu';
import { ENVIRONMENTS, STATES, STATE_TONES, STATUSES, TYPES } from './states';
import type { ContractListItem } from './states';
import { contractTexts } from './texts';

type Query = NonNullable<paths['/api/v1/contracts']['get']['parameters']['query']>;

const PARAMETERS = [
  'environment',
  'search',
  'status',
  'state',
  'type',
  'product_id',
  'sort',
  'order',
  'cursor',
] as const;

export default function ContractsPage() {
  const t = useTexts(contractTexts);
  const state = useListState();
  const query = pick(state.search, PARAMETERS) as Query;
  const list = useQuery({
    queryKey: ['contracts', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/contracts', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const columns = useColumns();
  const create = useMayWrite() && (
    <Button
      component={Link}
      to="/contracts/new"
      search={pick(state.search, ['environment']) as never}
      leftSection={<IconPlus size={16} aria-hidden />}
      data-page-create
    >
      {t('contracts.create')}
    </Button>
  );
  return (
    <Page title={t('contracts.title')} actions={create}>
      <Group align="flex-end" gap="sm">
        <SearchFilter state={state} label={t('contracts.search')} />
        <SelectFilter
          state={state}
          name="status"
          label={t('status')}
          all={t('all_statuses')}
          options={options(t, STATUSES)}
        />
        <SelectFilter state={state} name="type" label={t('type')} all={t('all_types')} options={options(t, TYPES)} />
        <SelectFilter
          state={state}
          name="state"
          label={t('state')}
          all={t('all_states')}
          options={options(t, STATES)}
        />
        <SelectFilter
          state={state}
          name="environment"
          label={t('environment')}
          all={t('production')}
          options={options(t, ENVIRONMENTS.slice(1))}
        />
        <SortPanel
          state={state}
          initial={{ sort: 'created_at', order: 'desc' }}
          options={[
            { value: 'name', label: t('name') },
            { value: 'type', label: t('type') },
            { value: 'status', label: t('status') },
            { value: 'created_at', label: t('created') },
          ]}
        />
        <ColumnsMenu state={state} columns={columns} />
      </Group>
      <DataTable
        label={t('contracts.title')}
        list={list}
        columns={columns}
        rowKey={({ id }) => id}
        state={state}
        empty={
          <EmptyState title={t('contracts.empty')} action={create}>
            {t('contracts.empty_text')}
          </EmptyState>
        }
      />
    </Page>
  );
}

function options<Value extends string>(t: (key: Value) => string, values: readonly Value[]) {
  return values.map((value) => ({ value, label: t(value) }));
}

function useColumns(): Column<ContractListItem>[] {
  const t = useTexts(contractTexts);
  const base = useTexts(baseTexts);
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
      id: 'status',
      header: t('status'),
      cell: ({ status, state }) => (
        <Stack gap={2} align="flex-start">
          <StatusBadge tone={STATE_TONES[state]}>{t(status)}</StatusBadge>
          {state !== 'ACTIVE' && (
            <Text size="xs" c="dimmed">
              {t(state)}
            </Text>
          )}
        </Stack>
      ),
    },
    { id: 'created', header: t('created'), cell: ({ created_at }) => <Instant at={created_at} day /> },
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
    {
      id: 'remaining',
      header: t('remaining'),
      optional: true,
      numeric: true,
      cell: ({ quota }) => formatNumber(quota.remaining, language),
    },
    { id: 'updated', header: t('updated'), optional: true, cell: ({ updated_at }) => <Instant at={updated_at} /> },
    { id: 'warnings', header: t('warnings'), optional: true, cell: ({ warnings }) => warnings.join(', ') },
    { id: 'id', header: t('id'), optional: true, cell: ({ id }) => id },
    {
      id: 'actions',
      header: base('action.actions'),
      cell: (contract) => <ContractRowMenu contract={contract} />,
    },
  ];
}
