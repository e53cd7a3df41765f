/**
 * Generating over HTTP: what is granted, what is refused with which reasons, and every rule for repeated requests (domain.md 5.2).
 */
import { parseApiKey } from '../../domain/access/api-key';
import type { ApiKey } from '../../domain/access/api-key';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { addCatalogue, addContract, clearGrantableTerms } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { readTableDigests } from '../harness/table-digests';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;

/** Without a worker: jobs stay queued here. test/generation/api.generation-job.test.ts tests background jobs. */
let api: TestApi;
let catalogue: TestCatalogue;

beforeAll(async () => {
  api = await startTestApi();
  catalogue = await addCatalogue(api);
});

afterAll(() => api.close());

function generate(id: string, body: unknown, headers: Record<string, string> = {}, query = ''): Promise<ApiAnswer> {
  return api.call('POST', `/contracts/${id}/generate${query}`, { body, headers });
}

async function quotaOf(id: string): Promise<Record<string, number>> {
  return (await api.call('GET', `/contracts/${id}`)).body.quota;
}

async function licensesOf(contract_id: string): Promise<number> {
  const [row] = await api.sql`SELECT count(*)::int FROM issued_licenses WHERE contract_id = ${contract_id}`;
  return Number(row?.['count']);
}

/** Places an admin hold directly in the database, because no worker runs. */
async function pause(id: string): Promise<void> {
  const answer = await api.call('PATCH', `/contracts/${id}?dry_run=true`, { body: { status: 'inactive' } });
  expect(answer.body.state).toBe('PAUSED');
  await api.sql`INSERT INTO contract_holds (contract_id, source, code, placed_at, placed_by) VALUES (${id}, 'admin', 'PAUSED', now() - interval '1 second', 'test')`;
  await api.sql`UPDATE contracts SET state = 'PAUSED', may_generate = false WHERE id = ${id}`;
  await clearGrantableTerms(api.sql, id);
}

/** Moves the dates of a contract into the past, as if time had passed. */
async function shiftIntoPast(id: string, days: number): Promise<void> {
  await api.sql`
    UPDATE contracts SET start_date = start_date - ${days}::int, end_date = end_date - ${days}::int,
      next_boundary_at = next_boundary_at - make_interval(days => ${days}),
      settled_until = settled_until - make_interval(days => ${days}), activated_at = activated_at - make_interval(days => ${days})
    WHERE id = ${id}`;
  await clearGrantableTerms(api.sql, id);
}

function dateIn(days: number): string {
  return new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
}

function expectRefusal(answer: ApiAnswer, status: number, reasons: string[]): void {
  expect({ status: answer.status, reasons: answer.body?.reasons }).toEqual({ status, reasons });
}

