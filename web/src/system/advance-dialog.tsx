/** Advances a test clock: to a time, or forward by a step. */
import { Button, Group, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { api, read } from '../base/client';
import { FormDialog } from '../base/form-dialog';
import { useIdempotencyKey } from '../base/idempotency';
import { OWN_ZONE } from '../base/instants';
import { fieldErrors } from '../base/problem';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { instantOf, localTime } from '../base/zoned';
import { STEP_NAMES, stepForward } from './clock-progress';
import type { TestClock } from './clock-progress';
import { clockTexts } from './texts';

interface AdvanceDialogProps {
  clock: TestClock;
  onClose: () => void;
}

export function AdvanceDialog({ clock: { id, now }, onClose }: AdvanceDialogProps) {
  const t = useTexts(clockTexts);
  const keyOf = useIdempotencyKey();
  const form = useForm({ initialValues: { to: stepForward(localTime(now, OWN_ZONE), 'month') } });
  const advance = useAction({
    send: ({ to }: typeof form.values) => {
      const body = { to: to === '' ? to : instantOf(to, OWN_ZONE) };
      return read(
        api.POST('/api/v1/test-clocks/{id}/advance', {
          params: { path: { id }, header: { 'Idempotency-Key': keyOf(body) } },
          body,
        }),
      );
    },
    done: () => t('advance.started'),
    onDone: onClose,
  });
  return (
    <FormDialog
      title={t('advance.title')}
      submit={t('advance')}
      pending={advance.isPending}
      error={advance.error}
      fields={['to']}
      onClose={onClose}
      onSubmit={form.onSubmit((values) =>
        advance.mutate(values, { onError: (error) => form.setErrors(fieldErrors(error)) }),
      )}
    >
      <Text size="sm">{t('advance.text')}</Text>
      <TextInput
        type="datetime-local"
        label={t('advance.to', { zone: OWN_ZONE })}
        required
        data-autofocus
        {...form.getInputProps('to')}
      />
      <Group gap="xs" role="group" aria-label={t('advance.by')}>
        <Text size="sm" aria-hidden>
          {t('advance.by')}
        </Text>
        {STEP_NAMES.map((step) => (
          <Button
            key={step}
            variant="default"
            size="compact-sm"
            onClick={() => form.setFieldValue('to', stepForward(form.values.to, step))}
          >
            {t(`advance.${step}`)}
          </Button>
        ))}
      </Group>
    </FormDialog>
  );
}
