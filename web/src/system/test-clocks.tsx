/** The list of test clocks. */
import { Anchor, Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMayWrite } from '../access/use-may-write';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import type { Column } from '../base/data-table';
import { EmptyState } from '../base/empty-state';
import { Instant } from '../base/instant';
import { formatNumber } from '../base/instants';
import { pick, useListState } from '../base/list-search';
import { Page } from '../base/page';
import { useLanguage, useTexts } from '../base/texts';
import { REFETCH_MS } from './clock-progress';
import type { TestClock } from './clock-progress';
import { ClockState } from './clock-state';
import { CreateClockDialog } from './create-clock-dialog';
import { clockTexts } from './texts';

export default function TestClocksPage() {
  const t = useTexts(clockTexts);
  const state = useListState();
  const navigate = useNavigate();
  const [creating, { open, close }] = useDisclosure(false);
  const query = pick(state.search, ['cursor']);
  const list = useQuery({
    queryKey: ['test-clocks', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/test-clocks', { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state: { data } }) =>
      data?.data.some(({ status }) => status === 'advancing') ? REFETCH_MS : false,
  });
  const create = useMayWrite() && (
    <Button onClick={open} leftSection={<IconPlus size={16} aria-hidden />} data-page-create>
      {t('create')}
    </Button>
  );
  return (
    <Page title={t('title')} actions={create}>
      <DataTable
        label={t('title')}
        list={list}
        columns={useColumns()}
        rowKey={({ id }) => id}
        state={state}
        empty={
          <EmptyState title={t('empty')} action={create}>
            {t('empty_text')}
          </EmptyState>
        }
      />
      {creating && (
        <CreateClockDialog onClose={close} onCreated={({ id }) => void navigate({ to: `/test-clocks/${id}` })} />
      )}
    </Page>
  );
}

function useColumns(): Column<TestClock>[] {
  const t = useTexts(clockTexts);
  const language = useLanguage();
  return [
    {
      id: 'name',
      header: t('name'),
      cell: ({ id, name }) => (
        <Anchor component={Link} to={`/test-clocks/${id}`}>
          <bdi>{name}</bdi>
        </Anchor>
      ),
    },
    { id: 'now', header: t('now'), cell: ({ now }) => <Instant at={now} /> },
    { id: 'state', header: t('state'), cell: ({ status }) => <ClockState status={status} /> },
    {
      id: 'contracts',
      header: t('contracts'),
      numeric: true,
      cell: ({ contracts }) => formatNumber(contracts, language),
    },
    { id: 'created', header: t('created'), cell: ({ created_at }) => <Instant at={created_at} day /> },
  ];
}