describe('granting', () => {
  test('below 100 the response has the licenses, each with an id, a key of the format and its expiry', async () => {
    const contract = await addContract(api, catalogue, { quota: 500, expiry: { duration: 'P1Y' } });
    const answer = await generate(contract.id, { count: 50 });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      success: true,
      licenses_generated: 50,
      licenses_requested: 50,
      quota_remaining: 450,
    });
    const keys = answer.body.licenses.map((license: { key: string }) => license.key);
    expect(new Set(keys).size).toBe(50);
    for (const key of keys) expect(key).toMatch(/^TEST(-[A-HJ-NP-Z2-9]{5}){4}$/);
    for (const license of answer.body.licenses)
      expect(Date.parse(license.expires_at)).toBeGreaterThan(Date.now() + 364 * DAY_MS);
    expect(await quotaOf(contract.id)).toEqual({
      total: 500,
      generated: 50,
      reserved: 0,
      remaining: 450,
      utilization: 10,
      runs_out_on: null,
    });
    expect(await licensesOf(contract.id)).toBe(50);
  });

  test('99 licenses are inline and 100 are queued, with a job, its Location and reserved quota', async () => {
    const contract = await addContract(api, catalogue, { quota: 300 });
    expect((await generate(contract.id, { count: 99 })).status).toBe(201);
    const queued = await generate(contract.id, { count: 100 });
    expect(queued.status).toBe(202);
    expect(queued.body).toEqual({
      success: true,
      licenses_generated: 0,
      licenses_requested: 100,
      quota_remaining: 101,
      job_id: queued.body.job_id,
    });
    expect(queued.headers.get('location')).toBe(`/api/v1/jobs/${queued.body.job_id}`);
    expect(await quotaOf(contract.id)).toMatchObject({ generated: 99, reserved: 100, remaining: 101 });
    expect((await api.call('GET', `/jobs/${queued.body.job_id}`)).body).toMatchObject({
      state: 'QUEUED',
      requested: 100,
      completed: 0,
      percent: 0,
    });
  });

  test('grants the complete quota and no license more', async () => {
    const contract = await addContract(api, catalogue, { quota: 10 });
    expect((await generate(contract.id, { count: 10 })).body.quota_remaining).toBe(0);
    const answer = await generate(contract.id, { count: 1 });
    expectRefusal(answer, 409, ['QUOTA_EXCEEDED']);
    expect(answer.body.metadata).toMatchObject({ requested: 1, total: 10, generated: 10, reserved: 0, remaining: 0 });
  });

  test('writes one audit row for each granted request, with its request id', async () => {
    const contract = await addContract(api, catalogue, { quota: 5 });
    await generate(contract.id, { count: 5 }, { 'X-Request-Id': 'granted' });
    await generate(contract.id, { count: 1 }, { 'X-Request-Id': 'refused' });
    const rows =
      await api.sql`SELECT action, request_id, reason FROM audit_events WHERE contract_id = ${contract.id} AND action LIKE 'generation.%' ORDER BY id`;
    expect(rows.map((row) => ({ ...row }))).toEqual([
      { action: 'generation.requested', request_id: 'granted', reason: null },
    ]);
  });

  test('32 simultaneous requests never generate more than the quota', async () => {
    const contract = await addContract(api, catalogue, { quota: 100 });
    const answers = await Promise.all(
      Array.from({ length: 32 }, (_none, index) => generate(contract.id, { count: (index % 9) + 1 })),
    );
    const sold = answers
      .filter((answer) => answer.status === 201)
      .reduce((sum, answer) => sum + answer.body.licenses.length, 0);
    for (const answer of answers) expect([201, 409]).toContain(answer.status);
    expect(sold).toBeLessThanOrEqual(100);
    expect(await licensesOf(contract.id)).toBe(sold);
    expect(await quotaOf(contract.id)).toMatchObject({ generated: sold, remaining: 100 - sold });
  });

  test('an edit of features, expiry or generator applies from the next request on', async () => {
    const contract = await addContract(api, catalogue);
    await generate(contract.id, { count: 1 });
    const other = await addCatalogue(api);
    await api.sql`UPDATE generators SET product_id = ${catalogue.product_id} WHERE id = ${other.generator_id}`;
    await api.sql`UPDATE generators SET format = jsonb_set(format, '{prefix}', '"NEW"') WHERE id = ${other.generator_id}`;
    await api.call('PATCH', `/contracts/${contract.id}`, {
      body: { generator_id: other.generator_id, expiry: { date: dateIn(10) } },
    });
    const answer = await generate(contract.id, { count: 1 });
    expect(answer.body.licenses[0]).toMatchObject({
      key: expect.stringMatching(/^NEW-/),
      expires_at: `${dateIn(11)}T00:00:00.000Z`,
    });
  });
});

