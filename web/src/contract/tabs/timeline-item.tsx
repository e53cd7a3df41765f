/** One boundary, or one run of a schedule, on the line of a contract. */
import { Text, Timeline } from '@mantine/core';
import { Instant } from '../../base/instant';
import type { components } from '../../base/interface';
import { useNames, useTexts } from '../../base/texts';
import { codeTexts } from '../code-texts';
import { timelineTexts } from './timeline-texts';

type Entry = components['schemas']['TimelineEntry'];

interface ItemProps {
  entry: Entry;
  key: string;
  zone: string | undefined;
}

/** A function and no component: Mantine draws the line between the items that it gets as direct children. */
export function timelineItem({ entry, key, zone }: ItemProps) {
  return (
    <Timeline.Item key={key} title={<Title entry={entry} />} lineVariant={entry.past ? 'solid' : 'dashed'}>
      <Text size="sm" component="div">
        <Instant at={entry.at} zone={zone} />
      </Text>
      <Details entry={entry} />
    </Timeline.Item>
  );
}

function Title({ entry: { kind, action, past } }: { entry: Entry }) {
  const t = useTexts(timelineTexts);
  const nameOf = useNames(codeTexts);
  const actionOf = useNames(timelineTexts);
  const outcome = actionOf(action, 'action.');
  const name = outcome === action ? nameOf(kind) : outcome;
  return (
    <Text fw={600} size="sm">
      {past ? name : t('coming', { name })}
    </Text>
  );
}

function Details({ entry: { state, reason, assumes, licenses } }: { entry: Entry }) {
  const t = useTexts(timelineTexts);
  const nameOf = useNames(codeTexts);
  const details = [
    t('state', { state: nameOf(state) }),
    licenses === null ? undefined : t('licenses', { count: licenses }),
    reason ?? undefined,
    assumes === null ? undefined : t(assumes === 'nothing is paid' ? 'if_unpaid' : 'if_quota'),
  ];
  return (
    <Text size="xs" c="dimmed">
      {details.filter((detail) => detail !== undefined).join(' · ')}
    </Text>
  );
}
