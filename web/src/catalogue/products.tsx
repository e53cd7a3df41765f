/** The list of products. */
import { Anchor, Button, Group } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMayWrite } from '../access/use-may-write';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import type { Column } from '../base/data-table';
import { EmptyState } from '../base/empty-state';
import { ColumnsMenu, SearchFilter } from '../base/filters';
import { Instant } from '../base/instant';
import { pick, useListState } from '../base/list-search';
import type { paths } from '../base/interface';
import { Page } from '../base/page';
import { useTexts } from '../base/texts';
import { EnvironmentFilter, OrderFilter, StatusFilter } from './catalogue-filters';
import { ProductDialog } from './product-dialog';
import { productTexts } from './product-texts';
import type { Product } from './states';
import { Status } from './status';
import { catalogueTexts } from './texts';

type Query = NonNullable<paths['/api/v1/products']['get']['parameters']['query']>;

const PARAMETERS = ['environment', 'search', 'status', 'order', 'cursor'] as const;

export default function ProductsPage() {
  const t = useTexts(productTexts);
  const c = useTexts(catalogueTexts);
  const state = useListState();
  const navigate = useNavigate();
  const [creating, { open, close }] = useDisclosure(false);
  const query = pick(state.search, PARAMETERS) as Query;
  const list = useQuery({
    queryKey: ['products', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/products', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const columns = useColumns();
  const create = useMayWrite() && (
    <Button onClick={open} leftSection={<IconPlus size={16} aria-hidden />} data-page-create>
      {t('create')}
    </Button>
  );
  return (
    <Page title={c('products')} actions={create}>
      <Group align="flex-end" gap="sm">
        <SearchFilter state={state} label={t('search')} />
        <StatusFilter state={state} />
        <EnvironmentFilter state={state} />
        <OrderFilter state={state} />
        <ColumnsMenu state={state} columns={columns} />
      </Group>
      <DataTable
        label={c('products')}
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
      {creating && (
        <ProductDialog
          environment={query.environment}
          onClose={close}
          onSaved={({ id }) => void navigate({ to: `/products/${id}` })}
        />
      )}
    </Page>
  );
}

function useColumns(): Column<Product>[] {
  const t = useTexts(productTexts);
  const c = useTexts(catalogueTexts);
  return [
    {
      id: 'name',
      header: c('name'),
      cell: ({ id, name }) => (
        <Anchor component={Link} to={`/products/${id}`}>
          <bdi>{name}</bdi>
        </Anchor>
      ),
    },
    { id: 'code', header: c('code'), cell: ({ code }) => code },
    { id: 'status', header: c('status'), cell: ({ status }) => <Status status={status} /> },
    { id: 'modules', header: t('modules'), cell: ({ modules }) => modules.join(', ') || '–' },
    { id: 'created', header: c('created'), cell: ({ created_at }) => <Instant at={created_at} day /> },
    { id: 'updated', header: c('updated'), optional: true, cell: ({ updated_at }) => <Instant at={updated_at} /> },
    { id: 'id', header: c('id'), optional: true, cell: ({ id }) => id },
  ];
}
