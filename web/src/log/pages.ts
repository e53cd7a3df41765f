import { IconHistory } from '@tabler/icons-react';
import type { PageSpec } from '../base/page-spec';

export const logPages: PageSpec[] = [
  {
    path: 'logs',
    page: () => import('./logs'),
    navigation: {
      group: 'operation',
      label: { en: 'Logs', de: 'Protokolle' },
      icon: IconHistory,
      role: 'operator',
    },
  },
];
