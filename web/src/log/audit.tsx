/** Who changed what, and when. */
import { Group } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import { EmptyState } from '../base/empty-state';
import { EntitySelect } from '../base/entity-select';
import { ColumnsMenu, SearchFilter, SelectFilter } from '../base/filters';
import { InstantFilter } from '../base/instant-filter';
import type { paths } from '../base/interface';
import { pick, useListState } from '../base/list-search';
import { useTexts } from '../base/texts';
import { useActivityColumns } from './activity-columns';
import type { Subject } from './subject-page';
import { logTexts } from './texts';

type Query = NonNullable<paths['/api/v1/activity']['get']['parameters']['query']>;

const PARAMETERS = ['actor', 'action', 'subject_type', 'subject', 'contract_id', 'from', 'to', 'cursor'] as const;
const SUBJECTS = [
  'contract',
  'job',
  'license',
  'license_operation',
  'hold',
  'schedule',
  'report_schedule',
  'product',
  'generator',
  'customer',
  'admin',
  'test_clock',
  'billing_event',
  'webhook_endpoint',
  'webhook_delivery',
  'notification',
  'mail_recipient',
  'notification_settings',
] as const satisfies readonly Subject['type'][];

export function Audit() {
  const t = useTexts(logTexts);
  const state = useListState();
  const query = pick(state.search, PARAMETERS) as Query;
  const list = useQuery({
    queryKey: ['activity', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/activity', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const columns = useActivityColumns();
  return (
    <>
      <Group align="flex-end" gap="sm">
        <SearchFilter state={state} name="actor" label={t('filter.actor')} />
        <SearchFilter state={state} name="action" label={t('action')} placeholder="contract.updated" />
        <SelectFilter
          state={state}
          name="subject_type"
          label={t('subject')}
          options={SUBJECTS.map((value) => ({ value, label: t(`subject.${value}`) }))}
        />
        <SearchFilter state={state} name="subject" label={t('filter.subject')} />
        <EntitySelect
          kind="contract"
          label={t('contract')}
          placeholder={t('all')}
          value={state.search['contract_id'] ?? null}
          style={{ flex: '2 1 14rem' }}
          onChange={(id) => state.change({ contract_id: id ?? '' })}
        />
        <InstantFilter state={state} name="from" label={t('from')} />
        <InstantFilter state={state} name="to" label={t('to')} />
        <ColumnsMenu state={state} columns={columns} />
      </Group>
      <DataTable
        label={t('audit.title')}
        list={list}
        columns={columns}
        rowKey={({ id }) => id}
        state={state}
        empty={<EmptyState title={t('audit.empty')} />}
      />
    </>
  );
}
