/** The license requests of a contract that were refused, counted by minute. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import type { Column } from '../base/data-table';
import { EmptyState } from '../base/empty-state';
import { Instant } from '../base/instant';
import { formatNumber } from '../base/instants';
import type { components } from '../base/interface';
import { pick, useListState } from '../base/list-search';
import { useLanguage, useTexts } from '../base/texts';
import { OfContract } from './of-contract';
import { logTexts } from './texts';

export function Refusals() {
  const t = useTexts(logTexts);
  return (
    <OfContract text={t('refusals.choose_text')}>
      {(contractId) => <RefusedRequests contractId={contractId} />}
    </OfContract>
  );
}

function RefusedRequests({ contractId }: { contractId: string }) {
  const t = useTexts(logTexts);
  const state = useListState();
  const columns = useColumns();
  const query = pick(state.search, ['cursor'] as const);
  const list = useQuery({
    queryKey: ['refusals', contractId, query],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/contracts/{id}/refusals', { params: { path: { id: contractId }, query }, signal })),
    placeholderData: keepPreviousData,
  });
  return (
    <DataTable
      label={t('refusals.title')}
      list={list}
      columns={columns}
      rowKey={({ minute, code, last_actor_id }) => [minute, code, last_actor_id].join(' ')}
      state={state}
      empty={<EmptyState title={t('refusals.empty')} />}
    />
  );
}

function useColumns(): Column<components['schemas']['RefusedAttempts']>[] {
  const t = useTexts(logTexts);
  const language = useLanguage();
  return [
    { id: 'minute', header: t('minute'), cell: ({ minute }) => <Instant at={minute} /> },
    { id: 'code', header: t('code'), cell: ({ code }) => <code>{code}</code> },
    { id: 'attempts', header: t('attempts'), numeric: true, cell: ({ attempts }) => formatNumber(attempts, language) },
    {
      id: 'licenses',
      header: t('licenses_asked'),
      numeric: true,
      cell: ({ licenses }) => formatNumber(licenses, language),
    },
    { id: 'request', header: t('request'), cell: ({ last_request_id }) => last_request_id ?? '–' },
  ];
}
