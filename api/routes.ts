/** Every route of the interface. */
import { adminRoutes } from './admins';
import { billingRoutes } from './billing';
import { amendmentRoutes } from './amendments';
import { contractActionRoutes } from './contract-actions';
import { contractRoutes } from './contracts';
import { customerRoutes } from './customers';
import { generationRoutes } from './generation';
import { generatorRoutes } from './generators';
import { historyRoutes } from './history';
import { jobRoutes } from './jobs';
import { licenseRoutes } from './licenses';
import { productRoutes } from './products';
import type { Route } from './route';
import { testClockRoutes } from './test-clocks';
import { timelineRoutes } from './timeline';

export const ROUTES: readonly Route[] = [
  ...productRoutes,
  ...generatorRoutes,
  ...customerRoutes,
  ...adminRoutes,
  ...contractRoutes,
  ...contractActionRoutes,
  ...amendmentRoutes,
  ...generationRoutes,
  ...jobRoutes,
  ...licenseRoutes,
  ...historyRoutes,
  ...timelineRoutes,
  ...billingRoutes,
  ...testClockRoutes,
];
