/** The installation, the language and the colours of the reader, and which mail goes out. */
import { Anchor, Group, SegmentedControl, Skeleton, Stack, Text, Title, useMantineColorScheme } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useInstallation } from '../access/session';
import { Sessions } from '../access/sessions';
import { CopyText } from '../base/copy-text';
import { Facts } from '../base/facts';
import { Page } from '../base/page';
import { chooseLanguage, LANGUAGES, useLanguage, useTexts } from '../base/texts';
import { MailSettingsTable } from '../notification/mail-settings-table';
import { mailSettingsTexts } from '../notification/settings-texts';
import { OperatorSettings } from './operator-settings';
import { settingsTexts } from './texts';

export default function SettingsPage() {
  const t = useTexts(settingsTexts);
  const mail = useTexts(mailSettingsTexts);
  return (
    <Page title={t('title')}>
      <Section title={t('reader')}>
        <Reader />
      </Section>
      <Sessions />
      <Section title={t('installation')}>
        <Installation />
      </Section>
      <Section title={t('mail')}>
        <OperatorSettings />
      </Section>
      <Section title={mail('title')}>
        <MailSettingsTable subject={{ scope: 'installation' }} />
      </Section>
    </Page>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack gap="sm" component="section">
      <Title order={2} size="h4">
        {title}
      </Title>
      {children}
    </Stack>
  );
}

/** Both are kept in this browser. */
function Reader() {
  const t = useTexts(settingsTexts);
  const language = useLanguage();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Group gap="xl">
      <Stack gap={4}>
        <Text size="sm">{t('language')}</Text>
        <SegmentedControl
          aria-label={t('language')}
          value={language}
          data={LANGUAGES.map((value) => ({ value, label: value === 'en' ? 'English' : 'Deutsch' }))}
          onChange={(value) => chooseLanguage(value)}
        />
      </Stack>
      <Stack gap={4}>
        <Text size="sm">{t('colours')}</Text>
        <SegmentedControl
          aria-label={t('colours')}
          value={colorScheme}
          data={(['auto', 'light', 'dark'] as const).map((value) => ({ value, label: t(`colours.${value}`) }))}
          onChange={(value) => setColorScheme(value)}
        />
      </Stack>
    </Group>
  );
}

function Installation() {
  const t = useTexts(settingsTexts);
  const installation = useInstallation();
  if (!installation) return <Skeleton height={120} />;
  const { version, public_url, temporal_ui_url, temporal_namespace, environments, time_zone } = installation;
  return (
    <Facts
      rows={[
        [t('version'), version],
        [t('address'), <CopyText text={public_url} />],
        [t('environments'), environments.join(', ')],
        [t('time_zone'), time_zone],
        ['Temporal', temporal_ui_url && <Outside href={temporal_ui_url}>{t('temporal')}</Outside>],
        [t('namespace'), temporal_namespace],
        [t('documentation'), <Outside href="/docs">{t('documentation.open')}</Outside>],
        [t('test_clocks'), t(installation.test_clocks ? 'test_clocks.on' : 'test_clocks.off')],
      ]}
    />
  );
}

function Outside({ href, children }: { href: string; children: string }) {
  return (
    <Anchor href={href} target="_blank" rel="noreferrer">
      {children} <IconExternalLink size={14} aria-hidden />
    </Anchor>
  );
}
