/** Invoices that are stored for contracts to which they do not belong. */
import { observedInvoice } from '../../domain/contract/billing-event';
import type { InvoiceLookup } from '../../domain/contract/billing-event';
import type { Instant } from '../../domain/base/instant';
import { isOutdated } from '../../domain/billing/invoice';
import type { ObservedInvoice } from '../../domain/billing/invoice';
import { isRefusal } from '../../domain/base/refusal';
import type { Database } from '../../db/base/database';
import type { PendingBillingEvent } from '../../db/billing/billing-event';
import { findInvoicesElsewhere } from '../../db/billing/invoice';
import { removeInvoicesOfOthers } from '../../transactions/contract/remove-invoices';
import { beginWithShortWaits } from '../base/short-wait';
import type { Nudger } from '../ports';

/** What events say about the invoices of one contract. */
export interface SeenInvoices {
  contract_id: string;
  seen: ObservedInvoice[];
}

/** Outdated records of the invoices of a contract, by the other contracts for which they are stored. */
export interface OutdatedElsewhere {
  others: string[];
  seen: ObservedInvoice[];
}

/** What the looked up events of a contract say about its invoices. */
export function seenInvoices(
  contract_id: string,
  events: readonly PendingBillingEvent[],
  lookOf: (event: PendingBillingEvent) => InvoiceLookup | null | undefined,
): SeenInvoices {
  const seen = events.flatMap((event): ObservedInvoice[] => {
    const look = lookOf(event);
    const observed = look ? observedInvoice(event, look) : null;
    return observed === null ? [] : [observed];
  });
  return { contract_id, seen };
}

/** The outdated records of invoices of these contracts, by contract; contracts without any are missing. One statement finds all. */
export async function findOutdatedElsewhere(
  db: Database,
  contracts: readonly SeenInvoices[],
): Promise<Map<string, OutdatedElsewhere>> {
  const seen_by_contract = new Map(contracts.map(({ contract_id, seen }) => [contract_id, seen]));
  const owned = contracts.flatMap(({ contract_id, seen }) =>
    seen.map(({ source, invoice_id }) => ({ contract_id, source, invoice_id })),
  );
  const outdated = new Map<string, OutdatedElsewhere>();
  for (const { belongs_to, contract_id, invoice, timezone } of await findInvoicesElsewhere(db, owned)) {
    const seen = seen_by_contract.get(belongs_to) ?? [];
    if (!isOutdated(invoice, seen, timezone)) continue;
    const others = outdated.get(belongs_to)?.others ?? [];
    outdated.set(belongs_to, { others: [...new Set([...others, contract_id])], seen });
  }
  return outdated;
}

/** Removes outdated records of invoices from the contracts to which they do not belong, and wakes these contracts. */
export async function removeOutdatedElsewhere(
  { db, nudger }: { db: Database; nudger: Nudger },
  { others, seen }: OutdatedElsewhere,
  now: Instant,
): Promise<void> {
  for (const id of others) {
    const changed = await beginWithShortWaits(db, (tx) => removeInvoicesOfOthers(tx, { id, now, seen }));
    if (isRefusal(changed)) continue;
    await nudger.wakeContracts([id]);
    await nudger.wakeJobs(changed.nudge.job_ids);
  }
}
