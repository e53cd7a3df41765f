/** Lists of licenses by status, product, dates and devices find exactly the licenses that match, in whichever way the page is read. */
import fc from 'fast-check';
import { listLicenses } from '../../db/license/license';
import type { DetailFilter, InstantRange } from '../../db/license/license-conditions';
import type { LicenseFilter } from '../../db/license/license-page';
import type { Database } from '../../db/base/database';
import { LICENSE_STATUSES, licenseStatus } from '../../domain/license/license-facts';
import type { LicenseFacts, LicenseStatus } from '../../domain/license/license-facts';
import { buildContract, requestJob } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { UNUSED_LICENSE } from '../harness/license-facts';

const NOW = '2027-06-15T12:00:00.000Z';
const INSTANTS = ['2027-01-01T00:00:00.000Z', '2027-06-15T11:59:59.999Z', NOW, '2027-06-15T12:00:00.001Z'];
const LICENSES_OF_JOB = 6;

let database: TestDatabase;
let sql: Database;
let customer_id: string;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
  const [customer] = await sql<[{ id: string }]>`
    INSERT INTO customers (email, name, created_at, updated_at) VALUES ('holder@example.com', 'Holder', now(), now()) RETURNING id`;
  customer_id = customer.id;
});
afterAll(() => database.drop());

/** A job with its own expiry, and the facts of its licenses; null: the license was not used. */
interface Job {
  expires_at: string | null;
  licenses: (LicenseFacts | null)[];
}

const instant = fc.option(fc.constantFrom(...INSTANTS), { freq: 2 });
const facts: fc.Arbitrary<LicenseFacts> = fc
  .record({
    is_assigned: fc.boolean(),
    held_until: instant,
    activated_at: instant,
    suspended_at: fc.option(fc.constant(NOW), { freq: 2 }),
    revoked_at: fc.option(fc.constant(NOW), { freq: 2 }),
    expires_at: instant,
  })
  .map(({ is_assigned, ...rest }) => ({
    ...UNUSED_LICENSE,
    ...rest,
    ...(is_assigned ? { customer_id, assigned_at: NOW } : {}),
  }));
/** Licenses have an expiry of their own only if their job has none: then it begins with the assignment or the activation. */
const job: fc.Arbitrary<Job> = fc
  .record({
    expires_at: instant,
    licenses: fc.array(fc.option(facts, { freq: 2 }), { minLength: LICENSES_OF_JOB, maxLength: LICENSES_OF_JOB }),
  })
  .map(({ expires_at, licenses }) => ({
    expires_at,
    licenses: expires_at === null ? licenses : licenses.map((given) => given && { ...given, expires_at: null }),
  }));

/** Generates the licenses of jobs and stores their facts. Returns the contract and the id of each license. */
async function store(jobs: Job[]): Promise<{ contract_id: string; ids: string[] }> {
  const { facts: contract } = await buildContract(sql);
  const ids: string[] = [];
  for (const { expires_at, licenses } of jobs) {
    const { id, serial } = await requestJob(sql, contract.id, LICENSES_OF_JOB);
    await sql`UPDATE generation_jobs SET expires_at = ${expires_at} WHERE id = ${id}`;
    for (const [index, given] of licenses.entries()) {
      const license_id = ((BigInt(serial) << 24n) + BigInt(index + 1)).toString();
      ids.push(license_id);
      if (given) await sql`INSERT INTO license_facts ${sql({ license_id, ...given })}`;
    }
  }
  return { contract_id: contract.id, ids };
}

