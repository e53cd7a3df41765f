/**
 * Requests of a contract's API key are admitted by the rate windows of the contract, exactly and together by all processes
 * (domain.md 5.6). The tests set the clock of the windows.
 */
import { RowsBusy } from '../../db/base/errors';
import { openDatabase } from '../../db/base/database';
import type { Database } from '../../db/base/database';
import { findRateCounts } from '../../db/generation/rate';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import type { RateLimitsEdit } from '../../domain/contract/rate-limits';
import { editContract } from '../../transactions/contract/edit-contract';
import { deleteContract } from '../../transactions/contract/delete-contract';
import { createLicenseRequests } from '../../transactions/generation/request-licenses';
import type {
  LicenseRequest,
  LicenseRequestOutcome,
  RequestLicenses,
} from '../../transactions/generation/license-request';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { TEST_ACTOR } from '../harness/contract-facts';
import { buildContract, buildRequest } from '../harness/contract-rows';
import type { ContractOptions } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectInvariants } from '../harness/invariants';
import { lockRows } from '../harness/locked-rows';
import { controlRateClock } from '../harness/rate-clock';
import { callTogether } from '../harness/taken-turns';

const NOON = '2026-03-01T12:00:00.000Z';
const CALLERS = 64;

let database: TestDatabase;
let sql: TestDatabase['sql'];
let requestLicenses: RequestLicenses;
let setTime: (at: Instant) => Promise<void>;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
  requestLicenses = createLicenseRequests(sql);
  setTime = await controlRateClock(sql, NOON);
});
beforeEach(() => setTime(NOON));
afterEach(() => expectInvariants(sql));
afterAll(() => database.drop());

/** A contract with limits whose license terms are known to `requestLicenses`, with nothing used of its windows. */
async function limitedContract(rate_limits: RateLimitsEdit, more: ContractOptions = {}): Promise<string> {
  const { facts } = await buildContract(sql, { rate_limits, ...more });
  await requestLicenses(buildRequest(facts.id, 1));
  return facts.id;
}

async function setLimits(id: string, rate_limits: RateLimitsEdit): Promise<void> {
  const act = { id, actor: TEST_ACTOR, now: new Date().toISOString(), request_id: null };
  const edited = await sql.begin((tx) => editContract(tx, act, { rate_limits }));
  if (isRefusal(edited)) throw new Error(edited.detail);
}

const rated = (id: string, count = 1, changes: Partial<LicenseRequest> = {}): LicenseRequest =>
  buildRequest(id, count, { rated: true, ...changes });

const codeOf = ({ result }: LicenseRequestOutcome): string =>
  isRefusal(result) ? result.code : result.replayed ? 'replayed' : 'granted';

async function send(id: string, count = 1, changes: Partial<LicenseRequest> = {}): Promise<string> {
  return codeOf(await requestLicenses(rated(id, count, changes)));
}

/** Sends requests so that one statement takes them. */
async function sendTogether(requests: LicenseRequest[]): Promise<string[]> {
  const calls = requests.map((request) => async () => codeOf(await requestLicenses(request)));
  return Promise.all(await callTogether(sql, calls));
}

/** What is used of the windows: minute, hour and day in requests, then in licenses. */
async function usedOf(id: string): Promise<number[]> {
  const counts = await findRateCounts(sql, id);
  return counts?.windows.map(({ used }) => used) ?? [];
}

const once = (key: string) => ({ idempotency: { key, fingerprint: key } });

