/** Deliveries of webhooks: what each endpoint was sent, and what it answered. */
import { notFound } from '../../domain/base/refusal';
import { DELIVERY_STATUSES } from '../../domain/webhook/delivery';
import { EVENT_TYPES } from '../../domain/webhook/event';
import { findDelivery, listDeliveries } from '../../db/webhook/delivery-list';
import { redeliver } from '../../transactions/webhook/redeliver';
import { PageOf, PageQuery, cursorsById, pageOf } from '../http/paging';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { EnvironmentShape, Id, IdParams } from '../http/shapes';
import { z } from '../http/zod';
import { DeliveryShape, DeliveryWithAttemptsShape, presentDelivery, presentWithAttempts } from './delivery-presenter';

const DeliveryQuery = PageQuery.extend({
  endpoint_id: Id.optional(),
  contract_id: Id.optional(),
  status: z.enum(DELIVERY_STATUSES).optional(),
  event_type: z.enum(EVENT_TYPES).optional(),
  environment: EnvironmentShape.optional().describe('Default: all environments'),
});

const CURSORS = cursorsById('webhook_deliveries');

export const deliveryRoutes: Route[] = [
  route({
    operation_id: 'listWebhookDeliveries',
    method: 'get',
    path: '/api/v1/deliveries',
    tag: 'Webhooks',
    summary: 'List deliveries of webhooks',
    description:
      'Newest first. An event is owed to each endpoint that it matches, and delivered to each on its own. Deliveries are removed some time after their end (COVENANT_WEBHOOK_RETENTION_DAYS).',
    query: DeliveryQuery,
    answers: { 200: { description: 'One page', schema: PageOf(DeliveryShape) } },
    audit: [],
    async handle({ api, query, caller }) {
      const { cursor, limit, ...filter } = query;
      const after = CURSORS.read(cursor);
      const rows = await api.readList((sql) => listDeliveries(sql, filter, after?.id ?? null, limit + 1));
      return { status: 200, body: pageOf(rows, limit, (row) => presentDelivery(row, caller), CURSORS) };
    },
  }),
  route({
    operation_id: 'getWebhookDelivery',
    method: 'get',
    path: '/api/v1/deliveries/:id',
    tag: 'Webhooks',
    summary: 'Read a delivery of a webhook',
    description:
      'With the payload and every attempt. Below Admin, license keys are masked in the payload and in answers.',
    params: IdParams,
    answers: { 200: { description: 'The delivery', schema: DeliveryWithAttemptsShape } },
    audit: [],
    async handle({ api, params, caller }) {
      const row = await findDelivery(api.db, params.id);
      return row ? { status: 200, body: presentWithAttempts(row, caller) } : notFound('webhook delivery', params.id);
    },
  }),
  route({
    operation_id: 'redeliverWebhook',
    method: 'post',
    path: '/api/v1/deliveries/:id/redeliver',
    tag: 'Webhooks',
    summary: 'Deliver an event again',
    description: [
      'The event is sent at once, whether its delivery succeeded, failed, or waits for its next attempt. The retry schedule begins again.',
      'The event keeps its id, so that a receiver which has processed it can ignore it. Nothing changes for a delivery that is due already.',
    ].join(' '),
    params: IdParams,
    answers: { 200: { description: 'The delivery', schema: DeliveryShape } },
    refusals: ['WEBHOOK_ENDPOINT_DISABLED', 'WEBHOOK_ENDPOINT_REMOVED'],
    audit: ['webhook_delivery.redelivered'],
    handle: ({ params, write, ...request }) =>
      write(async (tx) => {
        const refused = await redeliver(tx, params.id, request);
        if (refused !== null) return refused;
        const row = await findDelivery(tx, params.id);
        return row
          ? { status: 200, body: presentDelivery(row, request.caller) }
          : notFound('webhook delivery', params.id);
      }),
  }),
];
