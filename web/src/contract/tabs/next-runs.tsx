/** The next runs of a schedule, in the zone of its contract. */
import { Stack, Text } from '@mantine/core';
import { Instant } from '../../base/instant';
import type { Schedule } from './schedule-body';

export function NextRuns({ schedule: { next_runs, timezone } }: { schedule: Schedule }) {
  return (
    <Stack gap={0}>
      {next_runs.map(({ date, at }) => (
        <Text size="sm" key={date} component="div">
          <Instant at={at} zone={timezone} />
        </Text>
      ))}
    </Stack>
  );
}
