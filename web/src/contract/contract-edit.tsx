/** Edits a contract. */
import { Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { usePathId } from '../base/path-id';
import { ProblemAlert } from '../base/problem-alert';
import { ContractFormView } from './contract-form-view';
import { readContract } from './form-requests';
import type { Contract } from './states';

export default function ContractEditPage() {
  const id = usePathId();
  return <Edit key={id} id={id} />;
}

function Edit({ id }: { id: string }) {
  const contract = useQuery({ queryKey: ['contract', id], queryFn: ({ signal }) => readContract(id, signal) });
  // The form stays with the contract that it was opened with: what others save meanwhile is a conflict, and no change below the input.
  const [opened, setOpened] = useState<Contract>();
  if (opened === undefined && contract.data && !contract.isFetching) setOpened(contract.data);
  if (opened) return <ContractFormView contract={opened} environment={opened.environment} />;
  if (contract.isError) return <ProblemAlert error={contract.error} onRetry={() => void contract.refetch()} />;
  return (
    <Stack>
      <Skeleton h={36} maw="24rem" />
      <Skeleton h={320} maw="60rem" />
    </Stack>
  );
}