describe('refusing', () => {
  test('attempts are counted per minute and code in one row, which names the last attempt', async () => {
    const contract = await addContract(api, catalogue, { quota: 5 });
    await Promise.all(Array.from({ length: 20 }, () => generate(contract.id, { count: 6 })));
    await generate(contract.id, { count: 7 }, { 'X-Request-Id': 'the-last' });
    await pause(contract.id);
    await generate(contract.id, { count: 1 });
    // One row of an earlier minute, so that the order of the page is tested.
    await api.sql`
      UPDATE refused_attempts SET minute = minute - interval '1 hour' WHERE contract_id = ${contract.id} AND code = 'QUOTA_EXCEEDED'`;
    const path = `/contracts/${contract.id}/refusals`;
    const answer = await api.call('GET', path);
    const minutes = answer.body.data.map((row: { minute: string }) => row.minute);
    expect(minutes).toEqual([...minutes].sort().reverse());
    const by_code: Record<string, { attempts: number; licenses: number; last_request_id: string }> = {};
    for (const { code, attempts, licenses, last_request_id } of answer.body.data) {
      const sum = by_code[code] ?? { attempts: 0, licenses: 0, last_request_id };
      by_code[code] = { ...sum, attempts: sum.attempts + attempts, licenses: sum.licenses + licenses };
    }
    expect(by_code).toMatchObject({
      QUOTA_EXCEEDED: { attempts: 21, licenses: 127, last_request_id: 'the-last' },
      CONTRACT_INACTIVE: { attempts: 1, licenses: 1 },
    });
    const first = await api.call('GET', `${path}?limit=1`);
    const second = await api.call('GET', `${path}?limit=1&cursor=${first.body.next_cursor}`);
    expect([...first.body.data, ...second.body.data]).toEqual(answer.body.data.slice(0, 2));
  });

  test('a refusal waits for no lock, even when the contract and its quota are locked', async () => {
    const contract = await addContract(api, catalogue, { quota: 5 });
    await api.sql.begin(async (tx) => {
      await tx`SELECT FROM contracts WHERE id = ${contract.id} FOR NO KEY UPDATE`;
      await tx`SELECT FROM contract_quotas WHERE contract_id = ${contract.id} FOR UPDATE`;
      expectRefusal(await generate(contract.id, { count: 6 }), 409, ['QUOTA_EXCEEDED']);
    });
  });

  test('a draft is CONTRACT_INACTIVE with the reason that it is being configured', async () => {
    const draft = await addContract(api, catalogue, { status: 'inactive' });
    const answer = await generate(draft.id, { count: 1 });
    expectRefusal(answer, 409, ['CONTRACT_INACTIVE']);
    expect(answer.body.metadata).toMatchObject({ inactive_reason: 'CONFIGURING', state: 'DRAFT' });
  });

  test('the refusal of a scheduled contract has its start', async () => {
    const contract = await addContract(api, catalogue, { start_date: dateIn(20) });
    const answer = await generate(contract.id, { count: 1 });
    expectRefusal(answer, 409, ['CONTRACT_INACTIVE']);
    expect(answer.body.detail).toContain(dateIn(20));
  });

  test('the refusal of a paused contract names the pause and, when the quota is too small as well, both reasons', async () => {
    const contract = await addContract(api, catalogue, { quota: 10 });
    await pause(contract.id);
    const answer = await generate(contract.id, { count: 10 });
    expectRefusal(answer, 409, ['CONTRACT_INACTIVE']);
    expect(answer.body.metadata.inactive_reason).toBe('PAUSED');
    expectRefusal(await generate(contract.id, { count: 11 }), 409, ['CONTRACT_INACTIVE', 'QUOTA_EXCEEDED']);
  });

  test('a contract in its grace period is inactive, and the first reason of an expired one is CONTRACT_EXPIRED', async () => {
    const grace = await addContract(api, catalogue, {
      start_date: dateIn(-2),
      end_date: dateIn(2),
      expiry_grace_days: 30,
    });
    await shiftIntoPast(grace.id, 10);
    const in_grace = await generate(grace.id, { count: 1 });
    expectRefusal(in_grace, 409, ['CONTRACT_INACTIVE']);
    expect(in_grace.body.metadata.inactive_reason).toBe('EXPIRED_IN_GRACE');

    const over = await addContract(api, catalogue, {
      start_date: dateIn(-2),
      end_date: dateIn(2),
      quota: 5,
      expiry: { date: dateIn(1) },
    });
    await shiftIntoPast(over.id, 10);
    await api.sql`UPDATE contracts SET expiry = jsonb_build_object('date', ${dateIn(-9)}::text) WHERE id = ${over.id}`;
    const answer = await generate(over.id, { count: 6 });
    expectRefusal(answer, 409, ['CONTRACT_EXPIRED', 'CONTRACT_INACTIVE', 'QUOTA_EXCEEDED']);
    expect(answer.body.metadata.last_day).toBe(dateIn(-9));
    expect(await licensesOf(over.id)).toBe(0);
  });

  test.each([
    ['product', 'PRODUCT_INACTIVE'],
    ['generator', 'GENERATOR_NOT_AVAILABLE'],
  ])('an inactive %s is refused until it is active again', async (what, code) => {
    const other = await addCatalogue(api);
    const contract = await addContract(api, other);
    expect((await generate(contract.id, { count: 1 })).status).toBe(201);
    const path = what === 'product' ? `/products/${other.product_id}` : `/generators/${other.generator_id}`;
    expect((await api.call('PATCH', path, { body: { status: 'inactive' } })).status).toBe(200);
    expectRefusal(await generate(contract.id, { count: 1 }), 409, [code]);
    expect((await api.call('PATCH', path, { body: { status: 'active' } })).status).toBe(200);
    expect((await generate(contract.id, { count: 1 })).status).toBe(201);
  });

  test('an expiry date that has passed is refused', async () => {
    const contract = await addContract(api, catalogue);
    await api.sql`UPDATE contracts SET expiry = '{"date": "2020-01-01"}' WHERE id = ${contract.id}`;
    expectRefusal(await generate(contract.id, { count: 1 }), 409, ['EXPIRY_IN_PAST']);
  });

  test('generation stops after five draws when all keys already exist', async () => {
    const tiny = await addCatalogue(api);
    const contract = await addContract(api, tiny, { quota: 10 });
    await generate(contract.id, { count: 1 });
    await api.sql`UPDATE generators SET format = format || '{"groups": 1, "group_length": 2, "alphabet": "A"}', revision = revision + 1 WHERE id = ${tiny.generator_id}`;
    await clearGrantableTerms(api.sql, contract.id);
    expect((await generate(contract.id, { count: 1 })).body.licenses[0].key).toBe('TEST-AA');
    expectRefusal(await generate(contract.id, { count: 1 }), 409, ['GENERATOR_KEYSPACE_EXHAUSTED']);
    expect(await quotaOf(contract.id)).toMatchObject({ generated: 2, reserved: 0 });
    const { body } = await api.call('GET', `/contracts/${contract.id}/refusals`);
    expect(body.data).toMatchObject([{ code: 'GENERATOR_KEYSPACE_EXHAUSTED', attempts: 1 }]);
  });

  test.each([
    [{}, 'count'],
    [{ count: 0 }, 'count'],
    [{ count: -1 }, 'count'],
    [{ count: 1.5 }, 'count'],
    [{ count: '5' }, 'count'],
    [{ count: 10_000_001 }, 'count'],
    [{ count: null }, 'count'],
    [{ count: 1, test: 'yes' }, 'test'],
    [{ count: 1, idempotency_key: '' }, 'idempotency_key'],
    [{ count: 1, idempotency_key: 'x'.repeat(256) }, 'idempotency_key'],
    [{ count: 1, idempotency_key: 'a\u0000' }, 'idempotency_key'],
    [{ count: 1, more: true }, 'more'],
  ])('the body %j is refused with 422', async (body, path) => {
    const contract = await addContract(api, catalogue);
    const answer = await generate(contract.id, body);
    expectRefusal(answer, 422, ['VALIDATION_FAILED']);
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path);
  });
});

