/** The catalogue of domain events: its examples, and its descriptions in the OpenAPI document. */
import { openApiDocument } from '../../api/http/openapi';
import { EVENT_TYPES, eventExample, eventSchema } from '../../domain/webhook/event';
import { payloadExample, payloadSchema } from '../../domain/webhook/payload';
import { publishedSchema } from '../harness/published-event';

const webhooks = openApiDocument().webhooks as Record<string, { post: any }>;

test('every type of event is a webhook of the OpenAPI document, with its example', () => {
  const examples = Object.entries(webhooks).map(([type, { post }]) => [
    type,
    post.requestBody.content['application/json'].example,
  ]);
  expect(examples).toEqual(EVENT_TYPES.map((type) => [type, payloadExample(type)]));
});

test.each(EVENT_TYPES)('%s has an example, and its schemas accept it and refuse what is incomplete', (type) => {
  const event = eventExample(type);
  expect(eventSchema(type).parse(event)).toEqual(event);
  const payload = payloadExample(type);
  expect(payloadSchema(type).parse(payload)).toEqual(payload);
  const validate = publishedSchema(type);
  expect(validate(payload)).toBe(true);
  const [field = ''] = Object.keys(event.data);
  const { [field]: _left_out, ...data } = payload.data;
  expect(payloadSchema(type).safeParse({ ...payload, data }).success).toBe(false);
  expect(validate({ ...payload, data })).toBe(false);
});

test.each(EVENT_TYPES)('a field that %s does not have is never written, and a receiver accepts it', (type) => {
  const example = payloadExample(type);
  const later = { ...example, later: 1, data: { ...example.data, later: { a: 1 } } };
  expect(eventSchema(type).safeParse(later).success).toBe(false);
  expect(publishedSchema(type)(later)).toBe(true);
});
