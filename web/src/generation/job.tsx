/** A generation job or an import: its progress while it goes on, what came of it, and where that is found. */
import { Button, Skeleton } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { WorkflowLink } from '../access/workflow-link';
import { baseTexts } from '../base/base-texts';
import { CopyText } from '../base/copy-text';
import { DownloadButton } from '../base/download-button';
import { EntityName } from '../base/entity-name';
import { Facts } from '../base/facts';
import { Instant } from '../base/instant';
import { Page } from '../base/page';
import { usePathId } from '../base/path-id';
import { ProblemAlert } from '../base/problem-alert';
import { ProgressPanel, WorkProgress } from '../base/progress';
import { useNames, useTexts } from '../base/texts';
import { useProgress } from '../base/use-progress';
import { importWork, jobWork } from '../base/work';
import type { Job } from '../base/work';
import { jobTexts, methodKey } from './texts';

export default function JobPage() {
  const t = useTexts(jobTexts);
  const id = usePathId();
  const work = useMemo(() => jobWork(id), [id]);
  const { data: job, error, refetch } = useProgress(work);
  const above = [{ label: t('jobs.title'), to: '/jobs' }];
  if (job === undefined)
    return (
      <Page title={t('jobs.title')} above={above}>
        {error ? <ProblemAlert error={error} onRetry={() => void refetch()} /> : <Skeleton h={200} />}
      </Page>
    );
  const imported = job.execution === 'import';
  return (
    <Page
      title={t(imported ? 'import.title' : 'job.title', { count: job.requested })}
      above={above}
      actions={<Files job={job} />}
    >
      {imported ? <ImportProgress job={job} /> : <ProgressPanel work={work} row={job} />}
      <JobFacts job={job} />
    </Page>
  );
}

function Files({ job }: { job: Job }) {
  const t = useTexts(jobTexts);
  return (
    <>
      <Button component={Link} to="/licenses" search={{ job_id: job.id } as never} variant="default">
        {t('job.licenses')}
      </Button>
      <DownloadButton href={`/api/v1/jobs/${job.id}/licenses.csv`}>{t('job.csv')}</DownloadButton>
      {job.report_path && <DownloadButton href={job.report_path}>{t('import.report')}</DownloadButton>}
    </>
  );
}

/** An import is followed by its own address, which knows the rows of the file. */
function ImportProgress({ job: { id, contract_id } }: { job: Job }) {
  const work = useMemo(() => importWork(contract_id, id), [contract_id, id]);
  return <WorkProgress work={work} />;
}

function JobFacts({ job }: { job: Job }) {
  const t = useTexts(jobTexts);
  const nameOf = useNames(jobTexts);
  const base = useTexts(baseTexts);
  return (
    <Facts
      label={t('facts')}
      rows={[
        [t('contract'), <EntityName kind="contract" id={job.contract_id} name={job.contract_name} key="contract" />],
        [t('method'), nameOf(methodKey(job.method))],
        [t('by'), <bdi key="by">{job.actor.name}</bdi>],
        [t('created'), <Instant at={job.created_at} key="created" />],
        [t('started'), job.started_at && <Instant at={job.started_at} />],
        [t('finished'), job.finished_at && <Instant at={job.finished_at} />],
        [t('expires'), job.expires_at && <Instant at={job.expires_at} />],
        [t('environment'), t(job.environment)],
        [t('is_test'), job.is_test && base('yes')],
        [t('schedule'), job.schedule_run_date],
        [t('revision'), job.contract_revision],
        [t('id'), <CopyText text={job.id} key="id" />],
        [t('workflow'), job.workflow_id && <WorkflowLink id={job.workflow_id} />],
      ]}
    />
  );
}
