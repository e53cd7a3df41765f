import { IconReceipt } from '@tabler/icons-react';
import type { PageSpec } from '../base/page-spec';

export const billingPages: PageSpec[] = [
  {
    path: 'billing-events',
    page: () => import('./billing-events'),
    navigation: {
      group: 'operation',
      label: { en: 'Billing events', de: 'Abrechnungsereignisse' },
      icon: IconReceipt,
      role: 'operator',
    },
  },
  { path: 'billing-events/$id', page: () => import('./billing-event') },
];
