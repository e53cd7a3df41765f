/** Work in the background: generation jobs and imports, and operations on licenses. */
import { Tabs } from '@mantine/core';
import { useListState } from '../base/list-search';
import { Page } from '../base/page';
import { useTexts } from '../base/texts';
import { JobList } from './job-list';
import { OperationList } from './operation-list';
import { jobTexts } from './texts';

export default function JobsPage() {
  const t = useTexts(jobTexts);
  const state = useListState();
  const tab = state.search['tab'] === 'operations' ? 'operations' : 'generation';

  /** Each list has filters of its own. */
  function open(chosen: string | null): void {
    const cleared = Object.fromEntries(Object.keys(state.search).map((name) => [name, undefined]));
    state.change({ ...cleared, tab: chosen === 'operations' ? 'operations' : undefined });
  }

  return (
    <Page title={t('jobs.title')}>
      <Tabs value={tab} onChange={open} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="generation">{t('jobs.generation')}</Tabs.Tab>
          <Tabs.Tab value="operations">{t('jobs.operations')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="generation">
          <JobList state={state} />
        </Tabs.Panel>
        <Tabs.Panel value="operations">
          <OperationList state={state} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
