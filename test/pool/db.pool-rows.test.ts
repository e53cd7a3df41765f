/** The rows of `pool_available`: each has many licenses, and no license is given out twice or lost, whatever changes a row at one moment. */
import { randomUUID } from 'node:crypto';
import { insertChunk } from '../../db/generation/chunk';
import { endHoldOfLicenses, enterPool, leavePool } from '../../db/pool/available';
import { grabLicenses } from '../../db/pool/grab';
import type { GrabOutcome } from '../../db/pool/grab';
import { openDatabase } from '../../db/base/database';
import { migrate } from '../../db/system/migration';
import { changeLicense } from '../../transactions/license/change-license';
import { operateOnLicenses } from '../../transactions/license/operate-on-licenses';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { TEST_ACTOR } from '../harness/contract-facts';
import { buildContract, requestJob } from '../harness/contract-rows';
import { createTestDatabase, withEmptyDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectInvariants } from '../harness/invariants';
import { gate } from '../harness/gate';
import { lockRows } from '../harness/locked-rows';

let database: TestDatabase;
let sql: TestDatabase['sql'];
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
afterEach(() => expectInvariants(sql));
afterAll(() => database.drop());

const now = new Date().toISOString();

/** A pool with licenses that were generated together. Ordinals are the places of licenses in it, from 1 on. */
interface Pool {
  contract_id: string;
  /** The stored ids of licenses. */
  ids: (...ordinals: number[]) => string[];
  /** The available licenses of each row, as ranges of ordinals. */
  rows: () => Promise<string[]>;
}

async function buildPool(licenses: number): Promise<Pool> {
  const { facts } = await buildContract(sql, { type: 'pool', quota: 10_000 });
  const contract_id = facts.id;
  const job = await requestJob(sql, contract_id, licenses);
  const [row] = await sql<[{ serial: string }]>`SELECT serial FROM generation_jobs WHERE id = ${job.id}`;
  // Fewer are generated inline.
  if (licenses >= 100) {
    const as_one_chunk = { state: 'RUNNING', started_at: now, chunk_size: licenses };
    await sql`UPDATE generation_jobs SET ${sql(as_one_chunk)} WHERE id = ${job.id}`;
    const keys = Array.from({ length: licenses }, (_, index) => `${contract_id}-${index}`).join(',');
    const chunk = { job_id: job.id, chunk_no: 0, from_ordinal: 1, licenses, keys, now };
    expect(await insertChunk(sql, chunk)).toBe('filled');
  }
  const before = String(BigInt(row.serial) << 24n);
  return {
    contract_id,
    ids: (...ordinals) => ordinals.map((ordinal) => String(BigInt(before) + BigInt(ordinal))),
    rows: async () =>
      (
        await sql<{ parts: string }[]>`
          SELECT (SELECT string_agg(concat_ws('-', lower(part) - ${before}::bigint, NULLIF(upper(part) - 1, lower(part)) - ${before}::bigint), ' ') FROM unnest(ids) AS part) AS parts
          FROM pool_available WHERE contract_id = ${contract_id} ORDER BY expires_at, last_id, first_id`
      ).map(({ parts }) => parts),
  };
}

/** Takes licenses for one order each; returns the statement's outcome. */
function take({ contract_id }: Pool, counts: readonly number[], wait = false, db = sql): Promise<GrabOutcome> {
  const [first, ...others] = counts.map((count) => ({
    ...{ hold_id: randomUUID(), order_ref: randomUUID(), count, customer_id: null, hold_minutes: 60 },
    ...{ fingerprint: '', actor: TEST_ACTOR, request_id: null, caller_key: null },
  }));
  if (first === undefined) throw new Error('there is no order');
  const options = { wait, lock_ms: 20_000, in_transaction: false };
  return grabLicenses(db, { contract_id, grabs: [first, ...others], now: new Date().toISOString() }, options);
}
const givenBy = ({ served }: GrabOutcome): string[][] =>
  [...served.values()].map(({ licenses }) => licenses.map(({ id }) => id));

