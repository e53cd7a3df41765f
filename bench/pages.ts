/**
 * `pages` measures the admin pages in Chromium, beside many contracts and licenses: the bytes of the first load, the time until each list
 * of the navigation shows its rows, and the time from an input to the next paint. The ratio is the time that the interface takes for the
 * data of a list ÷ the time until the list is shown.
 */
import { chromium } from 'playwright-core';
import type { Page } from 'playwright-core';
import { ensureAdminPages } from '../project/admin-pages';
import { pathOfTool } from '../project/external-tools';
import { createContracts } from './contracts';
import { fillLicenses } from './filled-licenses';
import type { MeasuredStack } from './measured-stack';
import { median } from './pairs';
import { count, tableOf, threeDecimals } from './report';
import type { Report } from './report';

export interface PagesOptions {
  contracts: number;
  licenses: number;
  /** Visits of each list. Default: ROUNDS. */
  rounds: number | undefined;
}

interface ListResult {
  list: string;
  /** From the request of the page to the first row, with cached files. */
  shown_ms: number;
  /** Of that, the slowest request to the interface. */
  interface_ms: number;
}

const ROUNDS = 5;
const QUOTA = 100_000_000;

/** Fills the stack, then measures. */
export async function benchPages(stack: MeasuredStack, options: PagesOptions, report: Report): Promise<void> {
  await ensureAdminPages();
  report.progress(`Creating ${count(options.contracts)} contracts`);
  const [contract_id = ''] = await createContracts(stack, options.contracts, QUOTA);
  report.progress(`Filling the table with ${count(options.licenses)} licenses`);
  await fillLicenses(stack, contract_id, { licenses: options.licenses, matches: [] });
  const browser = await chromium.launch({ executablePath: pathOfTool('chromium'), args: ['--no-sandbox'] });
  try {
    const page = await (await browser.newContext({ viewport: { width: 1_280, height: 900 } })).newPage();
    const url = `${stack.api_url}/admin`;
    await signIn(page, url, stack.api_key);
    const first_load_bytes = await measureFirstLoad(page, url);
    const lists: ListResult[] = [];
    for (const path of await listsOf(page, url))
      lists.push(await measureList(page, url, path, options.rounds ?? ROUNDS));
    const paint_ms = await measureInput(page, url);
    finish({ first_load_bytes, lists, paint_ms }, report);
  } finally {
    await browser.close();
  }
}

/** Opens the first page with an empty cache. Returns the compressed bytes of its document, scripts and styles. */
async function measureFirstLoad(page: Page, url: string): Promise<number> {
  await openList(page, `${url}/contracts`);
  return page.evaluate<number>(
    `performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))
      .filter(({ name }) => !name.includes('/api/'))
      .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)`,
  );
}

/** The paths of the navigation whose page has a table with rows. */
async function listsOf(page: Page, url: string): Promise<string[]> {
  const links = await page
    .locator('nav a[href^="/admin/"]')
    .evaluateAll((found) => found.map((link) => (link as unknown as { pathname: string }).pathname));
  const lists: string[] = [];
  for (const path of links.map((link) => link.replace('/admin/', ''))) {
    await page.goto(`${url}/${path}`, { waitUntil: 'networkidle' });
    if ((await page.locator('main table tbody tr').count()) > 0) lists.push(path);
  }
  return lists;
}

async function measureList(page: Page, url: string, path: string, rounds: number): Promise<ListResult> {
  const shown: number[] = [];
  const requests: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await openList(page, `${url}/${path}`);
    shown.push(await page.evaluate<number>('performance.now()'));
    requests.push(
      await page.evaluate<number>(
        `Math.max(0, ...performance.getEntriesByType('resource').filter(({ name }) => name.includes('/api/')).map(({ duration }) => duration))`,
      ),
    );
  }
  return { list: path, shown_ms: Math.round(median(shown)), interface_ms: Math.round(median(requests)) };
}

/** Opens a page and waits for its first row with data. */
async function openList(page: Page, address: string): Promise<void> {
  await page.goto('about:blank');
  await page.goto(address, { waitUntil: 'commit' });
  await page.locator('main table tbody tr td:not(:has(.mantine-Skeleton-root))').first().waitFor();
}

/** Types a search, opens a menu, changes a filter and turns the page. Returns the longest time from an input to the next paint. */
async function measureInput(page: Page, url: string): Promise<number> {
  await openList(page, `${url}/contracts`);
  await page.evaluate(
    `window.longest = 0; new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration); })
      .observe({ type: 'event', durationThreshold: 16, buffered: true })`,
  );
  await page.locator('[data-page-search]').pressSequentially('Benchmark 12', { delay: 40 });
  await page.waitForLoadState('networkidle');
  await page.getByLabel('Status', { exact: true }).first().click();
  await page.getByRole('option', { name: 'Active', exact: true }).click();
  await page.waitForLoadState('networkidle');
  await page.getByRole('button', { name: 'Next page' }).click();
  await page.waitForLoadState('networkidle');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('licenses', { delay: 40 });
  await page.keyboard.press('Enter');
  await page.waitForLoadState('networkidle');
  return page.evaluate<number>('window.longest');
}

async function signIn(page: Page, url: string, key: string): Promise<void> {
  await page.goto(`${url}/sign-in`);
  await page.getByRole('button', { name: 'Use an API key' }).click();
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in with the key' }).click();
  await page.getByRole('navigation').first().waitFor();
}

function finish(
  { first_load_bytes, lists, paint_ms }: { first_load_bytes: number; lists: ListResult[]; paint_ms: number },
  report: Report,
): void {
  const table = tableOf<ListResult>(
    [
      { title: 'list', cell: ({ list }) => list },
      { title: 'shown (ms)', cell: ({ shown_ms }) => count(shown_ms) },
      { title: 'interface (ms)', cell: ({ interface_ms }) => count(interface_ms) },
    ],
    lists,
  );
  const ratio = threeDecimals(median(lists.map(({ shown_ms, interface_ms }) => interface_ms / shown_ms)));
  const notes = `First load: ${count(first_load_bytes)} bytes. Longest time from an input to the next paint: ${count(paint_ms)} ms.`;
  report.finish(`${table}\n${notes}`, { bench: 'pages', ratio, first_load_bytes, paint_ms, lists });
}
