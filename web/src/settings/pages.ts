import { IconSettings } from '@tabler/icons-react';
import type { PageSpec } from '../base/page-spec';

export const settingsPages: PageSpec[] = [
  {
    path: 'settings',
    page: () => import('./settings'),
    navigation: { group: 'operation', label: { en: 'Settings', de: 'Einstellungen' }, icon: IconSettings },
  },
];
