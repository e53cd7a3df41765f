/** The sessions of an admin, and how one is ended. Without an admin, one's own. */
import { Button, Stack, Text, Title } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, read } from '../base/client';
import { DataTable } from '../base/data-table';
import type { Column } from '../base/data-table';
import { Instant } from '../base/instant';
import type { components } from '../base/interface';
import { pick, useListState } from '../base/list-search';
import { ProblemAlert } from '../base/problem-alert';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { sessionTexts } from './session-texts';

type ListedSession = components['schemas']['ListedSession'];

export function Sessions({ admin_id }: { admin_id?: string }) {
  const t = useTexts(sessionTexts);
  const state = useListState();
  const query = { ...pick(state.search, ['cursor']), ...(admin_id === undefined ? {} : { admin_id }) };
  const list = useQuery({
    queryKey: ['sessions', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/sessions', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const end = useAction({
    send: (id: string) => read(api.DELETE('/api/v1/sessions/{id}', { params: { path: { id } } })),
    done: () => t('ended'),
  });
  return (
    <Stack gap="xs">
      <Title order={2} size="h4">
        {t('title')}
      </Title>
      {admin_id === undefined && (
        <Text size="sm" c="dimmed">
          {t('text')}
        </Text>
      )}
      {end.isError && <ProblemAlert error={end.error} />}
      <DataTable
        label={t('title')}
        list={list}
        columns={useColumns((id) => end.mutate(id))}
        rowKey={({ id }) => id}
        state={state}
        empty={<Text c="dimmed">{t('none')}</Text>}
      />
    </Stack>
  );
}

function useColumns(onEnd: (id: string) => void): Column<ListedSession>[] {
  const t = useTexts(sessionTexts);
  return [
    { id: 'way', header: t('way'), cell: ({ method }) => t(method) },
    { id: 'began', header: t('began'), cell: ({ created_at }) => <Instant at={created_at} /> },
    { id: 'used', header: t('used'), cell: ({ last_used_at }) => <Instant at={last_used_at} /> },
    { id: 'ends', header: t('ends'), cell: ({ expires_at }) => <Instant at={expires_at} /> },
    {
      id: 'where',
      header: t('where'),
      cell: ({ address, user_agent }) => (
        <>
          {address ?? '–'}
          <Text size="xs" c="dimmed">
            <bdi>{user_agent}</bdi>
          </Text>
        </>
      ),
    },
    {
      id: 'end',
      header: t('end'),
      cell: ({ id, is_current }) =>
        is_current ? (
          t('current')
        ) : (
          <Button variant="default" size="compact-xs" onClick={() => onEnd(id)}>
            {t('end')}
          </Button>
        ),
    },
  ];
}
