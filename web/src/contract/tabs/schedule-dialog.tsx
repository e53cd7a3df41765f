/** Creates or changes a schedule, with its next runs as the server counts them. */
import { Alert, NumberInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { ActionDialog } from '../../base/action-dialog';
import { baseTexts } from '../../base/base-texts';
import { api, read } from '../../base/client';
import { useIdempotencyKey } from '../../base/idempotency';
import { PeriodField } from '../../base/period-field';
import { fieldErrors } from '../../base/problem';
import { useTexts } from '../../base/texts';
import { useAction } from '../../base/use-action';
import { NextRuns } from './next-runs';
import { scheduleBody, scheduleValues } from './schedule-body';
import type { Schedule, ScheduleValues } from './schedule-body';
import { scheduleTexts } from './schedule-texts';

interface ScheduleDialogProps {
  contract_id: string;
  /** The schedule that is changed; without it a new one is created. */
  schedule?: Schedule;
  onClose: () => void;
}

export function ScheduleDialog({ contract_id, schedule, onClose }: ScheduleDialogProps) {
  const t = useTexts(scheduleTexts);
  const base = useTexts(baseTexts);
  const keyFor = useIdempotencyKey();
  const form = useForm<ScheduleValues>({
    initialValues: scheduleValues(schedule, new Date().toISOString().slice(0, 10)),
    onValuesChange: () => preview.reset(),
  });
  const send = (values: ScheduleValues, dry_run: boolean) => {
    const body = scheduleBody(values);
    const query = dry_run ? { dry_run: 'true' as const } : {};
    if (schedule?.id) {
      const path = { id: contract_id, schedule_id: schedule.id };
      return read(api.PATCH('/api/v1/contracts/{id}/schedules/{schedule_id}', { params: { path, query }, body }));
    }
    const header = { 'Idempotency-Key': keyFor(body) };
    const path = { id: contract_id };
    return read(api.POST('/api/v1/contracts/{id}/schedules', { params: { path, query, header }, body }));
  };
  const preview = useAction({ send: (values: ScheduleValues) => send(values, true) });
  const save = useAction({
    send: (values: ScheduleValues) => send(values, false),
    done: () => t('done.saved'),
    onDone: onClose,
  });
  const showErrors = { onError: (error: unknown) => form.setErrors(fieldErrors(error)) };
  const shown = preview.data;
  return (
    <ActionDialog
      title={schedule ? t('edit') : t('create')}
      submit={shown ? base('action.save') : base('action.preview')}
      pending={preview.isPending || save.isPending}
      error={save.error ?? preview.error}
      onSubmit={form.onSubmit((values) =>
        shown ? save.mutate(values, showErrors) : preview.mutate(values, showErrors),
      )}
      onClose={onClose}
    >
      <NumberInput label={t('count')} min={1} allowDecimal={false} required {...form.getInputProps('count')} />
      <PeriodField
        label={t('every')}
        required
        value={form.values.every}
        error={form.errors['every']}
        onChange={(every) => form.setFieldValue('every', every)}
      />
      <NumberInput
        label={t('on_day')}
        description={t('on_day.help')}
        min={1}
        max={31}
        allowDecimal={false}
        {...form.getInputProps('on_day')}
      />
      <TextInput type="time" label={t('at')} description={t('at.help')} {...form.getInputProps('at')} />
      <TextInput type="date" label={t('from')} required {...form.getInputProps('from')} />
      <TextInput type="date" label={t('until')} description={t('until.help')} {...form.getInputProps('until')} />
      <TextInput
        type="email"
        label={t('assign_to')}
        description={t('assign_to.help')}
        {...form.getInputProps('assign_to')}
      />
      {shown && (
        <Alert color="blue" role="status" title={t('next_runs')}>
          {shown.next_runs.length === 0 ? t('no_runs') : <NextRuns schedule={shown} />}
        </Alert>
      )}
    </ActionDialog>
  );
}
