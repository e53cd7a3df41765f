/** Replaces the API key of a contract: at once, or with a time in which both keys are accepted. */
import { Button, Group, Modal, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { baseTexts } from '../../base/base-texts';
import { api, read } from '../../base/client';
import { CopyText } from '../../base/copy-text';
import { useIdempotencyKey } from '../../base/idempotency';
import { ProblemAlert } from '../../base/problem-alert';
import { useTexts } from '../../base/texts';
import { useAction } from '../../base/use-action';
import type { Contract } from '../states';
import { apiTexts } from './api-texts';

/** How long the former key is still accepted, in minutes. */
const OVERLAPS = ['0', '60', '1440', '10080'] as const;

export function RotateDialog({ contract: { id }, onClose }: { contract: Contract; onClose: () => void }) {
  const t = useTexts(apiTexts);
  const base = useTexts(baseTexts);
  const keyFor = useIdempotencyKey();
  const [overlap, setOverlap] = useState<string>('0');
  const rotate = useAction({
    send: (overlap_minutes: number) => {
      const header = { 'Idempotency-Key': keyFor(overlap_minutes) };
      const request = { params: { path: { id }, header }, body: { overlap_minutes } };
      return read(api.POST('/api/v1/contracts/{id}/api-key/rotate', request));
    },
  });
  return (
    <Modal
      opened
      onClose={() => !rotate.isPending && onClose()}
      title={t('rotate')}
      closeButtonProps={{ 'aria-label': base('action.close') }}
    >
      <Stack>
        {rotate.data ? (
          <>
            <Text size="sm">{t('rotate.done')}</Text>
            <CopyText text={rotate.data.key ?? rotate.data.masked_key} />
            <Text size="sm">{t('key.send')}</Text>
            <Group justify="flex-end">
              <Button onClick={onClose}>{base('action.close')}</Button>
            </Group>
          </>
        ) : (
          <>
            <Text size="sm">{t('rotate.text')}</Text>
            <Select
              label={t('rotate.overlap')}
              data={OVERLAPS.map((value) => ({ value, label: t(`overlap.${value}`) }))}
              value={overlap}
              allowDeselect={false}
              onChange={(value) => setOverlap(value ?? '0')}
            />
            {rotate.isError && <ProblemAlert error={rotate.error} />}
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={onClose} disabled={rotate.isPending}>
                {base('action.cancel')}
              </Button>
              <Button loading={rotate.isPending} onClick={() => rotate.mutate(Number(overlap))}>
                {t('rotate.submit')}
              </Button>
            </Group>
          </>
        )}
      </Stack>
    </Modal>
  );
}
