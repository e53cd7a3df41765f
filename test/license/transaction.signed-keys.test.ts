/** Batches that are signed while the next one is read: in order, a bounded number at once, and with their errors. */
import fc from 'fast-check';
import type { Sql } from '../../db/base/database';
import type { LicenseRow } from '../../db/license/license';
import { createSignedKeys, withSignedBatches } from '../../transactions/license/signed-keys';

const SEED = 20_261_127;

/** Batches of a number each; counts those that were read and not yet taken. */
function countedBatches(count: number) {
  const state = { read: 0, taken: 0, ahead_max: 0 };
  async function* batches(): AsyncGenerator<number[]> {
    for (let n = 0; n < count; n++) {
      state.read++;
      state.ahead_max = Math.max(state.ahead_max, state.read - state.taken);
      yield [n];
    }
  }
  return { state, batches: batches() };
}

/** Waits for a number of microtasks. */
async function after(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await Promise.resolve();
}

test('batches keep their order and are read at most two ahead, however long each is signed and whichever are signed', async () => {
  const turns = fc.array(fc.option(fc.nat({ max: 20 })), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(turns, async (taken) => {
      const { state, batches } = countedBatches(taken.length);
      const sign = (batch: number[]) => {
        const turns_of_batch = taken[batch[0] as number] ?? null;
        return turns_of_batch === null ? null : after(turns_of_batch).then(() => batch.map((n) => n + 0.5));
      };
      const seen: number[] = [];
      for await (const batch of withSignedBatches(batches, sign)) {
        seen.push(...batch);
        state.taken++;
      }
      expect(seen).toEqual(taken.map((signed, n) => (signed === null ? n : n + 0.5)));
      expect(state.ahead_max).toBeLessThanOrEqual(2);
    }),
    { seed: SEED, numRuns: 100 },
  );
});

test('a process without a sealing key shows signed licenses by their keys, and reports it once', async () => {
  const reports: string[] = [];
  const shown = createSignedKeys(undefined, (_, reason) => reports.push(reason));
  const rows = [{ key: 'A', is_signed: true }] as LicenseRow[];
  const now = '2027-01-01T00:00:00.000Z';
  for (const given of [[{ is_signed: false }] as LicenseRow[], rows, rows])
    expect(await shown.ofRows({} as Sql, given, now)).toBe(given);
  expect(reports).toEqual([expect.stringContaining('COVENANT_SEALING_KEYS is not set')]);
});

test('a batch that cannot be signed ends the stream with its error after the batches before it', async () => {
  const { batches } = countedBatches(4);
  const seen: number[] = [];
  const stream = withSignedBatches(batches, (batch) =>
    batch[0] === 2 ? Promise.reject(new Error('not signed')) : Promise.resolve(batch),
  );
  const reading = (async () => {
    for await (const batch of stream) seen.push(...batch);
  })();
  await expect(reading).rejects.toThrow('not signed');
  expect(seen).toEqual([0, 1]);
});
