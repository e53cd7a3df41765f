/**
 * Finds the contract and invoice of parked billing events by asking the billing systems that sent them.
 *
 * A system that does not answer is not asked again before the next sweep, and its events stay parked.
 */
import { BILLING_SOURCES, BillingUnreachable } from '../../domain/billing/billing-event';
import type { BillingPort, BillingSource } from '../../domain/billing/billing-event';
import type { Instant } from '../../domain/base/instant';
import {
  identifyBillingEvent,
  postponeParkedBillingEvent,
  listUnidentifiedBillingEvents,
} from '../../db/billing/billing-event';
import type { UnidentifiedBillingEvent } from '../../db/billing/billing-event';
import type { Database } from '../../db/base/database';
import type { Nudger } from '../ports';
import { beginAttempt } from '../base/attempt';
import type { Attempt } from '../base/attempt';
import { withHeartbeat } from '../base/heartbeat';

/** How many events of each source are identified in one sweep, and for how long. The next sweep begins with the rest. */
const IDENTIFIED_MAX = 100;
const IDENTIFYING_MS_MAX = 35_000;

export type BillingPorts = ReadonlyMap<BillingSource, BillingPort>;

export type BillingInboxActivities = ReturnType<typeof createBillingInboxActivities>;

export function createBillingInboxActivities({
  db,
  nudger,
  billingPorts,
}: {
  db: Database;
  nudger: Nudger;
  billingPorts: BillingPorts;
}) {
  return {
    /**
     * Identifies parked events that are due, wakes the contracts that now have an event to apply, and returns the ids of these contracts.
     * Sources are asked in parallel, so a slow one delays no other. An event that fails for an unknown reason is postponed like one
     * without an answer, so that it delays no other; its error is thrown at the end. Safe to run twice.
     */
    identifyParkedEvents: (input: { now: Instant }): Promise<string[]> => withHeartbeat(identifyAll(input)),
  };

  async function identifyAll({ now }: { now: Instant }): Promise<string[]> {
    const attempt = beginAttempt(IDENTIFYING_MS_MAX);
    const contracts = new Set<string>();
    const failures: unknown[] = [];
    const sources = await Promise.allSettled(
      BILLING_SOURCES.map((source) => identifySource(source, { now, attempt, contracts, failures })),
    );
    const woken = await nudger.wakeContracts([...contracts]);
    for (const source of sources) if (source.status === 'rejected') failures.push(source.reason);
    if (failures.length > 0) throw failures[0];
    return woken;
  }

  /** Identifies the events of one source, one after the other, until the source gives no answer or the time is over. */
  async function identifySource(
    source: BillingSource,
    found: { now: Instant; attempt: Attempt; contracts: Set<string>; failures: unknown[] },
  ): Promise<void> {
    const { now, attempt, contracts, failures } = found;
    for (const event of await listUnidentifiedBillingEvents(db, source, { now, limit: IDENTIFIED_MAX })) {
      if (!attempt.hasTimeLeft()) return;
      try {
        const contract_id = await identify(event, now);
        if (contract_id !== null) contracts.add(contract_id);
      } catch (error) {
        await postponeParkedBillingEvent(db, event.id, now);
        if (error instanceof BillingUnreachable) return;
        failures.push(error);
      }
    }
  }

  /** Identifies one event; returns the contract that now has to apply it, or null. */
  async function identify(event: UnidentifiedBillingEvent, now: Instant): Promise<string | null> {
    const found = await billingPorts.get(event.source)?.identify(event.raw);
    if (found) return identifyBillingEvent(db, event.id, found, now);
    await postponeParkedBillingEvent(db, event.id, now);
    return null;
  }
}
