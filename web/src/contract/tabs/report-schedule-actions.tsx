/** Changes, pauses, resumes or deletes a schedule of reports. */
import { Text } from '@mantine/core';
import { useState } from 'react';
import { ActionDialog } from '../../base/action-dialog';
import { AllowedButton } from '../../base/allowed-button';
import { baseTexts } from '../../base/base-texts';
import { api, read } from '../../base/client';
import { ProblemAlert } from '../../base/problem-alert';
import { useTexts } from '../../base/texts';
import { useAction } from '../../base/use-action';
import type { Contract } from '../states';
import type { ReportSchedule } from './report-schedule-body';
import { ReportScheduleDialog } from './report-schedule-dialog';
import { reportScheduleTexts } from './report-schedule-texts';

export function ReportScheduleActions({ contract, schedule }: { contract: Contract; schedule: ReportSchedule }) {
  const t = useTexts(reportScheduleTexts);
  const base = useTexts(baseTexts);
  const [opened, setOpened] = useState<'edit' | 'delete'>();
  const close = () => setOpened(undefined);
  const params = { path: { id: contract.id, report_schedule_id: schedule.id ?? '' } };
  const { update, delete: remove } = schedule.allowed_actions;
  const pause = useAction({
    send: (enabled: boolean) => {
      const path = '/api/v1/contracts/{id}/report-schedules/{report_schedule_id}';
      return read(api.PATCH(path, { params, body: { enabled } }));
    },
    done: ({ enabled }) => t(enabled ? 'done.resumed' : 'done.paused'),
  });
  const erase = useAction({
    send: () => read(api.DELETE('/api/v1/contracts/{id}/report-schedules/{report_schedule_id}', { params })),
    done: () => t('done.deleted'),
    onDone: close,
  });
  return (
    <>
      <AllowedButton size="xs" variant="default" allowed={update} onClick={() => setOpened('edit')}>
        {base('action.edit')}
      </AllowedButton>
      <AllowedButton
        size="xs"
        variant="default"
        allowed={update}
        loading={pause.isPending}
        onClick={() => pause.mutate(!schedule.enabled)}
      >
        {t(schedule.enabled ? 'pause' : 'resume')}
      </AllowedButton>
      <AllowedButton size="xs" variant="default" allowed={remove} onClick={() => setOpened('delete')}>
        {base('action.delete')}
      </AllowedButton>
      {pause.isError && <ProblemAlert error={pause.error} />}
      {opened === 'edit' && <ReportScheduleDialog contract={contract} schedule={schedule} onClose={close} />}
      {opened === 'delete' && (
        <ActionDialog
          title={t('delete.title')}
          submit={base('action.delete')}
          danger
          pending={erase.isPending}
          error={erase.error}
          onSubmit={() => erase.mutate(undefined)}
          onClose={close}
        >
          <Text size="sm">{t('delete.text')}</Text>
        </ActionDialog>
      )}
    </>
  );
}
