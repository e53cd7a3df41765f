/** What an operation on licenses asks for: the customer of an assignment, or the reason of a change. */
import { Checkbox, Textarea, TextInput } from '@mantine/core';
import { useTexts } from '../base/texts';
import type { BulkInput, BulkKind } from './bulk-requests';
import { bulkTexts } from './bulk-texts';

interface BulkFieldsProps {
  kind: BulkKind;
  input: BulkInput;
  change: (changes: Partial<BulkInput>) => void;
  /** Messages by the names of fields. */
  errors: Readonly<Record<string, string>>;
}

export function BulkFields({ kind, input, change, errors }: BulkFieldsProps) {
  const t = useTexts(bulkTexts);
  if (kind !== 'assign')
    return (
      <Textarea
        label={t('reason')}
        description={t('reason.help')}
        value={input.reason}
        error={errors['reason']}
        autosize
        minRows={2}
        onChange={({ currentTarget: { value } }) => change({ reason: value })}
        data-autofocus
      />
    );
  return (
    <>
      <TextInput
        type="email"
        label={t('email')}
        description={t('email.help')}
        required
        value={input.customer_email}
        error={errors['customer_email']}
        autoComplete="off"
        onChange={({ currentTarget: { value } }) => change({ customer_email: value })}
        data-autofocus
      />
      <TextInput
        label={t('name')}
        description={t('name.help')}
        value={input.customer_name}
        error={errors['customer_name']}
        autoComplete="off"
        onChange={({ currentTarget: { value } }) => change({ customer_name: value })}
      />
      <Checkbox
        label={t('reassign')}
        checked={input.reassign}
        onChange={({ currentTarget: { checked } }) => change({ reassign: checked })}
      />
    </>
  );
}
