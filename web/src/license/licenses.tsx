/** The list of licenses, with filters, export and operations in bulk. */
import { Button, Checkbox } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { roleCovers, useSession } from '../access/session';
import { baseTexts } from '../base/base-texts';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import { DownloadButton, fileAddress } from '../base/download-button';
import { EmptyState } from '../base/empty-state';
import { ColumnsMenu } from '../base/filters';
import { useListState } from '../base/list-search';
import { Page } from '../base/page';
import { useTexts } from '../base/texts';
import { CreateDialog } from './create-dialog';
import { useLicenseColumns } from './license-columns';
import { LicenseFilters } from './license-filters';
import { fileQuery, listQuery } from './license-query';
import { isSelected, toggled, useSelection } from './selection';
import { SelectionBar } from './selection-bar';
import { licenseTexts } from './texts';

export default function LicensesPage() {
  const t = useTexts(licenseTexts);
  const base = useTexts(baseTexts);
  const { role } = useSession().admin;
  const [creating, setCreating] = useState(false);
  const state = useListState();
  const query = listQuery(state.search);
  const list = useQuery({
    queryKey: ['licenses', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/licenses', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const columns = useLicenseColumns();
  const [selection, select] = useSelection(JSON.stringify(fileQuery(state.search)));
  const page = list.data?.data ?? [];
  const ids = page.map(({ id }) => id);
  const chosen = ids.filter((id) => isSelected(selection, id)).length;
  const canChange = roleCovers(role, 'admin');
  const lead = {
    head: (
      <Checkbox
        aria-label={t('select.page')}
        checked={chosen > 0 && chosen === ids.length}
        indeterminate={chosen > 0 && chosen < ids.length}
        onChange={() => select(toggled(selection, ids, ids))}
      />
    ),
    cell: ({ id, key }: (typeof page)[number]) => (
      <Checkbox
        aria-label={t('select.row', { key })}
        checked={isSelected(selection, id)}
        onChange={() => select(toggled(selection, [id], ids))}
      />
    ),
  };
  return (
    <Page
      title={t('licenses.title')}
      actions={
        <>
          {roleCovers(role, 'operator') && (
            <DownloadButton href={fileAddress('/api/v1/licenses.csv', fileQuery(state.search))}>
              {base('action.export')}
            </DownloadButton>
          )}
          {canChange && (
            <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)} data-page-create>
              {t('licenses.create')}
            </Button>
          )}
        </>
      }
    >
      <LicenseFilters state={state} byKey={roleCovers(role, 'operator')}>
        <ColumnsMenu state={state} columns={columns} />
      </LicenseFilters>
      {canChange && <SelectionBar selection={selection} select={select} page={list.data} search={state.search} />}
      <DataTable
        label={t('licenses.title')}
        list={list}
        columns={columns}
        rowKey={({ id }) => id}
        state={state}
        {...(canChange ? { lead } : {})}
        empty={<EmptyState title={t('licenses.empty')}>{t('licenses.empty_text')}</EmptyState>}
      />
      {creating && <CreateDialog onClose={() => setCreating(false)} />}
    </Page>
  );
}
