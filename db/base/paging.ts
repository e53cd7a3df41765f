/**
 * Keyset paging: a page begins after the last row of the previous page, so rows that are added between two requests shift no page.
 *
 * Postgres alone computes the key that rows are sorted by, and cursors carry the key as Postgres wrote it. JavaScript has different
 * case rules and rounds instants to milliseconds: with a key computed in JavaScript, pages would lose rows or never end.
 */
import type { Fragment, Sql } from './database';

/** Where a page ended: the sort key of its last row, as text, and the id that breaks ties. */
export interface Keyset {
  sort_key: string;
  id: string;
}

/** The part of a list that is requested. */
export interface KeysetPage {
  order: 'asc' | 'desc';
  after: Keyset | null;
  limit: number;
}

/** What a list is sorted by: an expression over its rows, and their id. */
export interface Sort {
  key: Fragment;
  type: 'text' | 'instant';
  id: Fragment;
}

/** A row of a list with the fields that its cursor needs. */
export type Sorted<Row> = Row & Keyset;

/** The parts of a statement that reads one page. */
export interface PageOfRows {
  /** The expression to select as `sort_key`. */
  sort_key: Fragment;
  /** The condition for rows after the previous page. */
  after: Fragment;
  /** `ORDER BY` and `LIMIT`. */
  order: Fragment;
}

/** The parts of a statement that reads one page in the order of a sort key. */
export function pageBy(sql: Sql, { key, type, id }: Sort, { order, after, limit }: KeysetPage): PageOfRows {
  const direction = order === 'asc' ? sql`ASC` : sql`DESC`;
  const comparison = order === 'asc' ? sql`>` : sql`<`;
  return {
    sort_key: type === 'instant' ? exactInstant(sql, key) : key,
    after: after === null ? sql`true` : sql`(${key}, ${id}) ${comparison} (${after.sort_key}, ${after.id})`,
    order: sql`ORDER BY ${key} ${direction}, ${id} ${direction} LIMIT ${limit}`,
  };
}

/** The same for a table that is sorted by the creation time of its rows. */
export function pageByCreation(sql: Sql, page: KeysetPage): PageOfRows {
  return pageBy(sql, { key: sql`created_at`, type: 'instant', id: sql`id` }, page);
}

/** An instant as text in the full precision of Postgres, microseconds. */
function exactInstant(sql: Sql, key: Fragment): Fragment {
  return sql`to_char(${key} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}
