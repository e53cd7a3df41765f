/** A notification: what became of the mail and why, to whom it goes and for what reason. */
import { Anchor, Skeleton, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { WorkflowLink } from '../access/workflow-link';
import { ActionDialog } from '../base/action-dialog';
import { AllowedButton } from '../base/allowed-button';
import { api, newIdempotencyKey, read } from '../base/client';
import { CopyText } from '../base/copy-text';
import { EntityName } from '../base/entity-name';
import { Facts } from '../base/facts';
import { Instant } from '../base/instant';
import { Page } from '../base/page';
import { usePathId } from '../base/path-id';
import { ProblemAlert } from '../base/problem-alert';
import { StatusBadge } from '../base/status-badge';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { STATE_TONES } from './states';
import type { Notification } from './states';
import { notificationTexts } from './texts';

export default function NotificationPage() {
  const t = useTexts(notificationTexts);
  const id = usePathId();
  const [asking, ask] = useDisclosure(false);
  const notification = useQuery({
    queryKey: ['notification', id],
    queryFn: ({ signal }) => read(api.GET('/api/v1/notifications/{id}', { params: { path: { id } }, signal })),
  });
  const above = [{ label: t('title'), to: '/notifications' }];
  if (!notification.data)
    return (
      <Page title={t('notification')} above={above}>
        {notification.isError ? (
          <ProblemAlert error={notification.error} onRetry={() => void notification.refetch()} />
        ) : (
          <Skeleton height={200} />
        )}
      </Page>
    );
  const { kind, state, meaning, allowed_actions } = notification.data;
  return (
    <Page
      title={t(`kind.${kind}`)}
      above={above}
      marks={<StatusBadge tone={STATE_TONES[state]}>{t(`state.${state}`)}</StatusBadge>}
      actions={
        <AllowedButton allowed={allowed_actions.resend} onClick={ask.open}>
          {t('resend')}
        </AllowedButton>
      }
    >
      <Text>{meaning}</Text>
      <NotificationFacts notification={notification.data} />
      {asking && <Resend id={id} onClose={ask.close} />}
    </Page>
  );
}

function NotificationFacts({ notification }: { notification: Notification }) {
  const t = useTexts(notificationTexts);
  const { id, recipient, role, about, digest_id } = notification;
  const { contract_id, contract_name, customer_id } = about;
  return (
    <Facts
      rows={[
        [
          t('recipient'),
          <Anchor component={Link} to={`/notification-recipients/${recipient.id}`} style={{ overflowWrap: 'anywhere' }}>
            <bdi>{recipient.address}</bdi>
          </Anchor>,
        ],
        [t('role'), t(`role.${role}`)],
        [
          t('contract'),
          contract_id !== null && <EntityName kind="contract" id={contract_id} name={contract_name ?? undefined} />,
        ],
        [t('customer'), customer_id !== null && <EntityName kind="customer" id={customer_id} />],
        [t('event'), about.event_type],
        [
          t('digest'),
          digest_id !== null && (
            <Anchor component={Link} to={`/notifications/${digest_id}`}>
              {t('kind.digest')}
            </Anchor>
          ),
        ],
        [t('attempts'), notification.attempts],
        [t('last_attempt'), notification.last_attempt_at !== null && <Instant at={notification.last_attempt_at} />],
        [t('next_attempt'), notification.next_attempt_at !== null && <Instant at={notification.next_attempt_at} />],
        [t('problem'), notification.problem !== null && <code>{notification.problem}</code>],
        [t('server_answer'), notification.server_answer],
        [t('created'), <Instant at={notification.created_at} />],
        [t('ended'), notification.ended_at !== null && <Instant at={notification.ended_at} />],
        ['ID', <CopyText text={id} />],
        ['Temporal', <WorkflowLink id={`notification:${id}`} />],
      ]}
    />
  );
}

function Resend({ id, onClose }: { id: string; onClose: () => void }) {
  const t = useTexts(notificationTexts);
  const [key] = useState(newIdempotencyKey);
  const resend = useAction({
    send: () =>
      read(
        api.POST('/api/v1/notifications/{id}/resend', {
          params: { path: { id }, header: { 'Idempotency-Key': key } },
        }),
      ),
    done: () => t('resend.done'),
    onDone: onClose,
  });
  return (
    <ActionDialog
      title={t('resend')}
      submit={t('resend')}
      onSubmit={() => resend.mutate(undefined)}
      onClose={onClose}
      pending={resend.isPending}
      error={resend.error}
    >
      <Text size="sm">{t('resend.text')}</Text>
    </ActionDialog>
  );
}
