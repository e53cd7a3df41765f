import { IconStack2 } from '@tabler/icons-react';
import type { PageSpec } from '../base/page-spec';

export const poolPages: PageSpec[] = [
  {
    path: 'pools',
    page: () => import('./pools'),
    navigation: { group: 'licensing', label: { en: 'Pools', de: 'Pools' }, icon: IconStack2 },
  },
  { path: 'pools/$id', page: () => import('./pool') },
];
