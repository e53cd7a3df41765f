/** Everything that has generated licenses of a contract: when, how many, how, by whom, and how it ended. */
import { Anchor, Group, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, read } from '../../base/client';
import { DataTable } from '../../base/data-table';
import type { Column } from '../../base/data-table';
import { DownloadButton, fileAddress } from '../../base/download-button';
import { EmptyState } from '../../base/empty-state';
import { Instant } from '../../base/instant';
import { formatNumber } from '../../base/instants';
import { pick, useListState } from '../../base/list-search';
import { WorkState } from '../../base/progress';
import { useLanguage, useNames, useTexts } from '../../base/texts';
import { isUnfinished, useProgress } from '../../base/use-progress';
import { jobWork } from '../../base/work';
import type { Job } from '../../base/work';
import type { HistoryTabProps } from '../tab-props';
import { historyTexts } from './history-texts';
import { Section } from './section';

export default function GenerationTab({ id, contract }: HistoryTabProps) {
  const t = useTexts(historyTexts);
  const state = useListState();
  const query = { ...pick(state.search, ['cursor']), contract_id: id };
  const list = useQuery({
    queryKey: ['jobs', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/jobs', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const columns = useColumns(contract?.timezone);
  const file = fileAddress('/api/v1/jobs.csv', { contract_id: id });
  return (
    <Section title={t('generation')} actions={<DownloadButton href={file}>{t('generation.export')}</DownloadButton>}>
      <DataTable
        label={t('generation')}
        list={list}
        columns={columns}
        rowKey={(job) => job.id}
        state={state}
        empty={<EmptyState title={t('generation.empty')}>{t('generation.empty_text')}</EmptyState>}
      />
    </Section>
  );
}

function useColumns(zone: string | undefined): Column<Job>[] {
  const t = useTexts(historyTexts);
  const nameOf = useNames(historyTexts);
  const language = useLanguage();
  return [
    {
      id: 'created',
      header: t('date'),
      cell: ({ id, created_at }) => (
        <Anchor component={Link} to={`/jobs/${id}`}>
          <Instant at={created_at} zone={zone} />
        </Anchor>
      ),
    },
    { id: 'count', header: t('count'), numeric: true, cell: ({ requested }) => formatNumber(requested, language) },
    {
      id: 'method',
      header: t('method'),
      cell: ({ method, is_test }) =>
        is_test ? `${nameOf(method, 'method.')} (${t('test')})` : nameOf(method, 'method.'),
    },
    { id: 'actor', header: t('generated_by'), cell: ({ actor }) => <bdi>{actor.name}</bdi> },
    { id: 'state', header: t('job_state'), cell: (job) => <JobState job={job} /> },
  ];
}

function JobState({ job }: { job: Job }) {
  return isUnfinished(job.state) ? <LiveState job={job} /> : <FinishedState job={job} />;
}

function FinishedState({ job: { state, failed } }: { job: Job }) {
  const t = useTexts(historyTexts);
  return (
    <Group gap="xs">
      <WorkState state={state} />
      {failed > 0 && <Text size="sm">{t('failed', { count: failed })}</Text>}
    </Group>
  );
}

/** Follows a job that runs, by the events that the server sends. */
function LiveState({ job }: { job: Job }) {
  const t = useTexts(historyTexts);
  const language = useLanguage();
  const { state, completed, requested } = useProgress(jobWork(job.id)).data ?? job;
  return (
    <Group gap="xs">
      <WorkState state={state} />
      <Text size="sm">
        {t('progress', { completed: formatNumber(completed, language), requested: formatNumber(requested, language) })}
      </Text>
    </Group>
  );
}
