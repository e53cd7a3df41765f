/** What an event itself says about its invoice. */
import type { InvoiceLookup } from '../../domain/contract/billing-event';
import type { PendingBillingEvent } from '../../db/billing/billing-event';
import type { BillingPorts } from './billing-event';

/** The invoice data of the event itself. Null when it has no version and the invoice can be fetched: it may be outdated (1.5.2). */
export function lookFromEvent(
  billingPorts: BillingPorts,
  { source, observation }: Pick<PendingBillingEvent, 'source' | 'observation'>,
): InvoiceLookup | null {
  if (observation === null) return null;
  if (observation.version === null && billingPorts.get(source)?.fetches === true) return null;
  return { at: 'event', observation };
}
