/** Every admin page, as the navigation and the lists lead to it: accessible by axe, no wider than its window, no error in its console. */
import { crawlAdminPages } from '../../project/admin-crawl';
import { findFaults, startAdminPages } from '../harness/admin-pages';
import type { AdminPages } from '../harness/admin-pages';
import { describeWithTool } from '../harness/external-tool';
import { fillAdminPages } from '../harness/admin-data';

const TIMEOUT_MS = 240_000;

describeWithTool('chromium', (program) => {
  let pages: AdminPages;

  beforeAll(async () => {
    pages = await startAdminPages(program);
    await fillAdminPages(pages.stack);
  }, TIMEOUT_MS);
  afterEach(() => pages.endTest());
  afterAll(() => pages.end());

  test.each([
    ['wide, light, in English', { viewport: { width: 1_280, height: 900 }, colorScheme: 'light', locale: 'en-GB' }],
    ['narrow, dark, in German', { viewport: { width: 360, height: 740 }, colorScheme: 'dark', locale: 'de-DE' }],
  ] as const)(
    'every page is accessible and fits its window: %s',
    async (_view, options) => {
      const page = await pages.openAs('super_admin', 'contracts', { ...options, reducedMotion: 'reduce' });
      const seen: string[] = [];
      const faults: string[] = [];
      await crawlAdminPages(page, pages.url, async (visit) => {
        seen.push(visit.name);
        faults.push(...(await findFaults(visit.page)));
      });
      expect(faults).toEqual([]);
      // The crawl follows what it finds. These are the pages that must not be missing.
      expect(seen).toEqual(
        expect.arrayContaining([
          ...[
            'contracts',
            'contracts/new',
            'contracts/-',
            'contracts/-/edit',
            'licenses',
            'licenses/-',
            'jobs',
            'pools',
          ],
          ...['customers', 'customers/-', 'generators', 'products', 'webhook-endpoints', 'notifications', 'logs'],
          ...['test-clocks', 'admins', 'settings'],
        ]),
      );
    },
    TIMEOUT_MS,
  );
});
