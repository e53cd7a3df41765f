/** An operation on licenses: its progress while it goes on, its counts, and the licenses that it could not change. */
import { Skeleton, Title } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { WorkflowLink } from '../access/workflow-link';
import { baseTexts } from '../base/base-texts';
import { api, read } from '../base/client';
import { CopyText } from '../base/copy-text';
import { DataTable } from '../base/data-table';
import { DownloadButton } from '../base/download-button';
import { EmptyState } from '../base/empty-state';
import { EntityName } from '../base/entity-name';
import { Facts } from '../base/facts';
import { Instant } from '../base/instant';
import { useListState } from '../base/list-search';
import { Page } from '../base/page';
import { usePathId } from '../base/path-id';
import { ProblemAlert } from '../base/problem-alert';
import { ProgressPanel } from '../base/progress';
import { useTexts } from '../base/texts';
import { useProgress } from '../base/use-progress';
import { operationWork } from '../base/work';
import type { Operation } from '../base/work';
import { LicenseId, OutcomeCounts, OutcomeWords } from '../license/bulk-result';
import { jobTexts } from './texts';

export default function OperationPage() {
  const t = useTexts(jobTexts);
  const id = usePathId();
  const work = useMemo(() => operationWork(id), [id]);
  const { data: operation, error, refetch } = useProgress(work);
  const above = [{ label: t('jobs.title'), to: '/jobs' }];
  if (operation === undefined)
    return (
      <Page title={t('jobs.operations')} above={above}>
        {error ? <ProblemAlert error={error} onRetry={() => void refetch()} /> : <Skeleton h={200} />}
      </Page>
    );
  const { kind, requested, counts } = operation;
  return (
    <Page
      title={t('operation.title', { kind: t(kind), count: requested })}
      above={above}
      actions={
        <DownloadButton href={`/api/v1/license-operations/${id}/outcomes.csv`}>{t('outcomes.csv')}</DownloadButton>
      }
    >
      <ProgressPanel work={work} row={operation}>
        <OutcomeCounts kind={kind} counts={counts} />
      </ProgressPanel>
      <OperationFacts operation={operation} />
      <Title order={2} size="h3">
        {t('outcomes.title')}
      </Title>
      <Outcomes id={id} />
    </Page>
  );
}

function OperationFacts({ operation }: { operation: Operation }) {
  const t = useTexts(jobTexts);
  const base = useTexts(baseTexts);
  const { customer_id, contract_id, workflow_id } = operation;
  return (
    <Facts
      label={t('facts')}
      rows={[
        [t('customer'), customer_id && <EntityName kind="customer" id={customer_id} />],
        [t('reassign'), operation.reassign && base('yes')],
        [t('contract'), contract_id && <EntityName kind="contract" id={contract_id} />],
        [t('reason'), operation.reason && <bdi>{operation.reason}</bdi>],
        [t('by'), <bdi key="by">{operation.actor.name}</bdi>],
        [t('created'), <Instant at={operation.created_at} key="created" />],
        [t('finished'), operation.finished_at && <Instant at={operation.finished_at} />],
        [t('outcomes.until'), operation.outcomes_until && <Instant at={operation.outcomes_until} day />],
        [t('id'), <CopyText text={operation.id} key="id" />],
        [t('workflow'), workflow_id && <WorkflowLink id={workflow_id} />],
      ]}
    />
  );
}

function Outcomes({ id }: { id: string }) {
  const t = useTexts(jobTexts);
  const state = useListState();
  const { cursor } = state.search;
  const list = useQuery({
    queryKey: ['license-operations', id, 'outcomes', cursor],
    queryFn: ({ signal }) =>
      read(
        api.GET('/api/v1/license-operations/{id}/outcomes', {
          params: { path: { id }, query: cursor ? { cursor } : {} },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
  return (
    <DataTable
      label={t('outcomes.title')}
      list={list}
      columns={[
        { id: 'license', header: t('license'), cell: (outcome) => <LicenseId outcome={outcome} /> },
        { id: 'outcome', header: t('outcome'), cell: (outcome) => <OutcomeWords outcome={outcome} /> },
      ]}
      rowKey={({ license_id }) => license_id}
      state={state}
      empty={<EmptyState title={t('outcomes.none')} />}
    />
  );
}
