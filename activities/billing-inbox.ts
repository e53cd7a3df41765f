/**
 * Finding out what parked billing events concern, by asking the billing systems that sent them.
 *
 * A system that does not answer is left alone until the next sweep; nothing is guessed in its place.
 */
import { BillingUnreachable } from '../domain/billing-event';
import type { BillingPort, BillingSource } from '../domain/billing-event';
import type { Instant } from '../domain/instant';
import { identifyBillingEvent, postponeParkedBillingEvent, unidentifiedBillingEvents } from '../db/billing-inbox';
import type { Database } from '../db/index';

/** Events asked about in one sweep, and for how long; what is left comes first in the next. */
const IDENTIFIED_MAX = 100;
const IDENTIFYING_MS_MAX = 15_000;

export type BillingPorts = ReadonlyMap<BillingSource, BillingPort>;

export function createBillingInboxActivities({ db, billingPorts }: { db: Database; billingPorts: BillingPorts }) {
  return {
    /** Identifies parked events that are due, and answers the contracts that have one to apply now. Safe to run twice. */
    async identifyParkedEvents({ now }: { now: Instant }): Promise<string[]> {
      const ends_at = performance.now() + IDENTIFYING_MS_MAX;
      const silent = new Set<BillingSource>();
      const contracts = new Set<string>();
      for (const event of await unidentifiedBillingEvents(db, { now, limit: IDENTIFIED_MAX })) {
        if (performance.now() > ends_at) break;
        if (silent.has(event.source)) continue;
        try {
          const found = await billingPorts.get(event.source)?.identify(event.raw);
          if (found === undefined) await postponeParkedBillingEvent(db, event.id, now);
          else {
            const contract_id = await identifyBillingEvent(db, event.id, found, now);
            if (contract_id !== null) contracts.add(contract_id);
          }
        } catch (error) {
          if (!(error instanceof BillingUnreachable)) throw error;
          silent.add(event.source);
          await postponeParkedBillingEvent(db, event.id, now);
        }
      }
      return [...contracts];
    },
  };
}
