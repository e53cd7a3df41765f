/** The metrics of a contract: utilization, velocity, time to quota, API share and error rate, drawn and as a table. */
import '@mantine/charts/styles.css';
import { BarChart, DonutChart, LineChart } from '@mantine/charts';
import { Select, SimpleGrid, Skeleton, Stack, Table, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, read } from '../../base/client';
import { formatLocalDate, formatNumber, formatShare } from '../../base/instants';
import { ProblemAlert } from '../../base/problem-alert';
import { useLanguage, useTexts } from '../../base/texts';
import type { TabProps } from '../tab-props';
import { Chart } from './chart';
import { chartTexts } from './chart-texts';
import { KeyFigures } from './key-figures';
import { PlainTable } from './plain-table';
import { CHANNELS, chartDays, firstDay } from './metrics';
import type { Metrics } from './metrics';
import { Section } from './section';

/** Charts are hidden from screen readers, so no key reaches them. */
const UNFOCUSED = { accessibilityLayer: false };
const DAYS = ['28', '90', '365'] as const;

export default function ChartsTab({ contract }: TabProps) {
  const t = useTexts(chartTexts);
  const { id } = contract;
  const [days, setDays] = useState<string>('28');
  // The window ends with the last complete day of the contract, which the first answer names.
  const [from, setFrom] = useState<string>();
  const query = from === undefined ? {} : { from };
  const metrics = useQuery({
    queryKey: ['contract', id, 'metrics', query],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/contracts/{id}/metrics', { params: { path: { id }, query }, signal })),
    placeholderData: keepPreviousData,
  });
  return (
    <Section
      title={t('metrics')}
      actions={
        <Select
          aria-label={t('window')}
          data={DAYS.map((value) => ({ value, label: t('window.days', { days: Number(value) }) }))}
          value={days}
          allowDeselect={false}
          onChange={(value) => {
            setDays(value ?? '28');
            if (metrics.data) setFrom(firstDay(metrics.data.window.to, Number(value)));
          }}
        />
      }
    >
      {metrics.isError && <ProblemAlert error={metrics.error} onRetry={() => void metrics.refetch()} />}
      {metrics.isPending && <Skeleton height={300} />}
      {metrics.data && <Figures metrics={metrics.data} />}
    </Section>
  );
}

function Figures({ metrics }: { metrics: Metrics }) {
  const t = useTexts(chartTexts);
  const language = useLanguage();
  const days = chartDays(metrics).map((day) => ({ ...day, date: formatLocalDate(day.date, language) }));
  const shares = CHANNELS.filter(({ name }) => metrics.channels[name].licenses > 0);
  return (
    <Stack gap="xl">
      <KeyFigures metrics={metrics} />
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="xl">
        <Chart title={t('chart.velocity')}>
          <BarChart
            h={240}
            data={days}
            dataKey="date"
            type="stacked"
            barChartProps={UNFOCUSED}
            series={CHANNELS.map(({ name, color }) => ({ name, color, label: t(`channel.${name}`) }))}
          />
        </Chart>
        <Chart title={t('chart.utilization')}>
          <DonutChart
            size={200}
            withTooltip={false}
            pieChartProps={UNFOCUSED}
            pieProps={{ rootTabIndex: -1 }}
            chartLabel={formatShare(metrics.quota.utilization / 100, language)}
            data={[
              { name: t('generated'), value: metrics.quota.generated, color: 'indigo.6' },
              { name: t('reserved'), value: metrics.quota.reserved, color: 'yellow.6' },
              { name: t('remaining'), value: metrics.quota.remaining, color: 'gray.5' },
            ]}
          />
        </Chart>
        <Chart title={t('chart.errors')}>
          <LineChart
            h={240}
            data={days}
            dataKey="date"
            connectNulls
            lineChartProps={UNFOCUSED}
            series={[{ name: 'error_rate', color: 'red.6', label: t('error_rate') }]}
            valueFormatter={(share) => formatShare(share, language)}
            yAxisProps={{ domain: [0, 1] }}
          />
        </Chart>
        <Chart title={t('chart.channels')}>
          {shares.length === 0 ? (
            <Text size="sm">{t('nothing')}</Text>
          ) : (
            <DonutChart
              size={200}
              withTooltip={false}
              pieChartProps={UNFOCUSED}
              pieProps={{ rootTabIndex: -1 }}
              data={shares.map(({ name, color }) => ({
                name: t(`channel.${name}`),
                value: metrics.channels[name].licenses,
                color,
              }))}
            />
          )}
        </Chart>
      </SimpleGrid>
      <DaysTable days={days} />
    </Stack>
  );
}

/** The same figures for those who cannot see the charts. Days on which nothing happened are left out. */
function DaysTable({ days }: { days: ReturnType<typeof chartDays> }) {
  const t = useTexts(chartTexts);
  const language = useLanguage();
  const busy = days.filter(({ licenses, attempts, throttled }) => licenses + attempts + throttled > 0);
  const headers = [t('day'), ...CHANNELS.map(({ name }) => t(`channel.${name}`)), t('licenses'), t('error_rate')];
  return (
    <Section title={t('table')}>
      {busy.length === 0 ? (
        <Text size="sm">{t('nothing')}</Text>
      ) : (
        <PlainTable label={t('table')} headers={headers}>
          {busy.map((day) => (
            <Table.Tr key={day.date}>
              <Table.Td>{day.date}</Table.Td>
              {CHANNELS.map(({ name }) => (
                <Table.Td key={name}>{formatNumber(day[name], language)}</Table.Td>
              ))}
              <Table.Td>{formatNumber(day.licenses, language)}</Table.Td>
              <Table.Td>{day.error_rate === null ? '–' : formatShare(day.error_rate, language)}</Table.Td>
            </Table.Tr>
          ))}
        </PlainTable>
      )}
    </Section>
  );
}
