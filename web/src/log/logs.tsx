/** The logs: changes, calls with the keys of contracts, refused license requests. */
import { Stack, Tabs } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useListState } from '../base/list-search';
import { Page } from '../base/page';
import { useTexts } from '../base/texts';
import { ApiCalls } from './api-calls';
import { Audit } from './audit';
import { Refusals } from './refusals';
import { logTexts } from './texts';

const TABS = { audit: Audit, calls: ApiCalls, refusals: Refusals };
type Tab = keyof typeof TABS;

export default function LogsPage() {
  const t = useTexts(logTexts);
  const navigate = useNavigate();
  const { search } = useListState();
  const chosen = search['tab'];
  const tab: Tab = chosen !== undefined && chosen in TABS ? (chosen as Tab) : 'audit';
  const List = TABS[tab];

  /** The contract stays chosen; the other filters belong to one tab. */
  function open(next: string | null): void {
    const { contract_id } = search;
    void navigate({
      to: '.',
      search: { ...(next === 'audit' ? {} : { tab: next ?? '' }), ...(contract_id ? { contract_id } : {}) },
      replace: true,
    });
  }

  return (
    <Page title={t('title')}>
      <Tabs value={tab} onChange={open}>
        <Tabs.List mb="md">
          {(Object.keys(TABS) as Tab[]).map((name) => (
            <Tabs.Tab key={name} value={name}>
              {t(`${name}.title`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {(Object.keys(TABS) as Tab[]).map((name) => (
          <Tabs.Panel value={name} key={name}>
            {name === tab && (
              <Stack gap="md">
                <List />
              </Stack>
            )}
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  );
}
