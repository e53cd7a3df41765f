/** Recovers what an endpoint of webhooks missed. */
import { isRefusal } from '../../domain/base/refusal';
import { RECOVERED_MAX, recoverEndpoint } from '../../transactions/webhook/recover';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { DryRunQuery, Id, IdParams, InstantInput, InstantShape } from '../http/shapes';
import { z } from '../http/zod';

const RecoverBody = z.strictObject({
  since: InstantInput.describe(
    'Events that were written since this instant (real time). At most as far back as deliveries are kept (COVENANT_WEBHOOK_RETENTION_DAYS)',
  ),
});

const RecoveredShape = z
  .object({
    endpoint_id: Id,
    since: InstantShape,
    failed: z.int().describe('Deliveries that had failed and are owed again'),
    missed: z
      .int()
      .describe(
        'Events of the scope and the filter of the endpoint that it was not owed and is now: it was disabled, did not exist, or had another filter',
      ),
    continue_since: InstantShape.nullable().describe(
      `Null: everything since then is owed or was delivered. Otherwise one call was not enough (${RECOVERED_MAX} deliveries at most): repeat it with this instant as \`since\` until it is null`,
    ),
    dry_run: z.literal(true).optional(),
  })
  .openapi('WebhookRecovery');

export const recoveryRoutes: Route[] = [
  route({
    operation_id: 'recoverWebhookEndpoint',
    method: 'post',
    path: '/api/v1/webhook-endpoints/:id/recover',
    tag: 'Webhooks',
    summary: 'Recover what an endpoint missed',
    description: [
      'After an outage of the receiver: sends everything again that failed, and what the endpoint was not owed while it was disabled. What is delivered or owed already stays as it is, so a repeated call changes nothing.',
      'Events keep their ids. They arrive as fast as the endpoint accepts them, in no particular order.',
    ].join(' '),
    params: IdParams,
    query: DryRunQuery,
    body: RecoverBody,
    examples: { 'Since the outage began': { since: '2027-06-05T22:00:00.000Z' } },
    answers: { 200: { description: 'What is owed now', schema: RecoveredShape } },
    refusals: ['WEBHOOK_ENDPOINT_DISABLED', 'WEBHOOK_ENDPOINT_REMOVED'],
    audit: ['webhook_endpoint.recovered'],
    handle: ({ api, params, query, body, write, dryRun, ...act }) =>
      (query.dry_run === 'true' ? dryRun : write)(async (tx) => {
        const limits = { retention_days: api.webhookRetentionDays };
        const recovered = await recoverEndpoint(tx, { ...params, ...body }, act, limits);
        if (isRefusal(recovered)) return recovered;
        return { status: 200, body: { endpoint_id: params.id, since: body.since, ...recovered } };
      }),
  }),
];
