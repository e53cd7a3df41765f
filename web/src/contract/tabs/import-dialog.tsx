/** Imports a CSV file: the server checks it first and says what would become of its rows. */
import { Alert, FileInput, Select, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { ActionDialog } from '../../base/action-dialog';
import { baseTexts } from '../../base/base-texts';
import { api, read } from '../../base/client';
import type { components } from '../../base/interface';
import { useTexts } from '../../base/texts';
import { useAction } from '../../base/use-action';
import { importTexts } from './import-texts';
import { PlainTable } from './plain-table';

type Check = components['schemas']['ImportDryRun'];
type Duplicates = 'reject' | 'skip';

export function ImportDialog({ contract_id, onClose }: { contract_id: string; onClose: () => void }) {
  const t = useTexts(importTexts);
  const base = useTexts(baseTexts);
  const [file, setFile] = useState<File | null>(null);
  const [duplicates, setDuplicates] = useState<Duplicates>('reject');
  const send = (given: File, dry_run: boolean) =>
    read(
      api.POST('/api/v1/contracts/{id}/licenses/import', {
        params: { path: { id: contract_id }, query: { duplicates, ...(dry_run ? { dry_run: 'true' as const } : {}) } },
        // The file goes as it is: the client would write a text as JSON.
        body: given as unknown as string,
        bodySerializer: (body: unknown) => body as File,
        headers: { 'Content-Type': 'text/csv' },
      }),
    );
  const check = useAction({ send: async (given: File) => (await send(given, true)) as Check });
  const upload = useAction({ send: (given: File) => send(given, false), done: () => t('done'), onDone: onClose });
  const checked = check.data;
  return (
    <ActionDialog
      title={t('import')}
      size="lg"
      submit={checked ? t('import') : t('check')}
      pending={check.isPending || upload.isPending}
      disabled={file === null}
      error={upload.error ?? check.error}
      onSubmit={() => file && (checked ? upload.mutate(file) : check.mutate(file))}
      onClose={onClose}
    >
      <Text size="sm">{t('import.text')}</Text>
      <FileInput
        label={t('file')}
        placeholder={t('file.choose')}
        accept=".csv,text/csv"
        required
        clearable
        clearButtonProps={{ 'aria-label': t('file.clear') }}
        value={file}
        onChange={(chosen) => {
          setFile(chosen);
          check.reset();
        }}
      />
      <Select
        label={t('duplicates')}
        data={[
          { value: 'reject', label: t('duplicates.reject') },
          { value: 'skip', label: t('duplicates.skip') },
        ]}
        value={duplicates}
        allowDeselect={false}
        onChange={(chosen) => {
          setDuplicates(chosen === 'skip' ? 'skip' : 'reject');
          check.reset();
        }}
      />
      {checked && (
        <Alert color={checked.counts.rejected > 0 ? 'yellow' : 'blue'} role="status" title={base('action.preview')}>
          {t('preview', { rows: checked.rows, ...checked.counts })}
          {checked.repeats !== null && ` ${t('repeats')}`}
        </Alert>
      )}
      {checked && checked.not_imported.length > 0 && <NotImported rows={checked.not_imported} />}
    </ActionDialog>
  );
}

function NotImported({ rows }: { rows: Check['not_imported'] }) {
  const t = useTexts(importTexts);
  return (
    <PlainTable label={t('not_imported')} headers={[t('row'), t('key'), t('why')]}>
      {rows.map(({ row, key, message }) => (
        <Table.Tr key={row}>
          <Table.Td>{row}</Table.Td>
          <Table.Td style={{ overflowWrap: 'anywhere' }}>{key ?? '–'}</Table.Td>
          <Table.Td>{message}</Table.Td>
        </Table.Tr>
      ))}
    </PlainTable>
  );
}
