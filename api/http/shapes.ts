/** Shapes that several nouns share. */
import { isCalendarPeriod, isLocalDate, isTimeZone } from '../../domain/base/calendar';
import { CHANNELS } from '../../domain/base/channel';
import { ENVIRONMENTS } from '../../domain/base/environment';
import type { Json, JsonObject } from '../../domain/base/json';
import { hasDirectionControl, isPlainText, isStorableText, isVisible } from '../../domain/base/text';
import { z } from './zod';

/** Characters of a name. */
const NAME_CHARS_MAX = 200;
/** The longest name in any Unicode normal form: one character becomes at most four (normal form D). */
export const NAME_NORMALIZED_CHARS_MAX = 4 * NAME_CHARS_MAX;

/** The largest number of devices on which a license can be active at once. */
export const ACTIVATION_LIMIT_MAX = 1_000_000;

/** Limits of the JSON that clients store with resources: metadata, features. */
const JSON_CHARS_MAX = 16_384;
const JSON_DEPTH_MAX = 16;

/** The allowed years of dates and instants. Postgres and JavaScript agree on them, and sums with periods stay far below 9999. */
const YEAR_MIN = 1900;
const YEAR_MAX = 2999;

/** The part of `isPlainText` that a JSON schema can express. It cannot exclude an unpaired surrogate. */
const PLAIN_TEXT_PATTERN = '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$';

/** The same with a character that is not a space. */
const PLAIN_FORBIDDEN_CHARS = '\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029';
const VISIBLE_TEXT_PATTERN = `^[^${PLAIN_FORBIDDEN_CHARS}]*[^\\s${PLAIN_FORBIDDEN_CHARS}][^${PLAIN_FORBIDDEN_CHARS}]*$`;

/** The same for a name, which also needs a character that is not a space, and has no direction controls. */
const NAME_FORBIDDEN_CHARS = '\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069';
const NAME_PATTERN = `^[^${NAME_FORBIDDEN_CHARS}]*[^\\s${NAME_FORBIDDEN_CHARS}][^${NAME_FORBIDDEN_CHARS}]*$`;

/** A field that cannot be changed. A request that would change it is refused with the name of the field. */
export function immutable<T extends z.ZodType>(schema: T): T {
  return schema.describe('Cannot be changed').openapi({ not: {} });
}

/** Restricts a string schema, which already limits the length, to text on one line. */
export function plainText(schema: z.ZodString): z.ZodString {
  return schema.refine(isPlainText, 'must not contain control characters').openapi({ pattern: PLAIN_TEXT_PATTERN });
}

/** Restricts a string schema to text on one line that does not consist of spaces alone. */
export function visibleText(schema: z.ZodString): z.ZodString {
  return plainText(schema)
    .refine((text) => text === '' || isVisible(text), 'must contain a visible character')
    .openapi({ pattern: VISIBLE_TEXT_PATTERN });
}

// Ids have one spelling, because workflow ids, notifications and comparisons use the text.
export const Id = z.uuid().toLowerCase().describe('UUID').openapi({ example: '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f' });
export const IdParams = z.object({ id: Id });
export const InstantShape = z.iso
  .datetime({ error: 'must be an instant in UTC, such as 2027-02-01T00:00:00.000Z', abort: true })
  .openapi({ example: '2027-02-01T00:00:00.000Z' });

/** The part of `isYearAllowed` and of the format that a JSON schema can express: `format` alone allows offsets, leap seconds and any year. */
const YEAR_PATTERN = '(19|2[0-9])[0-9]{2}';
const DATE_PATTERN = `${YEAR_PATTERN}-[0-9]{2}-[0-9]{2}`;
const INSTANT_PATTERN = `^${DATE_PATTERN}T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]+)?)?Z$`;
/** The part of `isCalendarPeriod` that a JSON schema can express without lookahead, which many tools lack. It omits the limit of 1,000 years. */
const PERIOD_PATTERN =
  '^P([0-9]{1,4}Y([0-9]{1,4}M)?([0-9]{1,4}W)?([0-9]{1,5}D)?|[0-9]{1,4}M([0-9]{1,4}W)?([0-9]{1,5}D)?|[0-9]{1,4}W([0-9]{1,5}D)?|[0-9]{1,5}D)$';
/** A period of length zero. It names its type because a pattern alone also matches null. */
const ZERO_PERIOD = { type: 'string' as const, pattern: '^P[0YMWD]*$' };
/** The part of `isTimeZone` that a JSON schema can express: a name, not an offset. The valid names depend on the installed time zone rules. */
const TIME_ZONE_PATTERN = '^[A-Za-z]';

