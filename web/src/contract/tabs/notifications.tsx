/** The mails about a contract: its scheduled reports, which mail goes to whom, and when limits were exceeded. */
import { Anchor, Stack } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTexts } from '../../base/texts';
import { MailSettingsTable } from '../../notification/mail-settings-table';
import { mailSettingsTexts } from '../../notification/settings-texts';
import type { TabProps } from '../tab-props';
import { LimitEpisodes } from './limit-episodes';
import { noticeTexts } from './notice-texts';
import { ReportSchedules } from './report-schedules';
import { Section } from './section';

export default function NotificationsTab({ contract }: TabProps) {
  const t = useTexts(noticeTexts);
  const settings = useTexts(mailSettingsTexts);
  const { id } = contract;
  return (
    <Stack gap="xl">
      <Anchor component={Link} to="/notifications" search={{ contract_id: id } as never}>
        {t('mails')}
      </Anchor>
      <ReportSchedules contract={contract} />
      <LimitEpisodes contract={contract} />
      <Section title={settings('title')}>
        <MailSettingsTable subject={{ scope: 'contract', id }} />
      </Section>
    </Stack>
  );
}
