/** What webhooks deliver in the OpenAPI document, from the catalogue in domain/webhook/: a schema and a webhook for each type. */
import { EVENT_TYPES, occasionOf } from '../../domain/webhook/event';
import type { EventType } from '../../domain/webhook/event';
import { payloadExample, payloadSchema } from '../../domain/webhook/payload';
import { z } from './zod';

/**
 * The schemas of the events by their names. They allow fields that they do not name, so that a receiver that validates what it gets accepts
 * the fields of a later version.
 */
export function eventSchemas(): Record<string, object> {
  return Object.fromEntries(
    EVENT_TYPES.map((type) => {
      const { $schema: _dialect, ...schema } = z.toJSONSchema(payloadSchema(type), { override: open });
      return [schemaName(type), { ...schema, description: occasionOf(type) }];
    }),
  );
}

function open({ jsonSchema }: { jsonSchema: { additionalProperties?: unknown } }): void {
  delete jsonSchema.additionalProperties;
}

/** The webhooks by the types of their events. */
export function eventWebhooks(): Record<string, object> {
  return Object.fromEntries(EVENT_TYPES.map((type) => [type, { post: webhook(type) }]));
}

function webhook(type: EventType): object {
  const schema = { $ref: `#/components/schemas/${schemaName(type)}` };
  return {
    tags: ['Events'],
    summary: type,
    description: occasionOf(type),
    requestBody: { required: true, content: { 'application/json': { schema, example: payloadExample(type) } } },
    responses: { '2XX': { description: 'The event was received' } },
  };
}

/** `contract.term_started` is `ContractTermStartedEvent`. */
function schemaName(type: EventType): string {
  const words = type.split(/[._]/).map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `${words.join('')}Event`;
}
