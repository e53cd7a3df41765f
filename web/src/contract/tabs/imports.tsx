/** Imports of existing licenses into a contract: a file is checked, then imported; what became of each row is in the report. */
import { Button, Stack } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { roleCovers, useSession } from '../../access/session';
import { api, read } from '../../base/client';
import { DataTable } from '../../base/data-table';
import type { Column } from '../../base/data-table';
import { DownloadButton } from '../../base/download-button';
import { EmptyState } from '../../base/empty-state';
import { Instant } from '../../base/instant';
import { formatNumber } from '../../base/instants';
import { pick, useListState } from '../../base/list-search';
import { WorkProgress, WorkState } from '../../base/progress';
import { useLanguage, useTexts } from '../../base/texts';
import { isUnfinished } from '../../base/use-progress';
import { importWork } from '../../base/work';
import type { Import } from '../../base/work';
import type { TabProps } from '../tab-props';
import { ImportDialog } from './import-dialog';
import { importTexts } from './import-texts';
import { Section } from './section';

export default function ImportsTab({ contract }: TabProps) {
  const t = useTexts(importTexts);
  const { id } = contract;
  const state = useListState();
  const mayImport = roleCovers(useSession().admin.role, 'admin');
  const [importing, dialog] = useDisclosure(false);
  const query = pick(state.search, ['cursor']);
  const list = useQuery({
    queryKey: ['contract', id, 'imports', query],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/contracts/{id}/licenses/import', { params: { path: { id }, query }, signal })),
    placeholderData: keepPreviousData,
  });
  const running = list.data?.data.filter((row) => isUnfinished(row.state)) ?? [];
  return (
    <Section title={t('imports')} actions={mayImport && <Button onClick={dialog.open}>{t('import')}</Button>}>
      <Stack>
        {running.map((row) => (
          <WorkProgress key={row.id} work={importWork(id, row.id)} />
        ))}
        <DataTable
          label={t('imports')}
          list={list}
          columns={useColumns(contract.timezone)}
          rowKey={(row) => row.id}
          state={state}
          empty={<EmptyState title={t('empty')}>{t('empty_text')}</EmptyState>}
        />
      </Stack>
      {importing && <ImportDialog contract_id={id} onClose={dialog.close} />}
    </Section>
  );
}

function useColumns(zone: string): Column<Import>[] {
  const t = useTexts(importTexts);
  const language = useLanguage();
  const number = (value: number) => formatNumber(value, language);
  return [
    { id: 'created', header: t('date'), cell: ({ created_at }) => <Instant at={created_at} zone={zone} /> },
    { id: 'state', header: t('state'), cell: ({ state }) => <WorkState state={state} /> },
    { id: 'rows', header: t('rows'), numeric: true, cell: ({ rows }) => number(rows) },
    { id: 'imported', header: t('imported'), numeric: true, cell: ({ counts }) => number(counts.imported) },
    { id: 'skipped', header: t('skipped'), numeric: true, cell: ({ counts }) => number(counts.skipped) },
    { id: 'rejected', header: t('rejected'), numeric: true, cell: ({ counts }) => number(counts.rejected) },
    { id: 'actor', header: t('actor'), cell: ({ actor }) => <bdi>{actor.name}</bdi> },
    {
      id: 'report',
      header: t('report'),
      cell: ({ id, contract_id }) => (
        <DownloadButton size="xs" href={`/api/v1/contracts/${contract_id}/licenses/import/${id}/report.csv`}>
          {t('report.download')}
        </DownloadButton>
      ),
    },
  ];
}
