/** The shapes and the presenters of deliveries of webhooks. */
import { seesWebhookKeys } from '../../domain/access/caller';
import type { Caller } from '../../domain/access/caller';
import { ATTEMPT_FAILURES } from '../../domain/webhook/attempt';
import { ATTEMPT_OUTCOMES, DELIVERY_STATUSES, attemptText, deliveryActions } from '../../domain/webhook/delivery';
import type { DeliveryActionName } from '../../domain/webhook/delivery';
import { maskOfPayload } from '../../domain/webhook/masked-text';
import type { KeyMask } from '../../domain/webhook/masked-text';
import type { AttemptRow, DeliveryDetails, DeliveryRow } from '../../db/webhook/delivery-list';
import { actionTable } from '../http/allowed-actions';
import { EnvironmentShape, Id, InstantShape } from '../http/shapes';
import { z } from '../http/zod';
import { shownUrl } from './webhook-endpoint-presenter';

const DELIVERY_ACTIONS = actionTable<DeliveryActionName>('WebhookDeliveryActions', {
  redeliver: { operation_id: 'redeliverWebhook', description: 'Deliver the event again' },
});

const LastAttemptShape = z.object({
  number: z.int().min(1),
  at: InstantShape.describe('When it began'),
  outcome: z
    .enum(ATTEMPT_OUTCOMES)
    .nullable()
    .describe('gone: the receiver answered 410. null: in flight, or its process ended before the answer'),
  http_status: z.int().nullable().describe('Of the answer; null without a complete answer'),
  failure: z.enum(ATTEMPT_FAILURES).nullable().describe('Why no complete answer was received'),
  latency_ms: z.int().nullable().describe('From the beginning of the attempt to its end'),
  meaning: z.string().describe('The same as a sentence, with what to do'),
});

const AttemptShape = LastAttemptShape.extend({
  detail: z.string().nullable().describe('The text of the failure'),
  excerpt: z
    .string()
    .nullable()
    .describe(
      'The beginning of the answer, at most 2 KiB. License keys of the payload are masked below Admin, also without their separators, in another letter case or escaped',
    ),
}).openapi('WebhookAttempt');

export const DeliveryShape = z
  .object({
    id: Id,
    endpoint_id: Id,
    event_id: Id.describe('The id of the event, which is the header field webhook-id'),
    event_type: z.string(),
    contract_id: Id.nullable(),
    environment: EnvironmentShape.nullable(),
    status: z
      .enum(DELIVERY_STATUSES)
      .describe('owed: an attempt follows, or is in flight. failed: the last attempt failed, and none follows'),
    attempts: z.int().describe('Attempts that were begun'),
    next_attempt_at: InstantShape.nullable().describe(
      'When the next attempt is due; of an attempt in flight, when it counts as lost. An endpoint that is disabled gets none',
    ),
    created_at: InstantShape.describe('When the endpoint was owed it'),
    ended_at: InstantShape.nullable(),
    last_attempt: LastAttemptShape.nullable(),
    allowed_actions: DELIVERY_ACTIONS.shape,
  })
  .openapi('WebhookDelivery');

export const DeliveryWithAttemptsShape = DeliveryShape.extend({
  url: z.string().describe('The URL of the endpoint now. The values of its query are masked below Admin'),
  event: z
    .object({
      id: Id,
      type: z.string(),
      at: InstantShape.nullable().describe('When it happened, by the clock of the contract'),
      sequence: z.int().nullable().describe('The number of the event within its contract'),
    })
    .describe('The event'),
  payload: z
    .string()
    .nullable()
    .describe(
      'Exactly the text that is signed and sent; null before the first attempt. License keys are masked below Admin, so the signature then does not fit',
    ),
  attempts_made: z.array(AttemptShape).describe('Every attempt, the first one first'),
}).openapi('WebhookDeliveryWithAttempts');

export function presentDelivery(row: DeliveryRow, caller: Caller) {
  const { id, endpoint_id, event_id, event_type, contract_id, environment, status, attempts, last_attempt } = row;
  const endpoint = { id: endpoint_id, status: row.endpoint_status, disabled_reason: row.disabled_reason };
  return {
    ...{ id, endpoint_id, event_id, event_type, contract_id, environment, status, attempts },
    ...{ next_attempt_at: row.due_at, created_at: row.created_at, ended_at: row.ended_at },
    last_attempt: last_attempt && { ...last_attempt, meaning: attemptText(last_attempt) },
    allowed_actions: DELIVERY_ACTIONS.present(deliveryActions(endpoint), caller),
  };
}

export function presentWithAttempts(row: DeliveryRow & DeliveryDetails, caller: Caller) {
  const mask = row.body === null || seesWebhookKeys(caller) ? undefined : maskOfPayload(row.body);
  return {
    ...presentDelivery(row, caller),
    url: shownUrl(row.url, caller),
    event: {
      id: row.event_id,
      type: row.event_type,
      at: row.event_at,
      sequence: row.sequence === null ? null : Number(row.sequence),
    },
    payload: mask?.payload ?? row.body,
    attempts_made: row.all_attempts.map((attempt) => presentAttempt(attempt, mask)),
  };
}

function presentAttempt(attempt: AttemptRow, mask: KeyMask | undefined) {
  const { excerpt } = attempt;
  return {
    ...attempt,
    excerpt: excerpt === null || mask === undefined ? excerpt : mask.mask(excerpt),
    meaning: attemptText(attempt),
  };
}
