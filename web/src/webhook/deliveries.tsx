/** The list of deliveries. */
import { Group, Select } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import { EmptyState } from '../base/empty-state';
import { ColumnsMenu, SelectFilter } from '../base/filters';
import type { paths } from '../base/interface';
import { pick, useListState } from '../base/list-search';
import { Page } from '../base/page';
import { useTexts } from '../base/texts';
import { EntitySelect } from '../base/entity-select';
import { useDeliveryColumns } from './delivery-columns';
import { EVENT_TYPES } from './events';
import { DELIVERY_TONES } from './states';
import type { Delivery } from './states';
import { webhookTexts } from './texts';

type Query = NonNullable<paths['/api/v1/deliveries']['get']['parameters']['query']>;

const PARAMETERS = ['endpoint_id', 'contract_id', 'status', 'event_type', 'environment', 'cursor'] as const;
const STATUSES = Object.keys(DELIVERY_TONES) as Delivery['status'][];
const ENVIRONMENTS = ['production', 'staging', 'development'] as const;

export default function DeliveriesPage() {
  const t = useTexts(webhookTexts);
  const state = useListState();
  const query = pick(state.search, PARAMETERS) as Query;
  const list = useQuery({
    queryKey: ['deliveries', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/deliveries', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const endpoints = useQuery({
    queryKey: ['webhook-endpoints', { limit: 100 }],
    queryFn: ({ signal }) => read(api.GET('/api/v1/webhook-endpoints', { params: { query: { limit: 100 } }, signal })),
  });
  const columns = useDeliveryColumns();
  return (
    <Page title={t('deliveries.title')}>
      <Group align="flex-end" gap="sm">
        <EntitySelect
          kind="contract"
          style={{ flex: '2 1 14rem' }}
          label={t('contract')}
          placeholder={t('contract.all')}
          value={state.search['contract_id'] ?? null}
          onChange={(id) => state.change({ contract_id: id ?? '' })}
        />
        <Select
          label={t('endpoint')}
          data={endpointOptions(endpoints.data?.data ?? [], state.search['endpoint_id'])}
          value={state.search['endpoint_id'] ?? null}
          searchable
          clearable
          style={{ flex: '2 1 14rem' }}
          onChange={(id) => state.change({ endpoint_id: id ?? '' })}
        />
        <SelectFilter
          state={state}
          name="status"
          label={t('status')}
          options={STATUSES.map((value) => ({ value, label: t(`delivery.${value}`) }))}
        />
        <Select
          label={t('event')}
          data={EVENT_TYPES}
          value={state.search['event_type'] ?? null}
          searchable
          clearable
          style={{ flex: '1 1 12rem' }}
          onChange={(type) => state.change({ event_type: type ?? '' })}
        />
        <SelectFilter
          state={state}
          name="environment"
          label={t('environment')}
          all={t('environment.any')}
          options={ENVIRONMENTS.map((value) => ({ value, label: t(`environment.${value}`) }))}
        />
        <ColumnsMenu state={state} columns={columns} />
      </Group>
      <DataTable
        label={t('deliveries.title')}
        list={list}
        columns={columns}
        rowKey={({ id }) => id}
        state={state}
        empty={<EmptyState title={t('deliveries.empty')}>{t('deliveries.empty_text')}</EmptyState>}
      />
    </Page>
  );
}

/** The endpoints by their address. Several can have the same one: the end of the id tells them apart. */
function endpointOptions(endpoints: readonly { id: string; url: string }[], chosen: string | undefined) {
  const options = endpoints.map(({ id, url }) => ({ value: id, label: `${url} (…${id.slice(-4)})` }));
  if (chosen && !options.some(({ value }) => value === chosen)) options.unshift({ value: chosen, label: chosen });
  return options;
}
