/** Who operates the installation, and the language and time zone of mails that nothing else decides. */
import { Button, Group, Select, Skeleton, Stack, TagsInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { roleCovers, useSession } from '../access/session';
import { baseTexts } from '../base/base-texts';
import { api, read } from '../base/client';
import type { components } from '../base/interface';
import { fieldErrors } from '../base/problem';
import { ProblemAlert } from '../base/problem-alert';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { settingsTexts } from './texts';

type Settings = components['schemas']['InstallationNotificationSettings'];

export function OperatorSettings() {
  const settings = useQuery({
    queryKey: ['notification-settings', 'installation', 'operators'],
    queryFn: ({ signal }) => read(api.GET('/api/v1/notification-settings', { signal })),
  });
  if (settings.isError) return <ProblemAlert error={settings.error} onRetry={() => void settings.refetch()} />;
  if (!settings.data) return <Skeleton height={120} />;
  // Another revision is another form: an edit must start from what holds.
  return <OperatorForm key={settings.data.revision} settings={settings.data} />;
}

function OperatorForm({ settings }: { settings: Settings }) {
  const t = useTexts(settingsTexts);
  const base = useTexts(baseTexts);
  const { admin } = useSession();
  const mayEdit = roleCovers(admin.role, 'admin');
  const { operator_addresses, language, time_zone, revision } = settings;
  const form = useForm({ initialValues: { operator_addresses, language, time_zone } });
  const save = useAction({
    send: (body: typeof form.values) =>
      read(api.PATCH('/api/v1/notification-settings', { params: { header: { 'If-Match': `"${revision}"` } }, body })),
    done: () => t('saved'),
  });
  return (
    <form
      onSubmit={form.onSubmit((values) =>
        save.mutate(values, { onError: (error) => form.setErrors(fieldErrors(error)) }),
      )}
    >
      <Stack gap="sm" maw="36rem">
        <TagsInput
          label={t('operators')}
          description={t('operators.help')}
          disabled={!mayEdit}
          {...form.getInputProps('operator_addresses')}
        />
        <Select
          label={t('mail_language')}
          disabled={!mayEdit}
          allowDeselect={false}
          data={[
            { value: 'en', label: 'English' },
            { value: 'de', label: 'Deutsch' },
          ]}
          {...form.getInputProps('language')}
        />
        <TextInput
          label={t('mail_time_zone')}
          description={t('mail_time_zone.help')}
          disabled={!mayEdit}
          {...form.getInputProps('time_zone')}
        />
        {save.isError && <ProblemAlert error={save.error} />}
        {mayEdit && (
          <Group>
            <Button type="submit" loading={save.isPending} disabled={!form.isDirty()}>
              {base('action.save')}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  );
}
