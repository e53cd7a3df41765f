/**
 * fast-check arbitraries for JSON schemas: `arbitraryOf` generates valid values, `unexpectedValue` generates values
 * that no schema expects.
 */
import fc from 'fast-check';
import { codePoint } from './code-point';

/** The supported keywords of a JSON schema. Other keywords are ignored. */
export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  pattern?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
}

export interface SchemaSource {
  /** Resolves a `$ref`. */
  resolve: (ref: string) => JsonSchema;
  /** Values for properties with these names, instead of their schema. */
  known: Record<string, fc.Arbitrary<unknown>>;
}

const CHARS_MAX = 40;
const ITEMS_MAX = 4;
const OPTIONAL_MAX = 3;
const UNEXPECTED_DEPTH = 40;

/**
 * Values that break assumptions: wrong types, limits of numbers and dates, text that is problematic for databases and
 * parsers.
 */
export const unexpectedValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -0, -1, 1.5, 1e308, Number.MAX_SAFE_INTEGER + 1, [], {}, [null], [[]]),
  fc.constantFrom(
    '',
    ' ',
    'a\u0000b',
    '\ud800',
    '\udfff\ud800',
    '%',
    '_',
    '\\',
    "' OR 1=1 --",
    '-0',
    'NaN',
    '__proto__',
    '../..',
  ),
  fc.constantFrom(
    '0000-01-01',
    '2026-02-30',
    '9999-12-31',
    '0000-01-01T00:00:00.000Z',
    '9999-12-31T23:59:59.999Z',
    '+010000-01-01',
  ),
  fc.constantFrom(
    'P0D',
    'PT1H',
    'P9999Y',
    'Etc/GMT+14',
    'europe/berlin',
    'lic_0',
    'lic_99999999999999999999',
    'a'.repeat(5000),
  ),
  fc.constant(null).map(() => JSON.parse('['.repeat(UNEXPECTED_DEPTH) + ']'.repeat(UNEXPECTED_DEPTH)) as unknown),
  fc.constant(null).map(() => JSON.parse('{"__proto__": {"a": 1}, "constructor": null}') as unknown),
  fc.string({ unit: codePoint, maxLength: CHARS_MAX }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Generates values that a schema allows. */
export function arbitraryOf(schema: JsonSchema, source: SchemaSource): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return arbitraryOf(source.resolve(schema.$ref), source);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map((choice) => arbitraryOf(choice, source)));
  if (schema.allOf) return arbitraryOf(Object.assign({}, ...schema.allOf) as JsonSchema, source);
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  return fc.oneof(...types.map((type) => arbitraryOfType(type, schema, source)));
}

function arbitraryOfType(type: string | undefined, schema: JsonSchema, source: SchemaSource): fc.Arbitrary<unknown> {
  if (type === 'string') return stringOf(schema);
  if (type === 'integer')
    return fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 1000, 2 ** 31 - 1) });
  if (type === 'number') return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 1000 });
  if (type === 'boolean') return fc.boolean();
  if (type === 'null') return fc.constant(null);
  if (type === 'array') {
    const size = { minLength: schema.minItems ?? 0, maxLength: Math.min(schema.maxItems ?? ITEMS_MAX, ITEMS_MAX) };
    return fc.array(arbitraryOf(schema.items ?? {}, source), size);
  }
  if (type === 'object' && schema.properties) return objectOf(schema, source);
  if (type === 'object')
    return fc.dictionary(fc.string({ maxLength: CHARS_MAX }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: ITEMS_MAX });
  return fc.jsonValue({ maxDepth: 2 });
}

function objectOf(schema: JsonSchema, source: SchemaSource): fc.Arbitrary<unknown> {
  const entries = Object.entries(schema.properties ?? {}).map(
    ([name, property]) => [name, source.known[name] ?? arbitraryOf(property, source)] as const,
  );
  const required = entries.filter(([name]) => schema.required?.includes(name));
  const optional = entries.filter(([name]) => !schema.required?.includes(name));
  // Only a few optional properties: with all of them, a rule about one property almost always refuses the whole body.
  return fc
    .subarray(optional, { maxLength: Math.min(OPTIONAL_MAX, optional.length) })
    .chain((chosen) => fc.record(Object.fromEntries([...required, ...chosen])));
}

function stringOf(schema: JsonSchema): fc.Arbitrary<string> {
  if (schema.format === 'uuid') return fc.uuid();
  if (schema.format === 'date')
    return fc
      .date({ min: new Date('2020-01-01'), max: new Date('2099-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 10));
  if (schema.format === 'date-time')
    return fc
      .date({ min: new Date('2020-01-01'), max: new Date('2099-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString());
  if (schema.format === 'email') return fc.emailAddress();
  if (schema.format === 'uri') return fc.webUrl({ validSchemes: ['https'] });
  if (schema.pattern !== undefined) return fc.stringMatching(new RegExp(schema.pattern));
  const minLength = schema.minLength ?? 0;
  return textOf(minLength, Math.min(schema.maxLength ?? CHARS_MAX, CHARS_MAX));
}

const texts = new Map<string, fc.Arbitrary<string>>();

/**
 * Generates graphemes. The arbitrary is created once for each pair of lengths, because fast-check builds the list of
 * all graphemes for each one.
 */
function textOf(minLength: number, maxLength: number): fc.Arbitrary<string> {
  const key = `${minLength} to ${maxLength}`;
  const known = texts.get(key) ?? fc.string({ unit: 'grapheme', minLength, maxLength });
  texts.set(key, known);
  return known;
}
