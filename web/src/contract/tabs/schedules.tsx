/** The schedules of a contract: when each one generates licenses, its next and its last run. */
import { Alert, Group } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { AllowedButton } from '../../base/allowed-button';
import { api, read } from '../../base/client';
import { EmptyState } from '../../base/empty-state';
import { Facts } from '../../base/facts';
import { Instant } from '../../base/instant';
import { formatLocalDate, formatNumber } from '../../base/instants';
import { formatPeriod } from '../../base/periods';
import { MoreNote } from '../../base/more-note';
import { ProblemAlert } from '../../base/problem-alert';
import { StatusBadge } from '../../base/status-badge';
import type { Tone } from '../../base/status-badge';
import { useLanguage, useNames, useTexts } from '../../base/texts';
import type { TabProps } from '../tab-props';
import { NextRuns } from './next-runs';
import { ScheduleActions } from './schedule-actions';
import { ScheduleDialog } from './schedule-dialog';
import type { Schedule } from './schedule-body';
import { ScheduleRuns } from './schedule-runs';
import { scheduleTexts } from './schedule-texts';
import { Section } from './section';

const TONES: Readonly<Record<Schedule['status'], Tone>> = {
  active: 'good',
  paused: 'waiting',
  completed: 'neutral',
  ended: 'neutral',
};

export default function SchedulesTab({ contract }: TabProps) {
  const t = useTexts(scheduleTexts);
  const { id } = contract;
  const [creating, create] = useDisclosure(false);
  const list = useQuery({
    queryKey: ['contract', id, 'schedules'],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/contracts/{id}/schedules', { params: { path: { id }, query: { limit: 100 } }, signal })),
  });
  return (
    <Section
      title={t('schedules')}
      actions={
        <AllowedButton allowed={contract.allowed_actions.schedule} onClick={create.open}>
          {t('create')}
        </AllowedButton>
      }
    >
      {list.isError && <ProblemAlert error={list.error} onRetry={() => void list.refetch()} />}
      {list.data?.data.length === 0 && <EmptyState title={t('empty')}>{t('empty_text')}</EmptyState>}
      {list.data?.data.map((schedule) => (
        <ScheduleSection key={schedule.id} contract_id={id} schedule={schedule} />
      ))}
      <MoreNote list={list.data} />
      {creating && <ScheduleDialog contract_id={id} onClose={create.close} />}
    </Section>
  );
}

function ScheduleSection({ contract_id, schedule }: { contract_id: string; schedule: Schedule }) {
  const t = useTexts(scheduleTexts);
  const nameOf = useNames(scheduleTexts);
  const language = useLanguage();
  const { count, every, at, from, until, timezone, last_run } = schedule;
  const title = t('title', { count: formatNumber(count, language), every: formatPeriod(every, language) });
  return (
    <Section title={title} actions={<ScheduleActions contract_id={contract_id} schedule={schedule} />}>
      <Group>
        <StatusBadge tone={TONES[schedule.status]}>{t(`status.${schedule.status}`)}</StatusBadge>
      </Group>
      {schedule.warnings.map((warning) => (
        <Alert key={warning} color="yellow">
          {nameOf(warning, 'warning.')}
        </Alert>
      ))}
      <Facts
        label={title}
        rows={[
          [t('at'), `${at} (${timezone})`],
          [t('on_day'), schedule.on_day],
          [t('from'), formatLocalDate(from, language)],
          [t('until'), until === null ? t('no_end') : formatLocalDate(until, language)],
          [t('assign_to'), schedule.assign_to],
          [t('next_runs'), schedule.next_runs.length > 0 && <NextRuns schedule={schedule} />],
          [
            t('last_run'),
            last_run && (
              <>
                <Instant at={last_run.at} zone={timezone} />: {nameOf(last_run.outcome, 'outcome.')}
                {last_run.code && ` (${last_run.code})`}
              </>
            ),
          ],
        ]}
      />
      {schedule.id !== null && <ScheduleRuns contract_id={contract_id} schedule_id={schedule.id} zone={timezone} />}
    </Section>
  );
}
