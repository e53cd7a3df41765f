/**
 * Ids in the order of time, by the clock of Postgres.
 *
 * Lists and the order of amendments use these ids, so the clock of the process, which may be wrong, must not create them.
 */
import { randomFillSync } from 'node:crypto';
import { V7Generator } from 'uuidv7';
import { millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';

/** Random numbers that are drawn at one time: each draw costs more than the rest of an id. The generator itself draws eight. */
const RANDOM_NUMBERS = 1_024;

const random = new Uint32Array(RANDOM_NUMBERS);
let used = RANDOM_NUMBERS;
const generator = new V7Generator({
  nextUint32() {
    if (used === RANDOM_NUMBERS) {
      randomFillSync(random);
      used = 0;
    }
    return random[used++] ?? 0;
  },
});

/** A new UUIDv7 of this instant; ids of one process and one instant keep their order. `now` is real time (db/base/clock.ts). */
export function newId(now: Instant): string {
  return generator.generateOrResetWithTs(millisOf(now)).toString();
}
