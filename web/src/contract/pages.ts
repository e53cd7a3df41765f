import { IconFileText } from '@tabler/icons-react';
import type { PageSpec } from '../base/page-spec';

export const contractPages: PageSpec[] = [
  {
    path: 'contracts',
    page: () => import('./contracts'),
    navigation: { group: 'licensing', label: { en: 'Contracts', de: 'Verträge' }, icon: IconFileText },
  },
  { path: 'contracts/$id', page: () => import('./contract') },
];