describe('test licenses', () => {
  test('a draft grants five in total, valid for a week, without quota', async () => {
    const draft = await addContract(api, catalogue, { status: 'inactive', quota: 1 });
    const first = await generate(draft.id, { count: 3, test: true });
    const [event] = (await api.call('GET', `/contracts/${draft.id}/events?limit=1`)).body.data;
    expect(event).toMatchObject({
      type: 'license.batch_generated',
      data: { licenses_requested: 3, licenses_generated: 3, is_test: true },
    });
    expect(first.status).toBe(201);
    for (const license of first.body.licenses) {
      expect(Math.abs(Date.parse(license.expires_at) - Date.now() - WEEK_MS)).toBeLessThan(DAY_MS);
    }
    const answer = await generate(draft.id, { count: 3, test: true });
    expectRefusal(answer, 409, ['TEST_LICENSE_LIMIT']);
    expect(answer.body.metadata).toEqual({ allowed: 5, generated: 3, requested: 3 });
    expect((await generate(draft.id, { count: 2, test: true })).body.quota_remaining).toBe(1);
    expectRefusal(await generate(draft.id, { count: 1, test: true }), 409, ['TEST_LICENSE_LIMIT']);
    expect(await quotaOf(draft.id)).toMatchObject({ generated: 0, remaining: 1 });
  });

  test('ten simultaneous requests grant no more than five', async () => {
    const draft = await addContract(api, catalogue, { status: 'inactive' });
    const answers = await Promise.all(Array.from({ length: 10 }, () => generate(draft.id, { count: 1, test: true })));
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(5);
    expect(await licensesOf(draft.id)).toBe(5);
  });

  test('in any other state they are refused', async () => {
    const active = await addContract(api, catalogue);
    expectRefusal(await generate(active.id, { count: 1, test: true }), 409, ['INVALID_STATE_TRANSITION']);
    await pause(active.id);
    expectRefusal(await generate(active.id, { count: 1, test: true }), 409, ['CONTRACT_INACTIVE']);
  });
});

