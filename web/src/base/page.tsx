/** The head of a page: its title, what one can do there, and where it stands. */
import { Anchor, Breadcrumbs, Group, Stack, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import type { ReactNode } from 'react';

interface PageProps {
  title: string;
  /** Beside the title: badges. */
  marks?: ReactNode;
  /** On the right: buttons. */
  actions?: ReactNode;
  /** The pages above this one. */
  above?: readonly { label: string; to: string }[];
  children: ReactNode;
}

export function Page({ title, marks, actions, above = [], children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Covenant`;
  }, [title]);
  return (
    <Stack gap="md">
      {above.length > 0 && (
        <Breadcrumbs>
          {above.map(({ label, to }) => (
            <Anchor component={Link} to={to} key={to} size="sm">
              {label}
            </Anchor>
          ))}
          <span />
        </Breadcrumbs>
      )}
      <Group justify="space-between" align="flex-start" gap="sm">
        <Group gap="sm" miw={0} style={{ flex: '1 1 16rem' }}>
          {/* Names can be long and can mix directions of writing: they wrap, and do not turn what stands beside them. */}
          <Title order={1} size="h2" style={{ overflowWrap: 'anywhere' }}>
            <bdi>{title}</bdi>
          </Title>
          {marks}
        </Group>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}
