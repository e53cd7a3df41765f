/** Shows the secrets that a request has made. The API key can be revealed again; the secret of the webhook endpoint is shown only here. */
import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { CopyText } from '../base/copy-text';
import { useTexts } from '../base/texts';
import { formTexts } from './form-texts';
import type { Contract } from './states';

/** The secrets of an answer, or undefined when it has none. */
export function secretsOf({ api_access, webhook_endpoint }: Contract) {
  const key = api_access.key ?? undefined;
  const webhook = webhook_endpoint?.secret ?? undefined;
  return key === undefined && webhook === undefined ? undefined : { key, webhook };
}

interface SecretsDialogProps {
  secrets: NonNullable<ReturnType<typeof secretsOf>>;
  onClose: () => void;
}

/** A click beside the dialog does not close it. */
export function SecretsDialog({ secrets: { key, webhook }, onClose }: SecretsDialogProps) {
  const t = useTexts(formTexts);
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('secrets.title')}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      size="lg"
    >
      <Stack>
        <Alert color="yellow">{t('secrets.text')}</Alert>
        {key !== undefined && (
          <div>
            <Text size="sm" fw={600}>
              {t('secrets.key')}
            </Text>
            <CopyText text={key} />
            <Text size="sm">{t('secrets.key_text')}</Text>
          </div>
        )}
        {webhook !== undefined && (
          <div>
            <Text size="sm" fw={600}>
              {t('secrets.webhook')}
            </Text>
            <CopyText text={webhook} />
            <Text size="sm">{t('secrets.webhook_text')}</Text>
          </div>
        )}
        <Group justify="flex-end">
          <Button onClick={onClose} data-autofocus>
            {t('secrets.done')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
