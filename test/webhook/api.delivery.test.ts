/** Deliveries of webhooks as people see them, and what they can do about them. */
import { insertDomainEvents } from '../../db/contract/domain-event';
import type { Recovered } from '../../db/webhook/recovery';
import type { EventType } from '../../domain/webhook/event';
import { recordAttempts } from '../../db/webhook/delivery';
import { failOwed, lockEndpoint } from '../../db/webhook/endpoint';
import { ATTEMPTS_MAX } from '../../domain/webhook/attempt';
import { endedAttempt } from '../../transactions/webhook/attempt';
import { recoverEndpoint } from '../../transactions/webhook/recover';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { NOON } from '../harness/contract-facts';
import { buildContract } from '../harness/contract-rows';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { expectRefusal, wrongFieldsOf } from '../harness/expect-refusal';
import { buildDelivery, buildEndpoint } from '../harness/webhook-rows';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const idsOf = async (query: string): Promise<string[]> =>
  (await api.call('GET', `/deliveries?${query}`)).body.data.map(({ id }: { id: string }) => id);

test('deliveries are listed by each filter, newest first', async () => {
  const { id: contract_id } = (await buildContract(api.sql)).facts;
  const endpoint_id = await buildEndpoint(api.sql, { contract_id });
  const other = await buildEndpoint(api.sql);
  const failed = { ended: { status: 'failed' }, environment: 'staging' } as const;
  const first = (await buildDelivery(api.sql, { endpoint_id, contract_id })).id;
  const second = (await buildDelivery(api.sql, { endpoint_id, contract_id, ...failed })).id;
  const third = (await buildDelivery(api.sql, { endpoint_id: other, event_type: 'pool.low_water' })).id;
  expect(await idsOf('')).toEqual([third, second, first]);
  expect(await idsOf(`endpoint_id=${endpoint_id}`)).toEqual([second, first]);
  expect(await idsOf(`contract_id=${contract_id}`)).toEqual([second, first]);
  expect(await idsOf('status=failed')).toEqual([second]);
  expect(await idsOf('status=owed')).toEqual([third, first]);
  expect(await idsOf('event_type=pool.low_water')).toEqual([third]);
  expect(await idsOf('environment=staging')).toEqual([second]);
});

describe('a delivery', () => {
  const KEY = 'PRO-7K2MW-9QXHD';
  const QUOTED = 'OLD "KEY" 118';
  const body = JSON.stringify({ type: 'license.batch_generated', data: { licenses: [{ key: KEY }, { key: QUOTED }] } });

  test('shows its payload and what each attempt means', async () => {
    const { id } = await buildDelivery(api.sql, {
      endpoint_id: await buildEndpoint(api.sql),
      attempts: [
        { outcome: 'failed', failure: 'certificate', detail: 'certificate has expired' },
        { outcome: 'failed', http_status: 302, excerpt: 'Moved' },
        { outcome: null },
      ],
      due_in_s: 60,
      body,
    });
    const shown = (await api.call('GET', `/deliveries/${id}`)).body;
    expect(shown).toMatchObject({ status: 'owed', attempts: 3, payload: body, url: 'https://receiver.example' });
    expect(shown.next_attempt_at > shown.created_at).toBe(true);
    expect(shown.attempts_made.map(({ meaning }: { meaning: string }) => meaning)).toEqual([
      expect.stringContaining('certificate'),
      expect.stringContaining('Redirects are not followed'),
      expect.stringContaining('in flight'),
    ]);
    expect(shown.last_attempt).toMatchObject({ number: 3, outcome: null });
  });

  test('shows license keys, and answers that repeat them, to admins only', async () => {
    const excerpt = `{"got":[${JSON.stringify(KEY)},${JSON.stringify(QUOTED)}],"cut":"PRO-7K2MW`;
    const { id } = await buildDelivery(api.sql, {
      endpoint_id: await buildEndpoint(api.sql),
      attempts: [{ outcome: 'failed', http_status: 500, excerpt }],
      body,
    });
    const read = async (key: string) => (await api.call('GET', `/deliveries/${id}`, { key })).body;
    const full = await read(api.keys.admin);
    expect([full.payload, full.attempts_made[0].excerpt]).toEqual([body, excerpt]);
    for (const key of [api.keys.operator, api.keys.viewer]) {
      const { payload, attempts_made } = await read(key);
      expect(JSON.parse(payload).data.licenses).toEqual([{ key: '…QXHD' }, { key: '… 118' }]);
      expect(attempts_made[0].excerpt).toBe('{"got":["…QXHD","… 118"],"cut":"…');
    }
  });
});

