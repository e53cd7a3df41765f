import { IconBox, IconTemplate, IconUsers } from '@tabler/icons-react';
import type { PageSpec } from '../base/page-spec';

export const cataloguePages: PageSpec[] = [
  {
    path: 'customers',
    page: () => import('./customers'),
    navigation: { group: 'licensing', label: { en: 'Customers', de: 'Kunden' }, icon: IconUsers },
  },
  { path: 'customers/$id', page: () => import('./customer') },
  {
    path: 'generators',
    page: () => import('./generators'),
    navigation: { group: 'licensing', label: { en: 'Generators', de: 'Generatoren' }, icon: IconTemplate },
  },
  { path: 'generators/new', page: () => import('./generator-new') },
  { path: 'generators/$id', page: () => import('./generator') },
  { path: 'generators/$id/edit', page: () => import('./generator-edit') },
  {
    path: 'products',
    page: () => import('./products'),
    navigation: { group: 'licensing', label: { en: 'Products', de: 'Produkte' }, icon: IconBox },
  },
  { path: 'products/$id', page: () => import('./product') },
];
