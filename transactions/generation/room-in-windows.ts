/**
 * Remembers the contracts whose last requests were all admitted by their rate windows. Until the minute ends, the next requests are
 * expected to be admitted too, and the statement that counts them together is sent (db/generation/counted-grant.ts). Only that statement
 * decides: a wrong expectation costs one more statement.
 */
import { LRUCache } from 'lru-cache';
import { millisOf } from '../../domain/base/instant';
import type { Admission } from '../../domain/generation/rate';

/** The most contracts that are remembered. The requests of others are judged one by one. */
const CONTRACTS_MAX = 10_000;

export interface RoomInWindows {
  isExpected(contract_id: string): boolean;
  /** Takes the admissions of the last statement for a contract. */
  learn(contract_id: string, admissions: Iterable<Admission>): void;
}

export function createRoomInWindows(): RoomInWindows {
  /** The ends of the minutes, on the monotonic clock. */
  const ends_ms = new LRUCache<string, number>({ max: CONTRACTS_MAX });
  return {
    isExpected: (contract_id) => (ends_ms.get(contract_id) ?? 0) > performance.now(),
    learn(contract_id, admissions) {
      const all = [...admissions];
      const counts = all[0]?.counts;
      const minute = counts?.windows.find(({ window }) => window === 'minute');
      if (!counts || !minute || all.some(({ outcome }) => outcome !== 'admitted')) ends_ms.delete(contract_id);
      else ends_ms.set(contract_id, performance.now() + millisOf(minute.reset) - millisOf(counts.at));
    },
  };
}
