/** The list of customers. */
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
import type { paths } from '../base/interface';
import { pick, useListState } from '../base/list-search';
import { Page } from '../base/page';
import { StatusBadge } from '../base/status-badge';
import { useTexts } from '../base/texts';
import { OrderFilter } from './catalogue-filters';
import { CustomerDialog } from './customer-dialog';
import { customerTexts } from './customer-texts';
import type { Customer } from './states';
import { catalogueTexts } from './texts';

type Query = NonNullable<paths['/api/v1/customers']['get']['parameters']['query']>;

const PARAMETERS = ['search', 'account_manager', 'order', 'cursor'] as const;

export default function CustomersPage() {
  const t = useTexts(customerTexts);
  const c = useTexts(catalogueTexts);
  const state = useListState();
  const navigate = useNavigate();
  const [creating, { open, close }] = useDisclosure(false);
  const query = pick(state.search, PARAMETERS) as Query;
  const list = useQuery({
    queryKey: ['customers', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/customers', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const columns = useColumns();
  const create = useMayWrite() && (
    <Button onClick={open} leftSection={<IconPlus size={16} aria-hidden />} data-page-create>
      {t('create')}
    </Button>
  );
  return (
    <Page title={c('customers')} actions={create}>
      <Group align="flex-end" gap="sm">
        <SearchFilter state={state} label={t('search')} />
        <OrderFilter state={state} />
        <ColumnsMenu state={state} columns={columns} />
      </Group>
      <DataTable
        label={c('customers')}
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
      {creating && <CustomerDialog onClose={close} onSaved={({ id }) => void navigate({ to: `/customers/${id}` })} />}
    </Page>
  );
}

function useColumns(): Column<Customer>[] {
  const t = useTexts(customerTexts);
  const c = useTexts(catalogueTexts);
  return [
    {
      id: 'name',
      header: c('name'),
      cell: ({ id, name, merged_into }) => (
        <Group gap="xs">
          <Anchor component={Link} to={`/customers/${id}`}>
            <bdi>{name}</bdi>
          </Anchor>
          {merged_into !== null && <StatusBadge tone="neutral">{t('merged')}</StatusBadge>}
        </Group>
      ),
    },
    { id: 'email', header: t('email'), cell: ({ email }) => email },
    { id: 'manager', header: t('account_manager'), cell: ({ account_manager }) => account_manager ?? '–' },
    { id: 'created', header: c('created'), cell: ({ created_at }) => <Instant at={created_at} day /> },
    { id: 'billing', header: t('billing_contact'), optional: true, cell: (row) => row.billing_contact ?? '–' },
    { id: 'person', header: t('responsible_person'), optional: true, cell: (row) => row.responsible_person ?? '–' },
    { id: 'updated', header: c('updated'), optional: true, cell: ({ updated_at }) => <Instant at={updated_at} /> },
    { id: 'id', header: c('id'), optional: true, cell: ({ id }) => id },
  ];
}
