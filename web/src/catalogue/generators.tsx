/** The list of generators. */
import { Anchor, Button, Group } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMayWrite } from '../access/use-may-write';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import type { Column } from '../base/data-table';
import { EmptyState } from '../base/empty-state';
import type { FindQuery } from '../base/entity';
import { EntitySelect } from '../base/entity-select';
import { ColumnsMenu, SearchFilter } from '../base/filters';
import { Instant } from '../base/instant';
import { formatNumber } from '../base/instants';
import type { paths } from '../base/interface';
import { pick, useListState } from '../base/list-search';
import { Page } from '../base/page';
import { useLanguage, useTexts } from '../base/texts';
import { EnvironmentFilter, OrderFilter, StatusFilter } from './catalogue-filters';
import { generatorTexts } from './generator-texts';
import { formatKeyspace } from './keyspace';
import { patternOf } from './key-pattern';
import type { Generator } from './states';
import { Status } from './status';
import { catalogueTexts } from './texts';

type Query = NonNullable<paths['/api/v1/generators']['get']['parameters']['query']>;

const PARAMETERS = ['environment', 'product_id', 'search', 'status', 'order', 'cursor'] as const;

export default function GeneratorsPage() {
  const t = useTexts(generatorTexts);
  const c = useTexts(catalogueTexts);
  const state = useListState();
  const query = pick(state.search, PARAMETERS) as Query;
  const list = useQuery({
    queryKey: ['generators', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/generators', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const columns = useColumns();
  const create = useMayWrite() && (
    <Button component={Link} to="/generators/new" leftSection={<IconPlus size={16} aria-hidden />} data-page-create>
      {t('create')}
    </Button>
  );
  return (
    <Page title={c('generators')} actions={create}>
      <Group align="flex-end" gap="sm">
        <SearchFilter state={state} label={t('search')} />
        <EntitySelect
          kind="product"
          label={c('product')}
          placeholder={t('all_products')}
          only={pick(state.search, ['environment']) as Pick<FindQuery, 'environment'>}
          value={state.search['product_id'] ?? null}
          style={{ flex: '1 1 12rem' }}
          onChange={(id) => state.change({ product_id: id ?? '' })}
        />
        <StatusFilter state={state} />
        <EnvironmentFilter state={state} />
        <OrderFilter state={state} />
        <ColumnsMenu state={state} columns={columns} />
      </Group>
      <DataTable
        label={c('generators')}
        list={list}
        columns={columns}
        rowKey={({ id }) => id}
        state={state}
        empty={
          <EmptyState title={t('empty')} action={create}>
            {t('empty_text')}
          </EmptyState>
        }
      />
    </Page>
  );
}

function useColumns(): Column<Generator>[] {
  const t = useTexts(generatorTexts);
  const c = useTexts(catalogueTexts);
  const language = useLanguage();
  return [
    {
      id: 'name',
      header: c('name'),
      cell: ({ id, name }) => (
        <Anchor component={Link} to={`/generators/${id}`}>
          <bdi>{name}</bdi>
        </Anchor>
      ),
    },
    { id: 'format', header: t('format'), cell: ({ format }) => <code>{patternOf(format)}</code> },
    { id: 'kind', header: t('kind'), cell: ({ kind }) => t(kind) },
    { id: 'status', header: c('status'), cell: ({ status }) => <Status status={status} /> },
    { id: 'keyspace', header: t('keyspace'), cell: ({ keyspace }) => formatKeyspace(keyspace, language) },
    {
      id: 'devices',
      header: t('activation_limit'),
      numeric: true,
      cell: ({ activation_limit }) =>
        activation_limit === null ? c('unlimited') : formatNumber(activation_limit, language),
    },
    { id: 'created', header: c('created'), cell: ({ created_at }) => <Instant at={created_at} day /> },
    { id: 'updated', header: c('updated'), optional: true, cell: ({ updated_at }) => <Instant at={updated_at} /> },
    { id: 'id', header: c('id'), optional: true, cell: ({ id }) => id },
  ];
}
