/** Metrics: the SQL against a slow reference implementation of the specification, and hand-computed examples over HTTP. */
import fc from 'fast-check';
import { addDays, localDateAt, startOfDay } from '../../domain/base/calendar';
import { CHANNELS } from '../../domain/base/channel';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { startTestApi } from '../harness/api';
import type { CallOptions, TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import { addContractKey } from '../harness/contract-keys';
import { buildContract } from '../harness/contract-rows';
import { expectRefusal } from '../harness/expect-refusal';
import { insertJobs } from '../harness/job-rows';
import { referenceMetrics } from '../harness/reference-metrics';
import type { ReferenceContract, ReferenceDays, ReferenceJob, ReferenceRefusal } from '../harness/reference-metrics';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const DAY_MS = 86_400_000;
const QUARTER_HOUR_MS = 900_000;

/** Zones with clock changes at midnight (Havana, Cairo), of half an hour (Lord Howe), and far from UTC. */
const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'America/Havana',
  'Africa/Cairo',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'UTC',
];
/** Days near clock changes and ends of months, also of a leap year. */
const DATES = ['2026-03-10', '2026-03-30', '2026-04-25', '2026-10-26', '2026-11-03', '2027-01-01', '2028-03-01'];

/** Creates a contract on its own test clock with jobs, refusals and the quota that follows from them. */
async function addMeasured(contract: ReferenceContract, customer_id: string | null = null): Promise<string> {
  const { sql } = api;
  const { facts } = await buildContract(sql, {
    timezone: contract.timezone,
    customer_id,
    catalogue: { environment: 'staging' },
  });
  const id = facts.id;
  const [clock] = await sql<[{ id: string }]>`
    INSERT INTO test_clocks (name, now, status, created_at, created_by) VALUES ('Clock', ${contract.now}, 'ready', now(), 'test') RETURNING id`;
  await sql`
    UPDATE contracts SET activated_at = ${contract.activated_at}, test_clock_id = ${clock.id}, next_boundary_at = NULL, time_zone_rules = NULL,
           settled_until = ${contract.activated_at}, state = 'ACTIVE' WHERE id = ${id}`;
  await insertJobs(
    sql,
    contract.jobs.map((job) => ({ ...job, contract_id: id }) as never),
  );
  const { generated, reserved } = referenceMetrics(contract).quota;
  await sql`UPDATE contract_quotas SET total = ${contract.total}, claimed = ${generated + reserved} WHERE contract_id = ${id}`;
  for (const refusal of contract.refusals)
    await sql`
      INSERT INTO refused_attempts ${sql({ contract_id: id, ...refusal, licenses: 1, last_actor_id: 'test' })}
      ON CONFLICT (contract_id, minute, code) DO NOTHING`;
  return id;
}

async function metricsOf(id: string, query = ''): Promise<any> {
  const answer = await api.call('GET', `/contracts/${id}/metrics${query}`, { key: api.keys.viewer });
  expect([answer.status, answer.text.slice(0, answer.status === 200 ? 0 : 500)]).toEqual([200, '']);
  return answer.body;
}

/** Without noise of binary fractions. */
function rounded(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, part) => (typeof part === 'number' ? Number(part.toPrecision(12)) : part)),
  );
}

/** Instants in the days before `now`, half of them at the start of a local day, or a millisecond before or after it. */
function momentBefore(now: Instant, timezone: string, days_max = 40): fc.Arbitrary<Instant> {
  const today = localDateAt(now, timezone);
  const atStart = fc.nat(days_max).map((days) => millisOf(startOfDay(addDays(today, -days), timezone)));
  const during = fc.nat(days_max * DAY_MS).map((ms) => millisOf(now) - ms);
  return fc
    .tuple(fc.oneof(atStart, during), fc.constantFrom(0, 0, -1, 1))
    .map(([at, ms]) => instantFromMillis(Math.min(millisOf(now), at + ms)));
}

const FINISHED = ['SUCCEEDED', 'PARTIAL', 'FAILED', 'CANCELLED'];
const UNFINISHED = ['QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING'];

