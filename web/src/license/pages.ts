import { IconKey } from '@tabler/icons-react';
import type { PageSpec } from '../base/page-spec';

export const licensePages: PageSpec[] = [
  {
    path: 'licenses',
    page: () => import('./licenses'),
    navigation: { group: 'licensing', label: { en: 'Licenses', de: 'Lizenzen' }, icon: IconKey },
  },
  { path: 'licenses/$id', page: () => import('./license') },
];
