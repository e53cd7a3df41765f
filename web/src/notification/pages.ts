import { IconAddressBook, IconMail } from '@tabler/icons-react';
import type { PageSpec } from '../base/page-spec';

export const notificationPages: PageSpec[] = [
  {
    path: 'notifications',
    page: () => import('./notifications'),
    navigation: { group: 'delivery', label: { en: 'Notifications', de: 'Benachrichtigungen' }, icon: IconMail },
  },
  { path: 'notifications/$id', page: () => import('./notification') },
  {
    path: 'notification-recipients',
    page: () => import('./recipients'),
    navigation: { group: 'delivery', label: { en: 'Recipients of mail', de: 'Mailempfänger' }, icon: IconAddressBook },
  },
  { path: 'notification-recipients/$id', page: () => import('./recipient') },
];