function jobArbitrary(now: Instant, timezone: string): fc.Arbitrary<ReferenceJob> {
  const inline = fc
    .record({
      at: momentBefore(now, timezone),
      channel: fc.constantFrom(...CHANNELS),
      requested: fc.integer({ min: 1, max: 9 }),
      is_test: fc.boolean(),
    })
    .map((job): ReferenceJob => ({
      ...job,
      execution: 'inline',
      state: 'SUCCEEDED',
      finished_at: job.at,
      chunks: [{ licenses: job.requested, at: job.at }],
    }));
  const background = fc
    .record({
      at: momentBefore(now, timezone),
      channel: fc.constantFrom(...CHANNELS),
      state: fc.constantFrom(...FINISHED, ...UNFINISHED),
      sizes: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 3 }),
      pause_ms: fc.constantFrom(0, 1, QUARTER_HOUR_MS, DAY_MS),
      missing: fc.integer({ min: 1, max: 20 }),
    })
    .map(({ sizes, pause_ms, missing, ...job }): ReferenceJob => {
      const later = (steps: number) => instantFromMillis(Math.min(millisOf(now), millisOf(job.at) + steps * pause_ms));
      const is_empty = job.state === 'FAILED' || job.state === 'QUEUED';
      const chunks = is_empty ? [] : sizes.map((licenses, index) => ({ licenses, at: later(index) }));
      const made = chunks.reduce((sum, { licenses }) => sum + licenses, 0);
      return {
        ...job,
        execution: 'background',
        is_test: false,
        chunks,
        requested: job.state === 'SUCCEEDED' ? made : made + missing,
        finished_at: UNFINISHED.includes(job.state) ? null : later(sizes.length),
      };
    });
  return fc.oneof(inline, background);
}

/** Codes of refused attempts, and of requests that are no attempts: refused by the rate, or for test licenses. */
const REFUSED = ['QUOTA_EXCEEDED', 'CONTRACT_INACTIVE', 'REVISION_CONFLICT', 'GENERATOR_KEYSPACE_EXHAUSTED'];
const NOT_ATTEMPTED = ['RATE_LIMITED', 'COUNT_ABOVE_RATE_LIMIT', 'TEST_LICENSE_LIMIT', 'INVALID_STATE_TRANSITION'];

function refusalArbitrary(now: Instant, timezone: string): fc.Arbitrary<ReferenceRefusal> {
  return fc.record({
    minute: momentBefore(now, timezone).map((at) => instantFromMillis(Math.floor(millisOf(at) / 60_000) * 60_000)),
    code: fc.constantFrom(...REFUSED, ...NOT_ATTEMPTED),
    attempts: fc.integer({ min: 1, max: 50 }),
  });
}

const contractArbitrary: fc.Arbitrary<ReferenceContract> = fc
  .record({
    date: fc.constantFrom(...DATES),
    days: fc.nat(4),
    quarters: fc.nat(95),
    timezone: fc.constantFrom(...ZONES),
  })
  .chain(({ date, days, quarters, timezone }) => {
    const now = instantFromMillis(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS + quarters * QUARTER_HOUR_MS);
    return fc.record({
      timezone: fc.constant(timezone),
      now: fc.constant(now),
      activated_at: fc.oneof(momentBefore(now, timezone), momentBefore(now, timezone, 400)),
      extra: fc.constantFrom(0, 1, 17, 1_000),
      jobs: fc.array(jobArbitrary(now, timezone), { maxLength: 25 }),
      refusals: fc.uniqueArray(refusalArbitrary(now, timezone), {
        maxLength: 8,
        selector: ({ minute, code }) => minute + code,
      }),
    });
  })
  .map(({ extra, ...contract }) => {
    const { generated, reserved } = referenceMetrics({ ...contract, total: 1 }).quota;
    return { ...contract, total: Math.max(1, generated + reserved + extra) };
  });

/** Days before the day of `now`: the last `back` days but `missing` ones. */
function daysBefore({ now, timezone }: ReferenceContract, back: number, missing: number): ReferenceDays {
  const today = localDateAt(now, timezone);
  return { from: addDays(today, -back), to: addDays(today, -Math.min(missing, back - 1)) };
}

