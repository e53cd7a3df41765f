/** The admin pages when something goes wrong: a session that ends, a network that is lost, two people at one contract, hostile names. */
import type { Page } from 'playwright-core';
import { fillAdminPages } from '../harness/admin-data';
import { startAdminPages } from '../harness/admin-pages';
import type { AdminPages } from '../harness/admin-pages';
import { fill, press } from '../harness/admin-steps';
import { describeWithTool } from '../harness/external-tool';
import { addStackContract, callStack } from '../harness/stack-client';

const TIMEOUT_MS = 120_000;

describeWithTool('chromium', (program) => {
  let pages: AdminPages;
  let id: string;

  beforeAll(async () => {
    pages = await startAdminPages(program);
    await fillAdminPages(pages.stack);
  }, TIMEOUT_MS);
  beforeEach(async () => {
    id = await addStackContract(pages.stack, 100);
  });
  afterEach(() => pages.endTest());
  afterAll(() => pages.end());

  async function quotaAndName(): Promise<unknown> {
    const { body } = await callStack(pages.stack, 'GET', `/contracts/${id}`);
    return { quota: body.quota.total, name: body.name };
  }

  async function saved(page: Page): Promise<void> {
    await page.waitForURL((url) => !url.pathname.endsWith('/edit'));
  }

  test(
    'a session that ends while a form is filled in asks to sign in again, and the request is sent with everything that was entered',
    async () => {
      const page = await pages.openAs('admin', `contracts/${id}/edit`);
      await fill(page, { Name: 'Renamed without a session', 'License quota': '150' });
      await page.context().clearCookies();
      pages.expectComplaint(/status of 401/);
      await press(page, 'Save changes');
      const dialog = page.getByRole('dialog', { name: 'Your session has ended' });
      await dialog.getByRole('button', { name: 'Use an API key' }).click();
      await dialog.getByLabel('API key').fill(await pages.keyOf('admin'));
      await dialog.getByRole('button', { name: 'Sign in with the key' }).click();
      await saved(page);
      expect(await quotaAndName()).toEqual({ quota: 150, name: 'Renamed without a session' });
    },
    TIMEOUT_MS,
  );

  test(
    'a lost network loses no input: the form says so, and the same button saves when the network is back',
    async () => {
      const page = await pages.openAs('admin', `contracts/${id}/edit`);
      await fill(page, { Name: 'Renamed after an outage' });
      pages.expectComplaint(/ERR_INTERNET_DISCONNECTED/);
      await page.context().setOffline(true);
      await press(page, 'Save changes');
      await page.getByRole('alert').filter({ hasText: 'The server did not answer' }).waitFor();
      expect(await page.getByLabel(/^Name( \*)?$/).inputValue()).toBe('Renamed after an outage');
      await page.context().setOffline(false);
      await press(page, 'Save changes');
      await saved(page);
      expect(await quotaAndName()).toEqual({ quota: 100, name: 'Renamed after an outage' });
    },
    TIMEOUT_MS,
  );

  test(
    'of two people who edit one contract, the second sees both values of each difference, and nothing is overwritten unseen',
    async () => {
      const first = await pages.openAs('admin', `contracts/${id}/edit`);
      const second = await pages.openAs('super_admin', `contracts/${id}/edit`);
      await fill(second, { 'License quota': '300' });
      await fill(first, { 'License quota': '200', Name: 'Named by the first' });
      await press(first, 'Save changes');
      await saved(first);
      pages.expectComplaint(/status of 412/);
      await press(second, 'Save changes');
      const dialog = second.getByRole('dialog', { name: 'It was changed in the meantime' });
      await dialog.getByText('Both of you changed this.').waitFor();
      expect(await quotaAndName()).toEqual({ quota: 200, name: 'Named by the first' });
      await dialog.getByRole('radio', { name: /^Yours: .*300/ }).check();
      await press(second, 'Take these values');
      await press(second, 'Save changes');
      await saved(second);
      expect(await quotaAndName()).toEqual({ quota: 300, name: 'Named by the first' });
    },
    TIMEOUT_MS,
  );

  test.each([
    ['with a script', '<script>window.hacked = 1</script><img src=x onerror="window.hacked = 1">'],
    ['that turns the direction of writing', '\u202eLicenses \u2066 of Mallory\u202e'],
    ['without a space', 'W'.repeat(200)],
  ])(
    'a name %s is shown as text, in the list, in the details and in the command palette',
    async (_kind, name) => {
      const { status } = await callStack(pages.stack, 'PATCH', `/contracts/${id}`, { body: { name } });
      // The interface can refuse a name; what it accepts must be harmless.
      if (status === 422) return;
      const page = await pages.openAs('viewer', 'contracts', { viewport: { width: 360, height: 740 } });
      await page.locator('bdi').filter({ hasText: name }).first().waitFor();
      await page.goto(`${pages.url}/contracts/${id}`);
      await page.getByRole('heading', { level: 1 }).filter({ hasText: name }).waitFor();
      expect(await page.evaluate<unknown>('window.hacked')).toBeUndefined();
      expect(await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    },
    TIMEOUT_MS,
  );

  test(
    'a name of 10,000 characters is refused at its field, and the rest of the form stays',
    async () => {
      const page = await pages.openAs('admin', `contracts/${id}/edit`);
      await fill(page, { Name: 'x'.repeat(10_000), 'License quota': '120' });
      pages.expectComplaint(/status of 422/);
      await press(page, 'Save changes');
      await page.getByText('1 field needs your attention').waitFor();
      expect(await page.getByLabel(/^License quota( \*)?$/).inputValue()).toBe('120');
      expect(await quotaAndName()).toMatchObject({ quota: 100 });
    },
    TIMEOUT_MS,
  );

  test(
    'a page without a session leads to the sign-in, and from there back to the page',
    async () => {
      pages.expectComplaint(/status of 401/);
      const page = await pages.open(`contracts/${id}?tab=activity`);
      await page.getByRole('button', { name: 'Use an API key' }).click();
      await page.getByLabel('API key').fill(await pages.keyOf('viewer'));
      await page.getByRole('button', { name: 'Sign in with the key' }).click();
      await page.waitForURL(`${pages.url}/contracts/${id}?tab=activity`);
    },
    TIMEOUT_MS,
  );

  test(
    'a double click sends one request',
    async () => {
      const page = await pages.openAs('admin', `contracts/${id}`);
      const requests: string[] = [];
      page.on('request', (request) => {
        if (request.method() === 'POST' && !request.url().includes('dry_run')) requests.push(request.url());
      });
      await press(page, 'Generate licenses');
      await page.getByRole('dialog').getByRole('button', { name: 'Generate', exact: true }).dblclick();
      await page.getByText('1 license was generated.').waitFor();
      expect(requests).toHaveLength(1);
    },
    TIMEOUT_MS,
  );

  test(
    'Ctrl+K and letters typed at once open the list that they name',
    async () => {
      const page = await pages.openAs('admin', 'customers');
      await page.getByRole('heading', { level: 1, name: 'Customers' }).waitFor();
      await page.keyboard.press('Control+k');
      await page.keyboard.type('contracts');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'Contracts' }).waitFor();
    },
    TIMEOUT_MS,
  );

  test(
    'what a viewer may not do is absent, and the server refuses it also without the page',
    async () => {
      const page = await pages.openAs('viewer', 'contracts');
      await page.getByRole('link', { name: /./ }).first().waitFor();
      expect(await page.getByRole('link', { name: 'Create contract' }).count()).toBe(0);
      await page.goto(`${pages.url}/contracts/${id}`);
      await page.getByRole('tab', { name: 'Overview' }).waitFor();
      for (const name of ['Generate licenses', 'Edit'])
        expect(await page.getByRole('button', { name }).or(page.getByRole('link', { name })).count()).toBe(0);
      pages.expectComplaint(/status of 403/);
      const status = await page.evaluate<number>(
        `fetch('/api/v1/contracts/${id}/generate', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"count":1}' })
          .then(({ status }) => status)`,
      );
      expect(status).toBe(403);
    },
    TIMEOUT_MS,
  );

  test(
    'the keyboard alone leads from the sign-in to a generated batch',
    async () => {
      const page = await pages.open('sign-in');
      await page.getByRole('button', { name: 'Use an API key' }).waitFor();
      await tabTo(page, 'Use an API key');
      await page.keyboard.press('Enter');
      await page.getByLabel('API key').focus();
      await page.keyboard.type(await pages.keyOf('admin'));
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'Contracts' }).waitFor();
      await page.keyboard.press('Control+k');
      await page.getByRole('dialog').waitFor();
      await page.keyboard.type(id);
      await page.getByRole('option').first().waitFor();
      await page.keyboard.press('Enter');
      await page.waitForURL((url) => url.pathname.endsWith(id));
      await tabTo(page, 'Generate licenses');
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press('Control+a');
      await page.keyboard.type('3');
      await page.keyboard.press('Enter');
      await page.getByText('3 licenses were generated.').waitFor();
    },
    TIMEOUT_MS,
  );
});

const TABS_MAX = 60;
/** Nothing has the focus before the first Tab. */
const FOCUS_MS = 300;

/** Presses Tab until the button or link with this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let tab = 0; tab < TABS_MAX; tab += 1) {
    if (
      (
        await page
          .locator(':focus')
          .innerText({ timeout: FOCUS_MS })
          .catch(() => '')
      ).includes(name)
    )
      return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${name} is not reached by ${TABS_MAX} tabs`);
}
