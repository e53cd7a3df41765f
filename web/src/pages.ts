/** All pages, in the order of the navigation. */
import type { PageSpec } from './base/page-spec';
import { accessPages } from './access/pages';
import { cataloguePages } from './catalogue/pages';
import { contractPages } from './contract/pages';
import { generationPages } from './generation/pages';
import { licensePages } from './license/pages';
import { billingPages } from './billing/pages';
import { logPages } from './log/pages';
import { notificationPages } from './notification/pages';
import { systemPages } from './system/pages';
import { poolPages } from './pool/pages';
import { settingsPages } from './settings/pages';
import { webhookPages } from './webhook/pages';

export const PAGES: readonly PageSpec[] = [
  ...contractPages,
  ...licensePages,
  ...generationPages,
  ...poolPages,
  ...cataloguePages,
  ...webhookPages,
  ...notificationPages,
  ...billingPages,
  ...logPages,
  ...systemPages,
  ...accessPages,
  ...settingsPages,
];
