/** Changes how an address gets its mail, and allows mail again that was stopped. */
import { MultiSelect, Select, Switch, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { ActionDialog } from '../base/action-dialog';
import { baseTexts } from '../base/base-texts';
import { api, read } from '../base/client';
import type { components } from '../base/interface';
import { fieldErrors } from '../base/problem';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import type { Recipient } from './states';
import { notificationTexts } from './texts';

type Edit = components['schemas']['NotificationRecipientEdit'];
type Optional = NonNullable<Edit['unsubscribed']>[number];

/** The kinds of mail that a recipient can unsubscribe from. */
const OPTIONAL_KINDS: readonly Optional[] = [
  'renewal_reminder',
  'quota_80',
  'quota_100',
  'low_water',
  'replenish_blocked',
  'job_failed',
  'report',
];

interface EditValues {
  /** The empty text: that of the installation. */
  language: 'en' | 'de' | '';
  digest: boolean;
  unsubscribed: Optional[];
}

interface RecipientDialogProps {
  recipient: Recipient;
  onClose: () => void;
}

function useEdit(id: string, done: string, onDone: () => void) {
  return useAction({
    send: (body: Edit) => read(api.PATCH('/api/v1/notification-recipients/{id}', { params: { path: { id } }, body })),
    done: () => done,
    onDone,
  });
}

export function EditRecipient({ recipient, onClose }: RecipientDialogProps) {
  const t = useTexts(notificationTexts);
  const base = useTexts(baseTexts);
  const save = useEdit(recipient.id, t('saved'), onClose);
  const form = useForm<EditValues>({
    initialValues: {
      language: recipient.language ?? '',
      digest: recipient.digest,
      unsubscribed: OPTIONAL_KINDS.filter((kind) => recipient.unsubscribed.includes(kind)),
    },
  });
  return (
    <ActionDialog
      title={t('edit')}
      submit={base('action.save')}
      onSubmit={form.onSubmit(({ language, digest, unsubscribed }) =>
        save.mutate(
          { language: language === '' ? null : language, digest, unsubscribed },
          { onError: (error) => form.setErrors(fieldErrors(error)) },
        ),
      )}
      onClose={onClose}
      pending={save.isPending}
      error={save.error}
    >
      <Select
        label={t('language')}
        allowDeselect={false}
        data={[
          { value: '', label: t('language.inherited') },
          { value: 'en', label: t('language.en') },
          { value: 'de', label: t('language.de') },
        ]}
        {...form.getInputProps('language')}
      />
      <Switch
        label={t('digest.field')}
        description={t('digest.help')}
        {...form.getInputProps('digest', { type: 'checkbox' })}
      />
      <MultiSelect
        label={t('unsubscribed')}
        description={t('unsubscribed.help')}
        data={OPTIONAL_KINDS.map((value) => ({ value, label: t(`kind.${value}`) }))}
        clearable
        {...form.getInputProps('unsubscribed')}
      />
    </ActionDialog>
  );
}

export function AllowMail({ recipient, onClose }: RecipientDialogProps) {
  const t = useTexts(notificationTexts);
  const allow = useEdit(recipient.id, t('allow.done'), onClose);
  return (
    <ActionDialog
      title={t('allow.action')}
      submit={t('allow.action')}
      onSubmit={() => allow.mutate({ status: 'ok' })}
      onClose={onClose}
      pending={allow.isPending}
      error={allow.error}
    >
      <Text size="sm">{t('allow.text')}</Text>
    </ActionDialog>
  );
}
