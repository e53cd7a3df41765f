/** A dialog that does one thing: what it asks, why the server refused, and its two buttons. */
import { Button, Group, Modal, Stack } from '@mantine/core';
import type { ModalProps } from '@mantine/core';
import type { FormEvent, ReactNode } from 'react';
import { baseTexts } from './base-texts';
import { ProblemAlert } from './problem-alert';
import { useTexts } from './texts';

interface ActionDialogProps {
  title: string;
  /** The name of the action on its button. */
  submit: string;
  onSubmit: () => void;
  onClose: () => void;
  pending: boolean;
  error: unknown;
  /** The action cannot be undone. */
  danger?: boolean;
  /** Something is missing, or a preview is not there yet. */
  disabled?: boolean;
  size?: ModalProps['size'];
  children?: ReactNode;
}

/** Is open while it is drawn. A request that runs keeps it open. */
export function ActionDialog(props: ActionDialogProps) {
  const { title, submit, onSubmit, onClose, pending, error, danger = false, disabled = false, size, children } = props;
  const t = useTexts(baseTexts);

  function send(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    // A dialog can stand inside the form of a page, whose own submit this is not.
    event.stopPropagation();
    if (!pending && !disabled) onSubmit();
  }

  return (
    <Modal
      opened
      onClose={() => !pending && onClose()}
      title={title}
      {...(size === undefined ? {} : { size })}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <form onSubmit={send} noValidate>
        <Stack>
          {children}
          {error !== null && error !== undefined && <ProblemAlert error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose} disabled={pending}>
              {t('action.cancel')}
            </Button>
            <Button type="submit" loading={pending} disabled={disabled} {...(danger ? { color: 'red' } : {})}>
              {submit}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
