/** Deletes a contract: says what is deleted and what stays, and asks for its name. */
import { Alert, Button, Group, List, Modal, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { FormEvent } from 'react';
import { baseTexts } from '../base/base-texts';
import { api, read } from '../base/client';
import { gated } from '../base/gate';
import { ProblemAlert } from '../base/problem-alert';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { actionTexts } from './action-texts';
import type { Contract } from './states';

interface DeleteDialogProps {
  contract: Pick<Contract, 'id' | 'name' | 'revision' | 'quota'>;
  onClose: () => void;
  onDeleted?: (() => void) | undefined;
}

export function DeleteDialog({ contract, onClose, onDeleted }: DeleteDialogProps) {
  const t = useTexts(actionTexts);
  const base = useTexts(baseTexts);
  const { id, name, revision, quota } = contract;
  const [typed, setTyped] = useState('');
  const params = { path: { id }, header: { 'If-Match': `"${revision}"` } };
  // Whether it could be deleted is asked first, so that the name is not typed in vain.
  const trial = useQuery({
    queryKey: ['contract', id, 'trial', 'delete', revision],
    queryFn: ({ signal }) =>
      gated(() =>
        read(
          api.DELETE('/api/v1/contracts/{id}', {
            params: { ...params, query: { dry_run: 'true' } },
            body: { confirm_name: name },
            signal,
          }),
        ),
      ),
    gcTime: 0,
  });
  const action = useAction({
    send: (confirm_name: string) => read(api.DELETE('/api/v1/contracts/{id}', { params, body: { confirm_name } })),
    done: () => t('delete.done', { name }),
    onDone: () => {
      onClose();
      onDeleted?.();
    },
  });

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (typed === name) action.mutate(typed);
  }

  const error = action.error ?? trial.error;
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t('delete.title')}
      closeButtonProps={{ 'aria-label': base('action.close') }}
    >
      <form onSubmit={submit}>
        <Stack>
          <Alert color="red">{t('delete.sure')}</Alert>
          <List size="sm" spacing={4}>
            <List.Item>
              <b>{t('delete.deleted_title')}:</b> {t('delete.deleted')}
            </List.Item>
            <List.Item>
              <b>{t('delete.stays_title')}:</b> {t('delete.stays', { count: quota.generated })}
            </List.Item>
          </List>
          <Text size="sm">{t('delete.instead')}</Text>
          {trial.isPending && <Skeleton height={36} aria-label={t('delete.loading')} />}
          {error && <ProblemAlert error={error} />}
          {trial.isSuccess && (
            <TextInput
              label={
                <Text span size="sm" fw={500} style={{ overflowWrap: 'anywhere' }}>
                  <bdi>{base('confirm.type_name', { name })}</bdi>
                </Text>
              }
              value={typed}
              autoComplete="off"
              onChange={({ currentTarget: { value } }) => setTyped(value)}
              data-autofocus
            />
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {base('action.cancel')}
            </Button>
            <Button type="submit" color="red" loading={action.isPending} disabled={typed !== name || trial.isError}>
              {t('delete.submit')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
