/** `admit_requests` judges like a model that is written from domain.md 5.6 alone, for any limits, times and requests. */
import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { admitRequests, findRateCounts, saveRateLimits } from '../../db/generation/rate';
import type { RateLimits } from '../../domain/contract/rate-limits';
import { buildContract } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { controlRateClock } from '../harness/rate-clock';

const START = Date.parse('2026-02-28T23:58:00.000Z');

let database: TestDatabase;
let sql: TestDatabase['sql'];
let setTime: Awaited<ReturnType<typeof controlRateClock>>;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
  setTime = await controlRateClock(sql, new Date(START).toISOString());
});
afterAll(() => database.drop());

const anyLimit = fc.option(fc.integer({ min: 1, max: 12 }), { freq: 2 });
const anyWindows = fc.record({ per_minute: anyLimit, per_hour: anyLimit, per_day: anyLimit });
const anyLimits: fc.Arbitrary<RateLimits> = fc
  .tuple(anyWindows, anyWindows)
  .map(([requests, licenses]) => ({ ...requests, licenses }));

/** Requests at one moment, as counts of licenses; or new limits. The clock goes forward, and sometimes a little back. */
const anyStep = fc.oneof(
  { weight: 5, arbitrary: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 6 }) },
  { weight: 1, arbitrary: anyLimits },
);
const anyHistory = fc.array(
  fc.record({ wait_s: fc.constantFrom(0, 0, 1, 29, 60, 1_800, 40_000, -30), step: anyStep }),
  { minLength: 1, maxLength: 12 },
);

const WINDOWS = [
  { field: 'per_minute', length_ms: 60_000 },
  { field: 'per_hour', length_ms: 3_600_000 },
  { field: 'per_day', length_ms: 86_400_000 },
] as const;

/**
 * The model: a list of all admitted requests, each with the windows in which it was admitted. Windows do not go back behind those in
 * which something was admitted; a request that is refused changes nothing, so the windows that it saw are not remembered.
 */
function createModel() {
  let latest = WINDOWS.map(() => -Infinity);
  const admitted: { starts: number[]; licenses: number }[] = [];
  return (at_ms: number, limits: RateLimits, counts: readonly number[]): string[] => {
    const starts = WINDOWS.map(({ length_ms }, index) =>
      Math.max(latest[index] as number, Math.floor(at_ms / length_ms) * length_ms),
    );
    return counts.map((licenses) => {
      const tooLarge = WINDOWS.some(({ field }) => licenses > (limits.licenses[field] ?? Infinity));
      if (tooLarge) return 'too_large';
      const fits = WINDOWS.every(({ field }, index) => {
        const before = admitted.filter((request) => request.starts[index] === starts[index]);
        const sum = before.reduce((total, request) => total + request.licenses, 0);
        return (
          before.length + 1 <= (limits[field] ?? Infinity) && sum + licenses <= (limits.licenses[field] ?? Infinity)
        );
      });
      if (!fits) return 'limited';
      admitted.push({ starts, licenses });
      latest = starts;
      return 'admitted';
    });
  };
}

test('requests are judged and counted as the model says', async () => {
  const { facts } = await buildContract(sql);
  await fc.assert(
    fc.asyncProperty(anyLimits, anyHistory, (first, history) =>
      // One transaction, so that a run writes nothing to disk.
      sql.begin(async (tx) => {
        const judge = createModel();
        let limits = first;
        let at_ms = START;
        await tx`DELETE FROM contract_rates WHERE contract_id = ${facts.id}`;
        // A row exists from the first limits on.
        await saveRateLimits(tx, facts.id, { ...limits, per_day: 12 });
        await saveRateLimits(tx, facts.id, limits);
        for (const { wait_s, step } of history) {
          at_ms += wait_s * 1_000;
          await setTime(new Date(at_ms).toISOString(), tx);
          if (!Array.isArray(step)) {
            limits = step;
            await saveRateLimits(tx, facts.id, limits);
            continue;
          }
          const requests = step.map((requested) => ({ requested, idempotency_key: null }));
          const admissions = await admitRequests(tx, facts.id, requests);
          expect(admissions.map(({ outcome }) => outcome)).toEqual(judge(at_ms, limits, step));
        }
      }),
    ),
    { numRuns: 100 },
  );
});

test('requests for a contract without limits are admitted, and those for one that does not exist are not judged', async () => {
  const { facts } = await buildContract(sql);
  const request = { requested: 7, idempotency_key: 'a' };
  expect(await admitRequests(sql, facts.id, [request, request])).toEqual([
    { outcome: 'admitted', counts: null },
    { outcome: 'admitted', counts: null },
  ]);
  expect(await admitRequests(sql, randomUUID(), [request])).toEqual([]);
  expect(await findRateCounts(sql, facts.id)).toBeNull();
});
