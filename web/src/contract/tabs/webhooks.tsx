/** The webhook endpoints of a contract, and what was delivered to them. */
import { Anchor, Button, Stack, Table, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { roleCovers, useSession } from '../../access/session';
import { api, read } from '../../base/client';
import { DataTable } from '../../base/data-table';
import { EmptyState } from '../../base/empty-state';
import { Instant } from '../../base/instant';
import { pick, useListState } from '../../base/list-search';
import { MoreNote } from '../../base/more-note';
import { ProblemAlert } from '../../base/problem-alert';
import { StatusBadge } from '../../base/status-badge';
import { useTexts } from '../../base/texts';
import { CreateEndpoint } from '../../webhook/create-endpoint';
import { useDeliveryColumns } from '../../webhook/delivery-columns';
import { ENDPOINT_TONES } from '../../webhook/states';
import { webhookTexts } from '../../webhook/texts';
import type { TabProps } from '../tab-props';
import { PlainTable } from './plain-table';
import { Section } from './section';

export default function WebhooksTab({ contract: { id } }: TabProps) {
  return (
    <Stack gap="xl">
      <Endpoints contract_id={id} />
      <Deliveries contract_id={id} />
    </Stack>
  );
}

function Endpoints({ contract_id }: { contract_id: string }) {
  const t = useTexts(webhookTexts);
  const mayCreate = roleCovers(useSession().admin.role, 'admin');
  const [creating, create] = useDisclosure(false);
  const list = useQuery({
    queryKey: ['webhook-endpoints', { contract_id }],
    queryFn: ({ signal }) => {
      const query = { contract_id, limit: 100 };
      return read(api.GET('/api/v1/webhook-endpoints', { params: { query }, signal }));
    },
  });
  return (
    <Section
      title={t('endpoints.title')}
      actions={mayCreate && <Button onClick={create.open}>{t('endpoints.create')}</Button>}
    >
      {list.isError && <ProblemAlert error={list.error} onRetry={() => void list.refetch()} />}
      {list.data?.data.length === 0 && <Text size="sm">{t('endpoints.empty')}</Text>}
      {list.data && list.data.data.length > 0 && (
        <PlainTable label={t('endpoints.title')} headers={[t('endpoint'), t('status'), t('last_delivered')]}>
          {list.data.data.map((endpoint) => (
            <Table.Tr key={endpoint.id}>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>
                <Anchor component={Link} to={`/webhook-endpoints/${endpoint.id}`}>
                  {endpoint.url}
                </Anchor>
              </Table.Td>
              <Table.Td>
                <StatusBadge tone={ENDPOINT_TONES[endpoint.status]}>{t(`endpoint.${endpoint.status}`)}</StatusBadge>
              </Table.Td>
              <Table.Td>
                <Instant at={endpoint.delivered_at} />
              </Table.Td>
            </Table.Tr>
          ))}
        </PlainTable>
      )}
      <MoreNote list={list.data} />
      {creating && <CreateEndpoint contractId={contract_id} onClose={create.close} />}
    </Section>
  );
}

function Deliveries({ contract_id }: { contract_id: string }) {
  const t = useTexts(webhookTexts);
  const state = useListState();
  const query = { ...pick(state.search, ['cursor']), contract_id };
  const list = useQuery({
    queryKey: ['deliveries', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/deliveries', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  return (
    <Section title={t('deliveries.title')}>
      <DataTable
        label={t('deliveries.title')}
        list={list}
        columns={useDeliveryColumns()}
        rowKey={({ id }) => id}
        state={state}
        empty={<EmptyState title={t('deliveries.empty')} />}
      />
    </Section>
  );
}
