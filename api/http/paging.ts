/** Pages of lists: their query, their response, and their cursors. */
import { isStorableText } from '../../domain/base/text';
import { ProblemError, shapeProblem } from './problem';
import { isInstantText } from './shapes';
import { z } from './zod';

/** Rows of a page: the maximum and the default. */
export const PAGE_ROWS_MAX = 100;
const PAGE_ROWS_DEFAULT = 25;

/**
 * Enough for every cursor that the API issues. The longest one holds, in base64, the sort key of a name of 200 characters, each of
 * which takes at most 12 bytes after case folding and normalization.
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
    .describe('Rows of a page')
    .openapi({ type: 'integer', minimum: 1, maximum: PAGE_ROWS_MAX, default: PAGE_ROWS_DEFAULT }),
  cursor: z
    .string()
    .max(CURSOR_CHARS_MAX)
    .optional()
    .describe('next_cursor of the previous page')
    .openapi({ pattern: '^[A-Za-z0-9_-]+$' }),
});

/** The response of a list. */
export function PageOf<T extends z.ZodType>(row: T) {
  return z.object({
    data: z.array(row),
    next_cursor: z.string().nullable().describe('Cursor of the next page; null on the last page'),
  });
}

/** The cursors of one list in one sort order. A position consists of a few values of a row, as Postgres formats them. */
export interface Cursors<Name extends string> {
  /** Encodes the position of a row as an opaque cursor. */
  write(row: Record<Name, string | number>): string;
  /** Decodes the position, or null for the first page. Throws 422 for a text that is not a cursor of this list and sort order. */
  read(cursor: string | undefined): Record<Name, string> | null;
}

/**
 * The cursors of a list. `list` names the list and its sort order, and is part of each cursor. `parts` names the values of a
 * position, each with a check that Postgres accepts the value: clients can send any text as a cursor.
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
      const [cursor_list, ...values] = valuesIn(cursor);
      const is_valid =
        cursor_list === list &&
        values.length === names.length &&
        names.every((name, index) => parts[name](values[index] as string));
      if (!is_valid) throw cursorProblem();
      return Object.fromEntries(names.map((name, index) => [name, values[index]])) as Record<Name, string>;
    },
  };
}

/** The cursors of a list that is sorted by ids, which are UUIDs. */
export function cursorsById(list: string): Cursors<'id'> {
  return cursorsOf(list, { id: isUuid });
}

/** The cursors of a list that is sorted by creation time (`pageByCreation`). */
export function cursorsByCreation(list: string): Cursors<'sort_key' | 'id'> {
  return cursorsOf(`${list}.created_at`, { sort_key: isExactInstant, id: isUuid });
}

/** The cursors of a list that is sorted by a text. */
export function cursorsByText(list: string): Cursors<'sort_key' | 'id'> {
  return cursorsOf(list, { sort_key: isStorableText, id: isUuid });
}

/** A page of presented rows. The caller reads one row more than `limit`, which shows whether there is another page. */
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

/** Whether a text is a UUID as Postgres formats it. */
function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(text);
}

/** Whether a text is an instant with microseconds, as `pageBy` selects it. */
export function isExactInstant(text: string): boolean {
  return /\.\d{6}Z$/.test(text) && isInstantText(text.replace(/\d{3}Z$/, 'Z'));
}

/** The texts in a cursor; an empty list when the text is not a cursor. */
function valuesIn(cursor: string): string[] {
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(values) && values.every((value) => typeof value === 'string') ? values : [];
  } catch {
    return [];
  }
}

function cursorProblem(): ProblemError {
  const message = 'must be the next_cursor of a page of the same list and sort order; omit it for the first page';
  return new ProblemError(shapeProblem([{ path: 'cursor', message }]));
}
