/** Mails in a browser: they fit on a phone, with names of any length, and load nothing from elsewhere. */
import { rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PHONE_WIDTH_PX, servePreview, writePreview } from '../../project/mail-preview';
import { PLAIN_NAMES } from '../../project/mail-examples';
import { startBrowser } from '../harness/browser';
import type { Page } from '../harness/browser';
import { describeWithTool } from '../harness/external-tool';
import { makeRunDirectory } from '../harness/run-directory';

const TEST_TIMEOUT_MS = 240_000;

/** Names without a place where a line could end, and names from right to left. */
const WIDE_NAMES = {
  contract: 'W'.repeat(200),
  product: '👩‍👩‍👧‍👦'.repeat(18),
  customer: 'ש'.repeat(200),
  reference: 'M'.repeat(200),
};

describeWithTool('chromium', (program) => {
  let directory: string;
  let server: Server;
  let page: Page;
  beforeEach(async () => {
    directory = makeRunDirectory('mail');
    server = await servePreview(directory, 0);
    page = await startBrowser(program, makeRunDirectory('chromium'));
  });
  afterEach(async () => {
    await page.close();
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test(
    'no mail is wider than a phone, and none loads anything',
    async () => {
      for (const names of [PLAIN_NAMES, WIDE_NAMES]) {
        const mails = await writePreview(directory, names);
        const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        await page.open(`${origin}/`);
        const files = mails.map(({ file }) => `${file}.html`);
        expect(await page.until(tooWide(files))).toEqual([]);
        const asked = page.requests().map((url) => url.slice(origin.length + 1));
        expect(asked.filter((file) => !['', 'favicon.ico', ...files].includes(file))).toEqual([]);
      }
    },
    TEST_TIMEOUT_MS,
  );
});

/** The expression that shows each mail in a frame of the width of a phone, and lists those that are wider. */
function tooWide(files: readonly string[]): string {
  return `(async () => {
    const wide = [];
    for (const file of ${JSON.stringify(files)}) {
      const frame = document.createElement('iframe');
      frame.width = ${PHONE_WIDTH_PX};
      frame.style.border = '0';
      frame.src = file;
      document.body.prepend(frame);
      await new Promise((loaded) => frame.addEventListener('load', loaded, { once: true }));
      const { scrollWidth } = frame.contentDocument.documentElement;
      if (scrollWidth > ${PHONE_WIDTH_PX}) wide.push(file + ': ' + scrollWidth);
      frame.remove();
    }
    return wide;
  })()`;
}
