/** The five workflows of the page's description, click by click, on a real stack. */
import type { Page } from 'playwright-core';
import { startAdminPages } from '../harness/admin-pages';
import type { AdminPages } from '../harness/admin-pages';
import { choose, closeDialog, fill, pick, press } from '../harness/admin-steps';
import { describeWithTool } from '../harness/external-tool';
import { callStack } from '../harness/stack-client';

const TIMEOUT_MS = 180_000;

describeWithTool('chromium', (program) => {
  let pages: AdminPages;

  beforeAll(async () => {
    pages = await startAdminPages(program);
    const product = await callStack(pages.stack, 'POST', '/products', {
      body: { name: 'CAD Suite', code: 'cad-suite', environment: 'production' },
    });
    for (const name of ['Pro Plan Generator', 'Enterprise Generator']) {
      await callStack(pages.stack, 'POST', '/generators', {
        body: {
          name,
          product_id: product.body.id,
          format: { groups: 4, group_length: 5 },
          features: { export: false },
        },
      });
    }
  }, TIMEOUT_MS);
  afterEach(() => pages.endTest());
  afterAll(() => pages.end());

  /** Fills the required fields of the form. */
  async function openForm(page: Page, contract: Record<'name' | 'type' | 'status' | 'generator' | 'quota', string>) {
    await page.getByRole('link', { name: 'Create contract' }).first().click();
    await fill(page, { Name: contract.name });
    await choose(page, 'Type', contract.type);
    await choose(page, 'Status', contract.status);
    await choose(page, 'Product', 'CAD Suite');
    await choose(page, 'Generator', contract.generator);
    await fill(page, { 'License quota': contract.quota });
  }

  async function create(page: Page, name: string): Promise<string> {
    await page.getByRole('button', { name: 'Create contract' }).click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
    return page.url().split('/contracts/')[1]?.slice(0, 36) ?? '';
  }

  async function contractOf(id: string): Promise<any> {
    return (await callStack(pages.stack, 'GET', `/contracts/${id}`)).body;
  }

  async function raiseQuota(page: Page, id: string, quota: string, name?: string): Promise<void> {
    await page.goto(`${pages.url}/contracts/${id}/edit`);
    await fill(page, { 'License quota': quota, ...(name === undefined ? {} : { Name: name }) });
    await press(page, 'Save changes');
    await page.getByRole('heading', { level: 1 }).filter({ hasNotText: 'Edit' }).waitFor();
  }

  test(
    'workflow 1: a reseller is configured while inactive, tried with a test license, activated and used by its API key',
    async () => {
      const page = await pages.openAs('admin', 'contracts');
      const name = 'TechReseller Inc - Q1 2026 - 200 Licenses';
      await openForm(page, {
        name,
        type: 'Reseller',
        status: 'Inactive',
        generator: 'Pro Plan Generator',
        quota: '200',
      });
      await choose(page, 'Expiry of licenses', 'After a duration');
      await fill(page, { 'Expiry duration': '1' });
      await page.getByLabel('Enable API-based license generation').check();
      await fill(page, {
        'Requests per minute': '10',
        'Requests per hour': '100',
        'Requests per day': '200',
        'IP allowlist': '127.0.0.1',
      });
      await page.getByRole('button', { name: 'Create contract' }).click();
      const key = await page.getByRole('dialog').locator('code').first().innerText();
      await press(page, 'I have copied it');
      await page.getByRole('heading', { level: 1, name }).waitFor();
      const id = page.url().split('/contracts/')[1]?.slice(0, 36) ?? '';
      expect(await contractOf(id)).toMatchObject({ state: 'DRAFT', quota: { total: 200, generated: 0 } });

      await press(page, 'Generate licenses');
      await press(page, 'Generate');
      await page.getByText('1 license was generated.').waitFor();
      await closeDialog(page);
      await pick(page, 'Actions', 'Activate the contract');
      await page.getByRole('dialog').getByRole('button', { name: 'Activate', exact: true }).click();
      await page.getByText('The contract is activated.').waitFor();

      const answer = await fetch(`${pages.stack.addresses.api_url}/api/v1/contracts/${id}/generate`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ count: 47 }),
      });
      expect(answer.status).toBe(201);
      await page.reload();
      await page.getByText('47 / 200').first().waitFor();

      await raiseQuota(page, id, '400');
      expect((await contractOf(id)).quota).toMatchObject({ total: 400, generated: 47 });
    },
    TIMEOUT_MS,
  );

  test(
    'workflow 2: an enterprise gets 500 licenses by a job, all are assigned at once, and the contract is paused',
    async () => {
      const page = await pages.openAs('admin', 'contracts');
      const name = 'Acme Corp - Enterprise Deal - 500 Licenses - 2026';
      await openForm(page, {
        name,
        type: 'Enterprise',
        status: 'Active',
        generator: 'Enterprise Generator',
        quota: '500',
      });
      await choose(page, 'Activation limit', 'A number of its own');
      await fill(page, { 'Devices per license': '5' });
      const id = await create(page, name);

      await press(page, 'Generate licenses');
      await fill(page, { 'Number of licenses': '500' });
      await page.getByText('A background job generates 500 licenses.').waitFor();
      await press(page, 'Generate');
      await page.getByRole('link', { name: 'Open the job' }).click();
      await page.getByText('Completed').first().waitFor();

      await page.goto(`${pages.url}/licenses?contract_id=${id}`);
      await page.getByLabel('Select all licenses on this page').check();
      await press(page, 'Select all licenses that match the filter');
      await press(page, 'Assign');
      await fill(page, { 'Email address of the customer': 'acme-admin@acmecorp.example' });
      await press(page, 'Preview');
      await press(page, 'Assign 500 licenses');
      await page.getByText('500 licenses were assigned.').waitFor();

      await page.goto(`${pages.url}/contracts/${id}`);
      await pick(page, 'Actions', 'Pause the contract');
      await page.getByRole('dialog').getByRole('button', { name: 'Pause', exact: true }).click();
      await page.getByText('The contract is paused.').waitFor();
      expect(await contractOf(id)).toMatchObject({ state: 'PAUSED', quota: { total: 500, generated: 500 } });
      const found = await callStack(pages.stack, 'GET', `/licenses?contract_id=${id}&status=assigned&limit=100`);
      expect(found.body.data).toHaveLength(100);
    },
    TIMEOUT_MS,
  );

  test(
    'workflow 3: a pool of 2,000 is generated, an order takes licenses, and the pool is filled up to 3,000',
    async () => {
      const page = await pages.openAs('admin', 'contracts');
      const name = 'Black Friday 2026 License Pool - 2000 Licenses';
      await openForm(page, { name, type: 'Pool', status: 'Active', generator: 'Pro Plan Generator', quota: '2000' });
      const id = await create(page, name);
      await press(page, 'Generate licenses');
      await fill(page, { 'Number of licenses': '2000' });
      await press(page, 'Generate');
      await page.getByRole('link', { name: 'Open the job' }).click();
      await page.getByText('Completed').first().waitFor();
      expect((await contractOf(id)).pool).toMatchObject({ available: 2_000 });

      await callStack(pages.stack, 'POST', `/contracts/${id}/pool/grab`, {
        body: { order_ref: 'order-1', count: 1, customer_email: 'buyer@shop.example' },
      });
      await raiseQuota(page, id, '3000');
      await press(page, 'Generate licenses');
      await fill(page, { 'Number of licenses': '1000' });
      await press(page, 'Generate');
      await page.getByRole('link', { name: 'Open the job' }).click();
      await page.getByText('Completed').first().waitFor();
      expect(await contractOf(id)).toMatchObject({
        pool: { available: 2_999, assigned: 1 },
        quota: { generated: 3_000 },
      });
    },
    TIMEOUT_MS,
  );

  test(
    'workflows 4 and 5: a used quota refuses with its code, the emergency increase takes effect at once, the next quarter adds 300',
    async () => {
      const page = await pages.openAs('admin', 'contracts');
      const name = 'TechReseller Inc - Q1 2027 - 50 Licenses';
      await openForm(page, { name, type: 'Reseller', status: 'Active', generator: 'Pro Plan Generator', quota: '50' });
      const id = await create(page, name);
      await press(page, 'Generate licenses');
      await fill(page, { 'Number of licenses': '50' });
      await press(page, 'Generate');
      await page.getByText('50 licenses were generated.').waitFor();
      await closeDialog(page);
      await page.getByText('50 / 50').first().waitFor();
      pages.expectComplaint(/status of 409/);
      const refused = await callStack(pages.stack, 'POST', `/contracts/${id}/generate`, { body: { count: 1 } });
      expect(refused.body).toMatchObject({ code: 'QUOTA_EXCEEDED' });

      await raiseQuota(page, id, '60');
      await press(page, 'Generate licenses');
      await fill(page, { 'Number of licenses': '10' });
      await press(page, 'Generate');
      await page.getByText('10 licenses were generated.').waitFor();
      await closeDialog(page);

      await raiseQuota(page, id, '360', 'TechReseller Inc - Q2 2027 - 300 Licenses');
      expect(await contractOf(id)).toMatchObject({
        name: 'TechReseller Inc - Q2 2027 - 300 Licenses',
        quota: { total: 360, generated: 60, remaining: 300 },
      });
      await page.goto(`${pages.url}/contracts/${id}?tab=activity`);
      await page.getByText('360').first().waitFor();
    },
    TIMEOUT_MS,
  );
});
