/** The amendments of a contract: changes that take effect on a day. */
import { Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { AllowedButton } from '../../base/allowed-button';
import { api, read } from '../../base/client';
import { DataTable } from '../../base/data-table';
import type { Column } from '../../base/data-table';
import { EmptyState } from '../../base/empty-state';
import { formatLocalDate } from '../../base/instants';
import type { components } from '../../base/interface';
import { pick, useListState } from '../../base/list-search';
import { StatusBadge } from '../../base/status-badge';
import type { Tone } from '../../base/status-badge';
import { useLanguage, useTexts } from '../../base/texts';
import type { TabProps } from '../tab-props';
import { AmendDialog } from './amend-dialog';
import { amendmentTexts } from './amendment-texts';
import { Differences } from './differences';
import { Section } from './section';
import { WithdrawAmendment } from './withdraw-amendment';

export type Amendment = components['schemas']['Amendment'];

const TONES: Readonly<Record<Amendment['status'], Tone>> = {
  pending: 'waiting',
  applied: 'good',
  failed: 'bad',
  cancelled: 'neutral',
};

export default function AmendmentsTab({ contract }: TabProps) {
  const t = useTexts(amendmentTexts);
  const { id } = contract;
  const state = useListState();
  const [amending, amend] = useDisclosure(false);
  const query = pick(state.search, ['cursor']);
  const list = useQuery({
    queryKey: ['contract', id, 'amendments', query],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/contracts/{id}/amendments', { params: { path: { id }, query }, signal })),
    placeholderData: keepPreviousData,
  });
  const create = (
    <AllowedButton allowed={contract.allowed_actions.amend} onClick={amend.open}>
      {t('amend')}
    </AllowedButton>
  );
  return (
    <Section title={t('amendments')} actions={create}>
      <DataTable
        label={t('amendments')}
        list={list}
        columns={useColumns()}
        rowKey={(amendment) => amendment.id}
        state={state}
        empty={<EmptyState title={t('empty')}>{t('empty_text')}</EmptyState>}
      />
      {amending && <AmendDialog contract={contract} onClose={amend.close} />}
    </Section>
  );
}

function useColumns(): Column<Amendment>[] {
  const t = useTexts(amendmentTexts);
  const language = useLanguage();
  return [
    { id: 'date', header: t('effective_date'), cell: (row) => formatLocalDate(row.effective_date, language) },
    {
      id: 'status',
      header: t('status'),
      cell: ({ status, failure }) => (
        <Stack gap={2} align="flex-start">
          <StatusBadge tone={TONES[status]}>{t(`status.${status}`)}</StatusBadge>
          {failure && <Text size="xs">{failure.detail}</Text>}
        </Stack>
      ),
    },
    { id: 'changes', header: t('changes'), cell: ({ changes }) => <Differences before={null} after={changes} /> },
    { id: 'note', header: t('note'), cell: ({ note }) => note ?? '–' },
    { id: 'withdraw', header: t('actions'), cell: (amendment) => <WithdrawAmendment amendment={amendment} /> },
  ];
}
