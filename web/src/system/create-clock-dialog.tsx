/** Creates a test clock. Its time is entered in the zone of the reader. */
import { TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { api, read } from '../base/client';
import { FormDialog } from '../base/form-dialog';
import { useIdempotencyKey } from '../base/idempotency';
import { OWN_ZONE } from '../base/instants';
import { fieldErrors } from '../base/problem';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { instantOf, localTime } from '../base/zoned';
import type { TestClock } from './clock-progress';
import { clockTexts } from './texts';

interface CreateClockDialogProps {
  onClose: () => void;
  onCreated: (clock: TestClock) => void;
}

export function CreateClockDialog({ onClose, onCreated }: CreateClockDialogProps) {
  const t = useTexts(clockTexts);
  const keyOf = useIdempotencyKey();
  const form = useForm({
    initialValues: { name: '', now: localTime(new Date().toISOString(), OWN_ZONE) },
  });
  const create = useAction({
    send: ({ name, now }: typeof form.values) => {
      const body = { now: now === '' ? now : instantOf(now, OWN_ZONE), ...(name.trim() === '' ? {} : { name }) };
      return read(api.POST('/api/v1/test-clocks', { params: { header: { 'Idempotency-Key': keyOf(body) } }, body }));
    },
    done: ({ name }) => t('created_note', { name }),
    onDone: onCreated,
  });
  return (
    <FormDialog
      title={t('create')}
      submit={t('create')}
      pending={create.isPending}
      error={create.error}
      fields={Object.keys(form.values)}
      onClose={onClose}
      onSubmit={form.onSubmit((values) =>
        create.mutate(values, { onError: (error) => form.setErrors(fieldErrors(error)) }),
      )}
    >
      <TextInput
        type="datetime-local"
        label={t('initial_time', { zone: OWN_ZONE })}
        required
        data-autofocus
        {...form.getInputProps('now')}
      />
      <TextInput label={t('name')} description={t('name_text')} {...form.getInputProps('name')} />
    </FormDialog>
  );
}