test('the filter by status selects the licenses that show this status, by job, by facts and by keys', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(job, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('asc', 'desc'),
      fc.subarray([...LICENSE_STATUSES], { minLength: 2 }),
      async (jobs, order, several) => {
        const { contract_id, ids } = await store(jobs);
        const shown = jobs.flatMap((one) =>
          one.licenses.map((given) => {
            const known = given ?? UNUSED_LICENSE;
            return licenseStatus({ ...known, expires_at: known.expires_at ?? one.expires_at }, NOW);
          }),
        );
        const list = async (filter: LicenseFilter) => {
          const rows = await listLicenses(sql, filter, { order, after: null, limit: 10_000, now: NOW });
          return rows.filter((row) => row.contract_id === contract_id).map((row) => row.id);
        };
        const keys = await sql<{ key: string }[]>`SELECT key FROM licenses WHERE id = ANY(${ids}::bigint[]) ORDER BY id`;
        for (const status of [...LICENSE_STATUSES, several]) {
          const expected = ids.filter((_id, index) => [status].flat().includes(shown[index] as LicenseStatus));
          if (order === 'desc') expected.reverse();
          expect([status, await list({ status, contract_id })]).toEqual([status, expected]);
          expect([status, await list({ status })]).toEqual([status, expected]);
          const one = keys[0]?.key.slice(0, 5) ?? '';
          const starting = expected.filter((id) => keys[ids.indexOf(id)]?.key.startsWith(one));
          expect([status, await list({ status, search: one })]).toEqual([status, starting]);
        }
        const assigned = ids.filter((_id, index) => jobs[Math.floor(index / LICENSES_OF_JOB)]?.licenses[index % LICENSES_OF_JOB]?.customer_id);
        if (order === 'desc') assigned.reverse();
        expect(await list({ customer_id })).toEqual(assigned);
        expect(await list({ customer_id, contract_id })).toEqual(assigned);
      },
    ),
    { numRuns: 25 },
  );
});

/** When the halves of a job's licenses were generated. Only a job in the background has more than one chunk. */
const creation = fc.record({ is_background: fc.boolean(), instants: fc.tuple(fc.constantFrom(...INSTANTS), fc.constantFrom(...INSTANTS)) });
type Creation = typeof creation extends fc.Arbitrary<infer Value> ? Value : never;

/** Stores when the licenses of a contract's jobs were generated. Returns it for each license. */
async function storeCreation(contract_id: string, creations: Creation[]): Promise<string[]> {
  const jobs = await sql<{ id: string }[]>`SELECT id FROM generation_jobs WHERE contract_id = ${contract_id} ORDER BY serial`;
  const created: string[] = [];
  for (const [index, { id }] of jobs.entries()) {
    const { is_background, instants } = creations[index] as Creation;
    const [first, second] = is_background ? instants : [instants[0], instants[0]];
    const [execution, chunk_size] = is_background ? ['background', LICENSES_OF_JOB / 2] : ['inline', LICENSES_OF_JOB];
    await sql`UPDATE generation_jobs SET created_at = ${INSTANTS[0] ?? ''}, execution = ${execution}, chunk_size = ${chunk_size} WHERE id = ${id}`;
    await sql`UPDATE generation_chunks SET created_at = ${first} WHERE job_id = ${id}`;
    if (is_background) await sql`INSERT INTO generation_chunks (job_id, chunk_no, licenses, created_at) VALUES (${id}, 1, ${chunk_size}, ${second})`;
    else await sql`UPDATE generation_jobs SET created_at = ${first} WHERE id = ${id}`;
    for (let n = 0; n < LICENSES_OF_JOB; n++) created.push(n < LICENSES_OF_JOB / 2 ? first : second);
  }
  return created;
}

/** Every license that was activated has a device, but the lease of every third one is over. */
const hasDevice = (given: LicenseFacts | null, index: number): boolean => given !== null && given.activated_at !== null && index % 3 > 0;

