/** A dialog with a form: its problem, a button that sends it, and one that closes it. */
import { Button, Group, Modal, Stack } from '@mantine/core';
import type { FormEvent, ReactNode } from 'react';
import { baseTexts } from './base-texts';
import { fieldErrors } from './problem';
import { ProblemAlert } from './problem-alert';
import { useTexts } from './texts';

interface FormDialogProps {
  title: string;
  /** The name of the button that sends the form. */
  submit: string;
  /** The action destroys something. */
  danger?: boolean;
  pending: boolean;
  error: unknown;
  /** The fields that show their errors themselves. */
  fields?: readonly string[];
  size?: string;
  disabled?: boolean;
  onSubmit: (event: FormEvent<HTMLFormElement>) => void;
  onClose: () => void;
  children: ReactNode;
}

/** What was entered stays when the request fails. While it is being sent, the dialog cannot be closed. */
export function FormDialog({ title, submit, danger = false, pending, error, size = 'md', ...props }: FormDialogProps) {
  const t = useTexts(baseTexts);
  const { fields = [], disabled = false, onSubmit, onClose, children } = props;
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size={size}
      closeOnClickOutside={false}
      closeOnEscape={!pending}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <form onSubmit={onSubmit} noValidate>
        <Stack>
          {error !== null && error !== undefined && !isShownAtFields(error, fields) && <ProblemAlert error={error} />}
          {children}
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

/** Whether every message of the error stands at a field. */
export function isShownAtFields(error: unknown, fields: readonly string[]): boolean {
  const paths = Object.keys(fieldErrors(error));
  return paths.length > 0 && paths.every((path) => fields.includes(path));
}
