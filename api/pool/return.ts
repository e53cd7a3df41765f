/** Takes a license back from its customer. */
import { reachesContract } from '../../domain/access/caller';
import { notFound } from '../../domain/base/refusal';
import { parseLicenseId } from '../../domain/license/license';
import { RETURN_DAYS_MAX } from '../../domain/pool/return';
import { returnLicense } from '../../transactions/pool/return-license';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { plainText } from '../http/shapes';
import { z } from '../http/zod';
import { LicenseIdParams, LicenseShape, showLicense } from '../license/license-presenter';

const ReturnBody = z.strictObject({
  reason: plainText(z.string().min(1).max(2000)).nullable().default(null).describe('For the audit'),
});

export const returnRoutes: Route[] = [
  route({
    operation_id: 'returnLicense',
    method: 'post',
    path: '/api/v1/licenses/:id/return',
    tag: 'Licenses',
    summary: 'Take a license back',
    description: `An assigned license that was never activated no longer belongs to its customer, within ${RETURN_DAYS_MAX} days of its assignment. A license of a pool is available again, with its original expiry, and no program can use it until the next order or assignment.`,
    params: LicenseIdParams,
    body: ReturnBody,
    body_optional: true,
    examples: { 'With the reason': { reason: 'The order was cancelled' } },
    answers: { 200: { description: 'The license', schema: LicenseShape } },
    refusals: ['LICENSE_ALREADY_ACTIVATED', 'LICENSE_NOT_ASSIGNED', 'LICENSE_REVOKED', 'RETURN_PERIOD_OVER'],
    audit: ['license.returned'],
    async handle({ api, params, body, caller, actor, now, request_id, write }) {
      const id = parseLicenseId(params.id);
      if (id === null) return notFound('license', params.id);
      const reaches = (contract_id: string | null): boolean => reachesContract(caller, contract_id);
      return write(
        async (tx) => {
          const refusal = await returnLicense(tx, id, { actor, now, request_id, reason: body.reason, reaches });
          if (refusal) return refusal;
          const shown = await showLicense(api, tx, id, caller, now);
          return shown ? { status: 200, body: shown } : notFound('license', params.id);
        },
        [{ table: 'licenses', id }],
      );
    },
  }),
];
