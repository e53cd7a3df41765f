/** Live progress of work in the background: its state, how far it is, how fast it goes on, its errors, and how to stop it. */
import { Group, Paper, Progress as ProgressBar, Skeleton, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useMemo, useState } from 'react';
import { formatDuration, formatNumber, formatShare } from './instants';
import { ProblemAlert } from './problem-alert';
import { ProgressActions } from './progress-actions';
import { progressTexts } from './progress-texts';
import { outlookOf } from './rate';
import { StatusBadge } from './status-badge';
import type { Tone } from './status-badge';
import { useLanguage, useNames, useTexts } from './texts';
import { isUnfinished, useProgress } from './use-progress';
import type { Progress, Work } from './work';

const TONES: Readonly<Record<string, Tone>> = {
  QUEUED: 'waiting',
  RUNNING: 'waiting',
  PAUSED: 'waiting',
  CANCELLING: 'waiting',
  SUCCEEDED: 'good',
  PARTIAL: 'bad',
  FAILED: 'bad',
};

/** The state of work as a badge. */
export function WorkState({ state }: { state: string }) {
  const nameOf = useNames(progressTexts);
  return <StatusBadge tone={TONES[state] ?? 'neutral'}>{nameOf(state)}</StatusBadge>;
}

interface WorkProgressProps<Row extends { state: string }> {
  work: Work<Row>;
  /** What is shown below the progress, for example a link to what came of it. */
  children?: (row: Row) => ReactNode;
}

/** Follows work and shows it. */
export function WorkProgress<Row extends { state: string }>({ work, children }: WorkProgressProps<Row>) {
  const { data: row, error, refetch } = useProgress(work);
  if (row === undefined)
    return error ? <ProblemAlert error={error} onRetry={() => void refetch()} /> : <Skeleton h={96} />;
  return (
    <ProgressPanel work={work} row={row}>
      {children?.(row)}
    </ProgressPanel>
  );
}

interface ProgressPanelProps<Row> {
  work: Work<Row>;
  row: Row;
  children?: ReactNode;
}

/** Shows work that the page follows itself. */
export function ProgressPanel<Row>({ work, row, children }: ProgressPanelProps<Row>) {
  const progress = work.progressOf(row);
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Group justify="space-between">
          <WorkState state={progress.state} />
          <ProgressActions work={work} progress={progress} />
        </Group>
        <Bar progress={progress} />
        <Errors progress={progress} />
        {children}
      </Stack>
    </Paper>
  );
}

function Bar({ progress }: { progress: Progress }) {
  const t = useTexts(progressTexts);
  const language = useLanguage();
  const { percent, done, total, failed, state } = progress;
  return (
    <>
      <ProgressBar.Root size="lg">
        <ProgressBar.Section
          value={percent}
          aria-label={t('label')}
          aria-valuetext={t('done', { done: formatNumber(done, language), total: formatNumber(total, language) })}
          color={state === 'FAILED' || state === 'PARTIAL' ? 'red' : 'indigo'}
          striped={state === 'RUNNING'}
          animated={state === 'RUNNING'}
        />
      </ProgressBar.Root>
      <Group gap="md">
        <Text size="sm">
          {t('done', { done: formatNumber(done, language), total: formatNumber(total, language) })} (
          {formatShare(percent / 100, language)})
        </Text>
        {failed > 0 && (
          <Text size="sm" c="red">
            {t('failed', { count: failed })}
          </Text>
        )}
        {isUnfinished(state) ? <Speed progress={progress} /> : <Took progress={progress} />}
      </Group>
      {state === 'PAUSED' && (
        <Text size="sm" c="dimmed">
          {t('paused_text')}
        </Text>
      )}
    </>
  );
}

/** The rate that the server knows, or else the one that this page has seen. */
function Speed({ progress }: { progress: Progress }) {
  const t = useTexts(progressTexts);
  const language = useLanguage();
  const { done, total, state } = progress;
  const [first] = useState(() => ({ at_ms: performance.now(), done }));
  const last = useMemo(() => ({ at_ms: performance.now(), done }), [done]);
  if (state !== 'RUNNING') return null;
  const known = progress.per_second
    ? { per_second: progress.per_second, left_s: (total - done) / progress.per_second }
    : undefined;
  const outlook = known ?? outlookOf(first, last, total);
  if (outlook === undefined) return null;
  return (
    <Text size="sm" c="dimmed">
      {t('rate', { rate: formatNumber(Math.round(outlook.per_second), language) })} ·{' '}
      {t('left', { duration: formatDuration(outlook.left_s, language) })}
    </Text>
  );
}

function Took({ progress: { started_at, finished_at } }: { progress: Progress }) {
  const t = useTexts(progressTexts);
  const language = useLanguage();
  if (!started_at || !finished_at) return null;
  const seconds = (Date.parse(finished_at) - Date.parse(started_at)) / 1_000;
  if (seconds < 1) return null;
  return (
    <Text size="sm" c="dimmed">
      {t('took', { duration: formatDuration(seconds, language) })}
    </Text>
  );
}

function Errors({ progress: { errors } }: { progress: Progress }) {
  const t = useTexts(progressTexts);
  if (errors.length === 0) return null;
  return (
    <Stack gap={2}>
      <Text size="sm" fw={600}>
        {t('errors')}
      </Text>
      {errors.map(({ from, to, code }) => (
        <Text size="sm" key={`${from} ${code}`}>
          {from === to ? t('error_one', { from }) : t('error_range', { from, to })}: <code>{code}</code>
        </Text>
      ))}
    </Stack>
  );
}