test('a chunk has a row for each thousand licenses, and orders take the first ones by changing the first row', async () => {
  const pool = await buildPool(2_100);
  expect(await pool.rows()).toEqual(['1-1000', '1001-2000', '2001-2100']);
  expect(givenBy(await take(pool, [2, 1]))).toEqual([pool.ids(1, 2), pool.ids(3)]);
  expect(await pool.rows()).toEqual(['4-1000', '1001-2000', '2001-2100']);
});

test('licenses that leave the middle of rows are skipped, and return to their places', async () => {
  const pool = await buildPool(1_200);
  const leaving = pool.ids(2, 3, 1_000, 1_001, 1_200);
  await sql.begin(async (tx) => {
    await leavePool(tx, leaving);
    await tx`INSERT INTO license_facts (license_id, held_until) SELECT id, ${now} FROM unnest(${leaving}::bigint[]) AS id`;
  });
  expect(await pool.rows()).toEqual(['1 4-999', '1002-1199']);
  expect(givenBy(await take(pool, [3]))).toEqual([pool.ids(1, 4, 5)]);
  await sql.begin(async (tx) => {
    await tx`UPDATE license_facts SET held_until = NULL WHERE license_id = ANY(${leaving}::bigint[])`;
    await enterPool(tx, leaving);
  });
  expect(await pool.rows()).toEqual(['2-3 6-1000', '1001-1200']);
  expect(givenBy(await take(pool, [3]))).toEqual([pool.ids(2, 3, 6)]);
});

test('an order takes licenses of two rows, and what is left is counted', async () => {
  const pool = await buildPool(1_003);
  await sql.begin(async (tx) => {
    const leaving = pool.ids(...Array.from({ length: 998 }, (_, index) => index + 1));
    await leavePool(tx, leaving);
    await tx`INSERT INTO license_facts (license_id, held_until) SELECT id, ${now} FROM unnest(${leaving}::bigint[]) AS id`;
  });
  expect(await pool.rows()).toEqual(['999-1000', '1001-1003']);
  const outcome = await take(pool, [3, 3]);
  expect([givenBy(outcome), outcome.left]).toEqual([[pool.ids(999, 1_000, 1_001)], 2]);
  expect(await pool.rows()).toEqual(['1002-1003']);
});

test('an order does not wait for a row that another process has locked, if it finds enough elsewhere', async () => {
  const pool = await buildPool(1_100);
  const other = await lockRows(
    sql,
    (tx) =>
      tx`SELECT FROM pool_available WHERE contract_id = ${pool.contract_id} AND first_id = ${pool.ids(1)[0]!} FOR UPDATE`,
  );
  expect(givenBy(await take(pool, [1]))).toEqual([pool.ids(1_001)]);
  await other.release();
  expect(givenBy(await take(pool, [1]))).toEqual([pool.ids(1)]);
});

test('an order that waits for a row takes none of the licenses that left it meanwhile', async () => {
  const pool = await buildPool(5);
  const leaving = pool.ids(1, 3);
  const other = await lockRows(sql, async (tx) => {
    await leavePool(tx, leaving);
    await tx`INSERT INTO license_facts (license_id, revoked_at) SELECT id, ${now} FROM unnest(${leaving}::bigint[]) AS id`;
  });
  const outcome = take(pool, [2, 1, 1], true);
  await waitUntilBlocked(sql);
  await other.commit();
  expect(givenBy(await outcome)).toEqual([pool.ids(2, 4), pool.ids(5)]);
  expect([(await outcome).left, await pool.rows()]).toEqual([0, []]);
});

test('a change that waits for an order takes out what the order has left', async () => {
  const pool = await buildPool(4);
  const order = await lockRows(sql, (tx) => take(pool, [2], false, tx as never));
  const change = sql.begin(async (tx) => {
    await leavePool(tx, pool.ids(1, 2, 3));
    await tx`INSERT INTO license_facts (license_id, revoked_at) SELECT id, ${now} FROM unnest(${pool.ids(1, 2, 3)}::bigint[]) AS id
             ON CONFLICT (license_id) DO UPDATE SET revoked_at = excluded.revoked_at`;
  });
  await waitUntilBlocked(sql);
  await order.commit();
  await change;
  expect(await pool.rows()).toEqual(['4']);
});