describe('the windows', () => {
  test('admit their limit, and the next window begins with nothing used', async () => {
    const id = await limitedContract({ per_minute: 2, per_hour: 3 });
    expect([await send(id), await send(id), await send(id)]).toEqual(['granted', 'granted', 'RATE_LIMITED']);
    await setTime('2026-03-01T12:01:00.000Z');
    expect([await send(id), await send(id)]).toEqual(['granted', 'RATE_LIMITED']);
    await setTime('2026-03-01T13:00:00.000Z');
    expect([await send(id), await send(id), await send(id)]).toEqual(['granted', 'granted', 'RATE_LIMITED']);
    expect(await usedOf(id)).toEqual([2, 2, 5, 2, 2, 5]);
  });

  test('count requests and licenses apart, each in all windows', async () => {
    const id = await limitedContract({ per_day: 3, licenses: { per_hour: 20 } });
    expect([await send(id, 15), await send(id, 6), await send(id, 5)]).toEqual(['granted', 'RATE_LIMITED', 'granted']);
    expect(await usedOf(id)).toEqual([2, 2, 2, 20, 20, 20]);
    await setTime('2026-03-01T13:00:00.000Z');
    expect([await send(id, 200), await send(id, 20), await send(id, 1)]).toEqual([
      'COUNT_ABOVE_RATE_LIMIT',
      'granted',
      'RATE_LIMITED',
    ]);
    expect(await usedOf(id)).toEqual([1, 1, 3, 20, 20, 40]);
  });

  test('do not move back with the clock', async () => {
    await setTime('2026-03-01T12:01:00.000Z');
    const id = await limitedContract({ per_minute: 1 });
    expect(await send(id)).toBe('granted');
    await setTime('2026-03-01T12:00:59.000Z');
    expect(await send(id)).toBe('RATE_LIMITED');
    await setTime('2026-03-01T12:02:00.000Z');
    expect(await send(id)).toBe('granted');
  });

  test('follow edits from the next request on, and keep what was counted', async () => {
    const id = await limitedContract({ per_minute: 2 });
    await send(id);
    await setLimits(id, { per_minute: 1 });
    expect(await send(id)).toBe('RATE_LIMITED');
    await setLimits(id, { per_minute: null, per_day: 2 });
    expect([await send(id), await send(id)]).toEqual(['granted', 'RATE_LIMITED']);
    await setLimits(id, null);
    expect([await send(id), await usedOf(id)]).toEqual(['granted', [3, 3, 3, 3, 3, 3]]);
  });

  test('are removed with the contract', async () => {
    const id = await limitedContract({ per_minute: 2 }, { status: 'inactive', name: 'Short' });
    await send(id);
    const act = { id, actor: TEST_ACTOR, now: new Date().toISOString(), request_id: null };
    await sql.begin((tx) => deleteContract(tx, act, { confirm_name: 'Short' }));
    expect(await sql`SELECT FROM contract_rates WHERE contract_id = ${id}`).toHaveLength(0);
  });

  test('do not concern other requests, also in the same statement', async () => {
    const id = await limitedContract({ per_minute: 1 });
    const requests = [buildRequest(id, 1), rated(id), rated(id), buildRequest(id, 200)];
    expect(await sendTogether(requests)).toEqual(['granted', 'granted', 'RATE_LIMITED', 'granted']);
    expect(await usedOf(id)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(codeOf(await requestLicenses(buildRequest(id, 1)))).toBe('granted');
  });

  test('of a contract that never had limits count nothing', async () => {
    const id = await limitedContract(null);
    const { rate, result } = await requestLicenses(rated(id));
    expect([isRefusal(result), rate, await findRateCounts(sql, id)]).toEqual([false, null, null]);
  });
});

describe('after an admitted request in the same minute', () => {
  test('requests that fit together are counted and granted without being judged one by one', async () => {
    const id = await limitedContract({ per_minute: 5, licenses: { per_day: 6 } });
    await send(id);
    await sql`ALTER FUNCTION admit_requests RENAME TO unused_admit_requests`;
    expect(await sendTogether([rated(id), rated(id, 2), rated(id)])).toEqual(['granted', 'granted', 'granted']);
    await sql`ALTER FUNCTION unused_admit_requests RENAME TO admit_requests`;
    expect(await usedOf(id)).toEqual([4, 4, 4, 5, 5, 5]);
  });

  test.each<RateLimitsEdit>([
    { per_minute: 3 },
    { per_hour: 3 },
    { per_day: 3 },
    { licenses: { per_minute: 3 } },
    { licenses: { per_hour: 3 } },
    { licenses: { per_day: 3 } },
  ])('requests that do not fit together are admitted as far as %j allows', async (limits) => {
    const id = await limitedContract(limits);
    await send(id);
    expect(await sendTogether([rated(id), rated(id), rated(id)])).toEqual(['granted', 'granted', 'RATE_LIMITED']);
    expect(await usedOf(id)).toEqual([3, 3, 3, 3, 3, 3]);
  });

  test('requests of the next minute begin a window', async () => {
    const id = await limitedContract({ per_minute: 5 });
    await send(id);
    await setTime('2026-03-01T12:01:00.000Z');
    await send(id);
    expect(await usedOf(id)).toEqual([1, 2, 2, 1, 2, 2]);
  });

  test('requests with a key that is no longer accepted are counted nowhere', async () => {
    const id = await limitedContract({ per_minute: 5 });
    await send(id);
    const credential = {
      key: { kind: 'contract', api_key_id: id, ip_allowlist: [] },
      confirm: () => Promise.reject(new Error('the key is revoked')),
    } as const;
    await expect(requestLicenses(rated(id, 1, { credential }))).rejects.toThrow('the key is revoked');
    expect((await usedOf(id))[0]).toBe(1);
  });
});

test('the refusal names the exhausted window that ends last, and the seconds until it ends', async () => {
  const id = await limitedContract({ per_minute: 1, per_hour: 1, per_day: 5 });
  await setTime('2026-03-01T12:30:00.500Z');
  await send(id);
  const at_edge = await requestLicenses(rated(id));
  expect(at_edge.result).toMatchObject({
    code: 'RATE_LIMITED',
    metadata: { window: 'hour', unit: 'requests', limit: 1, reset: '2026-03-01T13:00:00.000Z', retry_after_s: 1_800 },
  });
  await setLimits(id, { per_day: 1 });
  const { result, rate } = await requestLicenses(rated(id));
  expect(result).toMatchObject({ metadata: { window: 'day', retry_after_s: 11.5 * 3_600 } });
  expect(rate?.at).toBe('2026-03-01T12:30:00.500Z');
});

test('each refusal by the rate is counted as a refused attempt', async () => {
  const id = await limitedContract({ per_minute: 1, licenses: { per_minute: 50 } });
  await sendTogether([rated(id), rated(id, 2), rated(id, 3), rated(id, 60)]);
  const attempts = await sql`
    SELECT code, sum(attempts)::int AS attempts, sum(licenses)::int AS licenses FROM refused_attempts
    WHERE contract_id = ${id} GROUP BY code ORDER BY code`;
  expect([...attempts]).toEqual([
    { code: 'COUNT_ABOVE_RATE_LIMIT', attempts: 1, licenses: 60 },
    { code: 'RATE_LIMITED', attempts: 2, licenses: 5 },
  ]);
});

describe('an admitted request counts once', () => {
  test('when the quota refuses it, together with others or alone', async () => {
    const id = await limitedContract({ per_minute: 10 }, { quota: 21 });
    const requests = [rated(id, 50), rated(id, 10), rated(id, 10), rated(id, 200)];
    expect(await sendTogether(requests)).toEqual(['QUOTA_EXCEEDED', 'granted', 'granted', 'QUOTA_EXCEEDED']);
    expect(await usedOf(id)).toEqual([4, 4, 4, 270, 270, 270]);
    expect(await send(id)).toBe('QUOTA_EXCEEDED');
    expect((await usedOf(id))[0]).toBe(5);
  });

  test('when the state refuses it, and the rate refuses before the state', async () => {
    const id = await limitedContract({ per_minute: 2 });
    await sql`UPDATE products SET status = 'inactive' WHERE id = (SELECT product_id FROM contracts WHERE id = ${id})`;
    await sql`UPDATE contract_quotas SET grantable_terms_id = NULL, open_until = NULL WHERE contract_id = ${id}`;
    const outcomes = await sendTogether([rated(id), rated(id), rated(id)]);
    expect([...outcomes].sort()).toEqual(['PRODUCT_INACTIVE', 'PRODUCT_INACTIVE', 'RATE_LIMITED']);
    expect((await usedOf(id))[0]).toBe(2);
  });

  test('when no license terms are known, so that no granting statement is sent', async () => {
    const { facts } = await buildContract(sql, { status: 'inactive', rate_limits: { per_minute: 2 } });
    // Each looks for the terms first, so they can be judged in another order.
    const outcomes = await sendTogether([rated(facts.id), rated(facts.id), rated(facts.id)]);
    expect([...outcomes].sort()).toEqual(['CONTRACT_INACTIVE', 'CONTRACT_INACTIVE', 'RATE_LIMITED']);
    expect((await usedOf(facts.id))[0]).toBe(2);
  });

  test('when its revision is another one', async () => {
    const id = await limitedContract({ per_minute: 2 });
    expect(await send(id, 1, { expected_revision: 7 })).toBe('REVISION_CONFLICT');
    expect((await usedOf(id))[0]).toBe(1);
  });

  test('when a change removes its terms again and again, so that it is granted under the locks', async () => {
    const id = await limitedContract({ per_minute: 3 });
    const close = () =>
      sql`UPDATE contract_quotas SET grantable_terms_id = NULL, open_until = NULL WHERE contract_id = ${id}`;
    let closed = 0;
    const interrupted = new Proxy(sql, {
      get: (target, name) =>
        name !== 'begin'
          ? (Reflect.get(target, name) as unknown)
          : async (run: (tx: never) => Promise<unknown>) => {
              const outcome = await target.begin(run as never);
              if (closed++ < 2) await close();
              return outcome;
            },
    });
    await close();
    expect(codeOf(await createLicenseRequests(interrupted)(rated(id)))).toBe('granted');
    expect(closed).toBe(3);
    expect((await usedOf(id))[0]).toBe(1);
  });

  test('when its keys collide with existing ones and are drawn again', async () => {
    const id = await limitedContract({ per_minute: 5 }, { catalogue: { groups: 1, group_length: 6 }, quota: 1_000 });
    const collisions = 2;
    // The first statements insert a license key that exists: the trigger replaces the drawn one.
    await sql.unsafe(`
      CREATE SEQUENCE test_draws;
      CREATE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF nextval('test_draws') <= ${collisions} THEN NEW.key := (SELECT min(key) FROM licenses); END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER test_collide BEFORE INSERT ON licenses FOR EACH ROW EXECUTE FUNCTION collide()`);
    try {
      expect(await send(id)).toBe('granted');
    } finally {
      await sql.unsafe('DROP TRIGGER test_collide ON licenses; DROP FUNCTION collide; DROP SEQUENCE test_draws');
    }
    expect((await usedOf(id))[0]).toBe(1);
  });

  test('as test licenses of a draft, also when their limit refuses it', async () => {
    const { facts } = await buildContract(sql, { status: 'inactive', rate_limits: { per_minute: 3 } });
    const test = { test: true };
    expect([
      await send(facts.id, 5, { ...test, ...once('five') }),
      await send(facts.id, 5, { ...test, ...once('five') }),
      await send(facts.id, 1, test),
      await send(facts.id, 1, test),
      await send(facts.id, 1, test),
    ]).toEqual(['granted', 'replayed', 'TEST_LICENSE_LIMIT', 'TEST_LICENSE_LIMIT', 'RATE_LIMITED']);
    expect(await usedOf(facts.id)).toEqual([3, 3, 3, 7, 7, 7]);
  });
});

describe('a repeated request consumes nothing', () => {
  test('and is answered when the windows are exhausted, or allow fewer licenses', async () => {
    const id = await limitedContract({ per_minute: 1 });
    expect(await send(id, 5, once('a'))).toBe('granted');
    expect([await send(id, 5, once('a')), await send(id, 1, once('b'))]).toEqual(['replayed', 'RATE_LIMITED']);
    await setLimits(id, { licenses: { per_minute: 2 } });
    const { result, rate } = await requestLicenses(rated(id, 5, once('a')));
    expect(isRefusal(result) || result.replayed).toBe(true);
    expect(rate?.windows.map(({ used }) => used)).toEqual([1, 1, 1, 5, 5, 5]);
  });

  test('in a statement with others, also when the quota refuses them', async () => {
    const id = await limitedContract({ per_minute: 10 }, { quota: 11 });
    await send(id, 5, once('a'));
    const requests = [rated(id, 5, once('a')), rated(id, 50), rated(id, 5)];
    expect(await sendTogether(requests)).toEqual(['replayed', 'QUOTA_EXCEEDED', 'granted']);
    expect((await usedOf(id))[0]).toBe(3);
  });

  test('when an equal request in another process is granted while it waits', async () => {
    await withPool({}, async (db) => {
      const id = await limitedContract({ per_minute: 10 }, { quota: 7 });
      const other = createLicenseRequests(db);
      await other(buildRequest(id, 1));
      const row = await lockRows(sql, (tx) => tx`SELECT FROM contract_quotas WHERE contract_id = ${id} FOR UPDATE`);
      const answers = [requestLicenses(rated(id, 5, once('a'))), other(rated(id, 5, once('a')))];
      await waitUntilBlocked(sql, 2);
      await row.release();
      expect((await Promise.all(answers)).map(codeOf).sort()).toEqual(['granted', 'replayed']);
      expect((await usedOf(id))[0]).toBe(1);
    });
  });
});

/** Runs with a pool of its own, as another process has it. */
async function withPool(limits: { attempt_ms?: number; wait_ms?: number }, run: (db: Database) => Promise<void>) {
  const db = openDatabase(database.url, { max: 10, application_name: 'test', lockTurnLimits: limits });
  await run(db).finally(() => db.end());
}

describe('a request that waits', () => {
  test.each(['contract_quotas', 'contract_rates'])(
    'for the row in %s is judged in the window in which it has the lock',
    async (table) => {
      await withPool({ attempt_ms: 60_000, wait_ms: 60_000 }, async (db) => {
        const id = await limitedContract({ per_minute: 1 });
        const request = createLicenseRequests(db);
        await request(buildRequest(id, 1));
        expect(codeOf(await request(rated(id)))).toBe('granted');
        const row = await lockRows(sql, (tx) => tx`SELECT FROM ${tx(table)} WHERE contract_id = ${id} FOR UPDATE`);
        const answer = request(rated(id));
        await waitUntilBlocked(sql);
        await setTime('2026-03-01T12:01:00.000Z');
        await row.release();
        expect(codeOf(await answer)).toBe('granted');
        expect(await usedOf(id)).toEqual([1, 2, 2, 1, 2, 2]);
      });
    },
  );

  test('for limits that are being edited is judged by the new ones', async () => {
    await withPool({ attempt_ms: 60_000, wait_ms: 60_000 }, async (db) => {
      const id = await limitedContract({ per_minute: 5 });
      const request = createLicenseRequests(db);
      await request(buildRequest(id, 1));
      const act = { id, actor: TEST_ACTOR, now: new Date().toISOString(), request_id: null };
      const edit = await lockRows(sql, (tx) => editContract(tx, act, { rate_limits: { licenses: { per_minute: 2 } } }));
      // The others come while the first one waits, so that their order is known, and wait behind it.
      const first = request(rated(id, 2));
      await waitUntilBlocked(sql);
      const answers = [first, request(rated(id, 2)), request(rated(id, 3))];
      await edit.commit();
      expect((await Promise.all(answers)).map(codeOf)).toEqual(['granted', 'RATE_LIMITED', 'COUNT_ABOVE_RATE_LIMIT']);
    });
  });

  test('too long is refused as busy and consumes nothing', async () => {
    await withPool({ attempt_ms: 20, wait_ms: 60 }, async (db) => {
      const id = await limitedContract({ per_minute: 5 });
      const request = createLicenseRequests(db);
      await request(buildRequest(id, 1));
      for (const table of ['contract_quotas', 'contract_rates']) {
        const row = await lockRows(sql, (tx) => tx`SELECT FROM ${tx(table)} WHERE contract_id = ${id} FOR UPDATE`);
        await expect(request(rated(id))).rejects.toBeInstanceOf(RowsBusy);
        await row.release();
      }
      expect(await usedOf(id)).toEqual([0, 0, 0, 0, 0, 0]);
    });
  });
});

test('a request with an API key that is no longer accepted is charged to no contract', async () => {
  const id = await limitedContract({ per_minute: 5 });
  const refused = new Error('not accepted');
  const credential = {
    key: {
      kind: 'contract',
      api_key_id: '00000000-0000-7000-8000-000000000000',
      ip_allowlist: [] as string[],
    } as const,
    confirm: () => Promise.reject(refused),
  };
  const calls = [rated(id), rated(id, 1, { credential }), rated(id)].map((request) => () => requestLicenses(request));
  const outcomes = await Promise.allSettled(await callTogether(sql, calls));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect((await usedOf(id))[0]).toBe(2);
});

describe(`${CALLERS} callers of two processes`, () => {
  /** Sends one request of each caller, by turns through two processes; returns how many each minute has admitted. */
  async function burst(senders: RequestLicenses[], id: string, count = 1): Promise<Map<string, number>> {
    const admitted = new Map<string, number>();
    await Promise.all(
      Array.from({ length: CALLERS }, async (_caller, index) => {
        const sender = senders[index % senders.length] as RequestLicenses;
        const outcome = await sender(rated(id, count));
        const code = codeOf(outcome);
        expect(['granted', 'RATE_LIMITED']).toContain(code);
        const minute = outcome.rate?.windows[0]?.reset ?? '';
        if (code === 'granted') admitted.set(minute, (admitted.get(minute) ?? 0) + 1);
      }),
    );
    return admitted;
  }

  const merge = (all: Map<string, number>[]): Record<string, number> => {
    const sums: Record<string, number> = {};
    for (const [minute, count] of all.flatMap((map) => [...map])) sums[minute] = (sums[minute] ?? 0) + count;
    return sums;
  };

  test('are admitted exactly to the limit of each window, over its edge', async () => {
    await withPool({}, async (db) => {
      const id = await limitedContract({ per_minute: 50, per_hour: 130 }, { quota: 100_000 });
      const senders = [requestLicenses, createLicenseRequests(db)];
      const seen: Map<string, number>[] = [];
      for (const minute of [1, 2, 3, 4]) {
        const passing = burst(senders, id);
        await setTime(`2026-03-01T12:0${minute}:00.000Z`);
        seen.push(await passing, await burst(senders, id));
      }
      const counts = merge(seen);
      const minutes = Object.keys(counts).sort();
      // The first window may have been left before its limit was reached. Each later one was filled after its beginning.
      for (const minute of minutes.slice(1, -1)) expect(counts[minute]).toBeLessThanOrEqual(50);
      expect(Object.values(counts).every((count) => count <= 50)).toBe(true);
      expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(130);
      expect((await usedOf(id))[1]).toBe(130);
    });
  });

  test('are admitted exactly to the limit of licenses', async () => {
    await withPool({}, async (db) => {
      const id = await limitedContract({ licenses: { per_minute: 100 } }, { quota: 100_000 });
      const counts = merge([await burst([requestLicenses, createLicenseRequests(db)], id, 3)]);
      expect(Object.values(counts)).toEqual([33]);
    });
  });

  test('are admitted exactly to the limit that edits leave, without a deadlock', async () => {
    await withPool({}, async (db) => {
      const id = await limitedContract({ per_minute: 10 }, { quota: 100_000 });
      const senders = [requestLicenses, createLicenseRequests(db)];
      for (let minute = 1; minute <= 3; minute++) {
        await setTime(`2026-03-01T12:0${minute}:00.000Z`);
        const passing = burst(senders, id);
        for (const per_minute of [20, 5, 30, 40])
          await setLimits(id, { per_minute, licenses: { per_day: per_minute * 100 } });
        const counts = merge([await passing, await burst(senders, id)]);
        expect(Object.values(counts)).toEqual([40]);
        await setLimits(id, { per_minute: 10 });
      }
    });
  });
});
