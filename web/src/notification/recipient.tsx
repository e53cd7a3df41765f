/** An address that gets mail: whether it works, and how it wants its mail. */
import { Alert, Anchor, Button, Skeleton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { roleCovers, useSession } from '../access/session';
import { api, read } from '../base/client';
import { baseTexts } from '../base/base-texts';
import { CopyText } from '../base/copy-text';
import { Facts } from '../base/facts';
import { Instant } from '../base/instant';
import { Page } from '../base/page';
import { usePathId } from '../base/path-id';
import { ProblemAlert } from '../base/problem-alert';
import { StatusBadge } from '../base/status-badge';
import { useNames, useTexts } from '../base/texts';
import { AllowMail, EditRecipient } from './recipient-dialogs';
import { RECIPIENT_TONES } from './states';
import { notificationTexts } from './texts';

export default function RecipientPage() {
  const t = useTexts(notificationTexts);
  const nameOf = useNames(notificationTexts);
  const base = useTexts(baseTexts);
  const id = usePathId();
  const { admin } = useSession();
  const [editing, edit] = useDisclosure(false);
  const [allowing, allow] = useDisclosure(false);
  const recipient = useQuery({
    queryKey: ['notification-recipient', id],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/notification-recipients/{id}', { params: { path: { id } }, signal })),
  });
  const above = [{ label: t('recipients.title'), to: '/notification-recipients' }];
  if (!recipient.data)
    return (
      <Page title={t('recipient')} above={above}>
        {recipient.isError ? (
          <ProblemAlert error={recipient.error} onRetry={() => void recipient.refetch()} />
        ) : (
          <Skeleton height={200} />
        )}
      </Page>
    );
  const { address, status, status_at, status_note, language, digest, unsubscribed } = recipient.data;
  const mayEdit = roleCovers(admin.role, 'admin') && status !== 'erased';
  const isStopped = status === 'bounced' || status === 'complained';
  return (
    <Page
      title={address}
      above={above}
      marks={<StatusBadge tone={RECIPIENT_TONES[status]}>{t(`status.${status}`)}</StatusBadge>}
      actions={
        mayEdit && (
          <>
            {isStopped && <Button onClick={allow.open}>{t('allow.action')}</Button>}
            <Button variant="default" onClick={edit.open}>
              {t('edit')}
            </Button>
          </>
        )
      }
    >
      {isStopped && <Alert color="red">{t('allow.text')}</Alert>}
      <Facts
        rows={[
          [t('status.since'), status_at !== null && <Instant at={status_at} />],
          [t('status.note'), status_note],
          [t('language'), language === null ? t('language.inherited') : t(`language.${language}`)],
          [t('digest.field'), digest ? base('yes') : base('no')],
          [t('unsubscribed'), unsubscribed.map((kind) => nameOf(kind, 'kind.')).join(', ') || '–'],
          [t('created'), <Instant at={recipient.data.created_at} />],
          ['ID', <CopyText text={id} />],
        ]}
      />
      <Anchor component={Link} to={`/notifications?recipient=${id}`}>
        {t('recipient.mails')}
      </Anchor>
      {editing && <EditRecipient recipient={recipient.data} onClose={edit.close} />}
      {allowing && <AllowMail recipient={recipient.data} onClose={allow.close} />}
    </Page>
  );
}
