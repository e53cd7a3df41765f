/** The tabs of a contract. The open tab stands in the URL, and its module is loaded when it is opened first. */
import { Center, Loader, Tabs } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Suspense, lazy, useEffect, useRef } from 'react';
import type { ComponentType } from 'react';
import { roleCovers, useSession } from '../access/session';
import type { Role } from '../access/session';
import { baseTexts } from '../base/base-texts';
import type { ListSearch } from '../base/list-search';
import { useTexts } from '../base/texts';
import classes from './contract-tabs.module.css';
import { detailsTexts } from './details-texts';
import type { Contract } from './states';
import type { HistoryTabProps, TabProps } from './tab-props';

interface Tab {
  value:
    | 'overview'
    | 'generation'
    | 'licenses'
    | 'api'
    | 'activity'
    | 'timeline'
    | 'charts'
    | 'amendments'
    | 'schedules'
    | 'imports'
    | 'notifications'
    | 'webhooks';
  /** The least role that can read it. */
  role?: Role;
}
type CurrentTab = Tab & { current: ComponentType<TabProps> };
type HistoryTab = Tab & { history: ComponentType<HistoryTabProps> };

const TABS: readonly (CurrentTab | HistoryTab)[] = [
  { value: 'overview', current: lazy(() => import('./tabs/overview')) },
  { value: 'generation', history: lazy(() => import('./tabs/generation')), role: 'operator' },
  { value: 'licenses', history: lazy(() => import('./tabs/licenses')) },
  { value: 'api', current: lazy(() => import('./tabs/api-access')) },
  { value: 'activity', history: lazy(() => import('./tabs/activity')), role: 'operator' },
  { value: 'timeline', history: lazy(() => import('./tabs/timeline')) },
  { value: 'charts', current: lazy(() => import('./tabs/charts')) },
  { value: 'amendments', current: lazy(() => import('./tabs/amendments')) },
  { value: 'schedules', current: lazy(() => import('./tabs/schedules')) },
  { value: 'imports', current: lazy(() => import('./tabs/imports')), role: 'operator' },
  { value: 'webhooks', current: lazy(() => import('./tabs/webhooks')) },
  { value: 'notifications', current: lazy(() => import('./tabs/notifications')) },
];

interface ContractTabsProps {
  id: string;
  contract: Contract | undefined;
}

export function ContractTabs({ id, contract }: ContractTabsProps) {
  const t = useTexts(detailsTexts);
  const { role } = useSession().admin;
  const navigate = useNavigate();
  const { tab }: ListSearch = useSearch({ strict: false });
  const shown = TABS.filter((each) => roleCovers(role, each.role) && (contract !== undefined || 'history' in each));
  const open = shown.find(({ value }) => value === tab)?.value ?? shown[0]?.value ?? null;
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const tabs = list.current;
    const current = tabs?.querySelector<HTMLElement>('[aria-selected="true"]');
    // The list alone moves: `scrollIntoView` would move the page too.
    if (tabs && current) tabs.scrollLeft = current.offsetLeft - (tabs.clientWidth - current.clientWidth) / 2;
  }, [open]);
  return (
    <Tabs
      value={open}
      keepMounted={false}
      onChange={(value) => void navigate({ to: '.', search: value === null ? {} : { tab: value }, resetScroll: false })}
    >
      <Tabs.List ref={list} className={classes.list ?? ''} aria-label={t('tabs')}>
        {shown.map(({ value }) => (
          <Tabs.Tab key={value} value={value}>
            {t(`tab.${value}`)}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {shown.map((each) => (
        <Tabs.Panel key={each.value} value={each.value} pt="md">
          <Suspense fallback={<Waiting />}>{showTab(each, id, contract)}</Suspense>
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}

function showTab(tab: CurrentTab | HistoryTab, id: string, contract: Contract | undefined) {
  if ('history' in tab) return <tab.history id={id} contract={contract} />;
  return contract && <tab.current contract={contract} />;
}

function Waiting() {
  const t = useTexts(baseTexts);
  return (
    <Center p="xl">
      <Loader aria-label={t('list.loading')} role="status" />
    </Center>
  );
}
