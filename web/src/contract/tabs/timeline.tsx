/** What time has done to a contract and will do, drawn as a line: boundaries and runs of schedules, past and coming. */
import { Alert, SegmentedControl, Skeleton, Stack, Text, Timeline } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, read } from '../../base/client';
import { EmptyState } from '../../base/empty-state';
import { ProblemAlert } from '../../base/problem-alert';
import { useTexts } from '../../base/texts';
import type { HistoryTabProps } from '../tab-props';
import type { Contract } from '../states';
import { Section } from './section';
import { timelineItem } from './timeline-item';
import { timelineTexts } from './timeline-texts';

export default function TimelineTab({ id, contract }: HistoryTabProps) {
  const t = useTexts(timelineTexts);
  const [payments, setPayments] = useState<'none' | 'all'>('none');
  const found = useQuery({
    queryKey: ['contract', id, 'timeline', payments],
    queryFn: ({ signal }) => {
      const query = payments === 'all' ? { payments } : {};
      return read(api.GET('/api/v1/contracts/{id}/timeline', { params: { path: { id }, query }, signal }));
    },
    placeholderData: keepPreviousData,
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
      {found.data?.data.length === 0 && <EmptyState title={t('empty')}>{t('empty_text')}</EmptyState>}
      {found.data && found.data.data.length > 0 && <Line entries={found.data.data} zone={contract?.timezone} />}
    </Section>
  );
}

function owesMoney({ billing, holds }: Contract): boolean {
  return billing.unpaid_invoices.length > 0 || holds.some(({ source }) => source === 'billing');
}

interface LineProps {
  entries: readonly Parameters<typeof timelineItem>[0]['entry'][];
  zone: string | undefined;
}

function Line({ entries, zone }: LineProps) {
  const t = useTexts(timelineTexts);
  const past = entries.filter(({ past }) => past);
  const coming = entries.filter(({ past }) => !past);
  return (
    <Stack gap={0}>
      <Timeline active={past.length} bulletSize={18} lineWidth={3} aria-label={t('timeline')} role="group">
        {past.map((entry, index) => timelineItem({ entry, key: `past ${index}`, zone }))}
        <Timeline.Item title={t('now')} lineVariant="dashed" />
        {coming.map((entry, index) => timelineItem({ entry, key: `coming ${index}`, zone }))}
      </Timeline>
    </Stack>
  );
}
