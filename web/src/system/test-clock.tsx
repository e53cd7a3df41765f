/** A test clock: its time, how far it has advanced, and the contracts that follow it. */
import { Alert, Group, Progress, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import { WorkflowLink } from '../access/workflow-link';
import { AllowedButton } from '../base/allowed-button';
import { api, read } from '../base/client';
import { CopyText } from '../base/copy-text';
import { Facts } from '../base/facts';
import { SelectFilter } from '../base/filters';
import { Instant } from '../base/instant';
import { formatShare } from '../base/instants';
import { useListState } from '../base/list-search';
import { Page } from '../base/page';
import { usePathId } from '../base/path-id';
import { ProblemAlert } from '../base/problem-alert';
import { useLanguage, useTexts } from '../base/texts';
import { ContractsOf } from '../contract/contracts-of';
import { AdvanceDialog } from './advance-dialog';
import { REFETCH_MS, shareOf } from './clock-progress';
import type { TestClock } from './clock-progress';
import { ClockState } from './clock-state';
import { clockTexts } from './texts';

export default function TestClockPage() {
  const id = usePathId();
  const clock = useQuery({
    queryKey: ['test-clocks', id],
    queryFn: ({ signal }) => read(api.GET('/api/v1/test-clocks/{id}', { params: { path: { id } }, signal })),
    refetchInterval: ({ state: { data } }) => (data?.status === 'advancing' ? REFETCH_MS : false),
  });
  if (clock.isError) return <ProblemAlert error={clock.error} onRetry={() => void clock.refetch()} />;
  if (clock.data === undefined) return <Skeleton height={240} />;
  return <Details clock={clock.data} />;
}

function Details({ clock }: { clock: TestClock }) {
  const t = useTexts(clockTexts);
  const [advancing, { open, close }] = useDisclosure(false);
  const state = useListState();
  // No contract of production follows a clock.
  const environment = state.search['environment'] === 'development' ? 'development' : 'staging';
  const refetch_ms = clock.status === 'advancing' && REFETCH_MS;
  return (
    <Page
      title={clock.name}
      above={[{ label: t('title'), to: '/test-clocks' }]}
      marks={<ClockState status={clock.status} />}
      actions={
        <AllowedButton allowed={clock.allowed_actions.advance} onClick={open}>
          {t('advance')}
        </AllowedButton>
      }
    >
      <ClockProgress clock={clock} />
      <Facts
        rows={[
          [t('now'), <Instant key="now" at={clock.now} />],
          [t('pending_events'), clock.pending_events > 0 && String(clock.pending_events)],
          [t('workflow'), <WorkflowLink key="workflow" id={clock.workflow_id} />],
          [t('created'), <Instant key="created" at={clock.created_at} />],
          [t('id'), <CopyText key="id" text={clock.id} />],
        ]}
      />
      <Stack gap="xs">
        <Title order={2} size="h4">
          {t('follow')}
        </Title>
        <Text size="sm" c="dimmed">
          {t('follow_text')}
        </Text>
        <Group maw="16rem">
          <SelectFilter
            state={state}
            name="environment"
            label={t('environment')}
            all={t('staging')}
            options={[{ value: 'development', label: t('development') }]}
          />
        </Group>
        <ContractsOf filter={{ test_clock_id: clock.id, environment }} refetch_ms={refetch_ms} />
      </Stack>
      {advancing && <AdvanceDialog clock={clock} onClose={close} />}
    </Page>
  );
}

/** What the clock does now. The bar begins where the page saw the clock when the advance began. */
function ClockProgress({ clock }: { clock: TestClock }) {
  const t = useTexts(clockTexts);
  const language = useLanguage();
  const began_at = useRef(clock.now);
  if (clock.advancing_to === null) began_at.current = clock.now;
  if (clock.status === 'failed') return <Alert color="red">{t('failed_text', { error: clock.error ?? '' })}</Alert>;
  if (clock.status === 'ready') return null;
  const share = shareOf(began_at.current, clock);
  return (
    <Stack gap={4} role="status">
      {clock.advancing_to === null ? (
        <Text size="sm">{t('waiting_events', { count: clock.pending_events })}</Text>
      ) : (
        <Text size="sm">
          {t('progress')} <Instant at={clock.advancing_to} /> ·{' '}
          {t('progress_share', { share: formatShare(share, language) })}
        </Text>
      )}
      <Progress value={share * 100} animated aria-label={t('progress')} />
    </Stack>
  );
}
