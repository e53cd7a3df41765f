/** Changes one kind of mail in one scope. A dry run shows who would get it. */
import { MultiSelect, Select, Switch, TagsInput, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { ActionDialog } from '../base/action-dialog';
import { baseTexts } from '../base/base-texts';
import { fieldErrors, RequestFailed } from '../base/problem';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { editKinds, kindEdit, kindValues } from './mail-settings';
import type { KindSettings, KindValues, MailScope } from './mail-settings';
import { mailSettingsTexts } from './settings-texts';
import { ROLES } from './states';
import type { KindName } from './states';
import { notificationTexts } from './texts';

interface EditMailKindProps {
  subject: MailScope;
  name: KindName;
  kind: KindSettings;
  /** Of the settings that the form began with. */
  revision: number;
  onClose: () => void;
}

const PREVIEW_DELAY_MS = 300;

export function EditMailKind({ subject, name, kind, revision, onClose }: EditMailKindProps) {
  const t = useTexts(mailSettingsTexts);
  const names = useTexts(notificationTexts);
  const base = useTexts(baseTexts);
  const form = useForm<KindValues>({ initialValues: kindValues(kind, subject.scope) });
  const save = useAction({
    send: (values: KindValues) => editKinds(subject, { [name]: kindEdit(values) }, revision, false),
    done: () => t('saved'),
    onDone: onClose,
  });
  const isOutdated = save.error instanceof RequestFailed && save.error.status === 412;
  const choices = [
    { value: '', label: t('inherit') },
    { value: 'yes', label: t('yes') },
    { value: 'no', label: t('no') },
  ];
  return (
    <ActionDialog
      title={t('edit', { kind: names(`kind.${name}`) })}
      submit={base('action.save')}
      onSubmit={form.onSubmit((values) =>
        save.mutate(values, { onError: (error) => form.setErrors(shortPaths(fieldErrors(error))) }),
      )}
      onClose={onClose}
      pending={save.isPending}
      error={save.error}
      disabled={isOutdated}
    >
      <Text size="sm" c="dimmed" lang="en">
        {kind.when}
      </Text>
      <Select label={t('is_sent')} data={choices} allowDeselect={false} {...form.getInputProps('is_sent')} />
      <Switch label={t('roles.own')} {...form.getInputProps('own_roles', { type: 'checkbox' })} />
      <MultiSelect
        label={t('roles')}
        data={ROLES.map((value) => ({ value, label: names(`role.${value}`) }))}
        disabled={!form.values.own_roles}
        {...form.getInputProps('roles')}
      />
      <Switch label={t('addresses.own')} {...form.getInputProps('own_addresses', { type: 'checkbox' })} />
      <TagsInput
        label={t('addresses')}
        description={t('addresses.help')}
        disabled={!form.values.own_addresses}
        {...form.getInputProps('addresses')}
      />
      <Select label={t('may_wait')} data={choices} allowDeselect={false} {...form.getInputProps('may_wait')} />
      <Preview subject={subject} name={name} revision={revision} values={form.values} />
      {isOutdated && <Text size="sm">{t('changed')}</Text>}
    </ActionDialog>
  );
}

/** The paths of the interface name the kind (`kinds.report.addresses.0`); the form has its fields alone. */
function shortPaths(errors: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(errors).map(([path, message]) => [path.split('.')[2] ?? path, message] as const),
  );
}

type PreviewProps = Pick<EditMailKindProps, 'subject' | 'name' | 'revision'> & { values: KindValues };

function Preview({ subject, name, revision, values }: PreviewProps) {
  const t = useTexts(mailSettingsTexts);
  const names = useTexts(notificationTexts);
  const [shown] = useDebouncedValue(values, PREVIEW_DELAY_MS);
  const preview = useQuery({
    queryKey: ['notification-settings-preview', subject, name, revision, shown],
    queryFn: () => editKinds(subject, { [name]: kindEdit(shown) }, revision, true),
    retry: false,
  });
  const kind = preview.data?.kinds[name];
  if (!kind) return null;
  const to = [...kind.roles.map((role) => names(`role.${role}`)), ...kind.addresses].join(', ');
  const now = kind.recipients?.map(({ address }) => address).join(', ');
  return (
    <Text size="sm" role="status" style={{ overflowWrap: 'anywhere' }}>
      {t('preview')}:{' '}
      {!kind.is_sent
        ? t('preview.off')
        : now === undefined
          ? t('preview.roles', { to: to || t('recipients.none') })
          : t('preview.on', { to: now || t('recipients.none') })}
    </Text>
  );
}
