/** Creates or changes a schedule of reports. The server says who would get them, and when, before it is saved. */
import { Alert, NumberInput, Select, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { ActionDialog } from '../../base/action-dialog';
import { baseTexts } from '../../base/base-texts';
import { api, read } from '../../base/client';
import { useIdempotencyKey } from '../../base/idempotency';
import { fieldErrors } from '../../base/problem';
import { useLanguage, useTexts } from '../../base/texts';
import { useAction } from '../../base/use-action';
import type { Contract } from '../states';
import { REPORT_FREQUENCIES, reportScheduleBody, reportScheduleValues, weekDayName } from './report-schedule-body';
import type { ReportSchedule, ReportScheduleValues } from './report-schedule-body';
import { NextReports, ReportRecipients } from './report-schedule-facts';
import { reportScheduleTexts } from './report-schedule-texts';

interface ReportScheduleDialogProps {
  contract: Contract;
  /** The schedule that is changed; without it a new one is created. */
  schedule?: ReportSchedule;
  onClose: () => void;
}

const WEEK_DAYS = [1, 2, 3, 4, 5, 6, 7];

export function ReportScheduleDialog({ contract, schedule, onClose }: ReportScheduleDialogProps) {
  const t = useTexts(reportScheduleTexts);
  const base = useTexts(baseTexts);
  const language = useLanguage();
  const keyFor = useIdempotencyKey();
  const form = useForm<ReportScheduleValues>({
    initialValues: reportScheduleValues(schedule),
    onValuesChange: () => preview.reset(),
  });
  const send = (values: ReportScheduleValues, dry_run: boolean) => {
    const body = reportScheduleBody(values);
    const query = dry_run ? { dry_run: 'true' as const } : {};
    if (schedule?.id) {
      const path = { id: contract.id, report_schedule_id: schedule.id };
      const params = { path, query };
      return read(api.PATCH('/api/v1/contracts/{id}/report-schedules/{report_schedule_id}', { params, body }));
    }
    const header = { 'Idempotency-Key': keyFor(body) };
    const params = { path: { id: contract.id }, query, header };
    return read(api.POST('/api/v1/contracts/{id}/report-schedules', { params, body }));
  };
  const preview = useAction({ send: (values: ReportScheduleValues) => send(values, true) });
  const save = useAction({
    send: (values: ReportScheduleValues) => send(values, false),
    done: () => t('done.saved'),
    onDone: onClose,
  });
  const shown = preview.data;
  const showErrors = {
    onError: (error: unknown) => {
      const { on_day, ...others } = fieldErrors(error);
      form.setErrors(on_day === undefined ? others : { ...others, week_day: on_day, month_day: on_day });
    },
  };
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
      <Select
        label={t('frequency')}
        data={REPORT_FREQUENCIES.map((value) => ({ value, label: t(`frequency.${value}`) }))}
        allowDeselect={false}
        {...form.getInputProps('frequency')}
      />
      {form.values.frequency === 'weekly' ? (
        <Select
          label={t('week_day')}
          data={WEEK_DAYS.map((day) => ({ value: String(day), label: weekDayName(day, language) }))}
          allowDeselect={false}
          {...form.getInputProps('week_day')}
        />
      ) : (
        <NumberInput
          label={t('month_day')}
          description={t('month_day.help')}
          min={1}
          max={31}
          allowDecimal={false}
          required
          {...form.getInputProps('month_day')}
        />
      )}
      <TextInput
        type="time"
        label={t('at')}
        description={t('at.help', { zone: contract.timezone })}
        required
        {...form.getInputProps('at')}
      />
      {shown && (
        <Alert color="blue" role="status" title={t('next_reports')}>
          <Stack gap="xs">
            <NextReports schedule={shown} />
            <Text size="sm" fw={600}>
              {t('recipients')}
            </Text>
            <ReportRecipients schedule={shown} />
          </Stack>
        </Alert>
      )}
    </ActionDialog>
  );
}
