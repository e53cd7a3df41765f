/** `/installation`: what the admin pages need to know of the installation. */
import { version } from '../../package.json';
import { ENVIRONMENTS } from '../../domain/base/environment';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { EnvironmentShape } from '../http/shapes';
import { z } from '../http/zod';

const InstallationShape = z
  .object({
    version: z.string().describe('The version of Covenant'),
    public_url: z.string().describe('The public URL of the API'),
    temporal_ui_url: z.string().nullable().describe('The Temporal UI; null: its address is not configured'),
    temporal_namespace: z.string(),
    test_clocks: z.boolean().describe('Whether test clocks are enabled'),
    environments: z.array(EnvironmentShape),
    time_zone: z.string().describe('The time zone of the server'),
    dev: z.boolean().describe('Whether `npm run dev` runs this installation'),
  })
  .openapi('Installation');

export const installationRoutes: Route[] = [
  route({
    operation_id: 'getInstallation',
    method: 'get',
    path: '/api/v1/installation',
    tag: 'Sessions',
    summary: 'Read what pages need to know of the installation',
    answers: { 200: { description: 'The installation', schema: InstallationShape } },
    audit: [],
    handle({ api }) {
      const { temporal_ui_url, temporal_namespace, dev } = api.installation;
      const body = {
        version,
        public_url: api.publicUrl,
        temporal_ui_url,
        temporal_namespace,
        test_clocks: api.testClocks,
        environments: [...ENVIRONMENTS],
        time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        dev,
      };
      return Promise.resolve({ status: 200, body });
    },
  }),
];
