/** The signing keys of a product: which one signs, which ones verify, and how they are replaced. */
import { Anchor, Button, Group, Stack, Text, Title } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useMayWrite } from '../access/use-may-write';
import { AllowedButton } from '../base/allowed-button';
import { baseTexts } from '../base/base-texts';
import { api, read } from '../base/client';
import { CopyText } from '../base/copy-text';
import { DataTable } from '../base/data-table';
import type { Column } from '../base/data-table';
import { EmptyState } from '../base/empty-state';
import { Instant } from '../base/instant';
import type { components } from '../base/interface';
import { pick, useListState } from '../base/list-search';
import { StatusBadge } from '../base/status-badge';
import type { Tone } from '../base/status-badge';
import { useTexts } from '../base/texts';
import { productTexts } from './product-texts';
import { ReplaceKeyDialog, RetireKeyDialog } from './signing-key-dialogs';
import type { Product } from './states';
import { catalogueTexts } from './texts';

type SigningKey = components['schemas']['SigningKey'];

const TONES: Record<SigningKey['state'], Tone> = { active: 'good', verify_only: 'waiting', retired: 'neutral' };

export function SigningKeys({ product: { id } }: { product: Product }) {
  const t = useTexts(productTexts);
  const state = useListState();
  const mayWrite = useMayWrite();
  const [replacing, setReplacing] = useState(false);
  const [retired, setRetired] = useState<SigningKey>();
  const query = pick(state.search, ['cursor']);
  const list = useQuery({
    queryKey: ['signing-keys', id, query],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/products/{id}/signing-keys', { params: { path: { id }, query }, signal })),
    placeholderData: keepPreviousData,
  });
  const columns = useColumns(setRetired);
  const has_keys = (list.data?.data.length ?? 0) > 0;
  const replace = mayWrite && (
    <Button variant="default" size="xs" onClick={() => setReplacing(true)}>
      {has_keys ? t('keys.replace') : t('keys.create')}
    </Button>
  );
  const jwks = `${location.origin}/api/v1/products/${id}/jwks.json`;
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2} size="h4">
          {t('keys.title')}
        </Title>
        {has_keys && replace}
      </Group>
      <Text size="sm" c="dimmed">
        {t('keys.text')}
      </Text>
      <Group gap="xs">
        <Anchor href={jwks} target="_blank" rel="noreferrer" size="sm">
          {t('keys.jwks')}
        </Anchor>
        <CopyText text={jwks} />
      </Group>
      <DataTable
        label={t('keys.title')}
        list={list}
        columns={columns}
        rowKey={({ kid }) => kid}
        state={{ ...state, search: query }}
        empty={
          <EmptyState title={t('keys.none')} action={replace}>
            {t('keys.none_text')}
          </EmptyState>
        }
      />
      {replacing && <ReplaceKeyDialog product_id={id} first={!has_keys} onClose={() => setReplacing(false)} />}
      {retired && <RetireKeyDialog product_id={id} kid={retired.kid} onClose={() => setRetired(undefined)} />}
    </Stack>
  );
}

function useColumns(onRetire: (key: SigningKey) => void): Column<SigningKey>[] {
  const t = useTexts(productTexts);
  const c = useTexts(catalogueTexts);
  const base = useTexts(baseTexts);
  return [
    { id: 'kid', header: t('keys.kid'), cell: ({ kid }) => <CopyText text={kid} label={`${kid.slice(0, 12)}…`} /> },
    {
      id: 'state',
      header: t('keys.state'),
      cell: ({ state }) => <StatusBadge tone={TONES[state]}>{t(state)}</StatusBadge>,
    },
    { id: 'created', header: c('created'), cell: ({ created_at }) => <Instant at={created_at} /> },
    { id: 'since', header: t('keys.since'), cell: ({ verify_only_since }) => <Instant at={verify_only_since} /> },
    { id: 'retired', header: t('keys.retired_at'), cell: ({ retired_at }) => <Instant at={retired_at} /> },
    {
      id: 'retire',
      header: base('action.actions'),
      cell: (key) =>
        key.state !== 'retired' && (
          <AllowedButton
            allowed={key.allowed_actions.retire}
            variant="default"
            size="compact-xs"
            onClick={() => onRetire(key)}
          >
            {t('keys.retire')}
          </AllowedButton>
        ),
    },
  ];
}
