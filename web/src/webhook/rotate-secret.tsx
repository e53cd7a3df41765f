/** Replaces the secret of an endpoint; the old one signs beside it for a while. */
import { NumberInput, Text } from '@mantine/core';
import { useState } from 'react';
import { ActionDialog } from '../base/action-dialog';
import { api, read } from '../base/client';
import { useIdempotencyKey } from '../base/idempotency';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { SecretDialog } from './secret-dialog';
import type { Endpoint } from './states';
import { webhookTexts } from './texts';

/** The limits of the interface. */
const OVERLAP_HOURS_DEFAULT = 24;
const OVERLAP_HOURS_MAX = 720;

interface RotateSecretProps {
  endpoint: Endpoint;
  onClose: () => void;
}

export function RotateSecret({ endpoint: { id }, onClose }: RotateSecretProps) {
  const t = useTexts(webhookTexts);
  const keyFor = useIdempotencyKey();
  const [hours, setHours] = useState<number | string>(OVERLAP_HOURS_DEFAULT);
  const rotate = useAction({
    send: (overlap_hours: number) =>
      read(
        api.POST('/api/v1/webhook-endpoints/{id}/rotate-secret', {
          params: { path: { id }, header: { 'Idempotency-Key': keyFor(overlap_hours) } },
          body: { overlap_hours },
        }),
      ),
  });
  if (rotate.data) return <SecretDialog secret={rotate.data.secret} onClose={onClose} />;
  return (
    <ActionDialog
      title={t('rotate.title')}
      submit={t('action.rotate')}
      onSubmit={() => rotate.mutate(Number(hours))}
      onClose={onClose}
      pending={rotate.isPending}
      error={rotate.error}
      disabled={hours === ''}
    >
      <Text size="sm">{t('rotate.text')}</Text>
      <NumberInput
        label={t('rotate.overlap')}
        description={t('rotate.overlap_help')}
        value={hours}
        min={0}
        max={OVERLAP_HOURS_MAX}
        allowDecimal={false}
        data-autofocus
        onChange={setHours}
      />
    </ActionDialog>
  );
}
