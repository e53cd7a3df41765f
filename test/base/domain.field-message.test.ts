/** The message of each kind of invalid field. */
import { z } from 'zod';
import type { ZodType } from 'zod';
import { fieldMessage } from '../../domain/base/field-message';

function messagesOf(schema: ZodType, value: unknown): string[] {
  const parsed = schema.safeParse(value, { error: fieldMessage });
  return parsed.success ? [] : parsed.error.issues.map(({ message }) => message);
}

const Enum = z.enum(['auto', 'none']);
const Status = z.enum(['held', 'sold']);
const Statuses = z.union([Status, z.array(Status)]);
const Objects = z.union([z.strictObject({ a: z.string() }), z.strictObject({ b: z.string() })]);

test.each<[string, ZodType, unknown, string]>([
  ['a missing string', z.string(), undefined, 'is required'],
  ['a missing number', z.int(), undefined, 'is required'],
  ['a missing value of a list', Enum, undefined, 'is required'],
  ['a missing literal', z.literal('a'), undefined, 'is required'],
  ['a missing value of a union', z.union([z.string(), z.null()]), undefined, 'is required'],
  ['another type than string', z.string(), 1, 'must be a string'],
  ['null for a string', z.string(), null, 'must be a string'],
  ['another type than number', z.number(), '1', 'must be a number'],
  ['another type than a whole number', z.int(), '1', 'must be a number'],
  ['a fraction for a whole number', z.int(), 1.5, 'must be a whole number'],
  ['another type than boolean', z.boolean(), 'true', 'must be true or false'],
  ['another type than array', z.array(z.string()), {}, 'must be an array'],
  ['another type than object', z.strictObject({}), [], 'must be an object'],
  ['another type than record', z.record(z.string(), z.unknown()), 'a', 'must be an object'],
  ['too small a number', z.int().min(1), 0, 'must be at least 1'],
  ['too large a number', z.int().max(100), 101, 'must be at most 100'],
  ['a number at an excluded lower limit', z.number().positive(), 0, 'must be more than 0'],
  ['a number at an excluded upper limit', z.number().lt(10), 10, 'must be less than 10'],
  ['a number that is not exact', z.int(), 2 ** 53, `must be at most ${Number.MAX_SAFE_INTEGER}`],
  ['a number between the steps', z.number().multipleOf(5), 7, 'must be a multiple of 5'],
  ['an empty string', z.string().min(1), '', 'must have at least 1 character'],
  ['too short a string', z.string().min(2), 'a', 'must have at least 2 characters'],
  ['too long a string', z.string().max(3), 'abcd', 'must have at most 3 characters'],
  ['a string of another length', z.string().length(2), 'abc', 'must have exactly 2 characters'],
  ['too short an array', z.array(z.string()).min(1), [], 'must have at least 1 item'],
  ['too long an array', z.array(z.string()).max(2), ['a', 'b', 'c'], 'must have at most 2 items'],
  ['another value of a list', Enum, 'never', 'must be one of: auto, none'],
  ['another text than the literal', z.literal('unlimited'), 'a', 'must be "unlimited"'],
  ['another value than the literal', z.literal(true), false, 'must be true'],
  ['a malformed UUID', z.uuid(), 'abc', 'must be a UUID'],
  ['a malformed date', z.iso.date(), '2027-13-01', 'must be a date, such as 2027-02-01'],
  ['a malformed instant', z.iso.datetime(), 'now', 'must be a date and time, such as 2027-02-01T00:00:00.000Z'],
  ['a malformed email address', z.email(), 'a@', 'must be an email address'],
  ['a malformed URL', z.url(), 'a', 'must be a URL'],
  ['a text outside a pattern', z.string().regex(/^[a-z]+$/), 'A', 'must match the pattern /^[a-z]+$/'],
  ['an unknown field', z.strictObject({}), { color: 'red' }, 'is not a field of this request'],
  ['no branch of a union', z.union([z.string(), z.null()]), 1, 'must be a string or null'],
  ['none of the values of a union', Statuses, 'gone', 'must be one of: held, sold'],
  ['a list without the values of a union', Statuses, ['held', 'gone'], 'must be one of: held, sold'],
  ['no branch of a union of objects', Objects, 1, 'must be an object'],
  ['another object than those of a union', Objects, {}, 'Invalid input'],
  ['a message of the schema', z.string({ error: 'must be a word' }), 1, 'must be a word'],
  ['a message of a refinement', z.string().refine(() => false, 'must be visible'), 'a', 'must be visible'],
  ['a refinement without a message', z.string().refine(() => false), 'a', 'Invalid input'],
  ['a kind without a text of its own', z.string().startsWith('a'), 'b', 'Invalid string: must start with "a"'],
])('names what is wrong: %s', (_what, schema, value, message) => {
  expect(messagesOf(schema, value)).toEqual([message]);
});
