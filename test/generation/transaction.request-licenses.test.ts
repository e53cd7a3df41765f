/**
 * A grant of licenses is decided by the row that it locks: it sees every change that was made while it waited for the row
 * (decisions 32). Each test keeps the other transaction open until the grant is known to wait.
 */
import { randomFillSync, randomUUID } from 'node:crypto';
import { TIME_ZONE_RULES } from '../../transactions/base/time-zone-rules';
import { createGenerationJobActivities } from '../../activities/generation/generation-job';
import { insertContractApiKey } from '../../db/access/contract-api-key';
import { storeAdminApiKey } from '../../transactions/access/admin-api-key';
import { runCommand } from '../../transactions/contract/run-command';
import type { ChangedContract } from '../../transactions/contract/changed-contract';
import { refreshGrants } from '../../db/contract/quota';
import { findGenerator } from '../../db/catalogue/generator';
import { editGenerator } from '../../transactions/catalogue/generator';
import { grantGeneration } from '../../db/generation/grant';
import type { GenerationRequest } from '../../db/generation/grant-statement';
import { grantOptimistically } from '../../transactions/generation/grant-licenses';
import type { Grant } from '../../transactions/generation/merge-grants';
import { createLicenseRequests } from '../../transactions/generation/request-licenses';
import type { Credential } from '../../transactions/generation/license-request';
import { RowsBusy } from '../../db/base/errors';
import { openDatabase } from '../../db/base/database';
import type { Sql } from '../../db/base/database';
import { findGenerationProfile, refreshTerms } from '../../db/contract/license-terms';
import { newId } from '../../transactions/base/new-id';
import { editProduct } from '../../transactions/catalogue/product';
import { listRowsToWake } from '../../db/system/sweep';
import { newApiKey } from '../../domain/access/api-key';
import type { ContractCommand } from '../../domain/contract/command';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { clearGrantableTerms } from '../harness/catalogue';
import { listAuditActions, buildContract, buildRequest, jobOf, requestJob } from '../harness/contract-rows';
import type { ContractOptions } from '../harness/contract-rows';
import { TEST_ACTOR } from '../harness/contract-facts';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { lockRows } from '../harness/locked-rows';
import { expectInvariants } from '../harness/invariants';
import { createRecordingNudger } from '../harness/recording-nudger';
import { buildContractOnClock, buildTestClock } from '../harness/test-clocks';

let database: TestDatabase;
let sql: TestDatabase['sql'];

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
afterEach(() => expectInvariants(sql));
afterAll(() => database.drop());

const act = () => ({ actor: TEST_ACTOR, now: new Date().toISOString(), request_id: null });

function carryOut(tx: Sql, id: string, command: ContractCommand): Promise<ChangedContract | Refusal> {
  return runCommand(tx, { id, ...act() }, command);
}

const TERMINATE: ContractCommand = { name: 'terminate', input: { reason: 'test' } };
const PAUSE: ContractCommand = { name: 'pause', input: {} };

/** An open contract whose license terms are known to `requestLicenses`. */
async function openContract(options: ContractOptions = {}) {
  const { facts } = await buildContract(sql, options);
  const requestLicenses = createLicenseRequests(sql);
  await requestLicenses(buildRequest(facts.id, 1));
  return { facts, requestLicenses };
}

/** Runs `change` in a transaction that commits only when the statement of `during` waits for it. */
async function whileWaiting<T>(change: (tx: Sql) => Promise<unknown>, during: () => Promise<T>): Promise<T> {
  const waiting: Promise<T>[] = [];
  await sql.begin(async (tx) => {
    await change(tx);
    waiting.push(during());
    await waitUntilBlocked(sql);
  });
  return (await Promise.all(waiting))[0] as T;
}

async function licensesOf(contract_id: string): Promise<number> {
  const [row] = await sql<[{ count: number }]>`
    SELECT count(*)::int FROM issued_licenses WHERE contract_id = ${contract_id}`;
  return row.count;
}

