/** What time has done to a contract and will do, drawn as a line: boundaries and runs of schedules, past and coming. */
import { Alert, SegmentedControl, Skeleton, Stack, Text, Timeline } from '@mantine/core';
import { keepPreviousData, skipToken, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, read } from '../../base/client';
import { EmptyState } from '../../base/empty-state';
import { ProblemAlert } from '../../base/problem-alert';
import { Instant } from '../../base/instant';
import { formatLocalDate } from '../../base/instants';
import { useLanguage, useTexts } from '../../base/texts';
import type { HistoryTabProps } from '../tab-props';
import type { Contract } from '../states';
import { forecastEnd } from './forecast-end';
import { Section } from './section';
import { timelineItem } from './timeline-item';
import { timelineTexts } from './timeline-texts';

export default function TimelineTab({ id, contract }: HistoryTabProps) {
  const t = useTexts(timelineTexts);
  const [payments, setPayments] = useState<'none' | 'all'>('none');
  const until = useForecastEnd(contract);
  const found = useQuery({
    queryKey: ['contract', id, 'timeline', payments, until],
    queryFn: ({ signal }) => {
      const query = { payments, ...(until === undefined ? {} : { until }) };
      return read(api.GET('/api/v1/contracts/{id}/timeline', { params: { path: { id }, query }, signal }));
    },
    placeholderData: keepPreviousData,
    enabled: contract === undefined || until !== undefined,
  });
  const owes = contract !== undefined && owesMoney(contract);
  return (
    <Section title={t('timeline')}>
      {contract && <Text size="sm">{t(owes ? 'assumes' : 'assumes_paid')}</Text>}
      {owes && (
        <SegmentedControl
          aria-label={t('what_if')}
          value={payments}
          onChange={(value) => setPayments(value)}
          data={[
            { value: 'none', label: t('payments.none') },
            { value: 'all', label: t('payments.all') },
          ]}
          maw="28rem"
        />
      )}
      {found.isError && <ProblemAlert error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Skeleton height={200} />}
      {found.data?.cut && <Alert color="gray">{t('cut')}</Alert>}
      {found.data && <Found entries={found.data.data} contract={contract} until={until} />}
    </Section>
  );
}

function owesMoney({ billing, holds }: Contract): boolean {
  return billing.unpaid_invoices.length > 0 || holds.some(({ source }) => source === 'billing');
}

/** The end of the forecast, once it is known. A contract with a test clock counts from the time of its clock. */
function useForecastEnd(contract: Contract | undefined): string | undefined {
  const [opened] = useState(() => new Date().toISOString());
  const id = contract?.test_clock_id ?? null;
  const clock = useQuery({
    queryKey: ['test-clocks', id],
    queryFn:
      id === null
        ? skipToken
        : ({ signal }) => read(api.GET('/api/v1/test-clocks/{id}', { params: { path: { id } }, signal })),
  });
  const now = id === null || clock.isError ? opened : clock.data?.now;
  if (contract === undefined || now === undefined) return undefined;
  return forecastEnd(now, contract.timezone, contract.term.end_date);
}

interface FoundProps {
  entries: readonly Parameters<typeof timelineItem>[0]['entry'][];
  /** Undefined for a deleted contract, which has only a past. */
  contract: Contract | undefined;
  until: string | undefined;
}

function Found({ entries, contract, until }: FoundProps) {
  const t = useTexts(timelineTexts);
  const language = useLanguage();
  const activated = contract?.activated_at ?? undefined;
  if (entries.length > 0 || activated) return <Line {...{ entries, contract, until }} />;
  if (contract === undefined || until === undefined) return <EmptyState title={t('empty_past')} />;
  return <EmptyState title={t('empty', { day: formatLocalDate(until, language) })}>{t('empty_text')}</EmptyState>;
}

function Line({ entries, contract, until }: FoundProps) {
  const t = useTexts(timelineTexts);
  const language = useLanguage();
  const zone = contract?.timezone;
  const activated = contract?.activated_at ?? undefined;
  const past = entries.filter(({ past }) => past);
  const coming = entries.filter(({ past }) => !past);
  return (
    <Stack gap={0}>
      <Timeline
        active={Math.max(past.length, activated === undefined ? 0 : 1)}
        bulletSize={18}
        lineWidth={3}
        aria-label={t('timeline')}
        role="group"
      >
        {past.length === 0 && activated !== undefined && (
          <Timeline.Item title={t('activated')}>
            <Text size="sm" component="div">
              <Instant at={activated} zone={zone} />
            </Text>
          </Timeline.Item>
        )}
        {past.map((entry, index) => timelineItem({ entry, key: `past ${index}`, zone }))}
        <Timeline.Item title={t('now')} lineVariant="dashed" />
        {coming.length === 0 && until !== undefined && (
          <Timeline.Item title={t('nothing_comes', { day: formatLocalDate(until, language) })} lineVariant="dashed" />
        )}
        {coming.map((entry, index) => timelineItem({ entry, key: `coming ${index}`, zone }))}
      </Timeline>
    </Stack>
  );
}
