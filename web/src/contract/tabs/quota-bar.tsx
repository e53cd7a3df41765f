/** The quota of a contract as a bar with its figures. */
import { Group, Progress, Stack, Text } from '@mantine/core';
import { formatNumber, formatShare } from '../../base/instants';
import { useLanguage, useTexts } from '../../base/texts';
import type { TabProps } from '../tab-props';
import { overviewTexts } from './overview-texts';
import { Section } from './section';

export function QuotaBar({ contract: { quota } }: TabProps) {
  const t = useTexts(overviewTexts);
  const language = useLanguage();
  const number = (value: number) => formatNumber(value, language);
  const share = (part: number) => (quota.total === 0 ? 0 : (100 * part) / quota.total);
  const used = t('quota.used', {
    generated: number(quota.generated),
    total: number(quota.total),
    share: formatShare(quota.utilization / 100, language),
  });
  return (
    <Section title={t('quota')}>
      <Text size="lg" fw={600}>
        {used}
      </Text>
      {/* The figures below say the same. */}
      <Progress.Root size="xl" aria-hidden>
        <Progress.Section value={share(quota.generated)} color="indigo" />
        <Progress.Section value={share(quota.reserved)} color="yellow" striped />
      </Progress.Root>
      <Group gap="xl">
        <Figure colour="indigo" name={t('quota.generated')} value={number(quota.generated)} />
        <Figure colour="yellow" name={t('quota.reserved')} value={number(quota.reserved)} />
        <Figure name={t('quota.remaining')} value={number(quota.remaining)} />
        <Figure name={t('quota.total')} value={number(quota.total)} />
      </Group>
    </Section>
  );
}

interface FigureProps {
  name: string;
  value: string;
  /** The colour of its part of the bar. */
  colour?: string;
}

function Figure({ name, value, colour }: FigureProps) {
  return (
    <Stack gap={0}>
      <Text size="sm" c="dimmed">
        {colour && (
          <Text span aria-hidden c={`${colour}.6`} inherit>
            ■{' '}
          </Text>
        )}
        {name}
      </Text>
      <Text fw={600} style={{ fontVariantNumeric: 'tabular-nums' }}>
        {value}
      </Text>
    </Stack>
  );
}