describe('a request that waits for the quota row while its contract changes', () => {
  test.each<[string, number, ContractCommand, string]>([
    ['terminated, inline', 5, TERMINATE, 'CONTRACT_TERMINATED'],
    ['terminated, as a background job', 200, TERMINATE, 'CONTRACT_TERMINATED'],
    ['paused, inline', 5, PAUSE, 'CONTRACT_INACTIVE'],
    ['paused, as a background job', 200, PAUSE, 'CONTRACT_INACTIVE'],
  ])('is refused when the contract is %s', async (_what, count, command, code) => {
    const { facts, requestLicenses } = await openContract();
    const { result } = await whileWaiting(
      (tx) => carryOut(tx, facts.id, command),
      () => requestLicenses(buildRequest(facts.id, count)),
    );
    expect(isRefusal(result) ? result.code : 'granted').toBe(code);
    expect(await licensesOf(facts.id)).toBe(1);
  });

  test('generates licenses with the new terms when quota and features are edited together', async () => {
    const { facts, requestLicenses } = await openContract();
    const edit: ContractCommand = { name: 'edit', input: { quota: 2_000, feature_overrides: { seats: 9 } } };
    const { result } = await whileWaiting(
      (tx) => carryOut(tx, facts.id, edit),
      () => requestLicenses(buildRequest(facts.id, 5)),
    );
    if (isRefusal(result)) throw new Error(result.detail);
    const [terms] = await sql<[{ features: object; contract_revision: number }]>`
      SELECT t.features, t.contract_revision FROM generation_jobs j JOIN license_terms t ON t.id = j.terms_id
      WHERE j.id = ${result.job.id}`;
    expect(terms).toEqual({ features: { seats: 9 }, contract_revision: 2 });
  });

  test('keeps the rule of an expiry that each license gets later, as it is when they are requested', async () => {
    const { facts, requestLicenses } = await openContract({ expiry: { duration: 'P1Y', basis: 'assignment' } });
    const { result } = await whileWaiting(
      (tx) => carryOut(tx, facts.id, { name: 'edit', input: { cap_expiry_at_contract_end: true } }),
      () => requestLicenses(buildRequest(facts.id, 1)),
    );
    if (isRefusal(result)) throw new Error(result.detail);
    expect(result.job.expires_at).toBeNull();
    const [terms] = await sql`
      SELECT t.own_expiry FROM generation_jobs j JOIN license_terms t ON t.id = j.terms_id WHERE j.id = ${result.job.id}`;
    const rule = { duration: 'P1Y', basis: 'assignment', timezone: facts.timezone, cap_at_contract_end: true };
    expect(terms?.own_expiry).toEqual(rule);
  });

  test('generates keys with the new format when the generator is edited', async () => {
    const { facts, requestLicenses } = await openContract();
    const { result } = await whileWaiting(
      async (tx) => {
        const generator = await findGenerator(tx, facts.generator_id);
        if (generator)
          await editGenerator(tx, generator.id, { format: { ...generator.format, prefix: 'NEW' } }, act(), undefined);
      },
      () => requestLicenses(buildRequest(facts.id, 1)),
    );
    expect(isRefusal(result) ? result.code : result.keys).toMatch(/^NEW-/);
  });

  test.each<[string, string]>([
    ['product', 'PRODUCT_INACTIVE'],
    ['generator', 'GENERATOR_NOT_AVAILABLE'],
  ])('is refused when the %s is made inactive', async (what, code) => {
    const { facts, requestLicenses } = await openContract();
    const { result } = await whileWaiting(
      async (tx) => {
        if (what === 'product') await editProduct(tx, facts.product_id, { status: 'inactive' }, act());
        else await editGenerator(tx, facts.generator_id, { status: 'inactive' }, act(), undefined);
      },
      () => requestLicenses(buildRequest(facts.id, 1)),
    );
    expect(isRefusal(result) ? result.code : 'granted').toBe(code);
  });
});

