/** A billing event: what it says, what became of it and why, and the message as it came. */
import { Alert, Code, Skeleton, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { AllowedButton } from '../base/allowed-button';
import { api, newIdempotencyKey, read } from '../base/client';
import { CopyText } from '../base/copy-text';
import { EntityName } from '../base/entity-name';
import { Facts } from '../base/facts';
import { Instant } from '../base/instant';
import { Page } from '../base/page';
import { usePathId } from '../base/path-id';
import { prettyJson } from '../base/pretty-json';
import { ProblemAlert } from '../base/problem-alert';
import { StatusBadge } from '../base/status-badge';
import { useNames, useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { OUTCOME_TONES } from './states';
import type { BillingEvent } from './states';
import { billingTexts } from './texts';

export default function BillingEventPage() {
  const t = useTexts(billingTexts);
  const nameOf = useNames(billingTexts);
  const id = usePathId();
  const [key, setKey] = useState(newIdempotencyKey);
  const event = useQuery({
    queryKey: ['billing-event', id],
    queryFn: ({ signal }) => read(api.GET('/api/v1/billing/events/{id}', { params: { path: { id } }, signal })),
  });
  const replay = useAction({
    send: () =>
      read(
        api.POST('/api/v1/billing/events/{id}/replay', {
          params: { path: { id }, header: { 'Idempotency-Key': key } },
        }),
      ),
    done: ({ outcome }) => t('replayed', { outcome: t(outcome) }),
    onDone: () => setKey(newIdempotencyKey()),
  });
  const above = [{ label: t('title'), to: '/billing-events' }];
  if (!event.data)
    return (
      <Page title={t('event')} above={above}>
        {event.isError ? (
          <ProblemAlert error={event.error} onRetry={() => void event.refetch()} />
        ) : (
          <Skeleton height={200} />
        )}
      </Page>
    );
  const { type, outcome, reason, allowed_actions, raw } = event.data;
  return (
    <Page
      title={type}
      above={above}
      marks={<StatusBadge tone={OUTCOME_TONES[outcome]}>{t(outcome)}</StatusBadge>}
      actions={
        <AllowedButton
          allowed={allowed_actions.replay}
          loading={replay.isPending}
          onClick={() => replay.mutate(undefined)}
        >
          {t('replay')}
        </AllowedButton>
      }
    >
      {replay.isError && <ProblemAlert error={replay.error} />}
      {reason !== null && (
        <Alert color={outcome === 'parked' ? 'yellow' : 'gray'} title={nameOf(reason)}>
          {outcome === 'parked' && t('parked_text')}
        </Alert>
      )}
      <EventFacts event={event.data} />
      <Title order={2} size="h4">
        {t('raw')}
      </Title>
      <Code block tabIndex={0} role="region" aria-label={t('raw')} mah={400}>
        {prettyJson(raw)}
      </Code>
    </Page>
  );
}

function EventFacts({ event }: { event: BillingEvent }) {
  const t = useTexts(billingTexts);
  const { contract_id, invoice_id, observation, outcome } = event;
  return (
    <Facts
      rows={[
        [t('contract'), contract_id !== null && <EntityName kind="contract" id={contract_id} />],
        [t('invoice'), invoice_id !== null && <CopyText text={invoice_id} />],
        [t('observed'), observation?.status],
        [t('due'), observation?.due],
        [t('occurred'), <Instant at={event.occurred_at} />],
        [t('received'), <Instant at={event.received_at} />],
        [t('future'), event.future_dated && t('future_text')],
        [t('decided'), event.decided_at !== null && <Instant at={event.decided_at} />],
        [t('tries'), event.tries > 0 && event.tries],
        [t('next_try'), (outcome === 'pending' || outcome === 'parked') && <Instant at={event.try_at} />],
        [t('source'), event.source === 'stripe' ? 'Stripe' : t('standard')],
        [t('event_id'), <CopyText text={event.event_id} />],
      ]}
    />
  );
}
