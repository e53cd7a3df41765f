/** The devices on which a license is active. */
import { Button, Table, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useMayWrite } from '../access/use-may-write';
import { ActionDialog } from '../base/action-dialog';
import { baseTexts } from '../base/base-texts';
import { api, read } from '../base/client';
import { Instant } from '../base/instant';
import type { components } from '../base/interface';
import { ProblemAlert } from '../base/problem-alert';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { PlainTable } from '../contract/tabs/plain-table';
import { Section } from '../contract/tabs/section';
import { detailTexts } from './detail-texts';

type Device = components['schemas']['Device'];

export function Devices({ id }: { id: string }) {
  const t = useTexts(detailTexts);
  const base = useTexts(baseTexts);
  const removes = useMayWrite('admin');
  const [removed, setRemoved] = useState<Device>();
  const list = useInfiniteQuery({
    queryKey: ['license', id, 'devices'],
    queryFn: ({ signal, pageParam: cursor }) =>
      read(
        api.GET('/api/v1/licenses/{id}/devices', {
          params: { path: { id }, query: { limit: 100, ...(cursor && { cursor }) } },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: ({ next_cursor }) => next_cursor,
  });
  const devices = list.data?.pages.flatMap(({ data }) => data) ?? [];
  return (
    <Section title={t('devices')}>
      {list.isError && <ProblemAlert error={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && devices.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('devices.none')}
        </Text>
      )}
      {devices.length > 0 && (
        <PlainTable
          label={t('devices')}
          headers={[
            ...[t('device.name'), t('device.activated'), t('device.seen'), t('device.leased')],
            ...(removes ? [t('device.remove')] : []),
          ]}
        >
          {devices.map((device) => (
            <Table.Tr key={device.device_id}>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>
                <bdi>{device.name ?? device.device_id}</bdi>
              </Table.Td>
              <Table.Td>
                <Instant at={device.activated_at} />
              </Table.Td>
              <Table.Td>
                <Instant at={device.seen_at} />
              </Table.Td>
              <Table.Td>
                <Instant at={device.leased_until} />
              </Table.Td>
              {removes && (
                <Table.Td>
                  <Button
                    size="xs"
                    variant="default"
                    aria-label={t('device.remove_of', { name: device.name ?? device.device_id })}
                    onClick={() => setRemoved(device)}
                  >
                    {t('device.remove')}
                  </Button>
                </Table.Td>
              )}
            </Table.Tr>
          ))}
        </PlainTable>
      )}
      {list.hasNextPage && (
        <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {base('action.more')}
        </Button>
      )}
      {removed && <RemoveDialog id={id} device={removed} onClose={() => setRemoved(undefined)} />}
    </Section>
  );
}

function RemoveDialog({ id, device, onClose }: { id: string; device: Device; onClose: () => void }) {
  const t = useTexts(detailTexts);
  const { device_id } = device;
  const action = useAction({
    send: () =>
      read(api.DELETE('/api/v1/licenses/{id}/devices/{device_id}', { params: { path: { id, device_id } } })),
    done: () => t('device.removed'),
    onDone: onClose,
  });
  return (
    <ActionDialog
      title={t('device.remove_title')}
      submit={t('device.remove')}
      danger
      pending={action.isPending}
      error={action.error}
      onSubmit={() => action.mutate()}
      onClose={onClose}
    >
      <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
        <bdi>{device.name ?? device_id}</bdi>
      </Text>
      <Text size="sm">{t('device.remove_text')}</Text>
    </ActionDialog>
  );
}
