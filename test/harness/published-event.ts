/** The schemas of events that partners have: those of the `webhooks` in the OpenAPI document. */
import Ajv from 'ajv/dist/2020';
import type { ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { openApiDocument } from '../../api/http/openapi';
import type { EventType } from '../../domain/webhook/event';

const document = openApiDocument();
const webhooks = document.webhooks as Record<string, { post: any }>;
const schemas = document.components?.schemas as Record<string, object>;
const ajv = addFormats(new Ajv({ strict: false, allErrors: true }));

/** The published schema of a type, as a function that says whether it accepts the body of a webhook. */
export function publishedSchema(type: EventType): ValidateFunction {
  const { schema } = (webhooks[type] as { post: any }).post.requestBody.content['application/json'];
  return ajv.compile(schemas[schema.$ref.split('/').at(-1)] as object);
}
