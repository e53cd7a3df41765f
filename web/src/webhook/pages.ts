import { IconSend, IconWebhook } from '@tabler/icons-react';
import type { PageSpec } from '../base/page-spec';

export const webhookPages: PageSpec[] = [
  {
    path: 'webhook-endpoints',
    page: () => import('./webhook-endpoints'),
    navigation: {
      group: 'delivery',
      label: { en: 'Webhook endpoints', de: 'Webhook-Endpunkte' },
      icon: IconWebhook,
    },
  },
  { path: 'webhook-endpoints/$id', page: () => import('./webhook-endpoint') },
  {
    path: 'deliveries',
    page: () => import('./deliveries'),
    navigation: { group: 'delivery', label: { en: 'Deliveries', de: 'Zustellungen' }, icon: IconSend },
  },
  { path: 'deliveries/$id', page: () => import('./delivery') },
];
