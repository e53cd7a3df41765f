/** An instant in a table or a sentence. */
import { Text, Tooltip } from '@mantine/core';
import { baseTexts } from './base-texts';
import { formatDay, formatInstant, OWN_ZONE } from './instants';
import { useLanguage, useTexts } from './texts';

interface InstantProps {
  at: string | null | undefined;
  /** The zone of the contract. Default: that of the reader. */
  zone?: string | undefined;
  /** Shows the day alone; the time stands in the tooltip. */
  day?: boolean;
}

/** In the zone of the contract. Where the reader has another zone, theirs stands beside it. */
export function Instant({ at, zone = OWN_ZONE, day = false }: InstantProps) {
  const language = useLanguage();
  const t = useTexts(baseTexts);
  if (!at)
    return (
      <Text span c="dimmed" inherit>
        –
      </Text>
    );
  const own = formatInstant(at, language);
  const shown = day ? formatDay(at, language, zone) : formatInstant(at, language, zone);
  const beside = zone !== OWN_ZONE && formatInstant(at, language, zone) !== own;
  const label = beside ? t('instant.own_zone', { instant: own }) : own;
  return (
    <Tooltip label={label} events={{ hover: true, focus: true, touch: true }}>
      <time dateTime={at} tabIndex={day || beside ? 0 : undefined}>
        {shown}
        {beside && !day && (
          <Text span size="xs" c="dimmed" ml={4}>
            ({own})
          </Text>
        )}
      </time>
    </Tooltip>
  );
}
