/**
 * The OpenAPI document as the page at `/docs` shows it: the same operations and shapes, in keywords that the page's renderer draws
 * well. Programs read `/openapi.json`.
 */

type Json = null | boolean | number | string | Json[] | JsonFields;
interface JsonFields {
  [name: string]: Json;
}

interface Document extends JsonFields {
  info: { description: string };
  components: { schemas: Record<string, JsonFields> };
}

const SCHEMAS = '#/components/schemas/';

/** Makes the page's copy of the document, which is given as JSON text. */
export function documentForPage(text: string): JsonFields {
  const document = JSON.parse(text) as Document;
  const description = [
    'For programs: [`/openapi.json`](/openapi.json) (OpenAPI 3.1).',
    linkCodes(document.info.description),
  ].join('\n\n');
  return drawable({ ...document, info: { ...document.info, description } }, document.components.schemas) as JsonFields;
}

/** Gives each code in the table of errors an anchor: `/docs#QUOTA_EXCEEDED`. */
function linkCodes(description: string): string {
  return description.replace(/^\| ([A-Z_]+) \|/gm, '| <a id="$1"></a>[`$1`](#$1) |');
}

/** Rewrites a node of the document and all nodes in it; `name` is the field that holds the node. */
function drawable(node: Json, schemas: Document['components']['schemas'], name = ''): Json {
  if (Array.isArray(node)) return node.map((item) => drawable(item, schemas));
  if (typeof node !== 'object' || node === null) return node;
  const fields = Object.fromEntries(
    Object.entries(inlineDescribed(node, schemas)).map(([key, value]) => [key, drawable(value, schemas, key)]),
  );
  // Under `properties` the fields are those of the interface, not keywords.
  return name === 'properties' ? fields : drawableSchema(fields);
}

/** Replaces a reference with a description of its own by the schema with that description: the renderer makes no example of it. */
function inlineDescribed(node: JsonFields, schemas: Document['components']['schemas']): JsonFields {
  const [reference, more, ...others] = Array.isArray(node['allOf']) ? (node['allOf'] as JsonFields[]) : [];
  if (typeof reference?.['$ref'] !== 'string' || more === undefined || others.length > 0) return node;
  if (Object.keys(more).join() !== 'description') return node;
  return { ...schemas[reference['$ref'].replace(SCHEMAS, '')], ...more };
}

/**
 * The same schema in keywords that the renderer draws. It draws `not` in place of the fields beside it, and prints patterns longer
 * than a line; descriptions and examples say what both mean. It takes a schema for invalid that has no type, or that is empty.
 */
function drawableSchema(schema: JsonFields): JsonFields {
  const { not: _not, pattern: _pattern, ...drawn } = schema;
  if (isEmptyObject(drawn['additionalProperties'])) drawn['additionalProperties'] = true;
  const { anyOf } = drawn;
  if (Array.isArray(anyOf) && drawn['type'] === undefined) {
    const types = anyOf.flatMap((alternative) => (alternative as JsonFields)['type'] ?? []);
    if (types.length > 0) return { type: [...new Set(types)], ...drawn };
  }
  return drawn;
}

function isEmptyObject(value: Json | undefined): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
