/** A contract as its workflow knows it: enough to wait and to be found, nothing that is a fact. */
import { isLive, openHold, stateAt } from '../../domain/contract/contract';
import { HOLD_SOURCES } from '../../domain/contract/facts';
import type { ContractFacts, HoldSource, ContractState } from '../../domain/contract/facts';
import { boundariesAfter, verificationDue, verifyAt } from '../../domain/contract/boundary';
import type { Boundary } from '../../domain/contract/boundary-kind';
import type { BillingSource } from '../../domain/billing/billing-event';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import { isUnpaid } from '../../domain/billing/invoice';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { countPendingBillingEvents } from '../../db/billing/billing-event';
import { storedBoundary } from '../../domain/contract/copies';
import type { Changed } from '../../transactions/contract/changed';
import type { Sql } from '../../db/base/database';

export interface Verification {
  kind: 'suspends' | 'terminates';
  at: Instant;
  due: boolean;
  /** The billing system to be asked, the first of them where there are several; absent when none has an unpaid invoice. */
  source?: BillingSource | undefined;
}

export interface ContractView {
  contract_id: string;
  /** Null where names must not stand in Temporal; absent in what earlier versions said, and when it is gone. */
  name?: string | null;
  type?: string;
  customer_id: string | null;
  /** Null when it is gone. */
  environment: Environment | null;
  state: ContractState | 'GONE';
  next_boundary: Boundary | null;
  /** Whether nothing will happen to the contract by itself any more. */
  at_rest: boolean;
  /** What must be verified with the billing system before it is done, and when to ask; null when nothing. */
  verification?: Verification | null | undefined;
  /** Settling stops before the next boundary, because billing is asked first whether this is due. */
  verified_first?: Verification['kind'] | undefined;
  /** Billing events that wait to be applied. */
  billing_events?: number;
  /** The billing systems of which those events need an answer, as far as that is known. */
  billing_questions?: BillingSource[];
  /** Whether the contract lives by a test clock: then only a word moves it, no timer. */
  on_test_clock?: boolean;
  /** Who holds it, each open hold by its source. */
  held_by?: HoldSource[];
  /** The real time by which the contract was settled: that of the workflow, as far as Postgres bears it out. */
  looked_at?: Instant;
}

export interface ViewRequest {
  contract_id: string;
  /** The real time. */
  now: Instant;
  /** Whether the name may stand in Temporal. */
  showNames: boolean;
}

/** The view after a change of the contract, or of one that is gone. */
export async function viewOf(
  sql: Sql,
  { contract_id, now, showNames }: ViewRequest,
  outcome: Changed | Refusal,
): Promise<ContractView> {
  if (isRefusal(outcome)) return { ...missingContractView(contract_id), ...(showNames ? {} : { name: null }) };
  const { facts, row } = outcome;
  const state = stateAt(facts, facts.settled_until);
  return {
    contract_id: facts.id,
    name: showNames ? facts.name : null,
    type: facts.type,
    customer_id: facts.customer_id,
    environment: facts.environment,
    state,
    // As it is stored: it may have been computed by newer rules of time zones than those of this process.
    next_boundary: storedBoundary(row),
    at_rest: !isLive(state),
    verification: verificationOf(outcome, row.clock_now ?? now),
    verified_first: verifiedFirst(facts)?.kind,
    billing_events: await countPendingBillingEvents(sql, contract_id, now),
    on_test_clock: row.test_clock_id !== null,
    held_by: HOLD_SOURCES.filter((source) => openHold(facts, facts.settled_until, source) !== undefined),
    looked_at: now,
  };
}

/** What was passed by unverified, else a boundary that is due and waits to be verified. */
function verificationOf({ facts }: Changed, now: Instant): ContractView['verification'] {
  const source = facts.invoices.find(isUnpaid)?.source;
  const passed = verificationDue(facts);
  const at = verifyAt(facts);
  if (passed !== null && at !== null) return { kind: passed, at, due: at <= now, source };
  const next = verifiedFirst(facts);
  return next !== undefined && next.at <= now ? { ...next, due: true, source } : null;
}

/**
 * What settling stops before. What else lies on that instant comes first in order, but waits with it (`settle`). While the
 * billing system gives no answer to an earlier question, settling stops before nothing.
 */
function verifiedFirst(facts: ContractFacts): Pick<Verification, 'kind' | 'at'> | undefined {
  if (verificationDue(facts) !== null) return undefined;
  const ahead = boundariesAfter(facts, facts.settled_until);
  const next_at = ahead[0]?.at;
  for (const { kind, at } of ahead)
    if ((kind === 'suspends' || kind === 'terminates') && at === next_at) return { kind, at };
  return undefined;
}

/** A contract that was deleted, or never committed. */
function missingContractView(contract_id: string): ContractView {
  return {
    contract_id,
    customer_id: null,
    environment: null,
    state: 'GONE',
    next_boundary: null,
    at_rest: true,
  };
}
