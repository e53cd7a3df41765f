/**
 * The shared servers of the test run work as the harness documents.
 */
import { createTestDatabase } from '../harness/database';
import { connectTestTemporal, createTimeSkippingEnvironment, uniqueTaskQueue } from '../harness/temporal';

const FETCH_TIMEOUT_MS = 180_000;

test('two test databases have the migrated schema and share no data', async () => {
  const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  await one.sql`CREATE TABLE only_in_one (id int)`;

  const [contracts] = await two.sql`SELECT to_regclass('contracts') IS NOT NULL AS exists`;
  const [foreign] = await two.sql`SELECT to_regclass('only_in_one') IS NOT NULL AS exists`;

  expect(contracts?.['exists']).toBe(true);
  expect(foreign?.['exists']).toBe(false);
  await Promise.all([one.drop(), two.drop()]);
});

test('a dropped test database no longer exists', async () => {
  const stays = await createTestDatabase();
  const goes = await createTestDatabase();
  await goes.drop();
  const name = new URL(goes.url).pathname.slice(1);
  const found = await stays.sql`SELECT 1 FROM pg_database WHERE datname = ${name}`;
  expect(found.length).toBe(0);
  await stays.drop();
});

test('the shared Temporal server answers in the default namespace', async () => {
  const temporal = await connectTestTemporal();
  const about = await temporal.client.workflowService.describeNamespace({ namespace: temporal.namespace });
  expect(about.namespaceInfo?.name).toBe('default');
  await temporal.close();
});

test('task queue names of tests are unique', () => {
  expect(uniqueTaskQueue()).not.toBe(uniqueTaskQueue());
});

test(
  'a time-skipping environment skips a sleep of a month',
  async () => {
    const environment = await createTimeSkippingEnvironment();
    const before = await environment.currentTimeMs();
    await environment.sleep('30 days');
    const after = await environment.currentTimeMs();
    expect(after - before).toBeGreaterThanOrEqual(30 * 24 * 3_600_000);
    await environment.teardown();
  },
  FETCH_TIMEOUT_MS,
);