const daysArbitrary = fc.option(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.nat(30)), { nil: undefined });

test('every figure is that of the specification, over clock changes and ends of months', async () => {
  await fc.assert(
    fc.asyncProperty(contractArbitrary, daysArbitrary, async (contract, lengths) => {
      const given = lengths && daysBefore(contract, ...lengths);
      const { days, licenses_by_day, d, ...expected } = referenceMetrics(contract, given);
      const query = given ? `?from=${given.from}&to=${given.to}` : '';
      const shown = await metricsOf(await addMeasured(contract), query);
      expect(rounded(shown)).toMatchObject(rounded(expected) as object);
      expect([shown.as_of, shown.window.counted_days]).toEqual([contract.now, d]);
      expect(shown.daily.map((day: any) => day.date)).toEqual(days);
      expect(shown.daily.map((day: any) => day.licenses)).toEqual(licenses_by_day);
      const sums = (name: string) => shown.daily.reduce((sum: number, day: any) => sum + day[name], 0);
      expect(rounded([sums('attempts'), sums('failed'), sums('throttled')])).toEqual(
        rounded([shown.attempts.total, shown.attempts.failed, shown.throttled.requests]),
      );
      const shares = Object.values<any>(shown.channels).map(({ share }) => share);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(shown.licenses === 0 ? 0 : 100);
    }),
    { numRuns: 60 },
  );
}, 240_000);

/** The figures by which the rankings sort, from the highest; without one, a contract is not in the ranking. */
const FIGURES: Record<string, (contract: ReferenceContract) => number | null> = {
  utilization: (contract) => referenceMetrics(contract).quota.generated / contract.total,
  velocity: (contract) => referenceMetrics(contract).velocity.per_day || null,
  time_to_quota(contract) {
    const { quota, velocity } = referenceMetrics(contract);
    return quota.remaining > 0 && velocity.per_day > 0 ? -quota.remaining / velocity.per_day : null;
  },
  error_rate: (contract) => referenceMetrics(contract).attempts.error_rate || null,
};

test('every ranking has the order of these figures', async () => {
  await inNewInstallation(async () => {
    const added: { id: string; contract: ReferenceContract }[] = [];
    for (const contract of fc.sample(contractArbitrary, 40)) added.push({ id: await addMeasured(contract), contract });
    for (const [by, figureOf] of Object.entries(FIGURES)) {
      const figures = new Map(added.map(({ id, contract }) => [id, figureOf(contract)]));
      const ranked = [...figures.values()].filter((figure) => figure !== null).sort((a, b) => b - a);
      const { body } = await api.call('GET', `/metrics/contracts?environment=staging&by=${by}&limit=100`);
      const shown = body.data.map(({ contract_id }: { contract_id: string }) => figures.get(contract_id));
      expect([by, rounded(shown)]).toEqual([by, rounded(ranked)]);
    }
  });
}, 60_000);

/** Inline jobs of one license in Berlin, ten a day for `days` days until yesterday. */
function steady(days: number, now: Instant): ReferenceJob[] {
  return Array.from({ length: days }, (_, index): ReferenceJob => {
    const at = instantFromMillis(millisOf(now) - (index + 1) * DAY_MS);
    return {
      at,
      channel: 'api',
      execution: 'inline',
      requested: 10,
      state: 'SUCCEEDED',
      is_test: false,
      finished_at: at,
      chunks: [{ licenses: 10, at }],
    };
  });
}

