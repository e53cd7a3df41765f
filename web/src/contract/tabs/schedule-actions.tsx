/** Changes, pauses, resumes or deletes a schedule. */
import { Text } from '@mantine/core';
import { useState } from 'react';
import { ActionDialog } from '../../base/action-dialog';
import { AllowedButton } from '../../base/allowed-button';
import { baseTexts } from '../../base/base-texts';
import { api, read } from '../../base/client';
import { ProblemAlert } from '../../base/problem-alert';
import { useTexts } from '../../base/texts';
import { useAction } from '../../base/use-action';
import type { Schedule } from './schedule-body';
import { ScheduleDialog } from './schedule-dialog';
import { scheduleTexts } from './schedule-texts';

export function ScheduleActions({ contract_id, schedule }: { contract_id: string; schedule: Schedule }) {
  const t = useTexts(scheduleTexts);
  const base = useTexts(baseTexts);
  const [opened, setOpened] = useState<'edit' | 'delete'>();
  const close = () => setOpened(undefined);
  const path = { id: contract_id, schedule_id: schedule.id ?? '' };
  const { update, delete: remove } = schedule.allowed_actions;
  const pause = useAction({
    send: (enabled: boolean) =>
      read(api.PATCH('/api/v1/contracts/{id}/schedules/{schedule_id}', { params: { path }, body: { enabled } })),
    done: ({ enabled }) => t(enabled ? 'done.resumed' : 'done.paused'),
  });
  const erase = useAction({
    send: () => read(api.DELETE('/api/v1/contracts/{id}/schedules/{schedule_id}', { params: { path } })),
    done: () => t('done.deleted'),
    onDone: close,
  });
  if (schedule.status === 'ended' || schedule.status === 'completed') return null;
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
      {opened === 'edit' && <ScheduleDialog contract_id={contract_id} schedule={schedule} onClose={close} />}
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
