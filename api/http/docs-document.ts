/**
 * The OpenAPI document as the page at `/docs` shows it: the same operations and shapes, in keywords that the renderer of the page
 * supports. Programs read `/openapi.json`.
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

/** Creates the document of the page from the JSON text of the OpenAPI document. */
export function documentForPage(text: string): JsonFields {
  const document = JSON.parse(text) as Document;
  const description = [
    'For programs: [`/openapi.json`](/openapi.json) (OpenAPI 3.1).',
    linkCodes(document.info.description),
  ].join('\n\n');
  return rewriteNode(
    { ...document, info: { ...document.info, description } },
    document.components.schemas,
  ) as JsonFields;
}

/** Gives each code in the table of errors an anchor: `/docs#QUOTA_EXCEEDED`. */
function linkCodes(description: string): string {
  return description.replace(/^\| ([A-Z_]+) \|/gm, '| <a id="$1"></a>[`$1`](#$1) |');
}

/** Rewrites a node of the document and all nodes in it; `name` is the field that holds the node. */
function rewriteNode(node: Json, schemas: Document['components']['schemas'], name = ''): Json {
  if (Array.isArray(node)) return node.map((item) => rewriteNode(item, schemas));
  if (typeof node !== 'object' || node === null) return node;
  const fields = Object.fromEntries(
    Object.entries(inlineDescribed(node, schemas)).map(([key, value]) => [key, rewriteNode(value, schemas, key)]),
  );
  // Under `properties` the fields are those of the interface, not keywords.
  return name === 'properties' ? fields : rewriteSchema(fields);
}

/**
 * Replaces a reference that has its own description by the schema with that description. The renderer shows no example for such a
 * reference.
 */
function inlineDescribed(node: JsonFields, schemas: Document['components']['schemas']): JsonFields {
  const [reference, more, ...others] = Array.isArray(node['allOf']) ? (node['allOf'] as JsonFields[]) : [];
  if (typeof reference?.['$ref'] !== 'string' || more === undefined || others.length > 0) return node;
  if (Object.keys(more).join() !== 'description') return node;
  return { ...schemas[reference['$ref'].replace(SCHEMAS, '')], ...more };
}

/**
 * The same schema in keywords that the renderer supports. For a schema with `not`, the renderer shows only that keyword, and it shows
 * patterns that are longer than a line; descriptions and examples contain the same rules. The renderer treats a schema without a type,
 * and an empty schema, as invalid.
 */
function rewriteSchema(schema: JsonFields): JsonFields {
  const { not: _not, pattern: _pattern, ...supported } = schema;
  if (isEmptyObject(supported['additionalProperties'])) supported['additionalProperties'] = true;
  const { anyOf } = supported;
  if (Array.isArray(anyOf) && supported['type'] === undefined) {
    const types = anyOf.flatMap((alternative) => (alternative as JsonFields)['type'] ?? []);
    if (types.length > 0) return { type: [...new Set(types)], ...supported };
  }
  return supported;
}

function isEmptyObject(value: Json | undefined): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
