/** The catalogue of domain events: its examples, and its descriptions in the OpenAPI document. */
import Ajv from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { openApiDocument } from '../../api/http/openapi';
import { EVENT_TYPES, eventExample, eventSchema } from '../../domain/webhook/event';

const document = openApiDocument();
const webhooks = document.webhooks as Record<string, { post: any }>;
const schemas = document.components?.schemas as Record<string, object>;
const ajv = addFormats(new Ajv({ strict: false }));

test('every type of event is a webhook of the OpenAPI document', () => {
  expect(Object.keys(webhooks)).toEqual(EVENT_TYPES);
});

test.each(EVENT_TYPES)('the example of %s is what its schemas say, and nothing else is', (type) => {
  const example = eventExample(type);
  expect(eventSchema(type).parse(example)).toEqual(example);
  const { schema, example: shown } = (webhooks[type] as { post: any }).post.requestBody.content['application/json'];
  expect(shown).toEqual(example);
  const validate = ajv.compile(schemas[schema.$ref.split('/').at(-1)] as object);
  expect(validate(example)).toBe(true);
  const [field = ''] = Object.keys(example.data);
  const { [field]: _left_out, ...incomplete } = example.data;
  for (const data of [incomplete, { ...example.data, unknown: 1 }]) {
    expect(eventSchema(type).safeParse({ ...example, data }).success).toBe(false);
    expect(validate({ ...example, data })).toBe(false);
  }
});