describe('dry runs', () => {
  test('a dry run responds with the same shape and writes nothing', async () => {
    const contract = await addContract(api, catalogue, { quota: 500 });
    const before = await readTableDigests(api.sql);
    const inline = await generate(contract.id, { count: 50 }, { 'Idempotency-Key': 'dry-run' }, '?dry_run=true');
    expect(inline.body).toEqual({
      success: true,
      dry_run: true,
      licenses_generated: 50,
      licenses_requested: 50,
      quota_remaining: 450,
      licenses: [],
    });
    const queued = await generate(contract.id, { count: 500 }, {}, '?dry_run=true');
    expect([queued.status, queued.body]).toEqual([
      202,
      { success: true, dry_run: true, licenses_generated: 0, licenses_requested: 500, quota_remaining: 0 },
    ]);
    expect(await readTableDigests(api.sql)).toEqual(before);
    expect(
      (await generate(contract.id, { count: 50 }, { 'Idempotency-Key': 'dry-run' })).headers.get('idempotent-replayed'),
    ).toBeNull();
  });

  test('a dry run refuses what the request would refuse, and writes nothing', async () => {
    const draft = await addContract(api, catalogue, { status: 'inactive', quota: 5 });
    const active = await addContract(api, catalogue, { quota: 5 });
    const inactive = await addCatalogue(api);
    const unsourced = await addContract(api, inactive);
    await api.sql`UPDATE products SET status = 'inactive' WHERE id = ${inactive.product_id}`;
    const before = await readTableDigests(api.sql);
    const dry = (id: string, body: unknown) => generate(id, body, {}, '?dry_run=true');
    expectRefusal(await dry(draft.id, { count: 6 }), 409, ['CONTRACT_INACTIVE', 'QUOTA_EXCEEDED']);
    expectRefusal(await dry(draft.id, { count: 6, test: true }), 409, ['TEST_LICENSE_LIMIT']);
    expectRefusal(await dry(active.id, { count: 6 }), 409, ['QUOTA_EXCEEDED']);
    expectRefusal(await dry(active.id, { count: 1, test: true }), 409, ['INVALID_STATE_TRANSITION']);
    expectRefusal(await dry(unsourced.id, { count: 1 }), 409, ['PRODUCT_INACTIVE']);
    expect(await readTableDigests(api.sql)).toEqual(before);
  });
});

