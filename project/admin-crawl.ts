/**
 * Visits every admin page that a signed-in person can reach: the pages of the navigation, what stands in the first row of each list,
 * its tabs, and the forms behind "create" and "edit". Screenshots and the check of accessibility use it.
 */
import type { Page } from 'playwright-core';
import { waitFor } from '../dev/waiting';

/** A page as it is shown, when it has read its data. */
export interface Visit {
  /** The path below `/admin/`, with the ids replaced by `-`, as a name: `contracts/-?tab=timeline`. */
  name: string;
  page: Page;
}

const SETTLED_MS = 15_000;

/** Calls `see` for each page. `url` is the address of the pages. */
export async function crawlAdminPages(page: Page, url: string, see: (visit: Visit) => Promise<void>): Promise<void> {
  const seen = new Set<string>();

  async function visit(address: string): Promise<boolean> {
    const name = nameOf(address, url);
    if (seen.has(name)) return false;
    seen.add(name);
    await page.goto(address);
    await settle(page);
    await see({ name, page });
    return true;
  }

  await page.goto(`${url}/contracts`);
  await settle(page);
  for (const list of await addressesOf(page, 'nav a[href^="/admin/"]')) {
    if (!(await visit(list))) continue;
    const forms = await addressesOf(page, 'a[data-page-create]');
    const [row] = await addressesOf(page, 'main table tbody tr td a[href^="/admin/"]');
    for (const form of forms) await visit(form);
    if (row === undefined || !(await visit(row))) continue;
    const details = page.url();
    const edits = await addressesOf(page, 'main a[href$="/edit"]');
    for (const tab of await tabsOf(page)) {
      const address = new URL(details);
      address.searchParams.set('tab', tab);
      await visit(address.href);
    }
    for (const edit of edits) await visit(edit);
  }
}

/** The values of the tabs of the page, which stand in its address. */
async function tabsOf(page: Page): Promise<string[]> {
  const tabs = page.getByRole('tab');
  const values: string[] = [];
  for (let index = 0; index < (await tabs.count()); index += 1) {
    await tabs.nth(index).click();
    const tab = new URL(page.url()).searchParams.get('tab');
    if (tab !== null) values.push(tab);
  }
  return values;
}

async function addressesOf(page: Page, selector: string): Promise<string[]> {
  const links = await page
    .locator(selector)
    .evaluateAll((found) => found.map((link) => (link as unknown as { href: string }).href));
  return [...new Set(links)];
}

/** Waits until the page has read its data and shows no placeholder any more. */
async function settle(page: Page): Promise<void> {
  await page.locator('main').first().waitFor();
  // The content policy of the pages forbids to evaluate a text again and again, so the elements are counted from here.
  const placeholders = page.locator('main [aria-busy=true], main .mantine-Skeleton-root, main .mantine-Loader-root');
  await waitFor(async () => (await placeholders.count()) === 0, {
    what: `the data of ${page.url()}`,
    timeout_ms: SETTLED_MS,
  });
}

function nameOf(address: string, url: string): string {
  return address
    .slice(url.length + 1)
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '-')
    .replace(/\/(lic_[^/?]+|[^/?]{20,})(?=[/?]|$)/g, '/-');
}
