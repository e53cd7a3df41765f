import { IconFileText } from '@tabler/icons-react';
import type { PageSpec } from '../base/page-spec';

export const contractPages: PageSpec[] = [
  {
    path: 'contracts',
    page: () => import('./contracts'),
    navigation: { group: 'licensing', label: { en: 'Contracts', de: 'Verträge' }, icon: IconFileText },
  },
  { path: 'contracts/new', page: () => import('./contract-create') },
  { path: 'contracts/$id/edit', page: () => import('./contract-edit') },
  { path: 'contracts/$id', page: () => import('./contract') },
];
