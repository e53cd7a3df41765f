import { IconProgress } from '@tabler/icons-react';
import type { PageSpec } from '../base/page-spec';

export const generationPages: PageSpec[] = [
  {
    path: 'jobs',
    page: () => import('./jobs'),
    navigation: {
      group: 'licensing',
      label: { en: 'Background jobs', de: 'Hintergrundaufträge' },
      icon: IconProgress,
      role: 'operator',
    },
  },
  { path: 'jobs/$id', page: () => import('./job') },
  { path: 'license-operations/$id', page: () => import('./operation') },
];