describe('a delivery that is asked for again', () => {
  const redeliver = (id: string) => api.call('POST', `/deliveries/${id}/redeliver`);
  const rowOf = async (id: string) => {
    const [row] = await api.sql`
      SELECT status, attempts, attempts_before_redelivery AS before, due_at <= now() AS is_due, ended_at FROM webhook_deliveries WHERE id = ${id}`;
    return { ...row };
  };
  const auditsOf = async (id: string): Promise<number> =>
    (await api.sql`SELECT FROM audit_events WHERE subject_id = ${id} AND action = 'webhook_delivery.redelivered'`)
      .count;

  test('is due at once with a retry schedule that begins again, and its endpoint is woken, once', async () => {
    const endpoint_id = await buildEndpoint(api.sql);
    const attempts = [{ outcome: 'failed' }, { outcome: 'failed' }] as const;
    const ids = [
      await buildDelivery(api.sql, { endpoint_id, attempts: [...attempts], ended: { status: 'failed' } }),
      await buildDelivery(api.sql, { endpoint_id, attempts: [...attempts], ended: { status: 'delivered' } }),
      await buildDelivery(api.sql, { endpoint_id, attempts: [...attempts], due_in_s: 3_600 }),
    ].map(({ id }) => id);
    const woken: string[] = [];
    let last = (): void => undefined;
    const complete = new Promise<void>((resolve) => (last = resolve));
    const { unlisten } = await api.sql.listen('webhooks', (text) => (text === 'last' ? last() : woken.push(text)));
    for (const id of [...ids, ...ids]) {
      const { status, body } = await redeliver(id);
      expect([status, body.status]).toEqual([200, 'owed']);
    }
    await api.sql.notify('webhooks', 'last');
    await complete;
    await unlisten();
    for (const id of ids) {
      expect(await rowOf(id)).toEqual({ status: 'owed', attempts: 2, before: 2, is_due: true, ended_at: null });
      expect(await auditsOf(id)).toBe(1);
    }
    expect(woken).toEqual(ids.map(() => endpoint_id));
  });

  test('waits for the removal of its endpoint without a deadlock', async () => {
    const endpoint_id = await buildEndpoint(api.sql);
    const { id } = await buildDelivery(api.sql, { endpoint_id });
    let answered: ReturnType<typeof redeliver> | undefined;
    await api.sql.begin(async (tx) => {
      await lockEndpoint(tx, endpoint_id);
      answered = redeliver(id);
      await waitUntilBlocked(api.sql);
      await tx`SET LOCAL lock_timeout = '100ms'`;
      expect(await failOwed(tx, endpoint_id, NOON, 10)).toBe(1);
      await tx`UPDATE webhook_endpoints SET status = 'removed' WHERE id = ${endpoint_id}`;
    });
    expectRefusal(await answered!, 409, 'WEBHOOK_ENDPOINT_REMOVED');
  });

  test('is not attempted twice at once: the attempt in flight is the first of the schedule', async () => {
    const endpoint_id = await buildEndpoint(api.sql);
    const { id, event_id } = await buildDelivery(api.sql, {
      endpoint_id,
      attempts: [{ outcome: 'failed' }, { outcome: 'failed' }, { outcome: null }],
      due_in_s: 30,
    });
    for (let call = 0; call < 2; call++) expect((await redeliver(id)).status).toBe(200);
    expect(await rowOf(id)).toMatchObject({ status: 'owed', before: 2, is_due: false });
    expect(await auditsOf(id)).toBe(1);
    // The process that makes the attempt took it as the last one.
    const now = new Date(Date.now() - 1_000).toISOString();
    const taken = { id, event_id, number: 3, attempts: ATTEMPTS_MAX, url: '', body: '' };
    const result = { answered: false, why: 'dns', detail: '', latency_ms: 1 } as const;
    await recordAttempts(api.sql, endpoint_id, [endedAttempt(taken, result, { at: now, now })], now);
    expect(await rowOf(id)).toMatchObject({ status: 'owed', attempts: 3, before: 2, is_due: true });
  });

  test('is refused while its endpoint is disabled, and after it was removed', async () => {
    for (const [status, code] of [
      ['disabled', 'WEBHOOK_ENDPOINT_DISABLED'],
      ['removed', 'WEBHOOK_ENDPOINT_REMOVED'],
    ] as const) {
      const { id } = await buildDelivery(api.sql, { endpoint_id: await buildEndpoint(api.sql, { status }) });
      expect((await api.call('GET', `/deliveries/${id}`)).body.allowed_actions).toEqual({ redeliver: { code } });
      expectRefusal(await redeliver(id), 409, code);
      expect(await rowOf(id)).toMatchObject({ before: 0 });
    }
    const { id } = await buildDelivery(api.sql, { endpoint_id: await buildEndpoint(api.sql, { status: 'ending' }) });
    expect((await redeliver(id)).status).toBe(200);
  });
});

