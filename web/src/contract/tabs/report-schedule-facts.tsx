/** When a schedule of reports sends the next ones, and to whom. */
import { Stack, Text } from '@mantine/core';
import { Instant } from '../../base/instant';
import { useTexts } from '../../base/texts';
import { notificationTexts } from '../../notification/texts';
import type { ReportSchedule } from './report-schedule-body';
import { reportScheduleTexts } from './report-schedule-texts';

export function NextReports({ schedule: { next_reports, timezone } }: { schedule: ReportSchedule }) {
  return (
    <Stack gap={0}>
      {next_reports.map(({ date, at }) => (
        <Text size="sm" key={date} component="div">
          <Instant at={at} zone={timezone} />
        </Text>
      ))}
    </Stack>
  );
}

/** Each address with the reason why it gets the report, or what keeps mail from it; and why it reaches no address. */
export function ReportRecipients({ schedule: { recipients, unreached } }: { schedule: ReportSchedule }) {
  const t = useTexts(reportScheduleTexts);
  const names = useTexts(notificationTexts);
  return (
    <Stack gap={0} style={{ overflowWrap: 'anywhere' }}>
      {recipients.map(({ address, role, problem }) => (
        <Text size="sm" key={address}>
          <bdi>{address}</bdi> ({names(`role.${role}`)}
          {problem && `; ${t(`problem.${problem}`)}`})
        </Text>
      ))}
      {unreached && (
        <Text size="sm" fw={600}>
          {t(`unreached.${unreached}`)}
        </Text>
      )}
    </Stack>
  );
}
