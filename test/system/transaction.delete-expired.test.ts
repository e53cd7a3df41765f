/** What is stored for a time, by the time of Postgres: answers for repeated requests for thirty days, whatever clock a contract has, and outcomes. */
import {
  deleteExpiredIdempotency,
  deleteOldDeliveries,
  deleteOldOutcomes,
} from '../../transactions/system/delete-expired';
import { createLicenseRequests } from '../../transactions/generation/request-licenses';
import { isRefusal } from '../../domain/base/refusal';
import { buildContract, buildRequest } from '../harness/contract-rows';
import { buildAssignment } from '../harness/license-operations';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { buildDelivery, buildEndpoint } from '../harness/webhook-rows';
import { buildContractOnClock, buildTestClock } from '../harness/test-clocks';

let database: TestDatabase;
let sql: TestDatabase['sql'];

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
afterAll(() => database.drop());

test('a generation with a key is stored on a test clock that is years in the past', async () => {
  const past = '2020-03-01T00:00:00.000Z';
  const contract_id = await buildContractOnClock(sql, await buildTestClock(sql, past));
  const request = buildRequest(contract_id, 3, { idempotency: { key: 'order-1', fingerprint: 'three' } });
  const requestLicenses = createLicenseRequests(sql);
  const first = await requestLicenses(request);
  await deleteExpiredIdempotency(sql);
  const again = await requestLicenses(request);
  if (isRefusal(first.result) || isRefusal(again.result)) throw new Error('the request was refused');
  expect([again.result.replayed, again.result.job.id]).toEqual([true, first.result.job.id]);
});

describe('keys are deleted after thirty days and not before', () => {
  const DAYS = [29, 31];

  test('those of generation', async () => {
    const { facts } = await buildContract(sql);
    const requestLicenses = createLicenseRequests(sql);
    for (const days of DAYS) {
      const key = `${days} days`;
      await requestLicenses(buildRequest(facts.id, 1, { idempotency: { key, fingerprint: 'one' } }));
      await sql`
        UPDATE generation_jobs SET requested_at = now() - make_interval(days => ${days})
        WHERE contract_id = ${facts.id} AND idempotency_key = ${key}`;
    }
    await deleteExpiredIdempotency(sql);
    const kept = await sql`
      SELECT idempotency_key, idempotency_fingerprint FROM generation_jobs WHERE contract_id = ${facts.id} ORDER BY serial`;
    expect(kept.map((row) => ({ ...row }))).toEqual([
      { idempotency_key: '29 days', idempotency_fingerprint: 'one' },
      { idempotency_key: null, idempotency_fingerprint: null },
    ]);
  });

  test('those of commands', async () => {
    const { facts } = await buildContract(sql);
    for (const days of DAYS)
      await sql`
        INSERT INTO contract_commands (contract_id, command_id, fingerprint, outcome, at)
        VALUES (${facts.id}, ${`${days} days`}, 'f', '{}', now() - make_interval(days => ${days}))`;
    await deleteExpiredIdempotency(sql);
    const kept = await sql`SELECT command_id FROM contract_commands WHERE contract_id = ${facts.id}`;
    expect(kept.map((row) => row['command_id'] as string)).toEqual(['29 days']);
  });

  test('those of other requests, more than one statement deletes', async () => {
    await sql`
      INSERT INTO idempotency_keys (scope, key, fingerprint, created_at)
      SELECT 'old', n::text, 'f', now() - interval '31 days' FROM generate_series(1, 2500) AS n
      UNION ALL SELECT 'young', '29 days', 'f', now() - interval '29 days'`;
    await deleteExpiredIdempotency(sql);
    const kept = await sql`SELECT scope FROM idempotency_keys`;
    expect(kept.map((row) => row['scope'] as string)).toEqual(['young']);
  });
});

test('outcomes of licenses are deleted when their operation says so, more than one statement deletes', async () => {
  const [old, young] = [await buildAssignment(sql, { ids: ['1'] }), await buildAssignment(sql, { ids: ['1'] })];
  await sql`
    INSERT INTO license_operation_outcomes (operation_id, license_id, outcome)
    SELECT ${old}::uuid, n, 'conflict' FROM generate_series(1, 2500) AS n UNION ALL SELECT ${young}, 1, 'conflict'`;
  await sql`
    UPDATE license_operations SET outcomes_until = now() + CASE id WHEN ${old} THEN -1 ELSE 1 END * interval '1 minute'
    WHERE id IN (${old}, ${young})`;
  await deleteOldOutcomes(sql);
  const kept = await sql`SELECT operation_id FROM license_operation_outcomes`;
  expect(kept.map((row) => row['operation_id'] as string)).toEqual([young]);
  const shown = await sql`SELECT id FROM license_operations WHERE outcomes_until IS NOT NULL`;
  expect(shown.map((row) => row['id'] as string)).toEqual([young]);
});

test('deliveries are deleted some days after their end with their attempts, and a payload with the last delivery of its event', async () => {
  const endpoint_id = await buildEndpoint(sql);
  const attempts = [{ outcome: 'delivered' }] as const;
  const kept = [
    await buildDelivery(sql, {
      endpoint_id,
      attempts: [...attempts],
      ended: { status: 'delivered', days_ago: 29 },
      body: '{}',
    }),
    await buildDelivery(sql, { endpoint_id, due_in_s: 60 }),
  ];
  await buildDelivery(sql, {
    endpoint_id,
    attempts: [...attempts],
    ended: { status: 'failed', days_ago: 31 },
    body: '{}',
  });
  await sql`
    INSERT INTO webhook_deliveries (endpoint_id, event_id, event_type, status, due_at, ended_at)
    SELECT ${endpoint_id}, gen_random_uuid(), 'pool.low_water', 'delivered', NULL, now() - interval '31 days' FROM generate_series(1, 2500)`;
  // An event that another endpoint still shows.
  await sql`
    INSERT INTO webhook_deliveries (endpoint_id, event_id, event_type, status, due_at, ended_at)
    VALUES (${await buildEndpoint(sql)}, ${kept[0]!.event_id}, 'pool.low_water', 'failed', NULL, now() - interval '31 days')`;
  await deleteOldDeliveries(sql, 30);
  const left = await sql`SELECT id FROM webhook_deliveries ORDER BY id`;
  expect(left.map(({ id }) => id as string)).toEqual(kept.map(({ id }) => id));
  const parts = await sql`
    SELECT (SELECT array_agg(delivery_id) FROM webhook_attempts) AS attempts, (SELECT array_agg(event_id) FROM webhook_payloads) AS payloads`;
  expect({ ...parts[0] }).toEqual({ attempts: [kept[0]!.id], payloads: [kept[0]!.event_id] });
});
