/** A list that the interface keeps for each contract: it begins with the choice of one. */
import { Group } from '@mantine/core';
import type { ReactNode } from 'react';
import { EmptyState } from '../base/empty-state';
import { EntitySelect } from '../base/entity-select';
import { useListState } from '../base/list-search';
import { useTexts } from '../base/texts';
import { logTexts } from './texts';

interface OfContractProps {
  /** Says why a contract is chosen. */
  text: string;
  filters?: ReactNode;
  children: (contractId: string) => ReactNode;
}

export function OfContract({ text, filters, children }: OfContractProps) {
  const t = useTexts(logTexts);
  const state = useListState();
  const { contract_id } = state.search;
  return (
    <>
      <Group align="flex-end" gap="sm">
        <EntitySelect
          kind="contract"
          label={t('contract')}
          placeholder={t('choose')}
          value={contract_id ?? null}
          style={{ flex: '2 1 14rem' }}
          onChange={(id) => state.change({ contract_id: id ?? '' })}
        />
        {filters}
      </Group>
      {contract_id ? children(contract_id) : <EmptyState title={t('choose')}>{text}</EmptyState>}
    </>
  );
}