describe('an endpoint that was away', () => {
  const HOUR_MS = 3_600_000;
  const ago = (millis: number): string => new Date(Date.now() - millis).toISOString();
  const recover = (id: string, since: string, query = '') =>
    api.call('POST', `/webhook-endpoints/${id}/recover${query}`, { body: { since } });
  const statusesOf = async (endpoint_id: string): Promise<string> =>
    (
      await api.sql`SELECT event_type || ' ' || status AS text FROM webhook_deliveries WHERE endpoint_id = ${endpoint_id} ORDER BY event_id`
    )
      .map(({ text }) => text)
      .join(', ');

  /** Writes events of a contract; returns their ids. */
  async function writeEvents(contract_id: string, types: EventType[]): Promise<string[]> {
    const ids: string[] = [];
    for (const type of types) {
      const data = { contract_id, available: 9, low_water: 10 };
      await api.sql.begin((tx) =>
        insertDomainEvents(tx, contract_id, [{ at: NOON, type, environment: 'production', data } as never]),
      );
      const [row] = await api.sql`SELECT max(id::text) AS id FROM domain_events WHERE contract_id = ${contract_id}`;
      ids.push(row?.['id']);
    }
    return ids;
  }

  test('is owed once what failed and what it missed of its scope and filter, and nothing that was delivered or is owed', async () => {
    const { id: contract_id } = (await buildContract(api.sql)).facts;
    const before = await buildEndpoint(api.sql, { contract_id });
    await writeEvents(contract_id, ['pool.low_water', 'pool.low_water', 'pool.low_water']);
    const [failed, delivered] =
      await api.sql`SELECT id FROM webhook_deliveries WHERE endpoint_id = ${before} ORDER BY id`;
    await api.sql`
      UPDATE webhook_deliveries SET status = CASE WHEN id = ${failed?.['id']} THEN 'failed' ELSE 'delivered' END, attempts = 10, due_at = NULL, ended_at = now()
      WHERE id IN (${failed?.['id']}, ${delivered?.['id']})`;
    await api.sql`UPDATE webhook_endpoints SET status = 'disabled', disabled_at = now(), disabled_reason = 'failing', events = '{pool.*}' WHERE id = ${before}`;
    await writeEvents(contract_id, ['license.revoked', 'pool.low_water']);
    await writeEvents((await buildContract(api.sql)).facts.id, ['pool.low_water']);

    expectRefusal(await recover(before, ago(HOUR_MS)), 409, 'WEBHOOK_ENDPOINT_DISABLED');
    await api.sql`UPDATE webhook_endpoints SET status = 'enabled', disabled_at = NULL, disabled_reason = NULL WHERE id = ${before}`;
    const low = 'pool.low_water';
    const untouched = `${low} failed, ${low} delivered, ${low} owed`;
    const dry = await recover(before, ago(HOUR_MS), '?dry_run=true');
    expect(dry.body).toMatchObject({ failed: 1, missed: 1, continue_since: null, dry_run: true });
    expect(await statusesOf(before)).toBe(untouched);

    expect((await recover(before, ago(HOUR_MS))).body).toMatchObject({ failed: 1, missed: 1, continue_since: null });
    expect(await statusesOf(before)).toBe(`${low} owed, ${low} delivered, ${low} owed, ${low} owed`);
    expect((await recover(before, ago(HOUR_MS))).body).toMatchObject({ failed: 0, missed: 0 });
    const audits = await api.sql`SELECT after FROM audit_events WHERE subject_id = ${before}`;
    expect(audits.map(({ after }) => after)).toEqual([expect.objectContaining({ failed: 1, missed: 1 })]);
  });

  test('is owed many in parts, each of which says where the next one begins', async () => {
    const { id: contract_id } = (await buildContract(api.sql)).facts;
    await writeEvents(contract_id, Array<EventType>(5).fill('pool.low_water'));
    const id = await buildEndpoint(api.sql, { contract_id, events: ['pool.*'] });
    const now = new Date().toISOString();
    const act = { now, actor: { type: 'system', id: 'test', name: 'Test' }, request_id: null } as const;
    const counts: number[] = [];
    let since: string | null = ago(HOUR_MS);
    for (const limits of [{ owed_max: 2 }, { looked_max: 2 }, {}]) {
      const recovered: unknown = await api.sql.begin((tx) =>
        recoverEndpoint(tx, { id, since: since! }, act, { retention_days: 30, ...limits }),
      );
      const { missed, continue_since } = recovered as Recovered;
      counts.push(missed);
      since = continue_since;
    }
    expect([counts.reduce((sum, count) => sum + count), counts[0], since]).toEqual([5, 2, null]);
  });

  test('cannot be recovered for longer than deliveries are kept, nor in the future, nor since what is no instant', async () => {
    const id = await buildEndpoint(api.sql);
    for (const since of [ago(31 * 24 * HOUR_MS), ago(-24 * HOUR_MS), 'x', '3500-01-01T00:00:00Z']) {
      const answer = await recover(id, since);
      expectRefusal(answer, 422, 'VALIDATION_FAILED');
      expect(wrongFieldsOf(answer)).toEqual(['since']);
    }
  });
});