describe('an example by hand', () => {
  const now = '2026-11-15T12:00:00.000Z';
  /** 280 licenses in 28 days, all by the contract key, of a quota of 400: 120 remain, so 12 days. */
  const contract: ReferenceContract = {
    timezone: 'Europe/Berlin',
    now,
    activated_at: '2026-01-01T00:00:00.000Z',
    total: 400,
    jobs: steady(28, now),
    refusals: [
      { minute: '2026-11-14T10:00:00.000Z', code: 'QUOTA_EXCEEDED', attempts: 7 },
      { minute: '2026-11-14T10:00:00.000Z', code: 'RATE_LIMITED', attempts: 5 },
    ],
  };

  test('ten licenses a day for four weeks are a velocity of 10 and 70, and 120 remaining last twelve days', async () => {
    const shown = await metricsOf(await addMeasured(contract));
    expect(shown).toMatchObject({
      window: {
        from: '2026-10-18',
        to: '2026-11-15',
        last_day: '2026-11-14',
        timezone: 'Europe/Berlin',
        counted_days: 28,
      },
      quota: { total: 400, generated: 280, reserved: 0, remaining: 120, utilization: 70 },
      licenses: 280,
      velocity: { per_day: 10, per_week: 70 },
      time_to_quota: { days: 12, date: '2026-11-27' },
      channels: { ui: { licenses: 0, share: 0 }, api: { licenses: 280, share: 100 } },
      attempts: { total: 35, granted: 28, refused: 7, failed: 7, error_rate: 0.2 },
      throttled: { requests: 5, rate: 0.125 },
      last_24_hours: { licenses: 0, spike: false },
    });
  });

  test('31 licenses in a day after ten a day are a spike, 30 are not', async () => {
    const burst = (requested: number): ReferenceJob => ({
      ...(steady(1, now)[0] as ReferenceJob),
      at: now,
      requested,
      chunks: [{ licenses: requested, at: now }],
    });
    const spikes = [30, 31].map(async (requested) => {
      const id = await addMeasured({ ...contract, jobs: [...contract.jobs, burst(requested)] });
      return (await metricsOf(id)).last_24_hours;
    });
    expect(await Promise.all(spikes)).toEqual([
      { licenses: 30, spike: false },
      { licenses: 31, spike: true },
    ]);
  });

  test('given days replace the last four weeks, and today is refused', async () => {
    const id = await addMeasured(contract);
    expect(await metricsOf(id, '?from=2026-11-08&to=2026-11-15')).toMatchObject({
      licenses: 70,
      velocity: { per_day: 10 },
      window: { counted_days: 7 },
    });
    for (const query of ['to=2026-11-16', 'from=2026-11-15', 'from=2025-11-01'])
      expectRefusal(await api.call('GET', `/contracts/${id}/metrics?${query}`), 422, 'VALIDATION_FAILED');
  });

  test('the contracts of a customer are shown each by its own days, and as a sum', async () => {
    const customer = await api.call('POST', '/customers', { body: { name: 'Reseller', email: 'metrics@example.com' } });
    const tokyo = { ...contract, timezone: 'Asia/Tokyo', jobs: steady(14, now), total: 1_000, refusals: [] };
    for (const measured of [contract, tokyo]) await addMeasured(measured, customer.body.id);
    const { body } = await api.call('GET', `/customers/${customer.body.id}/metrics?environment=staging`);
    expect(body.contracts.map((shown: any) => shown.licenses)).toEqual([140, 280]);
    expect(body).toMatchObject({
      complete: true,
      sum: {
        quota: { total: 1_400, generated: 420, remaining: 980, utilization: 30 },
        licenses: 420,
        velocity: { per_day: 15, per_week: 105 },
        attempts: { total: 49, error_rate: 7 / 49 },
      },
    });
    const other = await api.call('GET', `/customers/${customer.body.id}/metrics`);
    expect(other.body).toMatchObject({
      contracts: [],
      complete: true,
      sum: { licenses: 0, channels: { ui: { share: null } } },
    });
  });
});

