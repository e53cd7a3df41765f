/** The navigation: the pages that the role of the reader can open, in groups. */
import { NavLink, Text } from '@mantine/core';
import { Link, useRouterState } from '@tanstack/react-router';
import { roleCovers, useInstallation, useSession } from '../access/session';
import { NAVIGATION_GROUPS } from '../base/page-spec';
import type { NavigationEntry, NavigationGroup, PageSpec } from '../base/page-spec';
import { useLanguage, useTexts } from '../base/texts';
import { PAGES } from '../pages';
import { frameTexts } from './texts';

export interface NavigationPage {
  path: string;
  entry: NavigationEntry;
}

/** The pages of the navigation that this role can open, and that the installation has. Until that is known, it has all. */
export function navigationPages(
  pages: readonly PageSpec[],
  role: Parameters<typeof roleCovers>[0],
  installation: { test_clocks: boolean } | undefined,
): NavigationPage[] {
  return pages.flatMap(({ path, navigation }) => {
    if (!navigation || !roleCovers(role, navigation.role)) return [];
    if (navigation.needs !== undefined && installation?.[navigation.needs] === false) return [];
    return [{ path, entry: navigation }];
  });
}

export function Navigation() {
  const { admin } = useSession();
  const pages = navigationPages(PAGES, admin.role, useInstallation());
  return NAVIGATION_GROUPS.map((group) => (
    <Group key={group} group={group} pages={pages.filter(({ entry }) => entry.group === group)} />
  ));
}

function Group({ group, pages }: { group: NavigationGroup; pages: readonly NavigationPage[] }) {
  const t = useTexts(frameTexts);
  const language = useLanguage();
  const current = useRouterState({ select: ({ location }) => location.pathname });
  if (pages.length === 0) return null;
  return (
    <>
      <Text size="xs" c="dimmed" px="sm" pt="sm" pb={4} fw={600}>
        {t(group)}
      </Text>
      {pages.map(({ path, entry: { icon: Icon, label } }) => {
        const active = current === `/${path}` || current.startsWith(`/${path}/`);
        return (
          <NavLink
            key={path}
            component={Link}
            to={`/${path}`}
            label={label[language]}
            leftSection={<Icon size={18} aria-hidden />}
            active={active}
            aria-current={active ? 'page' : undefined}
            py={6}
          />
        );
      })}
    </>
  );
}
