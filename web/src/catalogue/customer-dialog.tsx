/** Creates or edits a customer. */
import { Select, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { api, read } from '../base/client';
import { FormDialog } from '../base/form-dialog';
import { useIdempotencyKey } from '../base/idempotency';
import { fieldErrors } from '../base/problem';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { customerTexts } from './customer-texts';
import type { Customer } from './states';
import { catalogueTexts } from './texts';

interface CustomerDialogProps {
  /** The customer to edit. Without it a new one is created. */
  customer?: Customer;
  onClose: () => void;
  onSaved?: (customer: Customer) => void;
}

const CONTACTS = ['billing_contact', 'account_manager', 'responsible_person'] as const;

export function CustomerDialog({ customer, onClose, onSaved }: CustomerDialogProps) {
  const t = useTexts(customerTexts);
  const c = useTexts(catalogueTexts);
  const keyOf = useIdempotencyKey();
  const form = useForm({
    initialValues: {
      name: customer?.name ?? '',
      email: customer?.email ?? '',
      billing_contact: customer?.billing_contact ?? '',
      account_manager: customer?.account_manager ?? '',
      responsible_person: customer?.responsible_person ?? '',
      language: customer?.language ?? '',
    },
  });
  const save = useAction({
    send: (values: typeof form.values) => {
      const body = bodyOf(values);
      if (customer) return read(api.PATCH('/api/v1/customers/{id}', { params: { path: { id: customer.id } }, body }));
      return read(api.POST('/api/v1/customers', { params: { header: { 'Idempotency-Key': keyOf(body) } }, body }));
    },
    done: ({ name }) => c(customer ? 'saved' : 'created_note', { name }),
    onDone: (saved) => {
      onSaved?.(saved);
      onClose();
    },
  });
  return (
    <FormDialog
      title={customer ? t('edit') : t('create')}
      submit={customer ? c('save') : t('create')}
      pending={save.isPending}
      error={save.error}
      fields={Object.keys(form.values)}
      onClose={onClose}
      onSubmit={form.onSubmit((values) =>
        save.mutate(values, { onError: (error) => form.setErrors(fieldErrors(error)) }),
      )}
    >
      <TextInput label={c('name')} required data-autofocus {...form.getInputProps('name')} />
      <TextInput label={t('email')} type="email" required {...form.getInputProps('email')} />
      {CONTACTS.map((name) => (
        <TextInput
          key={name}
          label={t(name)}
          description={t(`${name}_text`)}
          type="email"
          {...form.getInputProps(name)}
        />
      ))}
      <Select
        label={t('language')}
        data={[
          { value: '', label: t('language_default') },
          { value: 'en', label: t('en') },
          { value: 'de', label: t('de') },
        ]}
        allowDeselect={false}
        {...form.getInputProps('language')}
      />
    </FormDialog>
  );
}

interface Values {
  name: string;
  email: string;
  billing_contact: string;
  account_manager: string;
  responsible_person: string;
  language: string;
}

/** An empty field is `null` for the interface. */
function bodyOf({ name, email, ...rest }: Values) {
  const orNull = (text: string) => (text.trim() === '' ? null : text.trim());
  return {
    name,
    email,
    billing_contact: orNull(rest.billing_contact),
    account_manager: orNull(rest.account_manager),
    responsible_person: orNull(rest.responsible_person),
    language: orNull(rest.language) as Customer['language'],
  };
}
