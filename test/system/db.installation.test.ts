/** The id by which processes and the doctor distinguish installations. */
import { createHash } from 'node:crypto';
import { findInstallationId } from '../../db/system/installation';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';

let first: TestDatabase;
let second: TestDatabase;

beforeAll(async () => {
  // Copies of one template have equal rows, including those about migrations.
  [first, second] = await Promise.all([createTestDatabase(), createTestDatabase()]);
});
afterAll(() => Promise.all([first.drop(), second.drop()]));

test('copies of one database are two installations', async () => {
  const migrated = ({ sql }: TestDatabase) => sql`SELECT run_at FROM schema_version WHERE version = 1`;
  expect(await migrated(first)).toEqual(await migrated(second));
  expect(await findInstallationId(first.sql)).not.toBe(await findInstallationId(second.sql));
});

test('every session of one database finds the same id, whatever its time zone', async () => {
  const id = await findInstallationId(first.sql);
  expect(id).toMatch(/^[0-9a-f]{16}$/);
  const elsewhere = await first.sql.reserve();
  try {
    await elsewhere`SET TIME ZONE 'Pacific/Auckland'`;
    expect(await findInstallationId(elsewhere)).toBe(id);
  } finally {
    elsewhere.release();
  }
});

test('the id is a hash of cluster, database and first migration, as in earlier versions', async () => {
  const [row] = await first.sql<[{ cluster: string; database: string; migrated: string }]>`
    SELECT (SELECT system_identifier::text FROM pg_control_system()) AS cluster,
           (SELECT oid::text FROM pg_database WHERE datname = current_database()) AS database,
           (SELECT extract(epoch FROM run_at)::text FROM schema_version WHERE version = 1) AS migrated`;
  const hash = createHash('sha256').update([row.cluster, row.database, row.migrated].join(' ')).digest('hex');
  expect(await findInstallationId(first.sql)).toBe(hash.slice(0, 16));
});

test('a database that was never migrated has no id', async () => {
  await expect(
    first.sql.begin(async (sql) => {
      await sql`DROP TABLE schema_version`;
      return findInstallationId(sql);
    }),
  ).rejects.toMatchObject({ code: '42P01' });
});
