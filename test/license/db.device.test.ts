/** Devices of licenses in Postgres: `use_device` decides as the domain explains, and keeps the limit after every step. */
import fc from 'fast-check';
import { useDevice } from '../../db/license/device';
import type { UsedLicense } from '../../db/license/device';
import { findAskedLicenses } from '../../db/license/validation';
import type { Database } from '../../db/base/database';
import { DEVICE_ACTIONS, deviceRefusal } from '../../domain/license/device';
import type { DeviceAction } from '../../domain/license/device';
import { ISSUED_LICENSES_POLICIES } from '../../domain/contract/issued-licenses';
import { validate } from '../../domain/license/validation';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { buildContract, requestJob } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';

const NOW = '2027-06-15T12:00:00.000Z';
const INSTANTS = ['2027-06-15T11:59:59.999Z', NOW, '2027-06-15T12:00:00.001Z'];
const LOCK_MS = 10_000;
const LEASE_MINUTES = 10;

let database: TestDatabase;
let sql: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
afterAll(() => database.drop());

async function addLicense(options: Parameters<typeof buildContract>[1] = {}): Promise<{ id: string; key: string; contract_id: string }> {
  const { facts } = await buildContract(sql, { now: '2027-01-01T00:00:00.000Z', ...options });
  const { serial } = await requestJob(sql, facts.id, 1, { now: '2027-01-01T00:00:00.000Z' });
  const [license] = await sql<[{ id: string; key: string }]>`SELECT id, key FROM licenses WHERE id >> 24 = ${serial}`;
  return { ...license, contract_id: facts.id };
}

async function use(key: string, action: DeviceAction, device_id: string, now = NOW, asks: object = {}): Promise<UsedLicense> {
  const used = await useDevice(sql, { action, key, device_id, device_name: null, now, ...asks }, null, LOCK_MS);
  if (!used) throw new Error('the key is unknown');
  return used;
}

const instant = fc.option(fc.constantFrom(...INSTANTS), { freq: 2 });
const device = fc.record({ device_id: fc.constantFrom('a', 'b', 'c'), leased_until: instant });

test('what is not done has a reason, what is done has none, and a validation agrees with both', async () => {
  const licenses = { standard: await addLicense(), pool: await addLicense({ type: 'pool' }) };
  const [customer] = await sql<[{ id: string }]>`
    INSERT INTO customers (email, name, created_at, updated_at) VALUES ('holder@example.com', 'Holder', now(), now()) RETURNING id`;
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        type: fc.constantFrom('standard' as const, 'pool' as const),
        is_assigned: fc.boolean(),
        is_foreign: fc.constantFrom(null, null, 'product_code', 'environment'),
        facts: fc.record({
          held_until: instant,
          activated_at: instant,
          suspended_at: fc.option(fc.constant(NOW), { freq: 2 }),
          revoked_at: fc.option(fc.constant(NOW), { freq: 2 }),
          expires_at: instant,
        }),
        devices: fc.uniqueArray(device, { selector: ({ device_id }) => device_id, maxLength: 3 }),
        limit: fc.option(fc.integer({ min: 1, max: 3 })),
        policy: fc.constantFrom(...ISSUED_LICENSES_POLICIES),
        hold: fc.option(fc.constantFrom('billing', 'compliance'), { freq: 2 }),
        action: fc.constantFrom(...DEVICE_ACTIONS),
      }),
      async ({ type, is_assigned, is_foreign, facts, devices, limit, policy, hold, action }) => {
        const { id, key, contract_id } = licenses[type];
        const owner = { customer_id: is_assigned ? customer.id : null, assigned_at: is_assigned ? NOW : null };
        await sql`DELETE FROM license_devices`;
        await sql`DELETE FROM contract_holds`;
        await sql`DELETE FROM license_facts WHERE license_id = ${id}`;
        await sql`INSERT INTO license_facts ${sql({ license_id: id, ...facts, ...owner })}`;
        for (const { device_id, leased_until } of devices)
          await sql`INSERT INTO license_devices ${sql({ license_id: id, device_id, activated_at: NOW, seen_at: NOW, leased_until })}`;
        await sql`UPDATE license_terms SET activation_limit = ${limit} WHERE contract_id = ${contract_id}`;
        await sql`UPDATE contracts SET state = ${hold === null ? 'ACTIVE' : 'SUSPENDED'}, on_suspend = ${sql.json({ issued_licenses: policy })}
          WHERE id = ${contract_id}`;
        if (hold !== null)
          await sql`INSERT INTO contract_holds (contract_id, source, code, placed_at, placed_by) VALUES (${contract_id}, ${hold}, 'TEST', ${NOW}, 'test')`;

        const [asked] = await findAskedLicenses(sql, [{ key, device_id: 'a', now: NOW }]);
        const asks = action === 'activate' && is_foreign !== null ? { [is_foreign]: 'another' } : {};
        const used = await use(key, action, 'a', NOW, asks);
        const refusal = deviceRefusal({ action, device_id: 'a', ...asks }, used, NOW);
        expect([used.done, refusal?.code ?? null]).toEqual([refusal === null, refusal?.code ?? null]);
        const { other_devices, has_place } = used;
        expect(asked).toMatchObject({ other_devices, has_place, suspended_by: used.suspended_by, is_pooled: used.is_pooled });
        expect(used.is_pooled).toBe(type === 'pool');
        // If a license is valid on a device, a heartbeat of the device is not refused.
        const { code } = validate(asked, { device_id: 'a' }, NOW);
        if (code === 'VALID' && action === 'heartbeat') expect(used.done).toBe(true);
      },
    ),
    { numRuns: 150 },
  );
});

