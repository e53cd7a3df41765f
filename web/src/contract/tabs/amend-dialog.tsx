/** Amends a contract: what changes on which day, checked by the server before it is sent. */
import { Alert, NumberInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { ActionDialog } from '../../base/action-dialog';
import { baseTexts } from '../../base/base-texts';
import { api, read } from '../../base/client';
import { useIdempotencyKey } from '../../base/idempotency';
import { formatLocalDate } from '../../base/instants';
import { fieldErrors } from '../../base/problem';
import { useLanguage, useTexts } from '../../base/texts';
import { useAction } from '../../base/use-action';
import { localTime } from '../../base/zoned';
import { parseObject } from '../contract-form';
import type { Contract } from '../states';
import { amendmentBody, amendmentValues } from './amendment-body';
import type { AmendmentValues } from './amendment-body';
import { AmendmentFields } from './amendment-fields';
import { amendmentTexts } from './amendment-texts';

export function AmendDialog({ contract, onClose }: { contract: Contract; onClose: () => void }) {
  const t = useTexts(amendmentTexts);
  const base = useTexts(baseTexts);
  const language = useLanguage();
  const keyFor = useIdempotencyKey();
  const path = { id: contract.id };
  const today = localTime(new Date().toISOString(), contract.timezone).slice(0, 10);
  const form = useForm<AmendmentValues>({
    initialValues: amendmentValues(today),
    onValuesChange: () => preview.reset(),
    validate: {
      feature_overrides: (text) => (parseObject(text) === undefined ? t('not_an_object') : null),
    },
  });
  const showErrors = { onError: (error: unknown) => form.setErrors(namedErrors(error)) };
  const preview = useAction({
    send: (values: AmendmentValues) => {
      const request = { params: { path, query: { dry_run: 'true' as const } }, body: amendmentBody(values) };
      return read(api.POST('/api/v1/contracts/{id}/amendments', request));
    },
  });
  const amend = useAction({
    send: (values: AmendmentValues) => {
      const body = amendmentBody(values);
      const header = { 'Idempotency-Key': keyFor(body) };
      return read(api.POST('/api/v1/contracts/{id}/amendments', { params: { path, header }, body }));
    },
    done: ({ status }) => t(`done.${status}`),
    onDone: onClose,
  });
  const shown = preview.data;
  const submit = form.onSubmit((values) =>
    shown ? amend.mutate(values, showErrors) : preview.mutate(values, showErrors),
  );
  return (
    <ActionDialog
      title={t('amend')}
      submit={shown ? t('amend') : base('action.preview')}
      pending={preview.isPending || amend.isPending}
      error={amend.error ?? preview.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextInput
        type="date"
        label={t('effective_date')}
        description={t('effective_date.help')}
        required
        {...form.getInputProps('effective_date')}
      />
      <NumberInput
        label={t('quota_add')}
        min={1}
        allowDecimal={false}
        thousandSeparator=" "
        {...form.getInputProps('quota_add')}
      />
      <TextInput
        type="date"
        label={t('end_date')}
        description={t('end_date.help')}
        {...form.getInputProps('end_date')}
      />
      <AmendmentFields contract={contract} form={form} />
      <TextInput label={t('note')} description={t('note.help')} {...form.getInputProps('note')} />
      {shown && (
        <Alert color="blue" role="status" title={base('action.preview')}>
          {t(`preview.${shown.status}`, { date: formatLocalDate(shown.effective_date, language) })}
        </Alert>
      )}
    </ActionDialog>
  );
}

/** The errors by the names of the fields: the interface names most of them `changes.…`. */
function namedErrors(error: unknown): Record<string, string> {
  const named = Object.entries(fieldErrors(error)).map(([path, text]) => [path.replace(/^changes\./, ''), text]);
  return Object.fromEntries(named) as Record<string, string>;
}