describe('repeating (domain.md 5.2)', () => {
  test('the same key and payload get the same status and body, with the key in the header or in the body', async () => {
    const contract = await addContract(api, catalogue);
    const first = await generate(contract.id, { count: 3, idempotency_key: 'order-1' });
    const in_body = await generate(contract.id, { idempotency_key: 'order-1', count: 3 });
    const in_header = await generate(contract.id, { count: 3 }, { 'Idempotency-Key': 'order-1' });
    const in_both = await generate(
      contract.id,
      { count: 3, test: false, idempotency_key: 'order-1' },
      { 'Idempotency-Key': 'order-1' },
    );
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    for (const again of [in_body, in_header, in_both]) {
      expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
      expect(again.body).toEqual(first.body);
    }
    expect(await licensesOf(contract.id)).toBe(3);
  });

  test('also when the contract has become inactive or the quota is used up', async () => {
    const contract = await addContract(api, catalogue, { quota: 3 });
    const first = await generate(contract.id, { count: 3, idempotency_key: 'order-2' });
    const after_quota = await generate(contract.id, { count: 3, idempotency_key: 'order-2' });
    await pause(contract.id);
    const paused = await generate(contract.id, { count: 3, idempotency_key: 'order-2' });
    for (const again of [after_quota, paused]) expect([again.status, again.body]).toEqual([201, first.body]);
  });

  test('a queued job gets the same 202 and the same job', async () => {
    const contract = await addContract(api, catalogue);
    const first = await generate(contract.id, { count: 100, idempotency_key: 'order-3' });
    const again = await generate(contract.id, { count: 100, idempotency_key: 'order-3' });
    expect([again.status, again.body, again.headers.get('location')]).toEqual([
      202,
      first.body,
      first.headers.get('location'),
    ]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await quotaOf(contract.id)).toMatchObject({ reserved: 100 });
  });

  test('another payload with the same key is 422', async () => {
    const contract = await addContract(api, catalogue);
    await generate(contract.id, { count: 3, idempotency_key: 'order-4' });
    expectRefusal(await generate(contract.id, { count: 4, idempotency_key: 'order-4' }), 422, [
      'IDEMPOTENCY_KEY_REUSED',
    ]);
    expectRefusal(await generate(contract.id, { count: 100, idempotency_key: 'order-4' }), 422, [
      'IDEMPOTENCY_KEY_REUSED',
    ]);
  });

  test('two different keys in header and body are 400', async () => {
    const contract = await addContract(api, catalogue);
    expectRefusal(await generate(contract.id, { count: 1, idempotency_key: 'a' }, { 'Idempotency-Key': 'b' }), 400, [
      'IDEMPOTENCY_KEY_CONFLICT',
    ]);
  });

  test('a refused first call stores nothing: after a raise of the quota the same key works', async () => {
    const contract = await addContract(api, catalogue, { quota: 1 });
    expectRefusal(await generate(contract.id, { count: 5, idempotency_key: 'order-5' }), 409, ['QUOTA_EXCEEDED']);
    await api.call('PATCH', `/contracts/${contract.id}`, { body: { quota: 5 } });
    const answer = await generate(contract.id, { count: 5, idempotency_key: 'order-5' });
    expect([answer.status, answer.headers.get('idempotent-replayed')]).toEqual([201, null]);
  });

  test('the same key on another contract is another request', async () => {
    const [one, two] = [await addContract(api, catalogue), await addContract(api, catalogue)];
    const first = await generate(one.id, { count: 1, idempotency_key: 'order-6' });
    const other = await generate(two.id, { count: 1, idempotency_key: 'order-6' });
    expect([other.status, other.headers.get('idempotent-replayed')]).toEqual([201, null]);
    expect(other.body.job_id).not.toBe(first.body.job_id);
  });

  test('test licenses are replayed like others', async () => {
    const draft = await addContract(api, catalogue, { status: 'inactive' });
    const first = await generate(draft.id, { count: 5, test: true, idempotency_key: 'test-1' });
    const again = await generate(draft.id, { count: 5, test: true, idempotency_key: 'test-1' });
    expect([again.status, again.body]).toEqual([201, first.body]);
    expectRefusal(await generate(draft.id, { count: 5, idempotency_key: 'test-1' }), 422, ['IDEMPOTENCY_KEY_REUSED']);
  });

  test('fifty simultaneous requests create one job and get one response', async () => {
    const contract = await addContract(api, catalogue);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => generate(contract.id, { count: 7, idempotency_key: 'order-7' })),
    );
    for (const answer of answers) expect([answer.status, answer.body]).toEqual([201, answers[0]?.body]);
    expect(answers.filter((answer) => answer.headers.get('idempotent-replayed') === null)).toHaveLength(1);
    expect(await licensesOf(contract.id)).toBe(7);
  });
});

