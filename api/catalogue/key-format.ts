/** The format of license keys as clients send it, and a preview of a format before a generator has it. */
import { randomFillSync } from 'node:crypto';
import {
  DEFAULT_ALPHABET,
  KEY_JOINER,
  joinedKeys,
  keyspaceOf,
  largestQuotaFor,
} from '../../domain/catalogue/license-key';
import type { KeyFormat } from '../../domain/catalogue/license-key';
import { route } from '../http/route';
import { z } from '../http/zod';

const SAMPLES = 3;

// Keys are ASCII and begin with a letter or a digit, so CSV, spreadsheets and shells do not change them. Statements join keys with
// commas, and no key contains one.
export const FormatInput = z
  .strictObject({
    prefix: z
      .string()
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/,
        'must be 1 to 32 letters, digits, dots, hyphens or underscores, and begin with a letter or digit',
      )
      .nullable()
      .default(null)
      .describe('The beginning of every key'),
    groups: z.int().min(1).max(8).describe('Number of groups of random characters'),
    group_length: z.int().min(2).max(16).describe('Characters per group'),
    alphabet: z
      .string()
      .regex(/^[A-Za-z0-9]{2,62}$/, 'must be 2 to 62 letters and digits')
      .refine((alphabet) => new Set(alphabet).size === alphabet.length, 'must not contain a character twice')
      .default(DEFAULT_ALPHABET)
      .describe('The characters from which keys are generated'),
    separator: z.enum(['-', '_', '.', '']).default('-').describe('Between the prefix and the groups'),
  })
  .describe('The format of keys: the prefix "BF" and 4 groups of 5 give BF-XXXXX-XXXXX-XXXXX-XXXXX')
  .openapi('KeyFormatInput');

export const FormatShape = z
  .object({
    prefix: z.string().nullable(),
    groups: z.int(),
    group_length: z.int(),
    alphabet: z.string(),
    separator: z.string(),
  })
  .openapi('KeyFormat');

/** What follows from a format. */
export const KEYSPACE_SHAPES = {
  keyspace: z.string().describe('The number of different keys of the format; a string, because it can be large'),
  largest_quota: z
    .string()
    .describe('The largest quota of a contract that the format allows: a millionth of the keyspace'),
};

/** A whole number of a query, with the limits of the field of the format. */
function queryInt(shape: z.ZodInt) {
  return z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(shape);
}

const { prefix, groups, group_length, alphabet, separator } = FormatInput.shape;
const FormatQuery = z.object({
  prefix: prefix.unwrap().unwrap().optional(),
  groups: queryInt(groups).openapi({ type: 'integer', minimum: 1, maximum: 8 }),
  group_length: queryInt(group_length).openapi({ type: 'integer', minimum: 2, maximum: 16 }),
  alphabet,
  separator,
});

export const keyFormatPreview = route({
  operation_id: 'getKeyFormatPreview',
  method: 'get',
  path: '/api/v1/generators/preview',
  tag: 'Catalogue',
  summary: 'Preview a key format',
  description: 'Shows keys of a format before a generator has it. The keys are random samples; no license has them.',
  query: FormatQuery,
  answers: {
    200: {
      description: 'Samples, and how many keys there are',
      schema: z
        .object({
          format: FormatShape.describe('The format with the defaults of omitted fields'),
          samples: z.string().array().describe(`${SAMPLES} keys as a license would have them`),
          ...KEYSPACE_SHAPES,
        })
        .openapi('KeyFormatPreview'),
    },
  },
  audit: [],
  handle({ query: { prefix = null, ...rest } }) {
    const format = { prefix, ...rest };
    const samples = joinedKeys(format, SAMPLES, randomFillSync).split(KEY_JOINER);
    return Promise.resolve({ status: 200, body: { format, samples, ...presentKeyspace(format) } });
  },
});

/** The numbers that follow from a format. */
export function presentKeyspace(format: KeyFormat) {
  return { keyspace: keyspaceOf(format).toString(), largest_quota: largestQuotaFor(format).toString() };
}
