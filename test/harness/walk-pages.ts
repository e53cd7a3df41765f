/** Walks a list from its first page to its last. */
import type { ApiAnswer, TestApi } from './api';

/** The longest walk; a list that never ends fails instead. */
const PAGES_MAX = 200;

/** The `field` of every row, page by page; `between` runs after the first page, to change the list meanwhile. */
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

/** The rows of one page, of the fields a test asks for. */
export function rowsOf<Row = { id: string }>(answer: ApiAnswer): Row[] {
  return answer.body.data as Row[];
}
