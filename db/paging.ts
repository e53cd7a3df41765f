/** Keyset paging: a page goes on after the last row shown, so that rows added meanwhile shift nothing. */
import type { Fragment, Sql } from './index';

/** Where a page ended: the value sorted by, as text, and the id that breaks ties. */
export interface Keyset {
  value: string;
  id: string;
}

/** The condition for rows after a keyset, in the given order. */
export function keysetAfter(sql: Sql, sortBy: Fragment, id: Fragment, order: 'asc' | 'desc', after: Keyset): Fragment {
  const comparison = order === 'asc' ? sql`>` : sql`<`;
  return sql`(${sortBy}, ${id}) ${comparison} (${after.value}, ${after.id})`;
}
