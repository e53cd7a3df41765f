/** Holds of a pool: assign their licenses to a customer, or release them. */
import { reachesContract } from '../../domain/access/caller';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import type { Sql } from '../../db/base/database';
import { assignHold, releaseHold } from '../../transactions/pool/change-hold';
import type { ChangedHold } from '../../transactions/pool/change-hold';
import { EmailShape } from '../http/email';
import { ProblemError, problemOf } from '../http/problem';
import { route } from '../http/route';
import type { Answer, HandlerRequest, Route } from '../http/route';
import { IdParams } from '../http/shapes';
import { z } from '../http/zod';
import { HoldShape, presentHold } from './hold-presenter';

const AssignBody = z.strictObject({
  customer_email: EmailShape.nullable()
    .default(null)
    .describe('The customer, who is created if missing. Default: the one for whom the licenses are held'),
});

const HOLD = { description: 'The hold', schema: HoldShape };

type HoldCall<Body> = HandlerRequest<{ id: string }, unknown, Body>;

export const holdRoutes: Route[] = [
  route({
    operation_id: 'assignHold',
    method: 'post',
    path: '/api/v1/holds/:id/assign',
    tag: 'Pools',
    summary: 'Assign held licenses',
    description:
      'All licenses of the hold become those of the customer. A hold that is over cannot be assigned, nor one with a license that was suspended, revoked or expired: release it, and grab licenses for a new order.',
    params: IdParams,
    body: AssignBody,
    body_optional: true,
    examples: { 'To a customer': { customer_email: 'ada@example.com' } },
    answers: { 200: HOLD },
    refusals: ['HOLD_EXPIRED', 'HOLD_NOT_OPEN', 'LICENSE_NOT_AVAILABLE'],
    audit: ['license.assigned', 'customer.created'],
    handle: (request) =>
      change(request, (tx, act) => assignHold(tx, request.params.id, request.body.customer_email, act)),
  }),
  route({
    operation_id: 'releaseHold',
    method: 'post',
    path: '/api/v1/holds/:id/release',
    tag: 'Pools',
    summary: 'Release held licenses',
    description: 'The licenses are available again. A hold that is over needs no release.',
    params: IdParams,
    answers: { 200: HOLD },
    refusals: ['HOLD_NOT_OPEN'],
    audit: ['pool.released'],
    handle: (request) => change(request, (tx, act) => releaseHold(tx, request.params.id, act)),
  }),
];

type Change = (tx: Sql, act: Parameters<typeof releaseHold>[2]) => Promise<ChangedHold | Refusal>;

function change<Body>(
  { api, params, caller, actor, now, request_id, write }: HoldCall<Body>,
  run: Change,
): Promise<Answer | Refusal> {
  const reaches = (contract_id: string): boolean => reachesContract(caller, contract_id);
  return write(
    async (tx) => {
      const changed = await run(tx, { actor, now, request_id, reaches });
      // Thrown, so that the transaction is rolled back: a customer who was created for a refused request must not stay.
      if (isRefusal(changed)) throw new ProblemError(problemOf(changed));
      const licenses = await api.signedKeys.ofLicenses(tx, changed.licenses, now);
      return { status: 200, body: presentHold(changed.hold, licenses, { caller, now }) };
    },
    [{ table: 'pool_holds', id: params.id }],
  );
}
