/** A section of the form of a contract. Its fields stand in one column on narrow screens and in two on wide ones. */
import { Paper, SimpleGrid, Stack, Title } from '@mantine/core';
import type { ReactNode } from 'react';

interface FormSectionProps {
  title: string;
  children: ReactNode;
  /** Fields that need the whole width, below the others. */
  wide?: ReactNode;
}

export function FormSection({ title, children, wide }: FormSectionProps) {
  return (
    <Paper withBorder p="md" component="section" aria-label={title}>
      <Stack gap="md">
        <Title order={2} size="h4">
          {title}
        </Title>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md" verticalSpacing="md">
          {children}
        </SimpleGrid>
        {wide}
      </Stack>
    </Paper>
  );
}
