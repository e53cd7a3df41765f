/** What belongs to a customer. The open tab and the environment stand in the URL. */
import { Anchor, Group, Skeleton, Stack, Tabs } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Suspense, lazy } from 'react';
import { ContractsOf } from '../contract/contracts-of';
import classes from '../contract/contract-tabs.module.css';
import { useListState } from '../base/list-search';
import { useTexts } from '../base/texts';
import { LicensesOf } from '../license/licenses-of';
import { EnvironmentFilter } from './catalogue-filters';
import { customerTexts } from './customer-texts';
import { ENVIRONMENTS } from './states';
import type { Customer } from './states';
import { catalogueTexts } from './texts';

// Charts are large: they are loaded when the tab is opened.
const CustomerMetrics = lazy(() => import('./customer-metrics'));

const CustomerMail = lazy(() =>
  import('../notification/mail-settings-table').then(({ MailSettingsTable }) => ({ default: MailSettingsTable })),
);

const TABS = ['contracts', 'licenses', 'metrics', 'mail'] as const;

export function CustomerTabs({ customer: { id } }: { customer: Customer }) {
  const t = useTexts(customerTexts);
  const c = useTexts(catalogueTexts);
  const state = useListState();
  const tab = TABS.find((one) => one === state.search['tab']) ?? 'contracts';
  const environment = ENVIRONMENTS.find((one) => one === state.search['environment']) ?? 'production';
  return (
    <Tabs
      value={tab}
      keepMounted={false}
      onChange={(chosen) => state.change({ tab: chosen ?? undefined, from: undefined, to: undefined })}
    >
      <Tabs.List className={classes.list ?? ''} aria-label={t('tabs')}>
        {TABS.map((one) => (
          <Tabs.Tab key={one} value={one}>
            {t(`tab.${one}`)}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {tab !== 'mail' && (
        <Group pt="md" maw="16rem">
          <EnvironmentFilter state={state} />
        </Group>
      )}
      <Tabs.Panel value="contracts" pt="md">
        <ContractsOf filter={{ customer_id: id, environment }} />
      </Tabs.Panel>
      <Tabs.Panel value="licenses" pt="md">
        <Stack gap="xs">
          <Anchor component={Link} to="/licenses" search={{ customer_id: id, environment } as never}>
            {c('in_licenses')}
          </Anchor>
          <LicensesOf filter={{ customer_id: id, environment }} />
        </Stack>
      </Tabs.Panel>
      <Tabs.Panel value="metrics" pt="md">
        <Suspense fallback={<Skeleton height={320} />}>
          <CustomerMetrics customer_id={id} environment={environment} />
        </Suspense>
      </Tabs.Panel>
      <Tabs.Panel value="mail" pt="md">
        <Suspense fallback={<Skeleton height={320} />}>
          <CustomerMail subject={{ scope: 'customer', id }} />
        </Suspense>
      </Tabs.Panel>
    </Tabs>
  );
}
