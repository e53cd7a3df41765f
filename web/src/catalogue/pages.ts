import { IconBox } from '@tabler/icons-react';
import type { PageSpec } from '../base/page-spec';

export const cataloguePages: PageSpec[] = [
  {
    path: 'products',
    page: () => import('./products'),
    navigation: { group: 'licensing', label: { en: 'Products', de: 'Produkte' }, icon: IconBox },
  },
  { path: 'products/$id', page: () => import('./product') },
];