test('a device that waits for another transaction is judged by what that committed', async () => {
  const { key } = await addLicense({ activation_limit: 1 });
  // The license has facts, so only its lock makes the second device wait.
  await use(key, 'activate', 'a');
  await use(key, 'deactivate', 'a');
  const waiting: Promise<UsedLicense>[] = [];
  await sql.begin(async (tx) => {
    const activation = { action: 'activate', key, device_id: 'b', device_name: null, now: NOW } as const;
    expect(await useDevice(tx, activation, null, LOCK_MS)).toMatchObject({ done: true });
    waiting.push(use(key, 'activate', 'c'));
    await waitUntilBlocked(sql);
  });
  expect(await waiting[0]).toMatchObject({ done: false, other_devices: 1 });
});

type Step =
  | { kind: 'use'; action: DeviceAction; device_id: string }
  | { kind: 'wait'; minutes: number };

test('after any steps, the active devices are those of the model and never more than the limit', async () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({
        kind: fc.constant('use' as const),
        action: fc.constantFrom(...DEVICE_ACTIONS),
        device_id: fc.constantFrom('a', 'b', 'c', 'd'),
      }),
      fc.record({ kind: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: LEASE_MINUTES }) }),
    ),
    { maxLength: 25 },
  );
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), fc.integer({ min: 1, max: 3 }), async (given: Step[], is_leased, limit) => {
      const device_lease_minutes = is_leased ? LEASE_MINUTES : null;
      const { id, key } = await addLicense({ activation_limit: limit, device_lease_minutes });
      /** The minute until which each stored device has its place. */
      const model = new Map<string, number>();
      let minute = 0;
      const at = (of: number): string => new Date(Date.parse(NOW) + of * 60_000).toISOString();
      const active = (): string[] => [...model].filter(([, until]) => until > minute).map(([device_id]) => device_id);
      for (const step of given) {
        if (step.kind === 'wait') minute += step.minutes;
        else {
          const { action, device_id } = step;
          const { done } = await use(key, action, device_id, at(minute));
          const others = active().filter((other) => other !== device_id);
          const has_room = active().includes(device_id) || others.length < limit;
          const expected = action === 'deactivate' || (has_room && (action === 'activate' || model.has(device_id)));
          expect([step, done]).toEqual([step, expected]);
          if (done && action === 'deactivate') model.delete(device_id);
          else if (done) model.set(device_id, is_leased ? minute + LEASE_MINUTES : Infinity);
          // An activation removes the devices whose lease is over.
          if (done && action === 'activate') for (const other of [...model.keys()]) if (!active().includes(other)) model.delete(other);
        }
        const rows = await sql<{ device_id: string }[]>`
          SELECT device_id FROM license_devices WHERE license_id = ${id} AND coalesce(leased_until > ${at(minute)}, true) ORDER BY device_id`;
        expect(rows.map(({ device_id }) => device_id)).toEqual(active().sort());
        expect(rows.length).toBeLessThanOrEqual(limit);
      }
    }),
    { numRuns: 20 },
  );
});
