/** Sends again what an endpoint missed. A dry run says first how much that is. */
import { Text } from '@mantine/core';
import { DateTimePicker } from '@mantine/dates';
import '@mantine/dates/styles.css';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ActionDialog } from '../base/action-dialog';
import { api, newIdempotencyKey, read } from '../base/client';
import { formatInstant } from '../base/instants';
import { useLanguage, useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import type { Endpoint } from './states';
import { webhookTexts } from './texts';

interface RecoverEndpointProps {
  endpoint: Endpoint;
  onClose: () => void;
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Begins where the failures or the pause began, else a day ago. */
export function RecoverEndpoint({ endpoint: { id, failing_since, disabled_at }, onClose }: RecoverEndpointProps) {
  const t = useTexts(webhookTexts);
  const language = useLanguage();
  const [key] = useState(newIdempotencyKey);
  const [since, setSince] = useState(
    () => new Date(failing_since ?? disabled_at ?? new Date(Date.now() - DAY_MS).toISOString()),
  );
  const instant = since.toISOString();
  const recover = (dry_run: 'true' | 'false') =>
    read(
      api.POST('/api/v1/webhook-endpoints/{id}/recover', {
        params: {
          path: { id },
          query: { dry_run },
          header: dry_run === 'true' ? {} : { 'Idempotency-Key': `${key}/${instant}` },
        },
        body: { since: instant },
      }),
    );
  const preview = useQuery({
    queryKey: ['webhook-endpoint', id, 'recovery', instant],
    queryFn: () => recover('true'),
    placeholderData: keepPreviousData,
  });
  const recovery = useAction({
    send: () => recover('false'),
    done: ({ failed, missed }) => t('done.recovered', { failed, missed }),
    onDone: onClose,
  });
  return (
    <ActionDialog
      title={t('recover.title')}
      submit={t('action.recover')}
      onSubmit={() => recovery.mutate(undefined)}
      onClose={onClose}
      pending={recovery.isPending}
      error={recovery.error ?? preview.error}
      disabled={!preview.data || preview.isPlaceholderData || preview.data.failed + preview.data.missed === 0}
    >
      <Text size="sm">{t('recover.text')}</Text>
      <DateTimePicker
        label={t('recover.since')}
        value={since}
        maxDate={new Date()}
        valueFormat="DD.MM.YYYY HH:mm"
        onChange={(value) => value !== null && setSince(new Date(value))}
      />
      <Text size="sm" role="status">
        {preview.data && t('recover.preview', { failed: preview.data.failed, missed: preview.data.missed })}{' '}
        {preview.data?.continue_since &&
          t('recover.more', { since: formatInstant(preview.data.continue_since, language) })}
      </Text>
    </ActionDialog>
  );
}
