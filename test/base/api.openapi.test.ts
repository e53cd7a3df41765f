/** The OpenAPI document: its examples of request bodies, which the page at `/docs` fills in, and the codes of refused API keys. */
import { openApiDocument } from '../../api/http/openapi';
import { problemCatalogue } from '../../api/http/problem';
import { ROUTES } from '../../api/routes';
import { permissionOf } from '../../domain/access/permission';
import { REFUSAL_TITLES } from '../../domain/base/refusal';
import type { RefusalCode } from '../../domain/base/refusal';
import { hasPartnerDetail } from '../../domain/base/partner-refusal';

/** The parts of a schema that name fields. */
interface Schema {
  $ref?: string;
  allOf?: Schema[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
}

interface Body {
  content: Record<string, { schema: Schema; examples?: Record<string, { value: unknown }> }>;
}

const document = openApiDocument();
const schemas = document.components?.schemas as Record<string, Schema>;
const bodies = new Map(
  Object.values(document.paths ?? {})
    .flatMap((path) => Object.values(path))
    .map(({ operationId, requestBody }) => [operationId as string, requestBody as Body | undefined]),
);

/** Every route with a body, by its operation. */
const WITH_BODY = ROUTES.flatMap(({ operation_id, body, raw_body }) => {
  const shape = body ?? raw_body?.schema;
  return shape === undefined ? [] : [[operation_id, shape] as const];
});

function examplesOf(operation_id: string): unknown[] {
  const media = Object.values(bodies.get(operation_id)?.content ?? {});
  return media.flatMap(({ examples }) => Object.values(examples ?? {}).map(({ value }) => value));
}

/** The fields that a schema declares in any of its parts. */
function fieldsOf({ $ref, allOf = [], anyOf = [], items, properties }: Schema): Record<string, Schema> {
  const parts = [...allOf, ...anyOf, items, $ref && schemas[$ref.replace('#/components/schemas/', '')]];
  const fields = parts.flatMap((part) => (part ? Object.entries(fieldsOf(part)) : []));
  return { ...properties, ...Object.fromEntries(fields) };
}

/** The paths of the fields that the schema does not declare. A schema that declares no fields allows any. */
function undeclaredFields(schema: Schema, value: unknown, path = ''): string[] {
  const fields = fieldsOf(schema);
  if (typeof value !== 'object' || value === null || Object.keys(fields).length === 0) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    return field === undefined ? [`${path}${name}`] : undeclaredFields(field, inner, `${path}${name}.`);
  });
}

test.each(WITH_BODY)('%s has examples, and its shape accepts each of them', (operation_id, shape) => {
  const examples = examplesOf(operation_id);
  expect(examples).not.toEqual([]);
  for (const example of examples) expect(shape.safeParse(example)).toMatchObject({ success: true });
});

test.each(WITH_BODY)('the examples of %s name only fields that its schema declares', (operation_id) => {
  const [media] = Object.values(bodies.get(operation_id)?.content ?? {});
  const undeclared = examplesOf(operation_id).flatMap((example) => undeclaredFields(media?.schema ?? {}, example));
  expect(undeclared).toEqual([]);
});

test('an operation that needs an API key names every code with which a key is refused', () => {
  const responses = document.paths?.['/api/v1/contracts/{id}/generate']?.post?.responses;
  const { description = '' } = responses?.['401'] as { description?: string };
  const of_others = ['BAD_SIGNATURE', 'SIGN_IN_FAILED', 'LINK_NOT_VALID'];
  const of_keys = problemCatalogue().filter(({ code, status }) => status === 401 && !of_others.includes(code));
  const expected = of_keys.map(({ code, title }) => `${code}: ${title}`).join('; ');
  expect(description).toBe(expected);
  expect(expected).toContain('INVALID_API_KEY');
});

test('each refusal that the key of a contract can receive says what a partner can do', () => {
  const called = ROUTES.filter(({ operation_id }) => 'contract' in permissionOf(operation_id));
  const texts = called.flatMap(({ path, method }) => {
    const operation = document.paths?.[path.replace(/:(\w+)/g, '{$1}')]?.[method];
    const responses = (operation?.responses ?? {}) as Record<string, { description: string }>;
    return Object.values(responses).map(({ description }) => description);
  });
  const codes = texts.flatMap((text) =>
    [...text.matchAll(/(?:^|; )([A-Z_]{4,}): /g)].map(([, code]) => code as string),
  );
  const of_domain = [...new Set(codes)].filter((code): code is RefusalCode => code in REFUSAL_TITLES);
  expect(of_domain).toEqual(expect.arrayContaining(['QUOTA_EXCEEDED', 'POOL_EMPTY', 'HOLD_EXPIRED', 'RATE_LIMITED']));
  expect(of_domain.filter((code) => !hasPartnerDetail(code))).toEqual([]);
});
