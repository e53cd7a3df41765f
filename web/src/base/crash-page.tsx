/** What a page shows when it cannot be drawn or loaded, for example because a new version of the pages was installed meanwhile. */
import { Button, Stack } from '@mantine/core';
import { baseTexts } from './base-texts';
import { ProblemAlert } from './problem-alert';
import { useTexts } from './texts';

export function CrashPage({ error }: { error: unknown }) {
  const t = useTexts(baseTexts);
  return (
    <Stack align="flex-start">
      <ProblemAlert error={error} />
      <Button onClick={() => location.reload()}>{t('crash.reload')}</Button>
    </Stack>
  );
}