test('a grant uses the time at which it has the lock, not that of its request', async () => {
  const { facts } = await openContract();
  const terms_id = (await grantableTermsOf(facts.id)) ?? '';
  const now = new Date().toISOString();
  const request: GenerationRequest = {
    job_id: newId(now),
    contract_id: facts.id,
    environment: facts.environment,
    terms_id,
    pooled: false,
    execution: 'background',
    requested: 200,
    chunk_size: 100,
    keys: null,
    expires_at: null,
    channel: 'ui',
    actor: TEST_ACTOR,
    now,
    clock: 'real',
    idempotency_key: null,
    idempotency_fingerprint: null,
    request_id: null,
    rated: false,
    caller_key: null,
  };
  const granted = await whileWaiting(
    // A boundary one microsecond after the request, which passes while the request waits for the row.
    (tx) => tx`
      UPDATE contract_quotas SET open_until = ${now}::timestamptz + interval '1 microsecond' WHERE contract_id = ${facts.id}`,
    () => grantGeneration(sql, { requests: [request], now: request.now }),
  );
  expect([...granted.jobs]).toEqual([]);
  await sql.begin((tx) => refreshGrants(tx, facts.id));
});

test('a boundary that is applied when a request is granted under the locks signals the workflow of its contract', async () => {
  const clock_id = await buildTestClock(sql, '2026-01-15T00:00:00.000Z');
  const contract_id = await buildContractOnClock(sql, clock_id, {
    start_date: '2026-01-01',
    term: 'P1M',
    renewal: { ...DEFAULT_RENEWAL, mode: 'auto', term: 'P1M', opt_out_term: null },
  });
  const close = () => clearGrantableTerms(sql, contract_id);
  const passEnd = () => sql`UPDATE test_clocks SET now = '2026-02-15T00:00:00.000Z' WHERE id = ${clock_id}`;
  // Two rounds open the contract and find it closed again; the third is granted under the locks, after the end of the term.
  const next = [close, passEnd];
  const interrupted = new Proxy(sql, {
    get: (target, name) =>
      name !== 'begin'
        ? (Reflect.get(target, name) as unknown)
        : async (run: (tx: Sql) => Promise<unknown>) => {
            const outcome = await target.begin(run);
            await close();
            await next.shift()?.();
            return outcome;
          },
  });
  await close();
  const { result, nudge } = await createLicenseRequests(interrupted)(buildRequest(contract_id, 1));
  expect(isRefusal(result) ? result.code : 'granted').toBe('granted');
  expect(await listAuditActions(sql, contract_id)).toContain('contract.renewed');
  expect(nudge.contract_id).toBe(contract_id);
  await sql.begin((tx) => refreshGrants(tx, contract_id));
});

test('requests are granted or refused while their generator is edited continuously', async () => {
  const { facts, requestLicenses } = await openContract();
  let is_done = false;
  const editing = (async () => {
    for (let seats = 1; !is_done; seats++)
      await sql.begin((tx) => editGenerator(tx, facts.generator_id, { features: { seats } }, act(), undefined));
  })();
  const callers = Array.from({ length: 4 }, async () => {
    for (let call = 0; call < 15; call++) {
      const { result } = await requestLicenses(buildRequest(facts.id, 1));
      expect(isRefusal(result) ? result.code : 'granted').toBe('granted');
    }
  });
  await Promise.all(callers).finally(() => (is_done = true));
  await editing;
  expect(await licensesOf(facts.id)).toBe(61);
});

/** Changes the generator of a contract in its own way of locking. */
async function grantableTermsOf(contract_id: string): Promise<string | null> {
  const [row] = await sql<[{ grantable_terms_id: string | null }]>`
    SELECT grantable_terms_id FROM contract_quotas WHERE contract_id = ${contract_id}`;
  return row.grantable_terms_id;
}

describe('a contract and its generator that change at the same moment', () => {
  test('a contract that waits for the change of its generator does not grant with the old generator', async () => {
    const { facts } = await openContract();
    await whileWaiting(
      (tx) => editGenerator(tx, facts.generator_id, { status: 'inactive' }, act(), undefined),
      () => sql.begin((tx) => refreshGrants(tx, facts.id)),
    );
    expect(await grantableTermsOf(facts.id)).toBeNull();
  });

  test('a generator that waits for a contract closes the grants that the contract opened meanwhile', async () => {
    const { facts } = await openContract();
    await clearGrantableTerms(sql, facts.id);
    await whileWaiting(
      (tx) => refreshGrants(tx, facts.id),
      () => sql.begin((tx) => editGenerator(tx, facts.generator_id, { features: { seats: 1 } }, act(), undefined)),
    );
    expect(await grantableTermsOf(facts.id)).toBeNull();
  });
});