test('an API key that was used a moment ago and is revoked generates nothing and gets no data', async () => {
  const contract = await addContract(api, catalogue, { quota: 100 });
  const { key, id } = await api.addAdmin('admin');
  const call = (body: object, query = '') =>
    api.call('POST', `/contracts/${contract.id}/generate${query}`, { key, body });
  expect((await call({ count: 1, idempotency_key: 'before' })).status).toBe(201);
  await api.sql`UPDATE admin_api_keys SET revoked_at = now() WHERE admin_id = ${id}`;
  const answers = await Promise.all([
    call({ count: 1 }),
    call({ count: 100 }),
    call({ count: 100_000 }),
    call({ count: 1, idempotency_key: 'before' }),
    call({ count: 1 }, '?dry_run=true'),
  ]);
  expect(answers.map(({ status, body }) => [status, body.code])).toEqual(answers.map(() => [401, 'INVALID_API_KEY']));
  expect(await licensesOf(contract.id)).toBe(1);
});

describe('a cached caller', () => {
  const keyOf = async (role: 'admin' | 'viewer') => {
    const { key, id } = await api.addAdmin(role);
    await api.call('GET', '/me', { key });
    return { key, id };
  };

  test.each(['super_admin', 'admin'] as const)('can generate immediately after a promotion to %s', async (role) => {
    const contract = await addContract(api, catalogue, { quota: 300 });
    const { key, id } = await keyOf(role === 'admin' ? 'viewer' : 'admin');
    expect((await api.call('PATCH', `/admins/${id}`, { body: { role } })).status).toBe(200);
    const call = (count: number) => api.call('POST', `/contracts/${contract.id}/generate`, { key, body: { count } });
    expect([(await call(1)).status, (await call(100)).status]).toEqual([201, 202]);
  });

  test('with a revoked key gets 401 before its request shape is checked', async () => {
    const contract = await addContract(api, catalogue);
    const { key, id } = await keyOf('admin');
    await api.sql`UPDATE admin_api_keys SET revoked_at = now() WHERE admin_id = ${id}`;
    const answer = await api.call('POST', `/contracts/${contract.id}/generate`, { key, body: { count: 'many' } });
    expect([answer.status, answer.body.code]).toEqual([401, 'INVALID_API_KEY']);
  });

  test('gets its own response when an equal request of a revoked key came first', async () => {
    const contract = await addContract(api, catalogue);
    const [revoked, valid] = [await keyOf('admin'), await keyOf('admin')];
    await api.sql`UPDATE admin_api_keys SET revoked_at = now() WHERE admin_id = ${revoked.id}`;
    const call = (key: string) =>
      api.call('POST', `/contracts/${contract.id}/generate`, { key, body: { count: 1, idempotency_key: 'rotated' } });
    const answers = await Promise.all([call(revoked.key), call(valid.key)]);
    expect(answers.map(({ status }) => status)).toEqual([401, 201]);
  });
});

test('a request that arrives during a lookup of its key gets a new lookup', async () => {
  const { key, id } = await api.addAdmin('admin');
  const parsed = parseApiKey(key) as ApiKey;
  const looked: Promise<unknown>[] = [];
  await api.sql.begin(async (holder) => {
    // The first lookup has read the key and waits to store when it was used.
    await holder`LOCK TABLE admin_api_keys IN SHARE ROW EXCLUSIVE MODE`;
    looked.push(api.api.authenticate(parsed));
    await waitUntilBlocked(api.sql);
    looked.push(api.api.authenticate(parsed));
    await holder`UPDATE admin_api_keys SET revoked_at = now() WHERE admin_id = ${id}`;
  });
  expect(await Promise.all(looked)).toEqual([expect.objectContaining({ id }), undefined]);
});
