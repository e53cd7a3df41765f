/** Takes licenses from the pool of a contract for an order. */
import { isRefusal } from '../../domain/base/refusal';
import { GRAB_LICENSES_MAX, HOLD_MINUTES_DEFAULT, HOLD_MINUTES_MAX } from '../../domain/pool/hold';
import type { GrabRequest } from '../../transactions/pool/grab-request';
import { hideDeletedContract } from '../contract/command';
import { rateFields } from '../generation/rate-fields';
import { EmailShape } from '../http/email';
import { fingerprintOf } from '../http/idempotency';
import { ProblemError, problemOf } from '../http/problem';
import { route } from '../http/route';
import type { Answer, HandlerRequest, Route } from '../http/route';
import { IdParams, visibleText } from '../http/shapes';
import { z } from '../http/zod';
import { HoldShape, presentHold } from './hold-presenter';

const ORDER_REF_CHARS_MAX = 255;

const GrabBody = z.strictObject({
  order_ref: visibleText(z.string().min(1).max(ORDER_REF_CHARS_MAX)).describe(
    'Your order. A repeated request for it gets the licenses that it still has, and never others; it needs no Idempotency-Key. Once it has none, because its hold is over or was released, or because they were returned, it is refused: then send a new `order_ref`',
  ),
  count: z.int().min(1).max(GRAB_LICENSES_MAX).describe('All of them are taken, or none'),
  customer_email: EmailShape.optional().describe(
    'The customer, who is created if missing. Without `hold_minutes` the licenses are assigned at once',
  ),
  hold_minutes: z
    .int()
    .min(1)
    .max(HOLD_MINUTES_MAX)
    .optional()
    .describe(`How long the licenses are held. Default without \`customer_email\`: ${HOLD_MINUTES_DEFAULT}`),
});

type GrabCall = HandlerRequest<{ id: string }, unknown, z.infer<typeof GrabBody>>;

export const poolRoutes: Route[] = [
  route({
    operation_id: 'grabLicenses',
    method: 'post',
    path: '/api/v1/contracts/:id/pool/grab',
    tag: 'Pools',
    summary: 'Take licenses from a pool',
    description:
      'Takes the available licenses that expire first, for an order: all or none, and once for each `order_ref`. They are assigned to the customer at once, or held until they are assigned, released or `held_until` is over. A request by the API key of the contract counts as a request in its `rate_limits`, and no licenses; a repeated order does not count.',
    checks_caller: true,
    repeated_by: 'order_ref',
    params: IdParams,
    body: GrabBody,
    examples: {
      'One license for a customer': { order_ref: 'SO-1042', count: 1, customer_email: 'ada@example.com' },
      'Two licenses, held during the payment': { order_ref: 'SO-1043', count: 2, hold_minutes: 15 },
    },
    answers: { 201: { description: 'The hold with its licenses', schema: HoldShape } },
    refusals: [
      'NOT_A_POOL',
      'POOL_EMPTY',
      'POOL_INSUFFICIENT',
      'ORDER_REF_REUSED',
      'HOLD_EXPIRED',
      'ORDER_CLOSED',
      'CONTRACT_INACTIVE',
      'CONTRACT_EXPIRED',
      'CONTRACT_TERMINATED',
      'CONTRACT_DELETED',
      'BILLING_SUSPENDED',
      'RATE_LIMITED',
    ],
    audit: ['pool.grabbed', 'customer.created'],
    handle: grab,
  }),
];

async function grab(call: GrabCall): Promise<Answer> {
  const { api, request_id, caller, now } = call;
  const { result, nudge, rate } = await api.grabLicenses(grabRequest(call));
  const fields = rateFields(rate, 0);
  await api.nudger.wake(nudge, request_id);
  if (isRefusal(result)) {
    const problem = problemOf(hideDeletedContract(caller, result));
    throw new ProblemError({ ...problem, headers: { ...problem.headers, ...fields } });
  }
  const { hold, licenses, replayed } = result;
  const headers = { ...fields, ...(replayed ? { 'Idempotent-Replayed': 'true' } : {}) };
  const shown = await api.signedKeys.ofLicenses(api.db, licenses, now);
  return { status: 201, body: presentHold(hold, shown, { caller, now }), headers };
}

/** The request in the form that `transactions/pool` takes. */
function grabRequest({ params, body, caller, actor, now, request_id, credential }: GrabCall): GrabRequest {
  const { order_ref, count, customer_email = null } = body;
  const hold_minutes = body.hold_minutes ?? (customer_email === null ? HOLD_MINUTES_DEFAULT : null);
  const content = { count, customer_email: customer_email?.toLowerCase() ?? null, hold_minutes };
  return {
    contract_id: params.id,
    ...{ order_ref, count, customer_email, hold_minutes, actor, now, request_id, credential },
    fingerprint: fingerprintOf('POST', `/contracts/${params.id}/pool/grab`, content),
    rated: caller.kind === 'contract',
  };
}
