/** Pieces of shapes that several nouns share. */
import { isCalendarPeriod, isLocalDate, isTimeZone } from '../../domain/base/calendar';
import { ENVIRONMENTS } from '../../domain/base/environment';
import type { Json, JsonObject } from '../../domain/base/json';
import { hasDirectionControl, isPlainText, isStorableText, isVisible } from '../../domain/base/text';
import { z } from './zod';

/** Characters of a name. */
const NAME_CHARS_MAX = 200;
/** Room for the longest name in any spelling: Unicode makes four characters of one at most (normal form D). */
export const NAME_SPELLED_CHARS_MAX = 4 * NAME_CHARS_MAX;

/** Devices that a license may be active on at once, at most. */
export const ACTIVATION_LIMIT_MAX = 1_000_000;

/** The largest JSON a client may keep with something: metadata, features. */
const JSON_CHARS_MAX = 16_384;
const JSON_DEPTH_MAX = 16;

/** Years that dates and instants may have: Postgres and JavaScript agree on these, and sums with periods stay far below 9999. */
const YEAR_MIN = 1900;
const YEAR_MAX = 2999;

/** What `isPlainText` allows, as far as a JSON schema says it: half of a surrogate pair is no text of a schema. */
const PLAIN_TEXT_PATTERN = '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$';

/** The same of a name: a character that is no space, and no direction controls. */
const NOT_IN_NAMES = '\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069';
const NAME_PATTERN = `^[^${NOT_IN_NAMES}]*[^\\s${NOT_IN_NAMES}][^${NOT_IN_NAMES}]*$`;

/** A field that is refused by its name when it would change, and that no schema of a change offers. */
export function immutable<T extends z.ZodType>(schema: T): T {
  return schema.describe('Cannot be changed').openapi({ not: {} });
}

/** Text on one line; the schema that is given has its length already. */
export function plainText(schema: z.ZodString): z.ZodString {
  return schema.refine(isPlainText, 'must not contain control characters').openapi({ pattern: PLAIN_TEXT_PATTERN });
}

// One spelling of an id: workflow ids, listeners and comparisons are by text.
export const Id = z.uuid().toLowerCase().describe('UUID').openapi({ example: '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f' });
export const IdParams = z.object({ id: Id });
export const InstantShape = z.iso.datetime().openapi({ example: '2027-02-01T00:00:00.000Z' });

/** What a schema can say of {@link hasUsualYear} and of the form: a format allows offsets, leap seconds and any year. */
const YEAR_PATTERN = '(19|2[0-9])[0-9]{2}';
const DATE_PATTERN = `${YEAR_PATTERN}-[0-9]{2}-[0-9]{2}`;
const INSTANT_PATTERN = `^${DATE_PATTERN}T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]+)?)?Z$`;
/** What a schema can say of `isCalendarPeriod`, without look-ahead, which many tools lack: not that it lasts at most 1,000 years. */
const PERIOD_PATTERN =
  '^P([0-9]{1,4}Y([0-9]{1,4}M)?([0-9]{1,4}W)?([0-9]{1,5}D)?|[0-9]{1,4}M([0-9]{1,4}W)?([0-9]{1,5}D)?|[0-9]{1,4}W([0-9]{1,5}D)?|[0-9]{1,5}D)$';
/** A period of nothing; with its type, since a pattern alone fits null. */
const ZERO_PERIOD = { type: 'string' as const, pattern: '^P[0YMWD]*$' };
/** What a schema can say of `isTimeZone`: a name, not an offset. Which names there are is a matter of the rules installed. */
const TIME_ZONE_PATTERN = '^[A-Za-z]';

export const LocalDateShape = z
  .string()
  .refine(isLocalDate, 'must be a date of the calendar, such as 2027-02-01')
  .refine(hasUsualYear, `must lie in the years ${YEAR_MIN} to ${YEAR_MAX}`)
  .openapi({ format: 'date', pattern: `^${DATE_PATTERN}$`, example: '2027-02-01' });
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
/** A name for people, of anything: one line that can be seen, and that looks like what it is. */
export const NameShape = plainText(z.string().trim().min(1).max(NAME_CHARS_MAX))
  .refine(
    (name) => !hasDirectionControl(name),
    'must not contain direction controls (U+202A to U+202E, U+2066 to U+2069)',
  )
  .refine((name) => name === '' || isVisible(name), 'must contain a visible character')
  .openapi({ pattern: NAME_PATTERN });
export const DryRunQuery = z.object({
  dry_run: z.enum(['true', 'false']).optional().describe('true: the same checks and the same answer, nothing written'),
});

/** A JSON object of a client's own, bounded in size and depth, without text that Postgres cannot keep. */
export const JsonObjectShape = z
  .preprocess(
    (value, context) => {
      // A record leaves this key out without a word.
      if (typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__'))
        context.addIssue({ code: 'custom', message: 'must not contain a key __proto__' });
      return value;
    },
    z.record(z.string(), z.unknown()),
  )
  // Depth comes first: what follows calls itself for each level.
  .refine((value) => !isDeeperThan(JSON_DEPTH_MAX, value as Json), {
    message: `must be nested at most ${JSON_DEPTH_MAX} deep`,
    abort: true,
  })
  .refine(
    (value) => JSON.stringify(value).length <= JSON_CHARS_MAX,
    `must have at most ${JSON_CHARS_MAX} characters as JSON`,
  )
  .refine(
    (value) => isStorable(value as Json),
    'must not contain the character U+0000, half of a surrogate pair, or a key __proto__',
  )
  .transform((value) => value as JsonObject)
  .openapi({ type: 'object', additionalProperties: true });

/** Text for searching in: bounded, and nothing that Postgres would refuse. */
export const SearchShape = plainText(z.string().max(NAME_SPELLED_CHARS_MAX));

/** Any instant a client sends, in our fixed form. */
export const InstantInput = InstantShape.refine(hasUsualYear, `must lie in the years ${YEAR_MIN} to ${YEAR_MAX}`)
  .openapi({ pattern: INSTANT_PATTERN })
  .transform((text) => new Date(text).toISOString());

/** Whether a text is an instant in our fixed form, of a usual year; `Date` alone takes 30 February for 2 March. */
export function isInstantText(text: string): boolean {
  const millis = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(millis) && new Date(millis).toISOString() === text && hasUsualYear(text);
}

function hasUsualYear(text: string): boolean {
  const year = Number(text.slice(0, 4));
  return year >= YEAR_MIN && year <= YEAR_MAX;
}

/** Looks no deeper than it must, so that JSON of any depth can be judged. */
function isDeeperThan(depth: number, value: Json): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => isDeeperThan(depth - 1, inner));
}

/** Whether every text in it, keys included, is one that Postgres can keep. */
function isStorable(value: Json): boolean {
  if (typeof value === 'string') return isStorableText(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(
    // Assigning to this key changes an object's prototype instead.
    ([key, inner]) => key !== '__proto__' && isStorableText(key) && isStorable(inner),
  );
}
