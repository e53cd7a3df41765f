/** The metrics of a customer: the sum of its contracts, a chart of each day, and a table of the same figures. */
import { BarChart } from '@mantine/charts';
import '@mantine/charts/styles.css';
import { Alert, Anchor, Group, Skeleton, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api, read } from '../base/client';
import { EmptyState } from '../base/empty-state';
import { Facts } from '../base/facts';
import { formatLocalDate, formatNumber, formatShare } from '../base/instants';
import type { components } from '../base/interface';
import { pick, useListState } from '../base/list-search';
import { ProblemAlert } from '../base/problem-alert';
import { useLanguage, useTexts } from '../base/texts';
import type { Translate } from '../base/texts';
import { CHANNELS, byDay } from './daily-licenses';
import { metricsTexts } from './metrics-texts';

type Metrics = components['schemas']['CustomerMetrics'];

interface CustomerMetricsProps {
  customer_id: string;
  environment: Metrics['environment'];
}

const COLOURS = { ui: 'indigo.6', api: 'teal.6', schedule: 'orange.6', replenish: 'grape.6' } as const;

export default function CustomerMetrics({ customer_id: id, environment }: CustomerMetricsProps) {
  const t = useTexts(metricsTexts);
  const state = useListState();
  const query = { environment, ...pick(state.search, ['from', 'to']) };
  const metrics = useQuery({
    queryKey: ['customers', id, 'metrics', query],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/customers/{id}/metrics', { params: { path: { id }, query }, signal })),
    placeholderData: keepPreviousData,
  });
  return (
    <Stack>
      <Group gap="sm">
        {(['from', 'to'] as const).map((name) => (
          <TextInput
            key={name}
            type="date"
            label={t(name)}
            value={state.search[name] ?? ''}
            onChange={({ currentTarget: { value } }) => state.change({ [name]: value })}
          />
        ))}
      </Group>
      <Text size="sm" c="dimmed">
        {t('text')}
      </Text>
      {metrics.isError && <ProblemAlert error={metrics.error} onRetry={() => void metrics.refetch()} />}
      {metrics.isPending && <Skeleton height={320} />}
      {metrics.data && !metrics.isError && <Shown metrics={metrics.data} />}
    </Stack>
  );
}

function Shown({ metrics: { contracts, complete, sum } }: { metrics: Metrics }) {
  const t = useTexts(metricsTexts);
  const language = useLanguage();
  if (contracts.length === 0) return <EmptyState title={t('none')} />;
  const number = (value: number) => formatNumber(Math.round(value * 10) / 10, language);
  const { total, generated, remaining, utilization } = sum.quota;
  const error_rate = sum.attempts.error_rate;
  return (
    <>
      {!complete && <Alert color="yellow">{t('incomplete')}</Alert>}
      <Facts
        label={t('sum')}
        rows={[
          [t('utilization'), t('utilization_of', { generated: number(generated), total: number(total), utilization })],
          [t('remaining'), number(remaining)],
          [t('licenses'), number(sum.licenses)],
          [t('velocity'), t('velocity_of', { day: number(sum.velocity.per_day), week: number(sum.velocity.per_week) })],
          [t('error_rate'), error_rate === null ? '–' : formatShare(error_rate, language)],
          [t('last_24_hours'), number(sum.last_24_hours.licenses)],
        ]}
      />
      <Daily contracts={contracts} />
      <PerContract contracts={contracts} />
    </>
  );
}

function Daily({ contracts }: Pick<Metrics, 'contracts'>) {
  const t = useTexts(metricsTexts);
  const language = useLanguage();
  const days = byDay(contracts);
  return (
    <Stack gap="xs" component="section" aria-label={t('daily')}>
      <Title order={2} size="h4">
        {t('daily')}
      </Title>
      <div aria-hidden>
        <BarChart
          h={260}
          barChartProps={{ accessibilityLayer: false }}
          type="stacked"
          withLegend
          data={days.map((day) => ({ ...day, date: formatLocalDate(day.date, language) }))}
          dataKey="date"
          series={CHANNELS.map((name) => ({ name, label: t(name), color: COLOURS[name] }))}
        />
      </div>
      <details>
        <summary>{t('as_table')}</summary>
        <Figures
          label={t('daily')}
          headers={[t('day'), ...CHANNELS.map((name) => t(name))]}
          rows={days.map((day) => [
            formatLocalDate(day.date, language),
            ...CHANNELS.map((name) => formatNumber(day[name], language)),
          ])}
        />
      </details>
    </Stack>
  );
}

function PerContract({ contracts }: Pick<Metrics, 'contracts'>) {
  const t = useTexts(metricsTexts);
  const language = useLanguage();
  const number = (value: number) => formatNumber(value, language);
  return (
    <Stack gap="xs" component="section" aria-label={t('per_contract')}>
      <Title order={2} size="h4">
        {t('per_contract')}
      </Title>
      <Figures
        label={t('per_contract')}
        headers={[t('contract'), t('utilization'), t('licenses'), t('time_to_quota')]}
        rows={contracts.map(({ contract_id, contract_name, quota, licenses, time_to_quota }) => [
          <Anchor key="name" component={Link} to={`/contracts/${contract_id}`}>
            <bdi>{contract_name}</bdi>
          </Anchor>,
          t('utilization_of', {
            generated: number(quota.generated),
            total: number(quota.total),
            utilization: quota.utilization,
          }),
          number(licenses),
          timeToQuota(t, time_to_quota.days),
        ])}
      />
    </Stack>
  );
}

function timeToQuota(t: Translate<'days' | 'never'>, days: number | null): string {
  return days === null ? t('never') : t('days', { days });
}

interface FiguresProps {
  label: string;
  headers: readonly string[];
  rows: readonly (readonly ReactNode[])[];
}

function Figures({ label, headers, rows }: FiguresProps) {
  return (
    <Table.ScrollContainer
      minWidth={0}
      scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'group', 'aria-label': label } }}
    >
      <Table
        aria-label={label}
        verticalSpacing="xs"
        withTableBorder
        data={{ head: [...headers], body: rows.map((row) => [...row]) }}
      />
    </Table.ScrollContainer>
  );
}
