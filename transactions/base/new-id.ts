/**
 * Ids in the order of time, by the clock of Postgres.
 *
 * Lists and the order of amendments use these ids, so the clock of the process, which may be wrong, must not create them.
 */
import { V7Generator } from 'uuidv7';
import { millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';

const generator = new V7Generator();

/** A new UUIDv7 of this instant; ids of one process and one instant keep their order. `now` is real time (db/base/clock.ts). */
export function newId(now: Instant): string {
  return generator.generateOrResetWithTs(millisOf(now)).toString();
}
