/** The dialogs of an endpoint that only ask: disable it, delete it. */
import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ActionDialog } from '../base/action-dialog';
import { api, newIdempotencyKey, read } from '../base/client';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import type { Endpoint } from './states';
import { webhookTexts } from './texts';

interface EndpointDialogProps {
  endpoint: Endpoint;
  onClose: () => void;
}

export function DisableEndpoint({ endpoint: { id }, onClose }: EndpointDialogProps) {
  const t = useTexts(webhookTexts);
  const [key] = useState(newIdempotencyKey);
  const disable = useAction({
    send: () =>
      read(
        api.POST('/api/v1/webhook-endpoints/{id}/disable', {
          params: { path: { id }, header: { 'Idempotency-Key': key } },
        }),
      ),
    done: () => t('done.disabled'),
    onDone: onClose,
  });
  return (
    <ActionDialog
      title={t('disable.title')}
      submit={t('action.disable')}
      onSubmit={() => disable.mutate(undefined)}
      onClose={onClose}
      pending={disable.isPending}
      error={disable.error}
    >
      <Text size="sm">{t('disable.text')}</Text>
    </ActionDialog>
  );
}

/** Says first how many deliveries are never sent. */
export function DeleteEndpoint({ endpoint: { id }, onClose }: EndpointDialogProps) {
  const t = useTexts(webhookTexts);
  const navigate = useNavigate();
  const remove = (dry_run: 'true' | 'false') =>
    read(api.DELETE('/api/v1/webhook-endpoints/{id}', { params: { path: { id }, query: { dry_run } } }));
  const preview = useQuery({ queryKey: ['webhook-endpoint', id, 'removal'], queryFn: () => remove('true') });
  const removal = useAction({
    send: () => remove('false'),
    done: () => t('done.removed'),
    onDone: () => void navigate({ to: '/webhook-endpoints' }),
  });
  return (
    <ActionDialog
      title={t('delete.title')}
      submit={t('action.delete')}
      onSubmit={() => removal.mutate(undefined)}
      onClose={onClose}
      pending={removal.isPending}
      error={removal.error ?? preview.error}
      disabled={!preview.data}
      danger
    >
      <Text size="sm">{preview.data && t('delete.text', { count: preview.data.deliveries_failed })}</Text>
    </ActionDialog>
  );
}