test('attempts are the requests that passed the checks of key, address, shape, replay and rate, however they were answered', async () => {
  const catalogue = await addCatalogue(api);
  const contract = await addContract(api, catalogue, {
    quota: 1_000,
    rate_limits: { per_day: 5, licenses: { per_day: 900 } },
  });
  const key = await addContractKey(api, contract.id);
  const generate = async (body: object, more: CallOptions = {}, query = '') =>
    (await api.call('POST', `/contracts/${contract.id}/generate${query}`, { key, body, ...more })).status;
  const once = { headers: { 'Idempotency-Key': 'once' } };
  const answers = {
    attempts: [
      await generate({ count: 1 }, { key: api.keys.super_admin }),
      await generate({ count: 2 }, once),
      await generate({ count: 100 }),
      await generate({ count: 899 }, { key: api.keys.super_admin }),
      await generate({ count: 1 }, { headers: { 'If-Match': '"7"' } }),
    ],
    others: [
      await generate({ count: 2 }, once),
      await generate({ count: 3 }, once),
      await generate({ count: 0 }),
      await generate({ count: 901 }),
      await generate({ count: 1 }, {}, '?dry_run=true'),
      await generate({ count: 1, test: true }),
      await generate({ count: 1 }, { key: `${key}x` }),
    ],
    throttled: [await generate({ count: 1 }), await generate({ count: 1 })],
  };
  expect(answers).toEqual({
    attempts: [201, 201, 202, 409, 412],
    others: [201, 422, 422, 422, 201, 409, 401],
    throttled: [429, 429],
  });
  await moveToYesterday(contract.id);
  expect(await metricsOf(contract.id)).toMatchObject({
    attempts: { total: 5, granted: 3, refused: 2, failed: 2, error_rate: 0.4 },
    throttled: { requests: 2, rate: 2 / 7 },
  });
});

/** Moves what was requested for a contract to the day before, which is complete. */
async function moveToYesterday(contract_id: string): Promise<void> {
  const { sql } = api;
  await sql`
    UPDATE generation_chunks SET created_at = created_at - interval '1 day'
    WHERE job_id IN (SELECT id FROM generation_jobs WHERE contract_id = ${contract_id})`;
  await sql`
    UPDATE generation_jobs SET created_at = created_at - interval '1 day', finished_at = finished_at - interval '1 day' WHERE contract_id = ${contract_id}`;
  await sql`UPDATE refused_attempts SET minute = minute - interval '1 day' WHERE contract_id = ${contract_id}`;
}

test('the installation ranks its open contracts by each figure', async () => {
  await inNewInstallation(async () => {
    const now = '2026-11-15T12:00:00.000Z';
    const base: ReferenceContract = {
      timezone: 'UTC',
      now,
      activated_at: '2026-01-01T00:00:00.000Z',
      total: 100,
      jobs: [],
      refusals: [],
    };
    const old_job = {
      ...(steady(1, now)[0] as ReferenceJob),
      requested: 90,
      at: '2026-05-01T00:00:00.000Z',
      chunks: [{ licenses: 90, at: '2026-05-01T00:00:00.000Z' }],
    };
    const idle = await addMeasured({ ...base, jobs: [old_job] });
    const fast = await addMeasured({ ...base, total: 10_000, jobs: steady(20, now) });
    const soon = await addMeasured({ ...base, total: 80, jobs: steady(7, now) });
    const failing = await addMeasured({
      ...base,
      jobs: steady(1, now),
      refusals: [{ minute: '2026-11-01T00:00:00.000Z', code: 'QUOTA_EXCEEDED', attempts: 3 }],
    });
    const young = await addMeasured({ ...base, activated_at: '2026-11-10T00:00:00.000Z' });
    await api.sql`UPDATE contracts SET may_generate = true`;
    const ranked = async (by: string, more = '') => {
      const answer = await api.call('GET', `/metrics/contracts?environment=staging&by=${by}${more}`);
      expect(answer.status).toBe(200);
      return answer.body.data.map((shown: any) => shown.contract_id);
    };
    expect(await ranked('utilization')).toEqual([idle, soon, failing, fast, young]);
    expect(await ranked('velocity')).toEqual([fast, soon, failing]);
    expect(await ranked('time_to_quota')).toEqual([soon, failing, fast]);
    expect(await ranked('error_rate')).toEqual([failing]);
    expect(await ranked('idle')).toEqual([idle]);
    expect(await ranked('utilization', '&limit=2')).toEqual([idle, soon]);
  });
});

/** Runs with an API whose database has no contracts. */
async function inNewInstallation(run: () => Promise<void>): Promise<void> {
  const before = api;
  api = await startTestApi();
  try {
    await run();
  } finally {
    await api.close();
    api = before;
  }
}
