/** A chart under its title. It is hidden from screen readers: a table has the same figures. */
import { Stack, Title } from '@mantine/core';
import type { ReactNode } from 'react';

export function Chart({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack gap="xs" miw={0}>
      <Title order={3} size="h5">
        {title}
      </Title>
      <div aria-hidden>{children}</div>
    </Stack>
  );
}
