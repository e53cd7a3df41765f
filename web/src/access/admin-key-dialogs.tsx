/** Creates an API key of an admin, which is shown once, and revokes one. */
import { Alert, Button, Code, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { baseTexts } from '../base/base-texts';
import { api, read } from '../base/client';
import { CopyText } from '../base/copy-text';
import { FormDialog } from '../base/form-dialog';
import { useIdempotencyKey } from '../base/idempotency';
import { fieldErrors } from '../base/problem';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import type { AdminApiKey } from './admin-shapes';
import { adminTexts } from './admin-texts';

export function CreateKeyDialog({ admin_id: id, onClose }: { admin_id: string; onClose: () => void }) {
  const t = useTexts(adminTexts);
  const keyOf = useIdempotencyKey();
  const form = useForm({ initialValues: { label: '' } });
  const create = useAction({
    send: ({ label }: typeof form.values) => {
      const body = { label: label.trim() === '' ? null : label };
      return read(
        api.POST('/api/v1/admins/{id}/api-keys', {
          params: { path: { id }, header: { 'Idempotency-Key': keyOf(body) } },
          body,
        }),
      );
    },
  });
  if (create.data) return <ShownOnce api_key={create.data.key} onClose={onClose} />;
  return (
    <FormDialog
      title={t('keys.create')}
      submit={t('keys.create')}
      pending={create.isPending}
      error={create.error}
      fields={['label']}
      onClose={onClose}
      onSubmit={form.onSubmit((values) =>
        create.mutate(values, { onError: (error) => form.setErrors(fieldErrors(error)) }),
      )}
    >
      <TextInput label={t('keys.label')} data-autofocus {...form.getInputProps('label')} />
    </FormDialog>
  );
}

/** Only its button closes the dialog: a click beside it would lose the key. */
function ShownOnce({ api_key, onClose }: { api_key: string | null; onClose: () => void }) {
  const t = useTexts(adminTexts);
  const base = useTexts(baseTexts);
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('keys.once')}
      size="lg"
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
    >
      <Stack>
        {api_key === null ? (
          <Alert color="yellow">{t('keys.replayed')}</Alert>
        ) : (
          <>
            <Text size="sm">{t('keys.once_text')}</Text>
            <CopyText text={api_key} />
          </>
        )}
        <Group justify="flex-end">
          <Button onClick={onClose} data-autofocus>
            {base('action.close')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

export function RevokeKeyDialog({ api_key, onClose }: { api_key: AdminApiKey; onClose: () => void }) {
  const t = useTexts(adminTexts);
  const { admin_id: id, key_id, masked_key, label } = api_key;
  const revoke = useAction({
    send: () => read(api.DELETE('/api/v1/admins/{id}/api-keys/{key_id}', { params: { path: { id, key_id } } })),
    done: () => t('keys.revoked_note'),
    onDone: onClose,
  });
  return (
    <FormDialog
      title={t('keys.revoke_title')}
      submit={t('keys.revoke')}
      danger
      pending={revoke.isPending}
      error={revoke.error}
      onClose={onClose}
      onSubmit={(event) => {
        event.preventDefault();
        revoke.mutate(undefined);
      }}
    >
      <Text size="sm">{t('keys.revoke_text')}</Text>
      <Code style={{ overflowWrap: 'anywhere' }}>{masked_key}</Code>
      {label !== null && (
        <Text size="sm">
          <bdi>{label}</bdi>
        </Text>
      )}
    </FormDialog>
  );
}