test('a change of a contract does not lock the license terms of a grant, so that the two cannot deadlock', async () => {
  const { facts } = await openContract();
  await sql.begin(async (tx) => {
    const generator = await findGenerator(tx, facts.generator_id);
    if (!generator) throw new Error('the contract has no generator');
    await refreshTerms(tx, facts, generator);
    // What the foreign key of a granted job takes.
    const referred = await sql`SELECT FROM license_terms WHERE contract_id = ${facts.id} FOR KEY SHARE NOWAIT`;
    expect(referred).toHaveLength(1);
  });
});

test('a job that is granted while a termination waits for the quota row is cancelled with the others', async () => {
  const { facts } = await openContract();
  const before = await requestJob(sql, facts.id, 150);
  const profile = await findGenerationProfile(sql, facts.id);
  if (!profile) throw new Error('the contract has no license terms');
  let terminating: Promise<ChangedContract | Refusal> | undefined;
  await sql.begin(async (tx) => {
    const grant: Grant = async (row) => (await grantGeneration(tx, { requests: [row], now: row.now })).jobs[0];
    await grantOptimistically(tx as never, grant, buildRequest(facts.id, 200), null, profile);
    terminating = sql.begin((other) => carryOut(other, facts.id, TERMINATE));
    await waitUntilBlocked(sql);
  });
  const terminated = await (terminating as unknown as Promise<ChangedContract | Refusal>);
  if (isRefusal(terminated)) throw new Error(terminated.detail);
  const jobs = await sql<{ id: string; state: string }[]>`
    SELECT id, state FROM generation_jobs WHERE contract_id = ${facts.id} AND execution = 'background' ORDER BY id`;
  expect(jobs.map(({ state }) => state)).toEqual(['CANCELLING', 'CANCELLING']);
  expect(terminated.nudge.job_ids).toEqual(jobs.map(({ id }) => id));
  expect(jobs[0]?.id).toBe(before.id);
});

test('of 64 requests and a simultaneous termination, every license and job is granted before the termination or not at all', async () => {
  for (let round = 1; round <= 6; round++) {
    const { facts, requestLicenses } = await openContract();
    let granted = 0;
    let terminated: Promise<ChangedContract | Refusal> | undefined;
    const request = async (count: number): Promise<void> => {
      await requestLicenses(buildRequest(facts.id, count));
      granted += 1;
      if (granted === round * 8) terminated = sql.begin((tx) => carryOut(tx, facts.id, TERMINATE));
    };
    await Promise.all(Array.from({ length: 64 }, (_none, index) => request(index % 32 === 0 ? 150 : 1)));
    await terminated;
    const events = await sql<{ type: string }[]>`
      SELECT type FROM domain_events WHERE contract_id = ${facts.id} ORDER BY sequence DESC LIMIT 1`;
    expect(events[0]?.type).toBe('contract.terminated');
    const open = await sql`
      SELECT FROM generation_jobs WHERE contract_id = ${facts.id} AND state NOT IN ('SUCCEEDED', 'CANCELLING')`;
    expect(open.count).toBe(0);
    await expectInvariants(sql);
  }
});

describe('a request with an idempotency key that must wait', () => {
  const idempotency = { key: 'first', fingerprint: 'f' };

  /** Requests with a pool that waits for rows only shortly. */
  async function requestImpatiently(contract_id: string): Promise<unknown> {
    const lockTurnLimits = { attempt_ms: 20, wait_ms: 60 };
    const db = openDatabase(database.url, { max: 4, application_name: 'test', lockTurnLimits });
    const requestLicenses = createLicenseRequests(db);
    const outcome = requestLicenses(buildRequest(contract_id, 1, { idempotency })).catch((error: unknown) => error);
    return outcome.finally(() => db.end());
  }

  test('is refused as in progress while another process creates the job of this key', async () => {
    const { facts } = await openContract();
    const row = await lockRows(
      sql,
      (tx) => tx`
        INSERT INTO generation_jobs (id, contract_id, environment, terms_id, execution, requested, chunk_size, state, channel, actor, created_at,
                                     idempotency_key, idempotency_fingerprint, quota_remaining)
        SELECT uuidv7(), contract_id, environment, terms_id, execution, requested, chunk_size, state, channel, actor, created_at,
               ${idempotency.key}, ${idempotency.fingerprint}, quota_remaining
        FROM generation_jobs WHERE contract_id = ${facts.id}`,
    );
    expect(await requestImpatiently(facts.id)).toMatchObject({ result: { code: 'IDEMPOTENCY_IN_PROGRESS' } });
    await row.release();
  });

  test('is refused as busy while the quota row is locked, because there is no earlier request', async () => {
    const { facts } = await openContract();
    const row = await lockRows(sql, (tx) => tx`SELECT FROM contract_quotas WHERE contract_id = ${facts.id} FOR UPDATE`);
    expect(await requestImpatiently(facts.id)).toBeInstanceOf(RowsBusy);
    await row.release();
  });
});

