/** Every admin page, as the navigation and the lists lead to it: accessible by axe, no wider than its window, no error in its console. */
import { crawlAdminPages } from '../../project/admin-crawl';
import { findFaults, startAdminPages } from '../harness/admin-pages';
import type { AdminPages } from '../harness/admin-pages';
import { describeWithTool } from '../harness/external-tool';
import { fillAdminPages } from '../harness/admin-data';

const TIMEOUT_MS = 480_000;

describeWithTool('chromium', (program) => {
  let pages: AdminPages;

  beforeAll(async () => {
    pages = await startAdminPages(program);
    await fillAdminPages(pages.stack);
  }, TIMEOUT_MS);
  afterEach(() => pages.endTest());
  afterAll(() => pages.end());

  const VIEWS = [
    { viewport: { width: 1_280, height: 900 }, colorScheme: 'light', locale: 'en-GB' },
    { viewport: { width: 360, height: 740 }, colorScheme: 'dark', locale: 'de-DE' },
  ] as const;
  /** The crawl follows what it finds. These are the pages that must not be missing. */
  const EXPECTED = [
    ...[
      'contracts',
      'contracts/new',
      'contracts/-',
      'contracts/-/edit',
      'contracts/-?tab=timeline',
      'licenses',
      'licenses/-',
    ],
    ...[
      'jobs',
      'jobs/-',
      'pools',
      'pools/-',
      'customers',
      'customers/-',
      'generators',
      'generators/new',
      'generators/-',
    ],
    ...['products', 'products/-', 'webhook-endpoints', 'webhook-endpoints/-', 'deliveries', 'notifications', 'logs'],
    ...['billing-events', 'test-clocks', 'test-clocks/-', 'admins', 'admins/-', 'settings'],
  ];

  test(
    'every page is accessible and fits its window: wide and light in English, narrow and dark in German',
    async () => {
      const faults: string[] = [];
      const crawl = async (options: (typeof VIEWS)[number]): Promise<string[]> => {
        const page = await pages.openAs('super_admin', 'contracts', { ...options, reducedMotion: 'reduce' });
        const seen: string[] = [];
        await crawlAdminPages(page, pages.url, async (visit) => {
          seen.push(visit.name);
          faults.push(...(await findFaults(visit.page)));
        });
        return seen;
      };
      const seen = await Promise.all(VIEWS.map(crawl));
      expect(faults).toEqual([]);
      for (const names of seen) expect(EXPECTED.filter((name) => !names.includes(name))).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
