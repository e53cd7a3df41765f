/** Pages of lists: what a list is asked, what it answers, and the cursors that lead from page to page. */
import { isStorableText } from '../../domain/base/text';
import { ProblemError, shapeProblem } from './problem';
import { isInstantText } from './shapes';
import { z } from './zod';

/** Rows of a page, and the default. */
export const PAGE_ROWS_MAX = 100;
const PAGE_ROWS_DEFAULT = 25;

/**
 * Room for every cursor that we issue. The longest holds the sort key of a name of 200 characters, each of which case
 * folding and normal form make 12 bytes at most, in base64.
 */
const CURSOR_CHARS_MAX = 4096;

/** `limit` and `cursor` of every list. */
export const PageQuery = z.object({
  limit: z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(PAGE_ROWS_MAX))
    .default(PAGE_ROWS_DEFAULT)
    .describe('rows of a page')
    .openapi({ type: 'integer', minimum: 1, maximum: PAGE_ROWS_MAX, default: PAGE_ROWS_DEFAULT }),
  cursor: z
    .string()
    .max(CURSOR_CHARS_MAX)
    .optional()
    .describe('next_cursor of the page before')
    .openapi({ pattern: '^[A-Za-z0-9_-]+$' }),
});

/** A list's answer. */
export function PageOf<T extends z.ZodType>(row: T) {
  return z.object({
    data: z.array(row),
    next_cursor: z.string().nullable().describe('cursor of the next page; null: this is the last'),
  });
}

/** The cursors of one list in one sort. A position is a few values of a row, as Postgres wrote them. */
export interface Cursors<Name extends string> {
  /** An opaque cursor for the position of a row. */
  write(row: Record<Name, string | number>): string;
  /** The position in a cursor, or null at the first page. Refuses 422 what is no cursor of this list and sort. */
  read(cursor: string | undefined): Record<Name, string> | null;
}

/**
 * The cursors of a list. `list` names it with its sort and stands in each cursor. `parts` says what a position holds, and
 * how each part must look so that Postgres takes it: a cursor comes from outside.
 */
export function cursorsOf<Name extends string>(
  list: string,
  parts: Record<Name, (text: string) => boolean>,
): Cursors<Name> {
  const names = Object.keys(parts) as Name[];
  return {
    write(row) {
      return Buffer.from(JSON.stringify([list, ...names.map((name) => String(row[name]))])).toString('base64url');
    },
    read(cursor) {
      if (cursor === undefined) return null;
      const [of, ...values] = valuesIn(cursor);
      const fits =
        of === list &&
        values.length === names.length &&
        names.every((name, index) => parts[name](values[index] as string));
      if (!fits) throw cursorProblem();
      return Object.fromEntries(names.map((name, index) => [name, values[index]])) as Record<Name, string>;
    },
  };
}

/** The cursors of a list that is sorted by the ids of its rows, which are UUIDs. */
export function cursorsById(list: string): Cursors<'id'> {
  return cursorsOf(list, { id: isUuid });
}

/** The cursors of a list that is sorted by the time its rows were made (`pageByCreation`). */
export function cursorsByCreation(list: string): Cursors<'sort_key' | 'id'> {
  return cursorsOf(`${list}.created_at`, { sort_key: isExactInstant, id: isUuid });
}

/** The cursors of a list that is sorted by a text. */
export function cursorsByText(list: string): Cursors<'sort_key' | 'id'> {
  return cursorsOf(list, { sort_key: isStorableText, id: isUuid });
}

/** A page of presented rows; one row more than `limit` was read to know whether there is another page. */
export function pageOf<Row extends Record<Name, string | number>, Presented, Name extends string>(
  rows: Row[],
  limit: number,
  present: (row: Row) => Presented,
  cursors: Cursors<Name>,
) {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    data: shown.map(present),
    next_cursor: rows.length > limit && last !== undefined ? cursors.write(last) : null,
  };
}

/** Whether a text is a UUID as Postgres writes it. */
function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(text);
}

/** The largest number that Postgres can hold as bigint. */
const BIGINT_MAX = 2n ** 63n - 1n;

/** Whether a text is a number from 1 on, as Postgres writes a bigint. */
export function isBigint(text: string): boolean {
  return /^[1-9]\d{0,18}$/.test(text) && BigInt(text) <= BIGINT_MAX;
}

/** Whether a text is an instant with its microseconds, as `pageBy` selects it. */
function isExactInstant(text: string): boolean {
  return /\.\d{6}Z$/.test(text) && isInstantText(text.replace(/\d{3}Z$/, 'Z'));
}

/** The texts in a cursor; none in what is no cursor at all. */
function valuesIn(cursor: string): string[] {
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(values) && values.every((value) => typeof value === 'string') ? values : [];
  } catch {
    return [];
  }
}

function cursorProblem(): ProblemError {
  const message = 'must be the next_cursor of a page of the same list and sort; leave it out for the first page';
  return new ProblemError(shapeProblem([{ path: 'cursor', message }]));
}
