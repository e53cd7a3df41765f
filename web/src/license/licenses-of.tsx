/** The licenses of a customer as a short table within another page. All filters and actions are on the page of licenses. */
import { Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import type { paths } from '../base/interface';
import { pick, useListState } from '../base/list-search';
import { useTexts } from '../base/texts';
import { useLicenseColumns } from './license-columns';
import { licenseTexts } from './texts';

type Query = NonNullable<paths['/api/v1/licenses']['get']['parameters']['query']>;

/** The page of the list stands in the URL (`cursor`), so a page can have one such table. */
export function LicensesOf({ filter }: { filter: Query }) {
  const t = useTexts(licenseTexts);
  const state = useListState();
  const search = pick(state.search, ['cursor']);
  const query = { ...filter, ...search };
  const list = useQuery({
    queryKey: ['licenses', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/licenses', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const columns = useLicenseColumns().filter(({ id }) => id !== 'customer');
  return (
    <DataTable
      label={t('licenses.title')}
      list={list}
      columns={columns}
      rowKey={({ id }) => id}
      state={{ ...state, search }}
      empty={<Text c="dimmed">{t('licenses.none')}</Text>}
    />
  );
}
