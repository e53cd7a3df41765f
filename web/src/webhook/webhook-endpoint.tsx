/** An endpoint: its state in words, what it receives, its secrets, and its deliveries. */
import { Alert, Anchor, Code, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { WorkflowLink } from '../access/workflow-link';
import { api, read } from '../base/client';
import { CopyText } from '../base/copy-text';
import { DataTable } from '../base/data-table';
import { EmptyState } from '../base/empty-state';
import { Facts } from '../base/facts';
import { SelectFilter } from '../base/filters';
import { Instant } from '../base/instant';
import { formatInstant } from '../base/instants';
import type { paths } from '../base/interface';
import { pick, useListState } from '../base/list-search';
import { Page } from '../base/page';
import { usePathId } from '../base/path-id';
import { ProblemAlert } from '../base/problem-alert';
import { StatusBadge } from '../base/status-badge';
import { useLanguage, useTexts } from '../base/texts';
import { EntityName } from '../base/entity-name';
import { useDeliveryColumns } from './delivery-columns';
import { EndpointActions } from './endpoint-actions';
import { DELIVERY_TONES, ENDPOINT_TONES, stateKey } from './states';
import type { Delivery, Endpoint } from './states';
import { webhookTexts } from './texts';

const STATUSES = Object.keys(DELIVERY_TONES) as Delivery['status'][];

export default function WebhookEndpointPage() {
  const t = useTexts(webhookTexts);
  const id = usePathId();
  const endpoint = useQuery({
    queryKey: ['webhook-endpoint', id],
    queryFn: ({ signal }) => read(api.GET('/api/v1/webhook-endpoints/{id}', { params: { path: { id } }, signal })),
  });
  const above = [{ label: t('endpoints.title'), to: '/webhook-endpoints' }];
  if (endpoint.isError)
    return (
      <Page title={t('endpoint')} above={above}>
        <ProblemAlert error={endpoint.error} onRetry={() => void endpoint.refetch()} />
      </Page>
    );
  if (!endpoint.data)
    return (
      <Page title={t('endpoint')} above={above}>
        <Skeleton height={200} />
      </Page>
    );
  const { url, description, status } = endpoint.data;
  return (
    <Page
      title={description ?? url}
      above={above}
      marks={<StatusBadge tone={ENDPOINT_TONES[status]}>{t(`endpoint.${status}`)}</StatusBadge>}
      actions={<EndpointActions endpoint={endpoint.data} />}
    >
      <StateInWords endpoint={endpoint.data} />
      <EndpointFacts endpoint={endpoint.data} />
      <Deliveries endpointId={id} />
    </Page>
  );
}

function StateInWords({ endpoint }: { endpoint: Endpoint }) {
  const t = useTexts(webhookTexts);
  const language = useLanguage();
  const said = (instant: string | null) => (instant === null ? '' : formatInstant(instant, language));
  const key = stateKey(endpoint);
  const sentence = t(key, {
    delivered: said(endpoint.delivered_at),
    failing: said(endpoint.failing_since),
    disabled: said(endpoint.disabled_at),
  });
  if (endpoint.status === 'enabled' && key !== 'state.failing') return <Text size="sm">{sentence}</Text>;
  return <Alert color={endpoint.status === 'disabled' ? 'red' : 'yellow'}>{sentence}</Alert>;
}

function EndpointFacts({ endpoint }: { endpoint: Endpoint }) {
  const t = useTexts(webhookTexts);
  const { id, url, events, contract_id, environment, rate_per_second, is_of_contract } = endpoint;
  return (
    <Facts
      rows={[
        [t('url'), <CopyText text={url} />],
        [t('events'), events.includes('*') ? t('events.all') : <Codes texts={events} />],
        [t('contract'), contract_id === null ? t('contract.all') : <EntityName kind="contract" id={contract_id} />],
        [t('environment'), t(`environment.${environment}`)],
        [t('rate'), rate_per_second ?? t('rate.none')],
        [t('secrets'), <Secrets secrets={endpoint.secrets} />],
        [t('last_delivered'), <Instant at={endpoint.delivered_at} />],
        [t('created'), <Instant at={endpoint.created_at} />],
        [t('changed'), <Instant at={endpoint.updated_at} />],
        [t('of_contract'), is_of_contract && t('url.of_contract')],
        [t('payload'), endpoint.payload_version],
        ['ID', <CopyText text={id} />],
        ['Temporal', <WorkflowLink id={`webhook-endpoint:${id}`} />],
      ]}
    />
  );
}

function Codes({ texts }: { texts: readonly string[] }) {
  return (
    <Group gap={4}>
      {texts.map((text) => (
        <Code key={text}>{text}</Code>
      ))}
    </Group>
  );
}

function Secrets({ secrets }: { secrets: Endpoint['secrets'] }) {
  const t = useTexts(webhookTexts);
  const language = useLanguage();
  return (
    <Stack gap={2}>
      {secrets.map(({ last_four, created_at, expires_at }) => (
        <span key={created_at}>
          {expires_at === null
            ? t('secret.current', { last_four, created: formatInstant(created_at, language) })
            : t('secret.old', { last_four, expires: formatInstant(expires_at, language) })}
        </span>
      ))}
    </Stack>
  );
}

type Query = NonNullable<paths['/api/v1/deliveries']['get']['parameters']['query']>;

function Deliveries({ endpointId }: { endpointId: string }) {
  const t = useTexts(webhookTexts);
  const state = useListState();
  const columns = useDeliveryColumns();
  const query = { ...pick(state.search, ['status', 'cursor']), endpoint_id: endpointId } as Query;
  const list = useQuery({
    queryKey: ['deliveries', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/deliveries', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  return (
    <Stack gap="sm">
      <Group justify="space-between" align="flex-end">
        <Title order={2} size="h4">
          {t('deliveries.title')}
        </Title>
        <Anchor component={Link} to={`/deliveries?endpoint_id=${endpointId}`} size="sm">
          {t('deliveries.all')}
        </Anchor>
      </Group>
      <Group>
        <SelectFilter
          state={state}
          name="status"
          label={t('status')}
          options={STATUSES.map((value) => ({ value, label: t(`delivery.${value}`) }))}
        />
      </Group>
      <DataTable
        label={t('deliveries.title')}
        list={list}
        columns={columns}
        rowKey={({ id }) => id}
        state={state}
        empty={<EmptyState title={t('deliveries.empty')}>{t('deliveries.empty_text')}</EmptyState>}
      />
    </Stack>
  );
}
