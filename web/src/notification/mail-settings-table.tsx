/** Which mail goes out and to whom, with the origin of each value: for the installation, a customer or a contract. */
import { Button, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { roleCovers, useSession } from '../access/session';
import { baseTexts } from '../base/base-texts';
import { ProblemAlert } from '../base/problem-alert';
import { useTexts } from '../base/texts';
import { EditMailKind } from './edit-mail-kind';
import { useMailSettings } from './mail-settings';
import type { KindSettings, MailScope } from './mail-settings';
import { mailSettingsTexts } from './settings-texts';
import type { KindName } from './states';
import { notificationTexts } from './texts';

export function MailSettingsTable({ subject }: { subject: MailScope }) {
  const t = useTexts(mailSettingsTexts);
  const names = useTexts(notificationTexts);
  const base = useTexts(baseTexts);
  const { admin } = useSession();
  const settings = useMailSettings(subject);
  const [edited, setEdited] = useState<KindName>();
  if (settings.isError) return <ProblemAlert error={settings.error} onRetry={() => void settings.refetch()} />;
  if (!settings.data) return <Skeleton height={300} />;
  const kinds = Object.entries(settings.data.kinds) as [KindName, KindSettings][];
  return (
    <>
      <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table aria-label={t('title')} verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{t('kind')}</Table.Th>
              <Table.Th scope="col">{t('is_sent')}</Table.Th>
              <Table.Th scope="col">{t('roles')}</Table.Th>
              <Table.Th scope="col">{base('action.actions')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {kinds.map(([name, kind]) => (
              <Table.Tr key={name}>
                <Table.Td>
                  <Text size="sm" fw={600}>
                    {names(`kind.${name}`)}
                  </Text>
                  <Text size="xs" c="dimmed" lang="en">
                    {kind.when}
                  </Text>
                </Table.Td>
                <Table.Td>
                  <Text size="sm">{t(kind.is_sent ? 'yes' : 'no')}</Text>
                  <Origin from={kind.from.is_sent} />
                </Table.Td>
                <Table.Td>
                  <Addressees kind={kind} />
                </Table.Td>
                <Table.Td>
                  {roleCovers(admin.role, 'admin') && (
                    <Button
                      size="xs"
                      variant="default"
                      aria-label={t('edit', { kind: names(`kind.${name}`) })}
                      onClick={() => setEdited(name)}
                    >
                      {base('action.edit')}
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {edited && (
        <EditMailKind
          subject={subject}
          name={edited}
          kind={settings.data.kinds[edited]}
          revision={settings.data.revision}
          onClose={() => setEdited(undefined)}
        />
      )}
    </>
  );
}

function Origin({ from }: { from: KindSettings['from']['roles'] }) {
  const t = useTexts(mailSettingsTexts);
  return (
    <Text size="xs" c="dimmed">
      {t(`from.${from}`)}
    </Text>
  );
}

/** The roles and addresses; for a contract or a customer, also who that is now. */
function Addressees({ kind }: { kind: KindSettings }) {
  const t = useTexts(mailSettingsTexts);
  const names = useTexts(notificationTexts);
  return (
    <Stack gap={2} style={{ overflowWrap: 'anywhere' }}>
      <Text size="sm">{kind.roles.map((role) => names(`role.${role}`)).join(', ') || '–'}</Text>
      <Origin from={kind.from.roles} />
      {kind.addresses.length > 0 && (
        <>
          <Text size="sm">{kind.addresses.join(', ')}</Text>
          <Origin from={kind.from.addresses} />
        </>
      )}
      {kind.recipients && (
        <Text size="xs">
          {t('recipients')}: {kind.recipients.map(({ address }) => address).join(', ') || t('recipients.none')}
        </Text>
      )}
    </Stack>
  );
}
