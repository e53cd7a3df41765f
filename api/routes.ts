/** Every route of the interface. */
import { adminRoutes } from './admins';
import { contractRoutes } from './contracts';
import { customerRoutes } from './customers';
import { generationRoutes } from './generation';
import { generatorRoutes } from './generators';
import { historyRoutes } from './history';
import { jobRoutes } from './jobs';
import { licenseRoutes } from './licenses';
import { productRoutes } from './products';
import type { Route } from './route';

export const ROUTES: readonly Route[] = [
  ...productRoutes,
  ...generatorRoutes,
  ...customerRoutes,
  ...adminRoutes,
  ...contractRoutes,
  ...generationRoutes,
  ...jobRoutes,
  ...licenseRoutes,
  ...historyRoutes,
];
