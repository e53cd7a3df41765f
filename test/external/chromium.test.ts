/**
 * The page at `/docs` in a browser, under the content policy that it is sent with: it draws every operation, asks no other host, and
 * sends requests with the key that it is given.
 */
import { rmSync } from 'node:fs';
import { openApiDocument } from '../../api/http/openapi';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { startBrowser } from '../harness/browser';
import type { Page } from '../harness/browser';
import { describeWithTool } from '../harness/external-tool';
import { makeRunDirectory } from '../harness/run-directory';

const TEST_TIMEOUT_MS = 240_000;

describeWithTool('chromium', (program) => {
  let api: TestApi;
  let directory: string;
  let page: Page;

  beforeAll(async () => {
    directory = makeRunDirectory('chromium');
    api = await startTestApi();
  });
  afterAll(async () => {
    await api.close();
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(async () => {
    page = await startBrowser(program, directory);
  });
  afterEach(async () => {
    const requests = page.requests();
    const complaints = page.complaints();
    await page.close();
    expect(requests.filter((url) => new URL(url).origin !== api.url)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  /** Clicks the button whose text holds these words. */
  async function click(words: string): Promise<void> {
    await page.until(`(() => {
      const buttons = [...document.querySelectorAll('button')].reverse();
      const button = buttons.find(({ innerText }) => innerText.replace(/\\s+/g, ' ').includes(${JSON.stringify(words)}));
      button?.click();
      return button !== undefined;
    })()`);
  }

  /** Opens the form of an operation, enters the key, and sends the request without further changes. */
  async function tryOperation(operation: string, methodAndPath: string, key: string): Promise<void> {
    await page.open(`${api.url}/docs#tag/${operation}`);
    await click(`Test Request (${methodAndPath})`);
    await page.until(`(() => {
      const field = [...document.querySelectorAll('[role=dialog] input')].find(({ placeholder }) => placeholder === 'Token');
      field?.focus();
      return field !== undefined && document.activeElement === field;
    })()`);
    await page.type(key);
    await click(`Send ${methodAndPath.split(' ', 1)[0]} request`);
  }

  test(
    'the page names every operation of the interface, and asks no other host for anything',
    async () => {
      await page.open(`${api.url}/docs`);
      const summaries = Object.values(openApiDocument().paths ?? {}).flatMap((path) =>
        Object.values(path).map(({ summary }) => summary as string),
      );
      // Each group in the list at the side is opened, and then holds its operations.
      await page.until(`(() => {
        for (const group of document.querySelectorAll('button[class*=sidebar][aria-expanded=false]')) group.click();
        return ${JSON.stringify(summaries)}.every((summary) => document.body.textContent.includes(summary));
      })()`);
      // The browser asks for the icon when it likes.
      const paths = page.requests().map((url) => url.slice(api.url.length));
      expect(paths.filter((path) => path !== '/docs/icon.svg').sort()).toEqual([
        '/docs',
        '/docs/api-reference.js',
        '/docs/openapi.json',
        '/docs/page.css',
        '/docs/page.js',
      ]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    'a request that is tried reaches the interface with the key, and its answer is shown',
    async () => {
      await tryOperation('people/getCaller', 'get /api/v1/me', api.keys.viewer);
      await page.until(`document.querySelector('[role=dialog]').innerText.includes('200 OK')`);
      await page.until(
        `document.querySelector('[role=dialog]').innerText.includes(${JSON.stringify(api.admins.viewer.id)})`,
      );
      expect(page.requests()).toContain(`${api.url}/api/v1/me`);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    'the example of a body is accepted as it is',
    async () => {
      await tryOperation('catalogue/createProduct', 'post /api/v1/products', api.keys.admin);
      await page.until(`document.querySelector('[role=dialog]').innerText.includes('201 Created')`);
      const { data } = (await api.call('GET', '/products?environment=staging')).body;
      expect(data).toMatchObject([{ name: 'CAD', code: 'cad', environment: 'staging' }]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    'the address of a code leads to its row in the table of errors',
    async () => {
      await page.open(`${api.url}/docs#QUOTA_EXCEEDED`);
      await page.until(`(() => {
        const top = document.getElementById('QUOTA_EXCEEDED')?.getBoundingClientRect().top;
        return top > 0 && top < innerHeight;
      })()`);
    },
    TEST_TIMEOUT_MS,
  );
});
