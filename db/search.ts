/** Searching in texts, in any case of their letters and in any Unicode spelling: Postgres compares the folded texts (db/schema.sql). */
import type { Fragment, Sql } from './index';

/**
 * The condition that a text is a part of one of the columns, or the whole id. True when there is nothing to search for.
 * Every character of the text means itself.
 */
export function found(sql: Sql, search: string | undefined, columns: readonly string[], id: string): Fragment {
  const text = search?.trim();
  if (!text) return sql`true`;
  const parts = columns.map((column) => sql`strpos(folded(${sql(column)}), folded(${text})) > 0 OR`);
  return sql`(${parts} ${sql(id)}::text = lower(${text}))`;
}
