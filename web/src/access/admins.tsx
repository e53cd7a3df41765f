/** The list of admins. */
import { Anchor, Button, Group } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import type { Column } from '../base/data-table';
import { EmptyState } from '../base/empty-state';
import { ColumnsMenu, SearchFilter, SelectFilter } from '../base/filters';
import { Instant } from '../base/instant';
import type { paths } from '../base/interface';
import { pick, useListState } from '../base/list-search';
import { Page } from '../base/page';
import { StatusBadge } from '../base/status-badge';
import { useTexts } from '../base/texts';
import { AdminDialog } from './admin-dialog';
import { ADMIN_ROLES, ADMIN_STATUSES } from './admin-shapes';
import type { Admin } from './admin-shapes';
import { adminTexts } from './admin-texts';
import { useMayWrite } from './use-may-write';

type Query = NonNullable<paths['/api/v1/admins']['get']['parameters']['query']>;

const PARAMETERS = ['search', 'role', 'status', 'order', 'cursor'] as const;

export default function AdminsPage() {
  const t = useTexts(adminTexts);
  const state = useListState();
  const navigate = useNavigate();
  const [creating, { open, close }] = useDisclosure(false);
  const query = pick(state.search, PARAMETERS) as Query;
  const list = useQuery({
    queryKey: ['admins', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/admins', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const columns = useColumns();
  const create = useMayWrite('super_admin') && (
    <Button onClick={open} leftSection={<IconPlus size={16} aria-hidden />} data-page-create>
      {t('create')}
    </Button>
  );
  return (
    <Page title={t('title')} actions={create}>
      <Group align="flex-end" gap="sm">
        <SearchFilter state={state} label={t('search')} />
        <SelectFilter
          state={state}
          name="role"
          label={t('role')}
          all={t('all_roles')}
          options={ADMIN_ROLES.map((value) => ({ value, label: t(value) }))}
        />
        <SelectFilter
          state={state}
          name="status"
          label={t('status')}
          all={t('all_statuses')}
          options={ADMIN_STATUSES.map((value) => ({ value, label: t(value) }))}
        />
        <ColumnsMenu state={state} columns={columns} />
      </Group>
      <DataTable
        label={t('title')}
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
      {creating && <AdminDialog onClose={close} onSaved={({ id }) => void navigate({ to: `/admins/${id}` })} />}
    </Page>
  );
}

function useColumns(): Column<Admin>[] {
  const t = useTexts(adminTexts);
  return [
    {
      id: 'name',
      header: t('name'),
      cell: ({ id, name }) => (
        <Anchor component={Link} to={`/admins/${id}`}>
          <bdi>{name}</bdi>
        </Anchor>
      ),
    },
    { id: 'email', header: t('email'), cell: ({ email }) => email },
    { id: 'role', header: t('role'), cell: ({ role }) => t(role) },
    {
      id: 'status',
      header: t('status'),
      cell: ({ status }) => <StatusBadge tone={status === 'active' ? 'good' : 'neutral'}>{t(status)}</StatusBadge>,
    },
    { id: 'created', header: t('created'), cell: ({ created_at }) => <Instant at={created_at} day /> },
    { id: 'updated', header: t('updated'), optional: true, cell: ({ updated_at }) => <Instant at={updated_at} /> },
    { id: 'id', header: t('id'), optional: true, cell: ({ id }) => id },
  ];
}
