/** An admin: name, role, status and API keys. */
import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { AllowedButton } from '../base/allowed-button';
import { api, read } from '../base/client';
import { CopyText } from '../base/copy-text';
import { Facts } from '../base/facts';
import { Instant } from '../base/instant';
import { Page } from '../base/page';
import { usePathId } from '../base/path-id';
import { ProblemAlert } from '../base/problem-alert';
import { StatusBadge } from '../base/status-badge';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { AdminDialog } from './admin-dialog';
import { AdminKeys } from './admin-keys';
import type { Admin } from './admin-shapes';
import { adminTexts } from './admin-texts';
import { DisableAdminDialog } from './disable-admin-dialog';
import { InvitationDialog } from './invitation-dialog';
import { sessionTexts } from './session-texts';
import { Sessions } from './sessions';

export default function AdminPage() {
  const id = usePathId();
  const admin = useQuery({
    queryKey: ['admins', id],
    queryFn: ({ signal }) => read(api.GET('/api/v1/admins/{id}', { params: { path: { id } }, signal })),
  });
  if (admin.isError) return <ProblemAlert error={admin.error} onRetry={() => void admin.refetch()} />;
  if (admin.data === undefined) return <Skeleton height={240} />;
  return <Details admin={admin.data} />;
}

function Details({ admin }: { admin: Admin }) {
  const t = useTexts(adminTexts);
  const session = useTexts(sessionTexts);
  const [dialog, setDialog] = useState<'edit' | 'disable' | 'invite'>();
  const close = () => setDialog(undefined);
  const { id, name, status, allowed_actions } = admin;
  const enable = useAction({
    send: () => read(api.PATCH('/api/v1/admins/{id}', { params: { path: { id } }, body: { status: 'active' } })),
    done: () => t('enable.done', { name }),
  });
  return (
    <Page
      title={name}
      above={[{ label: t('title'), to: '/admins' }]}
      marks={<StatusBadge tone={status === 'active' ? 'good' : 'neutral'}>{t(status)}</StatusBadge>}
      actions={
        <>
          <AllowedButton allowed={allowed_actions.edit} onClick={() => setDialog('edit')}>
            {t('edit')}
          </AllowedButton>
          {status === 'active' && (
            <AllowedButton
              variant="default"
              allowed={allowed_actions.create_api_key}
              onClick={() => setDialog('invite')}
            >
              {session('invite.button')}
            </AllowedButton>
          )}
          {status === 'active' ? (
            <AllowedButton variant="default" allowed={allowed_actions.disable} onClick={() => setDialog('disable')}>
              {t('disable')}
            </AllowedButton>
          ) : (
            <AllowedButton
              variant="default"
              allowed={allowed_actions.enable}
              loading={enable.isPending}
              onClick={() => enable.mutate(undefined)}
            >
              {t('enable')}
            </AllowedButton>
          )}
        </>
      }
    >
      {enable.isError && <ProblemAlert error={enable.error} />}
      <Facts
        rows={[
          [t('email'), admin.email],
          [t('role'), t(admin.role)],
          [t('created'), <Instant key="created" at={admin.created_at} />],
          [t('updated'), <Instant key="updated" at={admin.updated_at} />],
          [t('id'), <CopyText key="id" text={id} />],
        ]}
      />
      <AdminKeys admin={admin} />
      <Sessions admin_id={id} />
      {dialog === 'edit' && <AdminDialog admin={admin} onClose={close} />}
      {dialog === 'invite' && <InvitationDialog admin={admin} onClose={close} />}
      {dialog === 'disable' && <DisableAdminDialog admin={admin} onClose={close} />}
    </Page>
  );
}
