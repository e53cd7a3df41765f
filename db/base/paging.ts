/**
 * Keyset paging: a page goes on after the last row shown, so that rows added meanwhile shift nothing.
 *
 * Postgres alone computes the key that rows are sorted by, and cursors carry it as Postgres wrote it. JavaScript has other
 * rules for the case of letters, and it rounds instants to milliseconds: a key computed there loses rows or never ends.
 */
import type { Fragment, Sql } from './database';

/** Where a page ended: the sort key of its last row, as text, and the id that breaks ties. */
export interface Keyset {
  sort_key: string;
  id: string;
}

/** Which part of a list is asked for. */
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

/** A row of a list, with what its cursor needs. */
export type Sorted<Row> = Row & Keyset;

/** The parts of a statement that reads one page. */
export interface PageOfRows {
  /** To be selected as `sort_key`. */
  sort_key: Fragment;
  /** The condition for rows that lie after the page before. */
  after: Fragment;
  /** `ORDER BY` and `LIMIT`. */
  order: Fragment;
}

/** Pages through a list in the order of its sort key. */
export function pageBy(sql: Sql, { key, type, id }: Sort, { order, after, limit }: KeysetPage): PageOfRows {
  const direction = order === 'asc' ? sql`ASC` : sql`DESC`;
  const comparison = order === 'asc' ? sql`>` : sql`<`;
  return {
    sort_key: type === 'instant' ? exactInstant(sql, key) : key,
    after: after === null ? sql`true` : sql`(${key}, ${id}) ${comparison} (${after.sort_key}, ${after.id})`,
    order: sql`ORDER BY ${key} ${direction}, ${id} ${direction} LIMIT ${limit}`,
  };
}

/** Pages through a table by the time its rows were made. */
export function pageByCreation(sql: Sql, page: KeysetPage): PageOfRows {
  return pageBy(sql, { key: sql`created_at`, type: 'instant', id: sql`id` }, page);
}

/** An instant as text with all that Postgres keeps of it: microseconds. */
function exactInstant(sql: Sql, key: Fragment): Fragment {
  return sql`to_char(${key} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}
