/** One contract: its facts, and a tab for everything that belongs to it. */
import { Alert, Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api, read } from '../base/client';
import { Page } from '../base/page';
import { usePathId } from '../base/path-id';
import { isRefusal } from '../base/problem';
import { ProblemAlert } from '../base/problem-alert';
import { StatusBadge } from '../base/status-badge';
import { useNames, useTexts } from '../base/texts';
import { ContractActions } from './contract-actions';
import { ContractTabs } from './contract-tabs';
import { detailsTexts } from './details-texts';
import { STATE_TONES } from './states';
import { contractTexts } from './texts';

/** While a job of the contract runs, its quota is read this often. */
const RUNNING_JOB_READ_MS = 3_000;

export default function ContractPage() {
  const id = usePathId();
  const t = useTexts(contractTexts);
  const details = useTexts(detailsTexts);
  const nameOf = useNames(contractTexts);
  const found = useQuery({
    queryKey: ['contract', id],
    queryFn: ({ signal }) => read(api.GET('/api/v1/contracts/{id}', { params: { path: { id } }, signal })),
    refetchInterval: ({ state }) => ((state.data?.quota.reserved ?? 0) > 0 ? RUNNING_JOB_READ_MS : false),
  });
  const above = [{ label: t('contracts.title'), to: '/contracts' }];
  const contract = found.data;
  if (isRefusal(found.error, 'CONTRACT_DELETED')) {
    return (
      <Page title={details('deleted.title')} above={above}>
        <Alert color="gray" title={t('DELETED')}>
          {details('deleted.text')}
        </Alert>
        <ContractTabs id={id} contract={undefined} />
      </Page>
    );
  }
  if (contract === undefined) {
    return (
      <Page title={details('contract')} above={above}>
        {found.isError ? (
          <ProblemAlert error={found.error} onRetry={() => void found.refetch()} />
        ) : (
          <Stack>
            <Skeleton height={24} />
            <Skeleton height={200} />
          </Stack>
        )}
      </Page>
    );
  }
  return (
    <Page
      title={contract.name}
      above={above}
      actions={<ContractActions contract={contract} />}
      marks={<StatusBadge tone={STATE_TONES[contract.state]}>{nameOf(contract.state)}</StatusBadge>}
    >
      <ContractTabs id={id} contract={contract} />
    </Page>
  );
}
