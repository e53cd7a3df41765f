/**
 * The admin pages in Chromium against a real stack. Every page that a test opens is watched: an error in its console, a request to
 * another host, and a violation of accessibility fail the test.
 */
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Role } from '../../domain/access/role';
import { ensureAdminPages } from '../../project/admin-pages';
import { startTestStack } from './stack';
import type { TestStack, TestStackOptions } from './stack';
import { callStack } from './stack-client';

export interface AdminPages {
  stack: TestStack;
  /** The address of the pages: `http://127.0.0.1:…/admin`. */
  url: string;
  /** Opens a page of its own browser profile, without a session. */
  open(path: string, options?: BrowserContextOptions): Promise<Page>;
  /** Opens a page as an admin with this role, who has signed in with an API key. */
  openAs(role: Role, path: string, options?: BrowserContextOptions): Promise<Page>;
  /** The API key of an admin with this role. */
  keyOf(role: Role): Promise<string>;
  /** Complaints that a test expects, for example about a network that it cuts. */
  expectComplaint(pattern: RegExp): void;
  /** Closes the pages of a test and fails if one of them complained. For `afterEach`. */
  endTest(): Promise<void>;
  end(): Promise<void>;
}

const TIMEOUT_MS = 30_000;

/** Builds the pages if their sources have changed, starts a stack that serves them, and a browser. */
export async function startAdminPages(program: string, api: TestStackOptions['api'] = {}): Promise<AdminPages> {
  await ensureAdminPages();
  const [stack, browser] = await Promise.all([
    startTestStack({ api }),
    chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-dev-shm-usage'] }),
  ]);
  return watchedPages(stack, browser);
}

async function watchedPages(stack: TestStack, browser: Browser): Promise<AdminPages> {
  const url = `${stack.addresses.api_url}/admin`;
  const keys = new Map<Role, Promise<string>>();
  let complaints: string[] = [];
  let expected: RegExp[] = [];

  async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB', ...options });
    context.setDefaultTimeout(TIMEOUT_MS);
    const page = await context.newPage();
    watch(page);
    await page.goto(`${url}/${path}`);
    return page;
  }

  function watch(page: Page): void {
    page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning')
        complaints.push(`${page.url()}: ${message.text()} (${message.location().url})`);
    });
    page.on('request', (request) => {
      const target = new URL(request.url());
      if (target.protocol.startsWith('http') && target.origin !== stack.addresses.api_url)
        complaints.push(`${page.url()}: a request to ${target.origin}`);
    });
  }

  function keyOf(role: Role): Promise<string> {
    const known = keys.get(role) ?? createKey(stack, role);
    keys.set(role, known);
    return known;
  }

  return {
    stack,
    url,
    open,
    keyOf,
    async openAs(role, path, options) {
      const page = await open('sign-in', options);
      await signInWithKey(page, await keyOf(role));
      await page.goto(`${url}/${path}`);
      return page;
    },
    expectComplaint: (pattern) => void expected.push(pattern),
    async endTest() {
      await Promise.all(browser.contexts().map((context) => context.close()));
      const unexpected = complaints.filter((complaint) => !expected.some((pattern) => pattern.test(complaint)));
      complaints = [];
      expected = [];
      expect(unexpected).toEqual([]);
    },
    async end() {
      await browser.close();
      await stack.end();
    },
  };
}

async function createKey(stack: TestStack, role: Role): Promise<string> {
  const name = `A ${role} of the pages`;
  const admin = await callStack(stack, 'POST', '/admins', { body: { email: `${role}@pages.example`, name, role } });
  if (admin.status !== 201) throw new Error(`the admin was not created: ${JSON.stringify(admin.body)}`);
  const key = await callStack(stack, 'POST', `/admins/${admin.body.id as string}/api-keys`, {
    body: { label: 'Pages' },
  });
  if (key.status !== 201) throw new Error(`the key was not created: ${JSON.stringify(key.body)}`);
  return key.body.key as string;
}

/** Signs in by the interface, so that it depends on no word of the form. test/external/admin.sign-in.test.ts uses the form. */
async function signInWithKey(page: Page, api_key: string): Promise<void> {
  const body = JSON.stringify(JSON.stringify({ api_key }));
  const status = await page.evaluate<number>(
    `fetch('/api/v1/session', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: ${body} })
      .then(({ status }) => status)`,
  );
  expect(status).toBe(201);
}

/** What is wrong with the page as it is now: violations of WCAG that axe finds, and a page that is wider than its window. */
export async function findFaults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, any }) => `${page.url()} ${id}: ${html} ${any[0]?.message ?? ''}`),
  );
  const excess = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
  return excess > 0 ? [...found, `${page.url()} is ${excess} px wider than its window`] : found;
}
