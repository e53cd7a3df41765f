/** Reads all pages of a list. */
import type { ApiAnswer, TestApi } from './api';

/** The maximum number of pages, so that an endless list fails. */
const PAGES_MAX = 200;

/** Returns the `field` of every row. `between` runs after the first page, to change the list. */
export async function walkPages(
  api: TestApi,
  path: string,
  field = 'id',
  between: () => Promise<void> = async () => undefined,
): Promise<string[]> {
  const seen: string[] = [];
  let cursor = '';
  for (let page = 0; page < PAGES_MAX; page++) {
    const { status, body, text } = await api.call('GET', `${path}${path.includes('?') ? '&' : '?'}${cursor}`);
    if (status !== 200) throw new Error(`GET ${path}: ${text}`);
    seen.push(...(body.data as Record<string, unknown>[]).map((row) => String(row[field])));
    if (body.next_cursor === null) return seen;
    if (page === 0) await between();
    cursor = `cursor=${body.next_cursor}`;
  }
  throw new Error(`GET ${path} has more than ${PAGES_MAX} pages`);
}

/** Returns the rows of one page. */
export function rowsOf<Row = { id: string }>(answer: ApiAnswer): Row[] {
  return answer.body.data as Row[];
}
