/** Changes of a license by an admin: suspend, reinstate, revoke. */
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal, RefusalCode } from '../../domain/base/refusal';
import { parseLicenseId } from '../../domain/license/license';
import { licenseAction } from '../../domain/license/license-change';
import type { LicenseChange } from '../../domain/license/license-change';
import { changeLicense } from '../../transactions/license/change-license';
import { route } from '../http/route';
import type { Answer, HandlerRequest, Route } from '../http/route';
import { plainText } from '../http/shapes';
import { z } from '../http/zod';
import { LicenseIdParams, LicenseShape, showLicense } from './license-presenter';

export const ChangeReason = plainText(z.string().min(1).max(2000)).nullable().default(null).describe('For the audit');

const ChangeBody = z.strictObject({ reason: ChangeReason });

const OPERATIONS = { suspend: 'suspendLicense', reinstate: 'reinstateLicense', revoke: 'revokeLicense' } as const;

interface ChangeTexts {
  summary: string;
  description: string;
  refusals: RefusalCode[];
}

const TEXTS: Record<LicenseChange, ChangeTexts> = {
  suspend: {
    summary: 'Suspend a license',
    description: 'It is no longer valid until it is reinstated.',
    refusals: ['LICENSE_REVOKED'],
  },
  reinstate: {
    summary: 'Reinstate a suspended license',
    description: 'It is as valid as before its suspension. Its expiry does not move.',
    refusals: ['LICENSE_REVOKED'],
  },
  revoke: {
    summary: 'Revoke a license',
    description: 'This is final. The quota of the contract does not change.',
    refusals: [],
  },
};

export const licenseChangeRoutes: Route[] = [changeRoute('suspend'), changeRoute('reinstate'), changeRoute('revoke')];

function changeRoute(change: LicenseChange): Route {
  return route({
    operation_id: OPERATIONS[change],
    method: 'post',
    path: `/api/v1/licenses/:id/${change}`,
    tag: 'Licenses',
    ...TEXTS[change],
    params: LicenseIdParams,
    body: ChangeBody,
    body_optional: true,
    examples: { 'With the reason': { reason: 'The order was refunded' } },
    answers: { 200: { description: 'The license', schema: LicenseShape } },
    audit: [licenseAction(change)],
    handle: (request) => carryOut(request, change),
  });
}

async function carryOut(
  { api, params, body, caller, actor, now, request_id, write }: HandlerRequest<{ id: string }, unknown, z.infer<typeof ChangeBody>>,
  change: LicenseChange,
): Promise<Answer | Refusal> {
  const id = parseLicenseId(params.id);
  if (id === null) return notFound('license', params.id);
  return write(
    async (tx) => {
      const refusal = await changeLicense(tx, id, change, { actor, now, request_id, reason: body.reason });
      if (isRefusal(refusal)) return refusal;
      const shown = await showLicense(api, tx, id, caller, now);
      return shown ? { status: 200, body: shown } : notFound('license', params.id);
    },
    [{ table: 'licenses', id }],
  );
}
