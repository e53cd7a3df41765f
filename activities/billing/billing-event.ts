/**
 * Finding out what parked billing events concern, by asking the billing systems that sent them.
 *
 * A system that does not answer is left alone until the next sweep; nothing is guessed in its place.
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

/** Events of each source asked about in one sweep, and for how long; what is left comes first in the next. */
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
     * Identifies parked events that are due, and wakes the contracts that have one to apply now; answers their ids. Sources
     * are asked side by side: one that is slow or silent delays no other. An event that fails for an unknown reason is put
     * off like one that got no answer, so that it holds up no other; its error is thrown at the end. Safe to run twice.
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

  /** Asks about the events of one source, one after the other, until it is silent or the time is over. */
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

  /** Asks about one event; answers the contract that has it to apply now, or null. */
  async function identify(event: UnidentifiedBillingEvent, now: Instant): Promise<string | null> {
    const found = await billingPorts.get(event.source)?.identify(event.raw);
    if (found) return identifyBillingEvent(db, event.id, found, now);
    await postponeParkedBillingEvent(db, event.id, now);
    return null;
  }
}
