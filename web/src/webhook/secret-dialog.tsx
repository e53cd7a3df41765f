/** Shows the secret of an endpoint, this one time. */
import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { CopyText } from '../base/copy-text';
import { useTexts } from '../base/texts';
import { webhookTexts } from './texts';

interface SecretDialogProps {
  /** Null when the answer was a repetition, which shows no secret. */
  secret: string | null;
  onClose: () => void;
}

/** Closes only by its button, so that a stray click does not lose the secret. */
export function SecretDialog({ secret, onClose }: SecretDialogProps) {
  const t = useTexts(webhookTexts);
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('secret.title')}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
    >
      <Stack>
        {secret === null ? (
          <Alert color="yellow">{t('secret.replayed')}</Alert>
        ) : (
          <>
            <Text size="sm">{t('secret.text')}</Text>
            <CopyText text={secret} />
          </>
        )}
        <Group justify="flex-end">
          <Button onClick={onClose}>{t('secret.close')}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
