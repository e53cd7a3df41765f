/** Deletes a generator that no contract uses. */
import { Text } from '@mantine/core';
import { api, read } from '../base/client';
import { FormDialog } from '../base/form-dialog';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { generatorTexts } from './generator-texts';
import type { Generator } from './states';

interface DeleteGeneratorDialogProps {
  generator: Generator;
  onClose: () => void;
  onDeleted: () => void;
}

export function DeleteGeneratorDialog({ generator: { id, name }, onClose, onDeleted }: DeleteGeneratorDialogProps) {
  const t = useTexts(generatorTexts);
  const remove = useAction({
    send: () => read(api.DELETE('/api/v1/generators/{id}', { params: { path: { id } } })),
    done: () => t('deleted', { name }),
    onDone: onDeleted,
  });
  return (
    <FormDialog
      title={t('delete_title')}
      submit={t('delete')}
      danger
      pending={remove.isPending}
      error={remove.error}
      onClose={onClose}
      onSubmit={(event) => {
        event.preventDefault();
        remove.mutate(undefined);
      }}
    >
      <Text fw={500} style={{ overflowWrap: 'anywhere' }}>
        <bdi>{name}</bdi>
      </Text>
      <Text size="sm">{t('delete_text')}</Text>
    </FormDialog>
  );
}
