import { IconClockPlay } from '@tabler/icons-react';
import type { PageSpec } from '../base/page-spec';

export const systemPages: PageSpec[] = [
  {
    path: 'test-clocks',
    page: () => import('./test-clocks'),
    navigation: {
      group: 'operation',
      label: { en: 'Test clocks', de: 'Prüfuhren' },
      icon: IconClockPlay,
      needs: 'test_clocks',
    },
  },
  { path: 'test-clocks/$id', page: () => import('./test-clock') },
];
