/** Every route of the interface. */
import { contractRoutes } from './contracts';
import { generationRoutes } from './generation';
import { jobRoutes } from './jobs';
import type { Route } from './route';

export const ROUTES: readonly Route[] = [...contractRoutes, ...generationRoutes, ...jobRoutes];
