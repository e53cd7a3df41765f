/** The columns of every list of deliveries. */
import { Anchor, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { Column } from '../base/data-table';
import { Instant } from '../base/instant';
import { StatusBadge } from '../base/status-badge';
import { useTexts } from '../base/texts';
import { DELIVERY_TONES } from './states';
import type { Delivery } from './states';
import { webhookTexts } from './texts';

export function useDeliveryColumns(): Column<Delivery>[] {
  const t = useTexts(webhookTexts);
  return [
    {
      id: 'event',
      header: t('event'),
      cell: ({ id, event_type }) => (
        <Anchor component={Link} to={`/deliveries/${id}`} style={{ overflowWrap: 'anywhere' }}>
          {event_type}
        </Anchor>
      ),
    },
    {
      id: 'status',
      header: t('status'),
      cell: ({ status }) => <StatusBadge tone={DELIVERY_TONES[status]}>{t(`delivery.${status}`)}</StatusBadge>,
    },
    {
      id: 'attempts',
      header: t('last_attempt'),
      cell: ({ attempts, last_attempt }) => (
        <Stack gap={2}>
          <Text size="sm">{last_attempt?.meaning ?? t('attempts.none')}</Text>
          {attempts > 1 && (
            <Text size="xs" c="dimmed">
              {t('attempts.count', { count: attempts })}
            </Text>
          )}
        </Stack>
      ),
    },
    { id: 'created', header: t('created'), cell: ({ created_at }) => <Instant at={created_at} /> },
    {
      id: 'next',
      header: t('next_attempt'),
      optional: true,
      cell: ({ next_attempt_at }) => <Instant at={next_attempt_at} />,
    },
    {
      id: 'endpoint',
      header: t('endpoint'),
      optional: true,
      cell: ({ endpoint_id }) => (
        <Anchor component={Link} to={`/webhook-endpoints/${endpoint_id}`}>
          {endpoint_id}
        </Anchor>
      ),
    },
  ];
}