test('a license returns without a wait while its row is locked, and is given out', async () => {
  const pool = await buildPool(3);
  await take(pool, [2]);
  const [first, second] = pool.ids(1, 2) as [string, string];
  const other = await lockRows(
    sql,
    (tx) => tx`SELECT FROM pool_available WHERE contract_id = ${pool.contract_id} FOR UPDATE`,
  );
  const free = (id: string) =>
    sql.begin(async (tx) => {
      await tx`UPDATE license_facts SET held_until = NULL WHERE license_id = ${id}`;
      await enterPool(tx, [id, id]);
      await enterPool(tx, [id]);
    });
  await free(first);
  await other.release();
  await free(second);
  expect(await pool.rows()).toEqual(['1', '2-3']);
  expect(givenBy(await take(pool, [3]))).toEqual([pool.ids(1, 2, 3)]);
});

test('a license that returned while its row was locked is given out before those that expire later', async () => {
  const pool = await buildPool(2);
  const expires_at = '2999-01-01T00:00:00.000Z';
  await sql`UPDATE generation_jobs SET expires_at = ${expires_at} WHERE contract_id = ${pool.contract_id}`;
  await sql`UPDATE pool_available SET expires_at = ${expires_at} WHERE contract_id = ${pool.contract_id}`;
  await requestJob(sql, pool.contract_id, 2);
  await take(pool, [1]);
  const [returned, other] = pool.ids(1, 2) as [string, string];
  const locked = await lockRows(
    sql,
    (tx) => tx`SELECT FROM pool_available WHERE contract_id = ${pool.contract_id} FOR UPDATE`,
  );
  await sql.begin(async (tx) => {
    await tx`UPDATE license_facts SET held_until = NULL WHERE license_id = ${returned}`;
    await enterPool(tx, [returned]);
  });
  await locked.release();
  expect(givenBy(await take(pool, [2]))).toEqual([[returned, other]]);
});

test('the migration keeps each available license of pools that exist, with its expiry', async () => {
  await withEmptyDatabase(async (url) => {
    await migrate(url, 48);
    const db = openDatabase(url, { max: 1, application_name: 'covenant-test' });
    const [soon, late] = ['2027-01-01 00:00:00+00', '2028-01-01 00:00:00+00'];
    await db`
      INSERT INTO pool_available (contract_id, expires_at, license_id)
      SELECT '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f'::uuid, CASE WHEN serial = 1 THEN ${soon} ELSE ${late} END::timestamptz, (serial << 24) + n
      FROM unnest(ARRAY[1, 2]::bigint[]) AS serial, generate_series(1, 2500) AS n WHERE n % 700 <> 0`;
    const before = await db`SELECT expires_at, license_id AS id FROM pool_available ORDER BY license_id`;
    await migrate(url);
    const after = await db`
      SELECT expires_at, id FROM pool_available, unnest(ids) AS part, generate_series(lower(part), upper(part) - 1) AS id ORDER BY id`;
    expect(after).toEqual(before);
    expect(await db`SELECT last_id & 16777215 AS last, licenses FROM pool_available ORDER BY last_id LIMIT 3`).toEqual([
      { last: '1000', licenses: 999 },
      { last: '2000', licenses: 999 },
      { last: '2500', licenses: 499 },
    ]);
    await db.end();
  });
});

test.each(['one license', 'many licenses'])(
  'a revocation of %s that waits for the end of a hold revokes them outside of their pool',
  async (what) => {
    const pool = await buildPool(3);
    const [hold_id = ''] = [...(await take(pool, [2])).served.keys()];
    const ended = gate();
    const ending = sql.begin(async (tx) => {
      await endHoldOfLicenses(tx, [hold_id]);
      ended.arrive();
      await ended.opened;
    });
    await ended.reached;

    const act = { actor: TEST_ACTOR, now, request_id: null };
    const revoking = sql.begin((tx) =>
      what === 'one license'
        ? changeLicense(tx, String(pool.ids(1)), 'revoke', { ...act, reason: null })
        : operateOnLicenses(tx, { kind: 'revoke', reason: null }, { ids: pool.ids(1) }, act),
    );
    await waitUntilBlocked(sql);
    ended.open();
    await Promise.all([ending, revoking]);

    expect(await pool.rows()).toEqual(['2-3']);
    expect(givenBy(await take(pool, [1, 1, 1]))).toEqual([pool.ids(2), pool.ids(3)]);
  },
);