test('filters by product, date and device select the licenses that match, by job, by facts and by keys', async () => {
  const range: fc.Arbitrary<InstantRange> = fc.oneof(
    fc.record({ from: fc.constantFrom(...INSTANTS) }),
    fc.record({ to: fc.constantFrom(...INSTANTS) }),
    fc.constant({ from: INSTANTS[1], to: INSTANTS[3] }),
  );
  const cases = fc.array(fc.tuple(job, creation), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(cases, range, fc.constantFrom('asc', 'desc'), fc.constantFrom(...LICENSE_STATUSES), async (given, asked, order, status) => {
      const jobs = given.map(([one]) => one);
      const { contract_id, ids } = await store(jobs);
      const created = await storeCreation(contract_id, given.map(([, one]) => one));
      const licenses = jobs.flatMap((one) => one.licenses.map((facts) => ({ job: one, given: facts })));
      for (const [index, { given: facts }] of licenses.entries()) {
        if (!facts?.activated_at) continue;
        await sql`
          INSERT INTO license_devices (license_id, device_id, activated_at, seen_at, leased_until)
          VALUES (${ids[index] ?? ''}, 'd', ${NOW}, ${NOW}, ${hasDevice(facts, index) ? null : NOW})`;
      }
      const [{ product_id }] = await sql<[{ product_id: string }]>`SELECT product_id FROM contracts WHERE id = ${contract_id}`;
      const shown = licenses.map(({ job: one, given: facts }, index) => {
        const known = facts ?? UNUSED_LICENSE;
        const expires_at = known.expires_at ?? one.expires_at;
        return { ...known, expires_at, created_at: created[index] ?? '', status: licenseStatus({ ...known, expires_at }, NOW) };
      });
      const isIn = (at: string | null) => at !== null && at >= (asked.from ?? '') && at < (asked.to ?? '9');
      const details: [DetailFilter, (license: (typeof shown)[number], index: number) => boolean][] = [
        [{ product_id }, () => true],
        [{ product_id: customer_id }, () => false],
        [{ created: asked }, ({ created_at }) => isIn(created_at)],
        [{ assigned: asked }, ({ assigned_at }) => isIn(assigned_at)],
        [{ activated: asked }, ({ activated_at }) => isIn(activated_at)],
        [{ expires: asked }, ({ expires_at }) => isIn(expires_at)],
        [{ created: asked, expires: asked }, ({ created_at, expires_at }) => isIn(created_at) && isIn(expires_at)],
        [{ has_devices: true }, (license, index) => hasDevice(license, index)],
        [{ has_devices: false }, (license, index) => !hasDevice(license, index)],
      ];
      const [{ key }] = await sql<[{ key: string }]>`SELECT key FROM licenses WHERE id = ${ids[0] ?? ''}`;
      for (const [detail, matches] of details) {
        const found = async (filter: LicenseFilter) => {
          const rows = await listLicenses(sql, { ...detail, ...filter }, { order, after: null, limit: 10_000, now: NOW });
          return rows.filter((row) => row.contract_id === contract_id).map((row) => row.id);
        };
        const expected = (also: (license: (typeof shown)[number], index: number) => boolean) => {
          const matching = ids.filter((_id, index) => matches(shown[index] as never, index) && also(shown[index] as never, index));
          return order === 'desc' ? matching.reverse() : matching;
        };
        expect([detail, await found({ contract_id })]).toEqual([detail, expected(() => true)]);
        expect([detail, await found({})]).toEqual([detail, expected(() => true)]);
        expect([detail, await found({ contract_id, status })]).toEqual([detail, expected((license) => license.status === status)]);
        expect([detail, await found({ customer_id })]).toEqual([detail, expected((license) => license.customer_id !== null)]);
        expect([detail, await found({ search: key })]).toEqual([detail, expected((_, index) => index === 0)]);
      }
    }),
    { numRuns: 15 },
  );
});

test('pages by status continue after the last license of the page before', async () => {
  const used = { ...UNUSED_LICENSE, suspended_at: NOW };
  const { contract_id, ids } = await store(
    Array.from({ length: 3 }, (_, index) => ({
      expires_at: index === 1 ? NOW : null,
      licenses: [used, null, used, null, { ...UNUSED_LICENSE, expires_at: NOW }, null],
    })),
  );
  const count = { suspended: 6, expired: 6, available: 6, 'suspended,expired,available': 18 };
  for (const order of ['asc', 'desc'] as const)
    for (const status of ['suspended', 'expired', 'available', ['suspended', 'expired', 'available']] as const)
      for (const filter of [{ status, contract_id }, { status }]) {
        const read: string[] = [];
        for (let after: string | null = null; ; after = read.at(-1) ?? null) {
          const page = await listLicenses(sql, filter, { order, after, limit: 2, now: NOW });
          if (page.length === 0) break;
          read.push(...page.map((row) => row.id));
        }
        const own = read.filter((id) => ids.includes(id));
        expect([status, own.length, new Set(read).size]).toEqual([status, count[String(status) as keyof typeof count], read.length]);
        expect(own).toEqual(own.toSorted((a, b) => (order === 'asc' ? 1 : -1) * (BigInt(a) < BigInt(b) ? -1 : 1)));
      }
});
