/** The orders of a pool, and what can still be done with the licenses that they hold. */
import { Group, Stack } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { AllowedButton } from '../base/allowed-button';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import type { Column } from '../base/data-table';
import { EmptyState } from '../base/empty-state';
import { EntityName } from '../base/entity-name';
import { SelectFilter } from '../base/filters';
import { Instant } from '../base/instant';
import { formatNumber } from '../base/instants';
import { pick, useListState } from '../base/list-search';
import { StatusBadge } from '../base/status-badge';
import type { Tone } from '../base/status-badge';
import { useLanguage, useTexts } from '../base/texts';
import { HoldDialog } from './hold-dialog';
import { poolTexts } from './texts';
import type { Hold, PoolContract } from './use-contract';

const TONES: Readonly<Record<Hold['state'], Tone>> = {
  held: 'waiting',
  assigned: 'good',
  released: 'neutral',
  expired: 'neutral',
};
const STATES = Object.keys(TONES) as Hold['state'][];

export function Holds({ contract: { id, timezone } }: { contract: PoolContract }) {
  const t = useTexts(poolTexts);
  const state = useListState();
  const query = pick(state.search, ['state', 'cursor']) as { state?: Hold['state']; cursor?: string };
  const list = useQuery({
    queryKey: ['contract', id, 'holds', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/contracts/{id}/holds', { params: { path: { id }, query }, signal })),
    placeholderData: keepPreviousData,
  });
  const [asked, setAsked] = useState<{ hold: Hold; change: 'assign' | 'release' }>();
  return (
    <Stack gap="sm">
      <Group>
        <SelectFilter
          state={state}
          name="state"
          label={t('state')}
          options={STATES.map((value) => ({ value, label: t(value) }))}
        />
      </Group>
      <DataTable
        label={t('holds')}
        list={list}
        columns={useColumns(timezone, (hold, change) => setAsked({ hold, change }))}
        rowKey={(hold) => hold.id}
        state={state}
        empty={<EmptyState title={t('holds.empty')} />}
      />
      {asked && <HoldDialog {...asked} onClose={() => setAsked(undefined)} />}
    </Stack>
  );
}

function useColumns(zone: string, ask: (hold: Hold, change: 'assign' | 'release') => void): Column<Hold>[] {
  const t = useTexts(poolTexts);
  const language = useLanguage();
  return [
    { id: 'order', header: t('order'), cell: ({ order_ref }) => <bdi>{order_ref}</bdi> },
    {
      id: 'state',
      header: t('state'),
      cell: ({ state }) => <StatusBadge tone={TONES[state]}>{t(state)}</StatusBadge>,
    },
    {
      id: 'count',
      header: t('count_short'),
      numeric: true,
      cell: ({ license_count }) => formatNumber(license_count, language),
    },
    {
      id: 'customer',
      header: t('customer'),
      cell: ({ customer_id }) => (customer_id ? <EntityName kind="customer" id={customer_id} /> : '–'),
    },
    { id: 'created', header: t('created'), cell: ({ created_at }) => <Instant at={created_at} zone={zone} /> },
    { id: 'until', header: t('until'), cell: ({ held_until }) => <Instant at={held_until} zone={zone} /> },
    {
      id: 'actions',
      header: t('actions'),
      cell: (hold) =>
        hold.state === 'held' && (
          <Group gap="xs">
            {(['assign', 'release'] as const).map((change) => (
              <AllowedButton
                key={change}
                size="xs"
                variant="default"
                aria-label={t(`${change}.of`, { order: hold.order_ref })}
                allowed={hold.allowed_actions[change]}
                onClick={() => ask(hold, change)}
              >
                {t(`${change}.button`)}
              </AllowedButton>
            ))}
          </Group>
        ),
    },
  ];
}
