/** The list of billing events, and why some of them wait. */
import { Anchor, Group, Stack, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import type { Column } from '../base/data-table';
import { EmptyState } from '../base/empty-state';
import { EntityName } from '../base/entity-name';
import { EntitySelect } from '../base/entity-select';
import { SelectFilter } from '../base/filters';
import { Instant } from '../base/instant';
import type { paths } from '../base/interface';
import { pick, useListState } from '../base/list-search';
import { Page } from '../base/page';
import { StatusBadge } from '../base/status-badge';
import { useNames, useTexts } from '../base/texts';
import { OUTCOME_TONES } from './states';
import type { BillingEvent } from './states';
import { billingTexts } from './texts';

type Query = NonNullable<paths['/api/v1/billing/events']['get']['parameters']['query']>;

const OUTCOMES = Object.keys(OUTCOME_TONES) as BillingEvent['outcome'][];

export default function BillingEventsPage() {
  const t = useTexts(billingTexts);
  const state = useListState();
  const query = pick(state.search, ['outcome', 'source', 'contract_id', 'cursor'] as const) as Query;
  const list = useQuery({
    queryKey: ['billing-events', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/billing/events', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const columns = useColumns();
  return (
    <Page title={t('title')}>
      <Group align="flex-end" gap="sm">
        <EntitySelect
          kind="contract"
          label={t('contract')}
          placeholder={t('all')}
          value={state.search['contract_id'] ?? null}
          style={{ flex: '2 1 14rem' }}
          onChange={(id) => state.change({ contract_id: id ?? '' })}
        />
        <SelectFilter
          state={state}
          name="outcome"
          label={t('outcome')}
          options={OUTCOMES.map((value) => ({ value, label: t(value) }))}
        />
        <SelectFilter
          state={state}
          name="source"
          label={t('source')}
          options={[
            { value: 'standard', label: t('standard') },
            { value: 'stripe', label: 'Stripe' },
          ]}
        />
      </Group>
      <DataTable
        label={t('title')}
        list={list}
        columns={columns}
        rowKey={({ id }) => id}
        state={state}
        empty={<EmptyState title={t('empty')}>{t('empty_text')}</EmptyState>}
      />
    </Page>
  );
}

function useColumns(): Column<BillingEvent>[] {
  const t = useTexts(billingTexts);
  const nameOf = useNames(billingTexts);
  return [
    {
      id: 'type',
      header: t('type'),
      cell: ({ id, type, invoice_id }) => (
        <Stack gap={0}>
          <Anchor component={Link} to={`/billing-events/${id}`} style={{ overflowWrap: 'anywhere' }}>
            <bdi>{type}</bdi>
          </Anchor>
          {invoice_id !== null && (
            <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
              {t('invoice')} <bdi>{invoice_id}</bdi>
            </Text>
          )}
        </Stack>
      ),
    },
    {
      id: 'outcome',
      header: t('outcome'),
      cell: ({ outcome, reason }) => (
        <Stack gap={2} align="flex-start">
          <StatusBadge tone={OUTCOME_TONES[outcome]}>{t(outcome)}</StatusBadge>
          {reason !== null && <Text size="xs">{nameOf(reason)}</Text>}
        </Stack>
      ),
    },
    {
      id: 'contract',
      header: t('contract'),
      cell: ({ contract_id }) => (contract_id === null ? '–' : <EntityName kind="contract" id={contract_id} />),
    },
    { id: 'received', header: t('received'), cell: ({ received_at }) => <Instant at={received_at} /> },
  ];
}
