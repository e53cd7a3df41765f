/** Disables an admin. */
import { Text } from '@mantine/core';
import { api, read } from '../base/client';
import { FormDialog } from '../base/form-dialog';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import type { Admin } from './admin-shapes';
import { adminTexts } from './admin-texts';

export function DisableAdminDialog({ admin: { id, name }, onClose }: { admin: Admin; onClose: () => void }) {
  const t = useTexts(adminTexts);
  const disable = useAction({
    send: () => read(api.PATCH('/api/v1/admins/{id}', { params: { path: { id } }, body: { status: 'disabled' } })),
    done: () => t('disable.done', { name }),
    onDone: onClose,
  });
  return (
    <FormDialog
      title={t('disable.title')}
      submit={t('disable')}
      danger
      pending={disable.isPending}
      error={disable.error}
      onClose={onClose}
      onSubmit={(event) => {
        event.preventDefault();
        disable.mutate(undefined);
      }}
    >
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {t('disable.text', { name })}
      </Text>
    </FormDialog>
  );
}
