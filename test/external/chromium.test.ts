/**
 * The documentation page in a browser: it shows the operations of the interface under the content policy that it is sent with.
 */
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { openApiDocument } from '../../api/http/openapi';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { describeWithTool } from '../harness/external-tool';
import { makeRunDirectory } from '../harness/run-directory';

/** How long the page may load and run, in the time of the page, which passes as fast as the page allows. */
const PAGE_TIME_MS = 20_000;
const BROWSER_TIMEOUT_MS = 120_000;

describeWithTool('chromium', (path) => {
  let api: TestApi;
  let directory: string;

  beforeAll(async () => {
    directory = makeRunDirectory('chromium');
    api = await startTestApi();
  });
  afterAll(async () => {
    await api.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** The page as it stands after its scripts have run, and what the browser complained about. */
  async function visit(url: string): Promise<{ page: string; complaints: string[] }> {
    const browser = spawn(path, [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--disable-background-networking',
      '--enable-logging=stderr',
      `--user-data-dir=${directory}`,
      `--virtual-time-budget=${PAGE_TIME_MS}`,
      '--dump-dom',
      url,
    ]);
    const timer = setTimeout(() => browser.kill('SIGKILL'), BROWSER_TIMEOUT_MS);
    let page = '';
    let log = '';
    browser.stdout.on('data', (text: Buffer) => (page += text.toString()));
    browser.stderr.on('data', (text: Buffer) => (log += text.toString()));
    await once(browser, 'close').finally(() => clearTimeout(timer));
    return { page, complaints: log.split('\n').filter((line) => line.includes(':CONSOLE')) };
  }

  test(
    'the page shows every path of the interface, and the browser refuses nothing of it',
    async () => {
      const { page, complaints } = await visit(`${api.url}/docs/`);
      expect(complaints).toEqual([]);
      const shown = new Set([...page.matchAll(/data-path="([^"]+)"/g)].map(([, path]) => path));
      expect([...shown].sort()).toEqual(Object.keys(openApiDocument().paths ?? {}).sort());
    },
    BROWSER_TIMEOUT_MS * 2,
  );
});
