/** The handler that all lists share which are sorted by creation time. */
import type { Sql } from '../../db/base/database';
import type { KeysetPage, Sorted } from '../../db/base/paging';
import { pageOf } from './paging';
import type { Cursors } from './paging';
import type { Answer, HandlerRequest } from './route';

interface ListQuery {
  order: 'asc' | 'desc';
  cursor?: string | undefined;
  limit: number;
}

/** Creates the handler of a list: it reads one page within the limits of lists and presents its rows. */
export function listHandler<Filter, Row extends { id: string }>(
  list: (sql: Sql, filter: Filter, page: KeysetPage) => Promise<Sorted<Row>[]>,
  present: (row: Row) => unknown,
  cursors: Cursors<'sort_key' | 'id'>,
): (request: Pick<HandlerRequest<unknown, Filter & ListQuery, unknown>, 'api' | 'query'>) => Promise<Answer> {
  return async ({ api, query }) => {
    const page = { order: query.order, after: cursors.read(query.cursor), limit: query.limit + 1 };
    const rows = await api.readList((sql) => list(sql, query, page));
    return { status: 200, body: pageOf(rows, query.limit, present, cursors) };
  };
}
