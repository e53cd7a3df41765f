/**
 * `search` measures the first page of the licenses whose keys have a prefix, through HTTP, and compares it with the
 * bare index range.
 *
 * The matches are spread over all jobs. This is the case in which the query plan matters: a search within each job
 * would read the whole range again for each job.
 */
import { openDatabase } from '../db/base/database';
import type { Database } from '../db/base/database';
import { deleteLicenses } from './cleaning';
import { createContracts } from './contracts';
import { fillLicenses, prefixOf } from './filled-licenses';
import type { MeasuredStack } from './measured-stack';
import { median, quantile, runPairs } from './pairs';
import { count, tableOf, threeDecimals, twoDecimals } from './report';
import type { Report } from './report';

export interface SearchOptions {
  /** The number of licenses in the table. */
  licenses: number;
  /** The number of keys with the same prefix, for each search. */
  matches: number[];
  /** Pairs of each search. Default: PAIRS. */
  pairs: number | undefined;
}

interface SearchResult {
  matches: number;
  /** The median time of the bare range ÷ the median time of the product. */
  ratio: number;
  bare_p50_ms: number;
  p50_ms: number;
  p99_ms: number;
}

const PAIRS = 3;
const SEARCHES = 10;
/** The reported search. */
const REPORTED_MATCHES = 3_050;
const PAGE_ROWS = 50;
const QUOTA = 100_000_000;
/** Sorts after every character of a key. */
const LAST_CHARACTER = '\u{10ffff}';

/** Fills the table, then measures every search after a warm-up. */
export async function benchSearch(stack: MeasuredStack, options: SearchOptions, report: Report): Promise<void> {
  const [contract_id = ''] = await createContracts(stack, 1, QUOTA);
  const bare = openDatabase(stack.database_url, { max: 1, application_name: 'covenant bench' });
  try {
    report.progress(`Filling the table with ${count(options.licenses)} licenses`);
    await fillLicenses(stack, contract_id, options);
    const results: SearchResult[] = [];
    for (const matches of options.matches) {
      const pairs = await measure(stack, bare, matches, options.pairs ?? PAIRS);
      const [bare_ms, product_ms] = [pairs.flatMap(({ first }) => first), pairs.flatMap(({ second }) => second)];
      const ratios = pairs.map(({ first, second }) => median(first) / median(second));
      results.push({
        matches,
        ratio: threeDecimals(median(ratios)),
        bare_p50_ms: twoDecimals(median(bare_ms)),
        p50_ms: twoDecimals(median(product_ms)),
        p99_ms: twoDecimals(quantile(product_ms, 0.99)),
      });
    }
    finish(results, report);
  } finally {
    await bare.end();
    await deleteLicenses(stack.db, [contract_id]);
  }
}

async function measure(stack: MeasuredStack, bare: Database, matches: number, pairs: number) {
  const prefix = prefixOf(matches);
  const readBare = async (): Promise<void> => {
    await bare`
      SELECT id, key FROM licenses WHERE key >= ${prefix} AND key < ${prefix + LAST_CHARACTER} ORDER BY id DESC LIMIT ${PAGE_ROWS}`;
  };
  const readProduct = async (): Promise<void> => {
    const page = await stack.api.get<{ data: unknown[] }>(`/api/v1/licenses?search=${prefix}&limit=${PAGE_ROWS}`);
    if (page.data.length !== Math.min(PAGE_ROWS, matches)) throw new Error(`${prefix} found ${page.data.length}`);
  };
  await readBare();
  await readProduct();
  return runPairs(
    pairs,
    () => timesOf(readBare),
    () => timesOf(readProduct),
  );
}

async function timesOf(read: () => Promise<void>): Promise<number[]> {
  const durations_ms: number[] = [];
  for (let i = 0; i < SEARCHES; i++) {
    const begun = performance.now();
    await read();
    durations_ms.push(performance.now() - begun);
  }
  return durations_ms;
}

function finish(results: readonly SearchResult[], report: Report): void {
  const reported = results.find(({ matches }) => matches === REPORTED_MATCHES) ?? results.at(-1);
  if (reported === undefined) throw new RangeError('No search was measured.');
  const table = tableOf<SearchResult>(
    [
      { title: 'matches', cell: (row) => count(row.matches) },
      { title: 'bare range, ms', cell: (row) => row.bare_p50_ms.toFixed(1) },
      { title: 'Covenant, ms', cell: (row) => row.p50_ms.toFixed(1) },
      { title: 'p99, ms', cell: (row) => row.p99_ms.toFixed(1) },
      { title: 'ratio', cell: (row) => row.ratio.toFixed(2) },
    ],
    results,
  );
  report.finish(table, { bench: 'search', ratio: reported.ratio, searches: results });
}
