/** The file of an import: its columns, its limits, and what is wrong with a header. */

/** The columns that a file can have, in any order. Only `key` is required. */
export const IMPORT_COLUMNS = [
  'key',
  'status',
  'customer',
  'customer_name',
  'created_at',
  'assigned_at',
  'activated_at',
  'suspended_at',
  'revoked_at',
  'expires_at',
  'devices',
] as const;
export type ImportColumn = (typeof IMPORT_COLUMNS)[number];

/** The most rows of a file. The keys of a file are compared in memory, with 16 bytes for each (`key-set.ts`). */
export const IMPORT_ROWS_MAX = 2_000_000;
/** The largest file, after decompression. */
export const IMPORT_BYTES_MAX = 512 * 1024 * 1024;
/** The longest row. A chunk of rows is in memory at one time. */
export const IMPORT_RECORD_BYTES_MAX = 16_384;
/** Up to this many rows are imported by the request, above by a job. */
export const IMPORT_INLINE_ROWS_MAX = 1_000;
/**
 * Rows of a chunk, which one transaction of a job imports. Two transactions at a time lock mostly the same customers, which costs a chunk of
 * 2,000 rows a quarter more of Postgres for each row.
 */
export const IMPORT_CHUNK_ROWS = 5_000;

/** What separates columns in files of programs that do not use commas. */
const OTHER_DELIMITERS = { ';': 'semicolons', '\t': 'tabs', '|': 'vertical bars' } as const;

/** The columns of a header in their order, or what is wrong with it. */
export function readHeader(names: readonly string[]): readonly ImportColumn[] | { problem: string } {
  const known = `The columns are: ${IMPORT_COLUMNS.join(', ')}.`;
  if (names.some((name) => name.includes('\r')))
    return { problem: 'Its lines end with carriage returns. Save it with line feeds (LF or CRLF).' };
  const delimiter = otherDelimiter(names);
  if (delimiter) return { problem: `The columns are separated by ${delimiter}. Separate them by commas.` };
  const columns = names.map(columnOf);
  const unnamed = columns.indexOf('');
  if (unnamed >= 0)
    return {
      problem: `Column ${unnamed + 1} has no name in the first row. Name it, or remove it from all rows; a comma at the end of a row begins a column.`,
    };
  const unknown = names.filter((name) => !isColumn(columnOf(name)));
  if (unknown.length > 0)
    return {
      problem: `The first row must name the columns; it has ${quoted(unknown)}. ${known} Remove or rename the others.`,
    };
  const repeated = columns.find((name, place) => columns.indexOf(name) !== place);
  if (repeated !== undefined) return { problem: `The column ${repeated} occurs twice.` };
  if (!columns.includes('key')) return { problem: `The column key is missing. ${known}` };
  return columns as ImportColumn[];
}

function columnOf(name: string): string {
  return name.trim().toLowerCase();
}

function isColumn(name: string): boolean {
  return (IMPORT_COLUMNS as readonly string[]).includes(name);
}

/** What separates the columns if it is no comma: a lone name has it, or it separates more known columns than commas do. */
function otherDelimiter(names: readonly string[]): string | undefined {
  const columnsIn = (parts: readonly string[]) => parts.filter((name) => isColumn(columnOf(name))).length;
  const by_commas = columnsIn(names);
  const found = Object.entries(OTHER_DELIMITERS).find(([character]) => {
    const parts = names.flatMap((name) => name.split(character));
    return parts.length > names.length && (names.length === 1 || columnsIn(parts) > by_commas);
  });
  return found?.[1];
}

/** Names and their characters that a message repeats. */
const SHOWN_NAMES_MAX = 5;
const SHOWN_CHARS_MAX = 40;

function quoted(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NAMES_MAX).map((name) => `“${name.slice(0, SHOWN_CHARS_MAX)}”`);
  return names.length > shown.length ? `${shown.join(', ')} and ${names.length - shown.length} more` : shown.join(', ');
}
