/** Merges a customer into another one. The interface says first what would move; only then can it be done. */
import { Alert, Select, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, read } from '../base/client';
import { FormDialog } from '../base/form-dialog';
import { useIdempotencyKey } from '../base/idempotency';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { customerTexts } from './customer-texts';
import type { Customer } from './states';

interface MergeDialogProps {
  customer: Customer;
  onClose: () => void;
  onMerged: (into: string) => void;
}

const DEBOUNCE_MS = 250;
const SHOWN_MAX = 20;

export function MergeDialog({ customer: { id, name }, onClose, onMerged }: MergeDialogProps) {
  const t = useTexts(customerTexts);
  const keyOf = useIdempotencyKey();
  const [into, setInto] = useState('');
  const preview = useQuery({
    queryKey: ['customers', id, 'merge', into],
    queryFn: () =>
      read(
        api.POST('/api/v1/customers/{id}/merge', {
          params: { path: { id }, query: { dry_run: 'true' } },
          body: { into },
        }),
      ),
    enabled: into !== '',
    retry: false,
    staleTime: 0,
  });
  const merge = useAction({
    send: () =>
      read(
        api.POST('/api/v1/customers/{id}/merge', {
          params: { path: { id }, header: { 'Idempotency-Key': keyOf(into) } },
          body: { into },
        }),
      ),
    done: () => t('merge.done', { name }),
    onDone: () => onMerged(into),
  });
  const moved = preview.isSuccess ? preview.data.moved : undefined;
  return (
    <FormDialog
      title={t('merge.title')}
      submit={t('merge.submit')}
      danger
      pending={merge.isPending}
      error={merge.error ?? preview.error}
      disabled={moved === undefined}
      onClose={onClose}
      onSubmit={(event) => {
        event.preventDefault();
        merge.mutate(undefined);
      }}
    >
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {t('merge.text', { name })}
      </Text>
      <CustomerSelect excluded={id} value={into} onChange={setInto} />
      <div aria-live="polite" aria-busy={preview.isFetching}>
        {moved && (
          <Alert color="yellow" title={t('merge.preview')}>
            {t('merge.would', moved)}
          </Alert>
        )}
      </div>
    </FormDialog>
  );
}

interface CustomerSelectProps {
  excluded: string;
  value: string;
  onChange: (id: string) => void;
}

function CustomerSelect({ excluded, value, onChange }: CustomerSelectProps) {
  const t = useTexts(customerTexts);
  const [text, setText] = useState('');
  const [search] = useDebouncedValue(text, DEBOUNCE_MS);
  // The name of the chosen customer stands in the field; it is no search.
  const query = { limit: SHOWN_MAX, ...(search === '' || search.includes(' · ') ? {} : { search }) };
  const list = useQuery({
    queryKey: ['customers', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/customers', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const [chosen, setChosen] = useState<{ value: string; label: string }>();
  const found = (list.data?.data ?? [])
    .filter(({ id, merged_into }) => id !== excluded && merged_into === null)
    .map(({ id, name, email }) => ({ value: id, label: `${name} · ${email}` }));
  const data = chosen && !found.some((one) => one.value === chosen.value) ? [chosen, ...found] : found;
  return (
    <Select
      label={t('merge.into')}
      required
      searchable
      data-autofocus
      data={data}
      value={value === '' ? null : value}
      filter={({ options }) => options}
      nothingFoundMessage={t('merge.nothing_found')}
      onSearchChange={setText}
      onChange={(id, option) => {
        setChosen(option ?? undefined);
        onChange(id ?? '');
      }}
    />
  );
}
