import { IconUserShield } from '@tabler/icons-react';
import type { PageSpec } from '../base/page-spec';

export const accessPages: PageSpec[] = [
  {
    path: 'admins',
    page: () => import('./admins'),
    navigation: {
      group: 'operation',
      label: { en: 'Admins and keys', de: 'Admins und Schlüssel' },
      icon: IconUserShield,
      role: 'super_admin',
    },
  },
  { path: 'admins/$id', page: () => import('./admin') },
];
