/** Search for a part of a text, whatever its letter case and Unicode form: Postgres compares the folded texts (db/schema.sql). */
import type { Fragment, Sql } from './database';

/** An id as Postgres writes it, in any case. */
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/**
 * The condition that a text is a part of one of the columns, or equals the id. True when there is no text. No character of the text
 * is a wildcard.
 *
 * Trigram indexes find candidate rows (`…_by_substring`), and `strpos` decides. A text without three consecutive ASCII letters or digits
 * and without other letters has no trigrams: then the list is read in its order until the page is full.
 */
export function matchesSearch(sql: Sql, search: string | undefined, columns: readonly string[], id: string): Fragment {
  const text = search?.trim();
  if (!text) return sql`true`;
  const pattern = sql`'%' || regexp_replace(searchable(${text}), '([\\\\%_])', '\\\\\\1', 'g') || '%'`;
  const parts = columns.map(
    (column) =>
      sql`(searchable(${sql(column)}) LIKE ${pattern} AND strpos(folded(${sql(column)}), folded(${text})) > 0) OR`,
  );
  return sql`(${parts} ${UUID.test(text) ? sql`${sql(id)} = ${text}::uuid` : sql`false`})`;
}
