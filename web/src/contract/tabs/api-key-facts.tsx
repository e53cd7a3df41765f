/** The API key of a contract, masked, with what one can do with it: reveal it, or replace it. */
import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { AllowedButton } from '../../base/allowed-button';
import { baseTexts } from '../../base/base-texts';
import { api, read } from '../../base/client';
import { CopyText } from '../../base/copy-text';
import { Facts } from '../../base/facts';
import { useIdempotencyKey } from '../../base/idempotency';
import { Instant } from '../../base/instant';
import { formatUnit } from '../../base/periods';
import { ProblemAlert } from '../../base/problem-alert';
import { useLanguage, useTexts } from '../../base/texts';
import { useAction } from '../../base/use-action';
import type { TabProps } from '../tab-props';
import { apiTexts } from './api-texts';
import { RotateDialog } from './rotate-dialog';

export function ApiKeyFacts({ contract }: TabProps) {
  const t = useTexts(apiTexts);
  const language = useLanguage();
  const { id, allowed_actions } = contract;
  const [rotating, setRotating] = useState(false);
  const [shown, setShown] = useState<string>();
  const keyFor = useIdempotencyKey();
  const known = useQuery({
    queryKey: ['contract', id, 'api-key'],
    queryFn: ({ signal }) => read(api.GET('/api/v1/contracts/{id}/api-key', { params: { path: { id } }, signal })),
  });
  const reveal = useAction({
    // A replay shows no key, so each reveal is a request of its own.
    send: (time: number) => {
      const header = { 'Idempotency-Key': keyFor(time) };
      return read(api.POST('/api/v1/contracts/{id}/api-key/reveal', { params: { path: { id }, header } }));
    },
    onDone: ({ key }) => setShown(key ?? undefined),
  });
  const { key, former_key } = known.data ?? {};
  return (
    <Stack gap="xs">
      {known.isError && <ProblemAlert error={known.error} onRetry={() => void known.refetch()} />}
      {reveal.isError && <ProblemAlert error={reveal.error} />}
      {key?.rotation_recommended && <Alert color="yellow">{t('key.old')}</Alert>}
      {known.data && (
        <Facts
          label={t('key')}
          rows={[
            [t('key'), key ? <CopyText text={key.masked_key} /> : t('key.none')],
            [t('key.created'), key && <Instant at={key.created_at} />],
            [t('key.age'), key && formatUnit(key.age_days, 'day', language)],
            [t('key.last_used'), key && <Instant at={key.last_used_at} />],
            [t('key.former'), former_key && former_key.masked_key],
            [t('key.accepted_until'), former_key && <Instant at={former_key.accepted_until} />],
          ]}
        />
      )}
      <Group gap="xs">
        <AllowedButton
          allowed={allowed_actions.reveal_api_key}
          variant="default"
          loading={reveal.isPending}
          onClick={() => reveal.mutate(Date.now())}
        >
          {t('reveal')}
        </AllowedButton>
        <AllowedButton allowed={allowed_actions.rotate_api_key} variant="default" onClick={() => setRotating(true)}>
          {t('rotate')}
        </AllowedButton>
      </Group>
      {rotating && <RotateDialog contract={contract} onClose={() => setRotating(false)} />}
      {shown !== undefined && <ShownKey apiKey={shown} onClose={() => setShown(undefined)} />}
    </Stack>
  );
}

/** The complete key. It leaves the page with the dialog. */
function ShownKey({ apiKey, onClose }: { apiKey: string; onClose: () => void }) {
  const t = useTexts(apiTexts);
  const base = useTexts(baseTexts);
  return (
    <Modal opened onClose={onClose} title={t('key')} closeButtonProps={{ 'aria-label': base('action.close') }}>
      <Stack>
        <CopyText text={apiKey} />
        <Text size="sm">{t('key.send')}</Text>
        <Group justify="flex-end">
          <Button onClick={onClose}>{base('action.close')}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
