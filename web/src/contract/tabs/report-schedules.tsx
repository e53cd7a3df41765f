/** The schedules by which the report of a contract is sent: when, to whom, and when it was sent last. */
import { Button, Group, Paper, Skeleton, Stack, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { roleCovers, useSession } from '../../access/session';
import { api, read } from '../../base/client';
import { EmptyState } from '../../base/empty-state';
import { Facts } from '../../base/facts';
import { Instant } from '../../base/instant';
import { ProblemAlert } from '../../base/problem-alert';
import { StatusBadge } from '../../base/status-badge';
import { useLanguage, useTexts } from '../../base/texts';
import type { Contract } from '../states';
import type { TabProps } from '../tab-props';
import { ReportScheduleActions } from './report-schedule-actions';
import { weekDayName } from './report-schedule-body';
import type { ReportSchedule } from './report-schedule-body';
import { ReportScheduleDialog } from './report-schedule-dialog';
import { NextReports, ReportRecipients } from './report-schedule-facts';
import { reportScheduleTexts } from './report-schedule-texts';
import { Section } from './section';

export function ReportSchedules({ contract }: TabProps) {
  const t = useTexts(reportScheduleTexts);
  const { id } = contract;
  const { role } = useSession().admin;
  const [creating, create] = useDisclosure(false);
  const list = useQuery({
    queryKey: ['contract', id, 'report-schedules'],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/contracts/{id}/report-schedules', { params: { path: { id }, query: {} }, signal })),
  });
  return (
    <Section
      title={t('reports')}
      actions={roleCovers(role, 'admin') && <Button onClick={create.open}>{t('create')}</Button>}
    >
      {list.isPending && <Skeleton height={120} />}
      {list.isError && <ProblemAlert error={list.error} onRetry={() => void list.refetch()} />}
      {list.data?.data.length === 0 && <EmptyState title={t('empty')}>{t('empty_text')}</EmptyState>}
      {list.data?.data.map((schedule) => (
        <ReportScheduleCard key={schedule.id} contract={contract} schedule={schedule} />
      ))}
      {creating && <ReportScheduleDialog contract={contract} onClose={create.close} />}
    </Section>
  );
}

function ReportScheduleCard({ contract, schedule }: { contract: Contract; schedule: ReportSchedule }) {
  const t = useTexts(reportScheduleTexts);
  const language = useLanguage();
  const { frequency, on_day, at, status, timezone, next_reports, last_report } = schedule;
  const title = t('title', { frequency, day: on_day, week_day: weekDayName(on_day, language), at });
  return (
    <Paper component="section" withBorder p="md" aria-label={title}>
      <Stack gap="xs">
        <Group justify="space-between" gap="xs">
          <Group gap="xs">
            <Title order={3} size="h5">
              {title}
            </Title>
            <StatusBadge tone={status === 'active' ? 'good' : 'waiting'}>{t(`status.${status}`)}</StatusBadge>
          </Group>
          <Group gap="xs">
            <ReportScheduleActions contract={contract} schedule={schedule} />
          </Group>
        </Group>
        <Facts
          label={title}
          rows={[
            [t('recipients'), <ReportRecipients key="recipients" schedule={schedule} />],
            [t('next_reports'), next_reports.length > 0 && <NextReports schedule={schedule} />],
            [t('last_report'), last_report ? <Instant at={last_report.at} zone={timezone} /> : t('never')],
          ]}
        />
      </Stack>
    </Paper>
  );
}
