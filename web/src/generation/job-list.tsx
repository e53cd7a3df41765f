/** The list of generation jobs and imports. */
import { Anchor, Group, Stack, Text, TextInput } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import type { Column } from '../base/data-table';
import { dayOf, dayStart } from '../base/days';
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
import { useLanguage, useNames, useTexts } from '../base/texts';
import type { Job } from '../base/work';
import { readAgainAfter } from './live-list';
import { jobTexts, methodKey } from './texts';

type Query = NonNullable<paths['/api/v1/jobs']['get']['parameters']['query']>;

const PARAMETERS = ['environment', 'contract_id', 'schedule_id', 'method', 'state', 'from', 'to', 'cursor'] as const;
const METHODS = ['manual', 'api', 'background_job', 'schedule', 'replenishment', 'import'] as const;
const STATES = ['QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING', 'SUCCEEDED', 'PARTIAL', 'FAILED', 'CANCELLED'] as const;

export function JobList({ state }: { state: ListState }) {
  const t = useTexts(jobTexts);
  const query = pick(state.search, PARAMETERS) as Query;
  const list = useQuery({
    queryKey: ['jobs', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/jobs', { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state: { data } }) => readAgainAfter(data?.data),
  });
  const columns = useColumns();
  return (
    <Stack gap="md">
      <JobFilters state={state} columns={columns} />
      <DataTable
        label={t('jobs.generation')}
        list={list}
        columns={columns}
        rowKey={({ id }) => id}
        state={state}
        empty={<EmptyState title={t('jobs.empty')}>{t('jobs.empty_text')}</EmptyState>}
      />
    </Stack>
  );
}

function JobFilters({ state, columns }: { state: ListState; columns: Column<Job>[] }) {
  const t = useTexts(jobTexts);
  const nameOf = useNames(jobTexts);
  const states = useTexts(progressTexts);
  const { search, change } = state;
  return (
    <Group align="flex-end" gap="sm">
      <EntitySelect
        kind="contract"
        label={t('contract')}
        placeholder={t('all')}
        value={search['contract_id'] ?? null}
        onChange={(id) => change({ contract_id: id ?? '' })}
        style={{ flex: '2 1 14rem' }}
      />
      <SelectFilter
        state={state}
        name="method"
        label={t('method')}
        options={METHODS.map((value) => ({ value, label: nameOf(methodKey(value)) }))}
      />
      <SelectFilter
        state={state}
        name="state"
        label={t('state')}
        options={STATES.map((value) => ({ value, label: states(value) }))}
      />
      <SelectFilter
        state={state}
        name="environment"
        label={t('environment')}
        all={t('production')}
        options={(['staging', 'development'] as const).map((value) => ({ value, label: t(value) }))}
      />
      <TextInput
        type="date"
        label={t('from')}
        value={dayOf(search['from'])}
        onChange={({ currentTarget }) => change({ from: dayStart(currentTarget.value) })}
      />
      <TextInput
        type="date"
        label={t('to')}
        value={dayOf(search['to'], 1)}
        onChange={({ currentTarget }) => change({ to: dayStart(currentTarget.value, 1) })}
      />
      <ColumnsMenu state={state} columns={columns} />
    </Group>
  );
}

function useColumns(): Column<Job>[] {
  const t = useTexts(jobTexts);
  const nameOf = useNames(jobTexts);
  const states = useTexts(progressTexts);
  const language = useLanguage();
  return [
    {
      id: 'created',
      header: t('created'),
      cell: ({ id, created_at }) => (
        <Anchor component={Link} to={`/jobs/${id}`}>
          <Instant at={created_at} />
        </Anchor>
      ),
    },
    {
      id: 'contract',
      header: t('contract'),
      cell: ({ contract_id, contract_name }) => <EntityName kind="contract" id={contract_id} name={contract_name} />,
    },
    {
      id: 'licenses',
      header: t('licenses'),
      numeric: true,
      cell: ({ completed, requested }) =>
        states('done', { done: formatNumber(completed, language), total: formatNumber(requested, language) }),
    },
    { id: 'method', header: t('method'), cell: ({ method }) => nameOf(methodKey(method)) },
    {
      id: 'state',
      header: t('state'),
      cell: ({ state, percent }) => (
        <Group gap="xs">
          <WorkState state={state} />
          {state === 'RUNNING' && (
            <Text span size="xs" c="dimmed">
              {percent} %
            </Text>
          )}
        </Group>
      ),
    },
    { id: 'by', header: t('by'), cell: ({ actor }) => <bdi>{actor.name}</bdi> },
    { id: 'finished', header: t('finished'), optional: true, cell: ({ finished_at }) => <Instant at={finished_at} /> },
    { id: 'id', header: t('id'), optional: true, cell: ({ id }) => id },
  ];
}
