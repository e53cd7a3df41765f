/** The calls with the API key of a contract, and how they ended. */
import { Anchor, Stack, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import type { Column } from '../base/data-table';
import { EmptyState } from '../base/empty-state';
import { SearchFilter } from '../base/filters';
import { Instant } from '../base/instant';
import { InstantFilter } from '../base/instant-filter';
import { formatNumber } from '../base/instants';
import type { components } from '../base/interface';
import { pick, useListState } from '../base/list-search';
import { useLanguage, useTexts } from '../base/texts';
import { OfContract } from './of-contract';
import { logTexts } from './texts';

type ApiCall = components['schemas']['ApiCall'];

export function ApiCalls() {
  const t = useTexts(logTexts);
  const state = useListState();
  const filters = (
    <>
      <SearchFilter state={state} name="code" label={t('code')} placeholder="RATE_LIMITED" />
      <InstantFilter state={state} name="from" label={t('from')} />
      <InstantFilter state={state} name="to" label={t('to')} />
    </>
  );
  return (
    <OfContract text={t('calls.choose_text')} filters={filters}>
      {(contractId) => <Calls contractId={contractId} />}
    </OfContract>
  );
}

function Calls({ contractId }: { contractId: string }) {
  const t = useTexts(logTexts);
  const state = useListState();
  const columns = useColumns();
  const query = { ...pick(state.search, ['code', 'from', 'to', 'cursor'] as const), contract_id: contractId };
  const list = useQuery({
    queryKey: ['api-calls', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/api-calls', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  return (
    <DataTable
      label={t('calls.title')}
      list={list}
      columns={columns}
      rowKey={({ at, code, job_id, request_id }) => [at, code, job_id, request_id].join(' ')}
      state={state}
      empty={<EmptyState title={t('calls.empty')}>{t('calls.empty_text')}</EmptyState>}
    />
  );
}

function useColumns(): Column<ApiCall>[] {
  const t = useTexts(logTexts);
  const language = useLanguage();
  return [
    { id: 'at', header: t('at'), cell: ({ at }) => <Instant at={at} /> },
    { id: 'code', header: t('code'), cell: ({ code }) => <code>{code}</code> },
    { id: 'calls', header: t('calls'), numeric: true, cell: ({ calls }) => formatNumber(calls, language) },
    {
      id: 'licenses',
      header: t('licenses'),
      numeric: true,
      cell: ({ licenses }) => (licenses === null ? '–' : formatNumber(licenses, language)),
    },
    {
      id: 'job',
      header: t('subject.job'),
      cell: ({ job_id }) =>
        job_id === null ? (
          '–'
        ) : (
          <Anchor component={Link} to={`/jobs/${job_id}`}>
            {t('open')}
          </Anchor>
        ),
    },
    {
      id: 'samples',
      header: t('samples'),
      cell: ({ samples }) => (
        <Stack gap={0}>
          {samples.map(({ at, address, key_last_four, request_id }) => (
            <Text size="xs" key={request_id} style={{ overflowWrap: 'anywhere' }}>
              <Instant at={at} /> · {address ?? '–'} · {t('key_ends', { key_last_four })}
            </Text>
          ))}
        </Stack>
      ),
    },
  ];
}
