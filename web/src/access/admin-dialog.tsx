/** Creates an admin, or edits the name and the role of one. */
import { Select, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { isOffered, useReason } from '../base/allowed-button';
import { api, read } from '../base/client';
import { FormDialog } from '../base/form-dialog';
import { useIdempotencyKey } from '../base/idempotency';
import { fieldErrors } from '../base/problem';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { ADMIN_ROLES } from './admin-shapes';
import type { Admin } from './admin-shapes';
import { adminTexts } from './admin-texts';

interface AdminDialogProps {
  /** The admin to edit. Without one, an admin is created. */
  admin?: Admin;
  onClose: () => void;
  onSaved?: (admin: Admin) => void;
}

type Values = Pick<Admin, 'name' | 'email' | 'role'>;

export function AdminDialog({ admin, onClose, onSaved }: AdminDialogProps) {
  const t = useTexts(adminTexts);
  const reasonOf = useReason();
  const keyOf = useIdempotencyKey();
  const form = useForm<Values>({
    initialValues: { name: admin?.name ?? '', email: admin?.email ?? '', role: admin?.role ?? 'viewer' },
  });
  const save = useAction({
    send: (values: Values) => (admin ? edit(admin, values) : create(values, keyOf(values))),
    done: ({ name }) => t(admin ? 'saved' : 'created_note', { name }),
    onDone: (saved) => {
      onSaved?.(saved);
      onClose();
    },
  });
  const change_role = admin?.allowed_actions.change_role ?? true;
  return (
    <FormDialog
      title={admin ? t('edit') : t('create')}
      submit={admin ? t('save') : t('create')}
      pending={save.isPending}
      error={save.error}
      fields={Object.keys(form.values)}
      onClose={onClose}
      onSubmit={form.onSubmit((values) =>
        save.mutate(values, { onError: (error) => form.setErrors(fieldErrors(error)) }),
      )}
    >
      <TextInput
        label={t('name')}
        description={t('name_text')}
        required
        data-autofocus
        {...form.getInputProps('name')}
      />
      {!admin && <TextInput label={t('email')} type="email" required {...form.getInputProps('email')} />}
      {isOffered(change_role) && (
        <Select
          label={t('role')}
          description={reasonOf(change_role) ?? t('role_text')}
          data={ADMIN_ROLES.map((value) => ({ value, label: t(value) }))}
          allowDeselect={false}
          disabled={change_role !== true}
          {...form.getInputProps('role')}
        />
      )}
    </FormDialog>
  );
}

function create(body: Values, key: string): Promise<Admin> {
  return read(api.POST('/api/v1/admins', { params: { header: { 'Idempotency-Key': key } }, body }));
}

/** A role that stays is not sent: the last super admin can be renamed. */
function edit({ id, role: before }: Admin, { name, role }: Values): Promise<Admin> {
  const body = role === before ? { name } : { name, role };
  return read(api.PATCH('/api/v1/admins/{id}', { params: { path: { id } }, body }));
}
