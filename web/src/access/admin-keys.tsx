/** The API keys of an admin. */
import { Group, Stack, Text, Title } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { AllowedButton } from '../base/allowed-button';
import { baseTexts } from '../base/base-texts';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import type { Column } from '../base/data-table';
import { Instant } from '../base/instant';
import { pick, useListState } from '../base/list-search';
import { useTexts } from '../base/texts';
import { CreateKeyDialog, RevokeKeyDialog } from './admin-key-dialogs';
import type { Admin, AdminApiKey } from './admin-shapes';
import { adminTexts } from './admin-texts';

export function AdminKeys({ admin: { id, allowed_actions } }: { admin: Admin }) {
  const t = useTexts(adminTexts);
  const state = useListState();
  const [creating, setCreating] = useState(false);
  const [revoked, setRevoked] = useState<AdminApiKey>();
  const query = pick(state.search, ['cursor']);
  const list = useQuery({
    queryKey: ['admins', id, 'api-keys', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/admins/{id}/api-keys', { params: { path: { id }, query }, signal })),
    placeholderData: keepPreviousData,
  });
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2} size="h4">
          {t('keys')}
        </Title>
        <AllowedButton size="xs" allowed={allowed_actions.create_api_key} onClick={() => setCreating(true)}>
          {t('keys.create')}
        </AllowedButton>
      </Group>
      <DataTable
        label={t('keys')}
        list={list}
        columns={useColumns(setRevoked)}
        rowKey={(key) => key.id}
        state={state}
        empty={<Text c="dimmed">{t('keys.none')}</Text>}
      />
      {creating && <CreateKeyDialog admin_id={id} onClose={() => setCreating(false)} />}
      {revoked && <RevokeKeyDialog api_key={revoked} onClose={() => setRevoked(undefined)} />}
    </Stack>
  );
}

function useColumns(onRevoke: (key: AdminApiKey) => void): Column<AdminApiKey>[] {
  const t = useTexts(adminTexts);
  const base = useTexts(baseTexts);
  return [
    { id: 'key', header: t('keys.key'), cell: ({ masked_key }) => <code>{masked_key}</code> },
    { id: 'label', header: t('keys.label'), cell: ({ label }) => <bdi>{label ?? '–'}</bdi> },
    { id: 'created', header: t('created'), cell: ({ created_at }) => <Instant at={created_at} /> },
    { id: 'used', header: t('keys.last_used'), cell: ({ last_used_at }) => <Instant at={last_used_at} /> },
    { id: 'revoked', header: t('keys.revoked'), cell: ({ revoked_at }) => <Instant at={revoked_at} /> },
    {
      id: 'revoke',
      header: base('action.actions'),
      cell: (key) =>
        key.revoked_at === null && (
          <AllowedButton
            allowed={key.allowed_actions.revoke}
            variant="default"
            size="compact-xs"
            onClick={() => onRevoke(key)}
          >
            {t('keys.revoke')}
          </AllowedButton>
        ),
    },
  ];
}
