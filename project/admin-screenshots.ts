/**
 * `npm run admin:screenshots` opens every admin page of the running development stack in Chromium, in light and dark colours, wide and
 * narrow, and writes pictures. They are gone through by eye: alignment, overflow, contrast, wording, empty states and errors.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { commandLine } from '../command-line';
import { loadStackConfig } from '../config';
import { readDevFile } from '../dev/dev-file';
import { crawlAdminPages } from './admin-crawl';
import { pathOfTool } from './external-tools';

interface View {
  name: string;
  width: number;
  colorScheme: 'light' | 'dark';
  locale: 'en-GB' | 'de-DE';
}

const VIEWS: readonly View[] = [
  { name: 'wide-light', width: 1_280, colorScheme: 'light', locale: 'en-GB' },
  { name: 'wide-dark', width: 1_280, colorScheme: 'dark', locale: 'de-DE' },
  { name: 'narrow-light', width: 360, colorScheme: 'light', locale: 'de-DE' },
  { name: 'narrow-dark', width: 360, colorScheme: 'dark', locale: 'en-GB' },
];
const HEIGHT = 900;

async function main(): Promise<void> {
  const { only } = commandLine(
    'npm run admin:screenshots --',
    'Write pictures of every admin page of the running development stack to .covenant/screenshots/.',
  )
    .option('--only <view>', `one of ${VIEWS.map(({ name }) => name).join(', ')}`)
    .parse()
    .opts<{ only?: string }>();
  const { dataDir } = loadStackConfig(process.env);
  const stack = readDevFile(dataDir);
  if (stack === undefined) throw new Error('No stack is running. Start one with `npm run dev`.');
  const browser = await chromium.launch({ executablePath: pathOfTool('chromium'), args: ['--no-sandbox'] });
  try {
    for (const view of VIEWS.filter(({ name }) => only === undefined || name === only))
      await takePictures(browser, view, `${stack.api_url}/admin`, stack.super_admin_key, join(dataDir, 'screenshots'));
  } finally {
    await browser.close();
  }
}

async function takePictures(browser: Browser, view: View, url: string, key: string, directory: string): Promise<void> {
  const { name, width, ...options } = view;
  const context = await browser.newContext({
    ...options,
    viewport: { width, height: HEIGHT },
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  await page.goto(`${url}/sign-in`);
  await takePicture(page, directory, view, 'sign-in');
  await signIn(page, key);
  await crawlAdminPages(page, url, (visit) => takePicture(visit.page, directory, view, visit.name));
  await context.close();
  console.log(`${name}: ${join(directory, name)}`);
}

async function takePicture(page: Page, directory: string, view: View, name: string): Promise<void> {
  const file = join(directory, view.name, `${name.replace(/[^A-Za-z0-9-]+/g, '_')}.png`);
  mkdirSync(join(directory, view.name), { recursive: true });
  await page.screenshot({ path: file, fullPage: true });
}

/** The session is made by the interface, so that the pictures do not depend on the words of the form. */
async function signIn(page: Page, api_key: string): Promise<void> {
  const body = JSON.stringify(JSON.stringify({ api_key }));
  const status = await page.evaluate<number>(
    `fetch('/api/v1/session', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: ${body} })
      .then(({ status }) => status)`,
  );
  if (status !== 201) throw new Error(`The sign-in failed with status ${status}.`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
