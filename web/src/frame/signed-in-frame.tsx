/** Around every page behind the sign-in: navigation, header, command palette, keyboard shortcuts. */
import { Anchor, AppShell, Burger, Center, Group, Loader, ScrollArea, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link, Navigate, Outlet, useRouter, useRouterState } from '@tanstack/react-router';
import { Suspense, useEffect, useState } from 'react';
import { sessionQuery } from '../access/session';
import { baseTexts } from '../base/base-texts';
import { RequestFailed } from '../base/problem';
import { ProblemAlert } from '../base/problem-alert';
import { useTexts } from '../base/texts';
import { AccountMenu } from './account-menu';
import { Navigation } from './navigation';
import { PaletteButton } from './palette-button';
import classes from './frame.module.css';
import { Shortcuts } from './shortcuts';

const MAIN_ID = 'main';

export function SignedInFrame() {
  const session = useQuery(sessionQuery);
  if (session.data) return <Frame />;
  if (session.error instanceof RequestFailed && session.error.status === 401) return <ToSignIn />;
  return (
    <Center component="main" h="100vh" p="md">
      {session.isError ? <ProblemAlert error={session.error} onRetry={() => void session.refetch()} /> : <Waiting />}
    </Center>
  );
}

/** The address is read once: it changes with the navigation that follows from it. */
function ToSignIn() {
  const router = useRouter();
  const [return_to] = useState(() => router.state.location.href);
  return <Navigate to="/sign-in" search={{ return_to }} replace />;
}

function Frame() {
  const t = useTexts(baseTexts);
  const [opened, { toggle, close }] = useDisclosure(false);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  // On a narrow screen the navigation covers the page that was chosen in it.
  useEffect(close, [path, close]);
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding="md"
    >
      <AppShell.Header>
        <a className={classes.skip} href={`#${MAIN_ID}`}>
          {t('frame.skip')}
        </a>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-expanded={opened}
              aria-label={opened ? t('frame.close_menu') : t('frame.open_menu')}
            />
            <Anchor component={Link} to="/contracts" underline="never" c="inherit" aria-label="Covenant">
              <Group gap={8} wrap="nowrap">
                <img src="/admin/icon.svg" width={24} height={24} alt="" />
                <Text fw={600} visibleFrom="xs">
                  Covenant
                </Text>
              </Group>
            </Anchor>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <PaletteButton />
            <AccountMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar component="nav" aria-label={t('frame.main_navigation')}>
        <AppShell.Section grow component={ScrollArea} p="xs">
          <Navigation />
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id={MAIN_ID} tabIndex={-1} className={classes.main ?? ''}>
        <Suspense fallback={<Waiting />}>
          <Outlet />
        </Suspense>
      </AppShell.Main>
      <Shortcuts />
    </AppShell>
  );
}

function Waiting() {
  const t = useTexts(baseTexts);
  return (
    <Center p="xl">
      <Loader aria-label={t('list.loading')} role="status" />
    </Center>
  );
}