test.each(['QUEUED', 'PAUSED'] as const)(
  'a %s job that is still open after the termination of its contract is found by the sweep and cancelled when it starts',
  async (state) => {
    const { facts } = await openContract();
    const { id } = await requestJob(sql, facts.id, 300);
    await sql.begin((tx) => carryOut(tx, facts.id, TERMINATE));
    // What an earlier version left behind.
    await sql`UPDATE generation_jobs SET state = ${state}, workflow_epoch = 'epoch-1' WHERE id = ${id}`;
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    const kind = state === 'PAUSED' ? 'paused_job' : 'silent_job';
    expect(
      await listRowsToWake(sql, kind, {
        epoch: 'epoch-1',
        now: tomorrow,
        limit: 100,
        time_zone_rules: TIME_ZONE_RULES,
      }),
    ).toContain(id);

    const activities = createGenerationJobActivities({
      nudger: createRecordingNudger().nudger,
      db: sql,
      fillTaskQueue: 'fill',
    });
    const now = new Date().toISOString();
    expect((await activities.openJob({ job_id: id, now })).state).toBe('CANCELLING');
    expect((await activities.closeJob({ job_id: id, now, given_up: [] })).state).toBe('CANCELLED');
    const [quota] = await sql`SELECT claimed FROM contract_quotas WHERE contract_id = ${facts.id}`;
    expect(quota?.['claimed']).toBe(1);
    expect((await jobOf(sql, id)).completed).toBe(0);
  },
);

