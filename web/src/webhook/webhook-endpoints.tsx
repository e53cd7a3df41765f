/** The list of webhook endpoints. */
import { Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { IconPlus } from '@tabler/icons-react';
import { roleCovers, useSession } from '../access/session';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import type { Column } from '../base/data-table';
import { EmptyState } from '../base/empty-state';
import { ColumnsMenu, SelectFilter } from '../base/filters';
import { Instant } from '../base/instant';
import type { paths } from '../base/interface';
import { pick, useListState } from '../base/list-search';
import { Page } from '../base/page';
import { StatusBadge } from '../base/status-badge';
import { useTexts } from '../base/texts';
import { EntitySelect } from '../base/entity-select';
import { CreateEndpoint } from './create-endpoint';
import { ENDPOINT_TONES } from './states';
import type { Endpoint } from './states';
import { webhookTexts } from './texts';

type Query = NonNullable<paths['/api/v1/webhook-endpoints']['get']['parameters']['query']>;

const PARAMETERS = ['contract_id', 'environment', 'status', 'cursor'] as const;
const STATUSES = Object.keys(ENDPOINT_TONES) as Endpoint['status'][];
const ENVIRONMENTS = ['all', 'production', 'staging', 'development'] as const;

export default function WebhookEndpointsPage() {
  const t = useTexts(webhookTexts);
  const state = useListState();
  const { admin } = useSession();
  const [creating, create] = useDisclosure(false);
  const query = pick(state.search, PARAMETERS) as Query;
  const list = useQuery({
    queryKey: ['webhook-endpoints', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/webhook-endpoints', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const columns = useColumns();
  const button = roleCovers(admin.role, 'admin') && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={create.open} data-page-create>
      {t('endpoints.create')}
    </Button>
  );
  return (
    <Page title={t('endpoints.title')} actions={button}>
      <Group align="flex-end" gap="sm">
        <EntitySelect
          kind="contract"
          style={{ flex: '2 1 14rem' }}
          label={t('contract')}
          placeholder={t('contract.all')}
          value={state.search['contract_id'] ?? null}
          onChange={(id) => state.change({ contract_id: id ?? '' })}
        />
        <SelectFilter
          state={state}
          name="status"
          label={t('status')}
          options={STATUSES.map((value) => ({ value, label: t(`endpoint.${value}`) }))}
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
        label={t('endpoints.title')}
        list={list}
        columns={columns}
        rowKey={({ id }) => id}
        state={state}
        empty={
          <EmptyState title={t('endpoints.empty')} action={button}>
            {t('endpoints.empty_text')}
          </EmptyState>
        }
      />
      {creating && <CreateEndpoint contractId={state.search['contract_id']} onClose={create.close} />}
    </Page>
  );
}

function useColumns(): Column<Endpoint>[] {
  const t = useTexts(webhookTexts);
  return [
    {
      id: 'url',
      header: t('url'),
      cell: ({ id, url, description }) => (
        <Stack gap={2}>
          <Anchor component={Link} to={`/webhook-endpoints/${id}`} style={{ overflowWrap: 'anywhere' }}>
            <bdi>{url}</bdi>
          </Anchor>
          {description && (
            <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
              <bdi>{description}</bdi>
            </Text>
          )}
        </Stack>
      ),
    },
    {
      id: 'events',
      header: t('events'),
      cell: ({ events }) => {
        if (events.includes('*')) return t('events.all');
        return events.length > 2 ? t('events.count', { count: events.length }) : events.join(', ');
      },
    },
    {
      id: 'status',
      header: t('status'),
      cell: ({ status }) => <StatusBadge tone={ENDPOINT_TONES[status]}>{t(`endpoint.${status}`)}</StatusBadge>,
    },
    { id: 'environment', header: t('environment'), cell: ({ environment }) => t(`environment.${environment}`) },
    { id: 'delivered', header: t('last_delivered'), cell: ({ delivered_at }) => <Instant at={delivered_at} /> },
    {
      id: 'failing',
      header: t('failing_since'),
      optional: true,
      cell: ({ failing_since }) => <Instant at={failing_since} />,
    },
    { id: 'created', header: t('created'), optional: true, cell: ({ created_at }) => <Instant at={created_at} day /> },
  ];
}