export const LocalDateShape = z
  .string()
  .refine(isLocalDate, { error: 'must be an existing date, such as 2027-02-01', abort: true })
  .refine(isYearAllowed, `must be in the years ${YEAR_MIN} to ${YEAR_MAX}`)
  .openapi({ format: 'date', pattern: `^${DATE_PATTERN}$`, example: '2027-02-01' });
/** A local time of day. */
export const LocalTimeShape = z
  .string()
  .regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, 'must be a time of day in hours and minutes, such as 09:30')
  .openapi({ example: '09:30' });

export const PeriodShape = z
  .string()
  .max(20)
  .refine(isCalendarPeriod, 'must be an ISO 8601 period of whole years, months, weeks or days, such as P1Y')
  .openapi({ pattern: PERIOD_PATTERN, not: ZERO_PERIOD, example: 'P1Y' });
export const TimeZoneShape = z
  .string()
  .max(64)
  .refine(isTimeZone, 'must be an IANA time zone, such as Europe/Berlin')
  .openapi({ pattern: TIME_ZONE_PATTERN, example: 'Europe/Berlin' });
export const EnvironmentShape = z.enum(ENVIRONMENTS);
export const ChannelShape = z
  .enum(CHANNELS)
  .describe('Who asked: ui: an admin, with any program; api: the API key of a contract; schedule, replenish: Covenant');
/** A display name: one line with a visible character, and without controls that change its appearance. */
export const NameShape = plainText(z.string().trim().min(1).max(NAME_CHARS_MAX))
  .refine(
    (name) => !hasDirectionControl(name),
    'must not contain direction controls (U+202A to U+202E, U+2066 to U+2069)',
  )
  .refine((name) => name === '' || isVisible(name), 'must contain a visible character')
  .openapi({ pattern: NAME_PATTERN });
export const DryRunQuery = z.object({
  dry_run: z
    .enum(['true', 'false'])
    .optional()
    .describe(
      'true: run the same checks and show the result, but change nothing; an Idempotency-Key is neither stored nor looked up',
    ),
});

/** A JSON object that a client stores: limited in size and depth, and without text that Postgres cannot store. */
export const JsonObjectShape = z
  .preprocess(
    (value, context) => {
      // `z.record` drops this key silently.
      if (typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__'))
        context.addIssue({ code: 'custom', message: 'must not contain a key __proto__' });
      return value;
    },
    z.record(z.string(), z.unknown()),
  )
  // The depth is checked first, because the next checks are recursive.
  .refine((value) => !isDeeperThan(JSON_DEPTH_MAX, value as Json), {
    message: `must have at most ${JSON_DEPTH_MAX} levels of nesting`,
    abort: true,
  })
  .refine(
    (value) => JSON.stringify(value).length <= JSON_CHARS_MAX,
    `must have at most ${JSON_CHARS_MAX} characters as JSON`,
  )
  .refine(
    (value) => isStorable(value as Json),
    'must not contain the character U+0000, an unpaired surrogate, or a key __proto__',
  )
  .transform((value) => value as JsonObject)
  .openapi({ type: 'object', additionalProperties: true });

/** A search text: limited in length, and without characters that Postgres rejects. */
export const SearchShape = plainText(z.string().max(NAME_NORMALIZED_CHARS_MAX));

/** An instant in a request, converted to the fixed format of the API. */
export const InstantInput = InstantShape.refine(isYearAllowed, `must be in the years ${YEAR_MIN} to ${YEAR_MAX}`)
  .openapi({ pattern: INSTANT_PATTERN })
  .transform((text) => new Date(text).toISOString());

/** Whether a text is an instant in the fixed format and in an allowed year. `Date` alone accepts 30 February as 2 March. */
export function isInstantText(text: string): boolean {
  const millis = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(millis) && new Date(millis).toISOString() === text && isYearAllowed(text);
}

function isYearAllowed(text: string): boolean {
  const year = Number(text.slice(0, 4));
  return year >= YEAR_MIN && year <= YEAR_MAX;
}

/** Stops at the depth limit, so that it handles JSON of any depth. */
function isDeeperThan(depth: number, value: Json): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => isDeeperThan(depth - 1, inner));
}

/** Whether Postgres can store every text in the value, including the keys. */
function isStorable(value: Json): boolean {
  if (typeof value === 'string') return isStorableText(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(
    // Assigning to this key would change the prototype of an object.
    ([key, inner]) => key !== '__proto__' && isStorableText(key) && isStorable(inner),
  );
}
