/** The list of operations on licenses: assignments, suspensions, reinstatements and revocations. */
import { Anchor, Group, Stack } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import type { Column } from '../base/data-table';
import { EmptyState } from '../base/empty-state';
import { EntityName } from '../base/entity-name';
import { EntitySelect } from '../base/entity-select';
import { ColumnsMenu, SelectFilter } from '../base/filters';
import { Instant } from '../base/instant';
import { formatNumber } from '../base/instants';
import type { paths } from '../base/interface';
import { pick } from '../base/list-search';
import type { ListState } from '../base/list-search';
import { WorkState } from '../base/progress';
import { progressTexts } from '../base/progress-texts';
import { useLanguage, useTexts } from '../base/texts';
import type { Operation } from '../base/work';
import { readAgainAfter } from './live-list';
import { jobTexts } from './texts';

type Query = NonNullable<paths['/api/v1/license-operations']['get']['parameters']['query']>;

const PARAMETERS = ['kind', 'customer_id', 'contract_id', 'state', 'cursor'] as const;
const KINDS = ['assign', 'suspend', 'reinstate', 'revoke'] as const;
const STATES = ['QUEUED', 'RUNNING', 'CANCELLING', 'SUCCEEDED', 'PARTIAL', 'FAILED', 'CANCELLED'] as const;

export function OperationList({ state }: { state: ListState }) {
  const t = useTexts(jobTexts);
  const states = useTexts(progressTexts);
  const query = pick(state.search, PARAMETERS) as Query;
  const list = useQuery({
    queryKey: ['license-operations', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/license-operations', { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state: { data } }) => readAgainAfter(data?.data),
  });
  const columns = useColumns();
  const entity = (name: 'contract_id' | 'customer_id', kind: 'contract' | 'customer') => (
    <EntitySelect
      kind={kind}
      label={t(kind)}
      placeholder={t('all')}
      value={state.search[name] ?? null}
      onChange={(id) => state.change({ [name]: id ?? '' })}
      style={{ flex: '2 1 14rem' }}
    />
  );
  return (
    <Stack gap="md">
      <Group align="flex-end" gap="sm">
        <SelectFilter
          state={state}
          name="kind"
          label={t('kind')}
          options={KINDS.map((value) => ({ value, label: t(value) }))}
        />
        <SelectFilter
          state={state}
          name="state"
          label={t('state')}
          options={STATES.map((value) => ({ value, label: states(value) }))}
        />
        {entity('contract_id', 'contract')}
        {entity('customer_id', 'customer')}
        <ColumnsMenu state={state} columns={columns} />
      </Group>
      <DataTable
        label={t('jobs.operations')}
        list={list}
        columns={columns}
        rowKey={({ id }) => id}
        state={state}
        empty={<EmptyState title={t('operations.empty')}>{t('operations.empty_text')}</EmptyState>}
      />
    </Stack>
  );
}

function useColumns(): Column<Operation>[] {
  const t = useTexts(jobTexts);
  const states = useTexts(progressTexts);
  const language = useLanguage();
  return [
    {
      id: 'created',
      header: t('created'),
      cell: ({ id, created_at }) => (
        <Anchor component={Link} to={`/license-operations/${id}`}>
          <Instant at={created_at} />
        </Anchor>
      ),
    },
    { id: 'kind', header: t('kind'), cell: ({ kind }) => <Short>{t(kind)}</Short> },
    {
      id: 'licenses',
      header: t('licenses'),
      numeric: true,
      cell: ({ decided, requested }) =>
        states('done', { done: formatNumber(decided, language), total: formatNumber(requested, language) }),
    },
    {
      id: 'customer',
      header: t('customer'),
      cell: ({ customer_id }) => (customer_id ? <EntityName kind="customer" id={customer_id} /> : '–'),
    },
    { id: 'state', header: t('state'), cell: ({ state }) => <WorkState state={state} /> },
    { id: 'by', header: t('by'), cell: ({ actor }) => <bdi>{actor.name}</bdi> },
    {
      id: 'contract',
      header: t('contract'),
      optional: true,
      cell: ({ contract_id }) => (contract_id ? <EntityName kind="contract" id={contract_id} /> : '–'),
    },
    { id: 'finished', header: t('finished'), optional: true, cell: ({ finished_at }) => <Instant at={finished_at} /> },
    { id: 'id', header: t('id'), optional: true, cell: ({ id }) => id },
  ];
}

/** A short word that stays in one piece. */
function Short({ children }: { children: string }) {
  return <span style={{ whiteSpace: 'nowrap' }}>{children}</span>;
}