describe('a caller who was looked up before the request', () => {
  const NOT_ACCEPTED = 'the key is not accepted any more';

  /** A key of an admin; `confirm` fails, so whatever is answered was granted by the statement alone. */
  async function buildCredential(): Promise<Credential> {
    const [admin] = await sql<[{ id: string }]>`
      INSERT INTO admins (id, email, name, role, created_at, updated_at)
      VALUES (gen_random_uuid(), ${`${randomUUID()}@covenant.test`}, 'Admin', 'admin', now(), now()) RETURNING id`;
    const key = newApiKey('admin', randomFillSync);
    const row = await storeAdminApiKey(sql, admin.id, key, {
      pepper: 'p',
      label: null,
      now: new Date().toISOString(),
    });
    return {
      key: { kind: 'admin', api_key_id: row.id, roles: ['super_admin', 'admin'] },
      confirm: () => Promise.reject(new Error(NOT_ACCEPTED)),
    };
  }

  test.each<[string, (key: string) => Promise<unknown>]>([
    ['is revoked', (key) => sql`UPDATE admin_api_keys SET revoked_at = now() WHERE id = ${key}`],
    [
      'belongs to an admin who is disabled',
      (key) =>
        sql`UPDATE admins SET status = 'disabled' WHERE id = (SELECT admin_id FROM admin_api_keys WHERE id = ${key})`,
    ],
    [
      'belongs to an admin whose role may no longer generate',
      (key) =>
        sql`UPDATE admins SET role = 'viewer' WHERE id = (SELECT admin_id FROM admin_api_keys WHERE id = ${key})`,
    ],
  ])('is granted licenses by one statement, and none once the key %s', async (_what, change) => {
    const { facts, requestLicenses } = await openContract();
    const credential = await buildCredential();
    const request = (count: number) => requestLicenses(buildRequest(facts.id, count, { credential }));
    expect(isRefusal((await request(5)).result)).toBe(false);
    expect(isRefusal((await request(200)).result)).toBe(false);

    await change(credential.key.api_key_id);
    const jobs = await sql`SELECT FROM generation_jobs WHERE contract_id = ${facts.id}`;
    await expect(request(5)).rejects.toThrow(NOT_ACCEPTED);
    await expect(request(200)).rejects.toThrow(NOT_ACCEPTED);
    expect(await sql`SELECT FROM generation_jobs WHERE contract_id = ${facts.id}`).toHaveLength(jobs.length);
  });

  test('is granted licenses with each role that may generate, whatever the role at the lookup was', async () => {
    const { facts, requestLicenses } = await openContract();
    const credential = await buildCredential();
    await sql`
      UPDATE admins SET role = 'super_admin' WHERE id = (SELECT admin_id FROM admin_api_keys WHERE id = ${credential.key.api_key_id})`;
    expect(isRefusal((await requestLicenses(buildRequest(facts.id, 2, { credential }))).result)).toBe(false);
  });

  test('prevents no grant of the others of its statement when its key is revoked', async () => {
    const { facts, requestLicenses } = await openContract();
    const [good, revoked] = [await buildCredential(), await buildCredential()];
    await sql`UPDATE admin_api_keys SET revoked_at = now() WHERE id = ${revoked.key.api_key_id}`;
    // The first request goes alone; those that arrive in the meantime are granted together.
    const outcomes = await Promise.allSettled(
      [good, good, revoked, good].map((credential) => requestLicenses(buildRequest(facts.id, 3, { credential }))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(await licensesOf(facts.id)).toBe(1 + 9);
  });

  test('of a contract is checked with the list of addresses of each request, also when others of the statement have another list', async () => {
    const { facts, requestLicenses } = await openContract();
    const { id } = await insertContractApiKey(sql, {
      contract_id: facts.id,
      key_id: randomUUID(),
      secret_hmac: Buffer.alloc(32),
      last_four: 'abcd',
      sealed: 'x',
      sealed_by: 'v1',
      created_at: new Date().toISOString(),
      created_by: 'test',
    });
    const credentialBy = (ip_allowlist: string[]): Credential => ({
      key: { kind: 'contract', api_key_id: id, ip_allowlist },
      confirm: () => Promise.reject(new Error(NOT_ACCEPTED)),
    });
    const [current, former] = [credentialBy([]), credentialBy(['192.0.2.7'])];
    const outcomes = await Promise.allSettled(
      [current, current, former, current].map((credential) =>
        requestLicenses(buildRequest(facts.id, 3, { credential })),
      ),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  });

  test('is looked up again before a refusal, test licenses or a repeated request is answered', async () => {
    const { facts, requestLicenses } = await openContract();
    const credential = await buildCredential();
    await sql`UPDATE admin_api_keys SET revoked_at = now() WHERE id = ${credential.key.api_key_id}`;
    const idempotency = { key: 'once', fingerprint: 'f' };
    await requestLicenses(buildRequest(facts.id, 1, { idempotency }));
    for (const changes of [{ count: 1_000_000 }, { test: true }, { idempotency }])
      await expect(requestLicenses({ ...buildRequest(facts.id, 1, { credential }), ...changes })).rejects.toThrow(
        NOT_ACCEPTED,
      );
  });
});

test('the domain events of a contract are numbered in the order of its changes, those of its jobs included', async () => {
  const { facts, requestLicenses } = await openContract();
  await Promise.all([5, 1, 7, 2].map((count) => requestLicenses(buildRequest(facts.id, count))));
  await sql.begin((tx) => carryOut(tx, facts.id, PAUSE));
  await sql.begin((tx) => carryOut(tx, facts.id, { name: 'resume', input: {} }));
  await requestLicenses(buildRequest(facts.id, 1));
  const events = await sql<{ sequence: string; type: string }[]>`
    SELECT sequence, type FROM domain_events WHERE contract_id = ${facts.id} ORDER BY sequence`;
  expect(events.map(({ sequence }) => Number(sequence))).toEqual(events.map((_event, index) => index + 1));
  expect(events.map(({ type }) => type)).toEqual([
    'contract.created',
    ...Array.from({ length: 5 }, () => 'license.batch_generated'),
    'contract.paused',
    'contract.resumed',
    'license.batch_generated',
  ]);
});
