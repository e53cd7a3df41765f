/** Replacing and retiring a signing key. Both say first what programs in the field notice of it. */
import { Alert, Code, Text } from '@mantine/core';
import { api, read } from '../base/client';
import { FormDialog } from '../base/form-dialog';
import { useIdempotencyKey } from '../base/idempotency';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { productTexts } from './product-texts';

interface ReplaceKeyDialogProps {
  product_id: string;
  /** The product has no key yet. */
  first: boolean;
  onClose: () => void;
}

export function ReplaceKeyDialog({ product_id: id, first, onClose }: ReplaceKeyDialogProps) {
  const t = useTexts(productTexts);
  const keyOf = useIdempotencyKey();
  const replace = useAction({
    send: () =>
      read(
        api.POST('/api/v1/products/{id}/signing-keys', {
          params: { path: { id }, header: { 'Idempotency-Key': keyOf(id) } },
        }),
      ),
    done: () => t('keys.created'),
    onDone: onClose,
  });
  const title = first ? t('keys.create') : t('keys.replace');
  return (
    <FormDialog
      title={title}
      submit={title}
      pending={replace.isPending}
      error={replace.error}
      onClose={onClose}
      onSubmit={(event) => {
        event.preventDefault();
        replace.mutate(undefined);
      }}
    >
      <Text size="sm">{first ? t('keys.text') : t('keys.replace_text')}</Text>
      {!first && <Text size="sm">{t('keys.steps')}</Text>}
    </FormDialog>
  );
}

interface RetireKeyDialogProps {
  product_id: string;
  kid: string;
  onClose: () => void;
}

export function RetireKeyDialog({ product_id: id, kid, onClose }: RetireKeyDialogProps) {
  const t = useTexts(productTexts);
  const keyOf = useIdempotencyKey();
  const retire = useAction({
    send: () =>
      read(
        api.POST('/api/v1/products/{id}/signing-keys/{kid}/retire', {
          params: { path: { id, kid }, header: { 'Idempotency-Key': keyOf(kid) } },
        }),
      ),
    done: () => t('keys.retired_note'),
    onDone: onClose,
  });
  return (
    <FormDialog
      title={t('keys.retire_title')}
      submit={t('keys.retire')}
      danger
      pending={retire.isPending}
      error={retire.error}
      onClose={onClose}
      onSubmit={(event) => {
        event.preventDefault();
        retire.mutate(undefined);
      }}
    >
      <Alert color="red">{t('keys.retire_text')}</Alert>
      <Code style={{ overflowWrap: 'anywhere' }}>{kid}</Code>
    </FormDialog>
  );
}
