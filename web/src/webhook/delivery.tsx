/** A delivery with every attempt: when, what the receiver answered, and what that means. */
import { Anchor, Code, Paper, Skeleton, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { ActionDialog } from '../base/action-dialog';
import { AllowedButton } from '../base/allowed-button';
import { api, newIdempotencyKey, read } from '../base/client';
import { CopyText } from '../base/copy-text';
import { Facts } from '../base/facts';
import { Instant } from '../base/instant';
import type { components } from '../base/interface';
import { Page } from '../base/page';
import { usePathId } from '../base/path-id';
import { ProblemAlert } from '../base/problem-alert';
import { StatusBadge } from '../base/status-badge';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { EntityName } from '../base/entity-name';
import { AttemptList } from './attempt-list';
import { prettyJson } from '../base/pretty-json';
import { DELIVERY_TONES } from './states';
import { webhookTexts } from './texts';

type Delivery = components['schemas']['WebhookDeliveryWithAttempts'];

/** While an attempt is owed soon, the page reads again. */
const REFRESH_MS = 3_000;

export default function DeliveryPage() {
  const t = useTexts(webhookTexts);
  const id = usePathId();
  const [asking, ask] = useDisclosure(false);
  const delivery = useQuery({
    queryKey: ['delivery', id],
    queryFn: ({ signal }) => read(api.GET('/api/v1/deliveries/{id}', { params: { path: { id } }, signal })),
    refetchInterval: ({ state }) => (state.data?.status === 'owed' ? REFRESH_MS : false),
  });
  const above = [{ label: t('deliveries.title'), to: '/deliveries' }];
  if (!delivery.data)
    return (
      <Page title={t('delivery')} above={above}>
        {delivery.isError ? (
          <ProblemAlert error={delivery.error} onRetry={() => void delivery.refetch()} />
        ) : (
          <Skeleton height={200} />
        )}
      </Page>
    );
  const { event_type, status, allowed_actions } = delivery.data;
  return (
    <Page
      title={event_type}
      above={above}
      marks={<StatusBadge tone={DELIVERY_TONES[status]}>{t(`delivery.${status}`)}</StatusBadge>}
      actions={
        <AllowedButton allowed={allowed_actions.redeliver} onClick={ask.open}>
          {t('action.redeliver')}
        </AllowedButton>
      }
    >
      <DeliveryFacts delivery={delivery.data} />
      <Title order={2} size="h4">
        {t('attempts')}
      </Title>
      <AttemptList attempts={delivery.data.attempts_made} />
      <Title order={2} size="h4">
        {t('sent')}
      </Title>
      <Paper withBorder p="sm">
        {delivery.data.payload === null ? (
          <Text size="sm">{t('sent.gone')}</Text>
        ) : (
          <Code block tabIndex={0} role="region" aria-label={t('sent')} mah={400}>
            {prettyJson(delivery.data.payload)}
          </Code>
        )}
      </Paper>
      {asking && <Redeliver id={id} onClose={ask.close} />}
    </Page>
  );
}

function DeliveryFacts({ delivery }: { delivery: Delivery }) {
  const t = useTexts(webhookTexts);
  const { id, url, endpoint_id, contract_id, event } = delivery;
  return (
    <Facts
      rows={[
        [
          t('endpoint'),
          <Anchor component={Link} to={`/webhook-endpoints/${endpoint_id}`} style={{ overflowWrap: 'anywhere' }}>
            <bdi>{url}</bdi>
          </Anchor>,
        ],
        [t('contract.name'), contract_id !== null && <EntityName kind="contract" id={contract_id} />],
        [t('created'), <Instant at={delivery.created_at} />],
        [t('next_attempt'), delivery.next_attempt_at !== null && <Instant at={delivery.next_attempt_at} />],
        [t('ended'), delivery.ended_at !== null && <Instant at={delivery.ended_at} />],
        [t('event.at'), event.at !== null && <Instant at={event.at} />],
        [t('event.sequence'), event.sequence],
        [t('event.id'), <CopyText text={event.id} />],
        ['ID', <CopyText text={id} />],
      ]}
    />
  );
}

function Redeliver({ id, onClose }: { id: string; onClose: () => void }) {
  const t = useTexts(webhookTexts);
  const [key] = useState(newIdempotencyKey);
  const redeliver = useAction({
    send: () =>
      read(
        api.POST('/api/v1/deliveries/{id}/redeliver', {
          params: { path: { id }, header: { 'Idempotency-Key': key } },
        }),
      ),
    done: () => t('done.redelivered'),
    onDone: onClose,
  });
  return (
    <ActionDialog
      title={t('redeliver.title')}
      submit={t('action.redeliver')}
      onSubmit={() => redeliver.mutate(undefined)}
      onClose={onClose}
      pending={redeliver.isPending}
      error={redeliver.error}
    >
      <Text size="sm">{t('redeliver.text')}</Text>
    </ActionDialog>
  );
}
