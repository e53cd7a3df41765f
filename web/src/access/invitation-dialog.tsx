/** Invites an admin to set a password: the link is shown once. It also helps a person who has forgotten the password. */
import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { baseTexts } from '../base/base-texts';
import { api, read } from '../base/client';
import { CopyText } from '../base/copy-text';
import { FormDialog } from '../base/form-dialog';
import { useIdempotencyKey } from '../base/idempotency';
import { formatInstant } from '../base/instants';
import { useLanguage, useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import type { Admin } from './admin-shapes';
import { sessionTexts } from './session-texts';

export function InvitationDialog({ admin: { id, name }, onClose }: { admin: Admin; onClose: () => void }) {
  const t = useTexts(sessionTexts);
  const keyOf = useIdempotencyKey();
  const invite = useAction({
    send: () =>
      read(
        api.POST('/api/v1/admins/{id}/invitation', {
          params: { path: { id }, header: { 'Idempotency-Key': keyOf({ id }) } },
        }),
      ),
  });
  if (invite.data) return <ShownLink invitation={invite.data} onClose={onClose} />;
  return (
    <FormDialog
      title={t('invite.title')}
      submit={t('invite.submit')}
      pending={invite.isPending}
      error={invite.error}
      onClose={onClose}
      onSubmit={(event) => {
        event.preventDefault();
        invite.mutate(undefined);
      }}
    >
      <Text size="sm">{t('invite.text', { name })}</Text>
    </FormDialog>
  );
}

interface ShownLinkProps {
  invitation: { url: string | null; expires_at: string };
  onClose: () => void;
}

/** Only its button closes the dialog: a click beside it would lose the link. */
function ShownLink({ invitation: { url, expires_at }, onClose }: ShownLinkProps) {
  const t = useTexts(sessionTexts);
  const base = useTexts(baseTexts);
  const language = useLanguage();
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('invite.once')}
      size="lg"
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
    >
      <Stack>
        {url === null ? (
          <Alert color="yellow">{t('invite.replayed')}</Alert>
        ) : (
          <>
            <Text size="sm">{t('invite.once_text', { until: formatInstant(expires_at, language) })}</Text>
            <CopyText text={url} />
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
