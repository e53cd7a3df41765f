/** What the workflow of a contract knows about it: when to act next, and what operators can search for. The facts are in Postgres. */
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
import { doManyWaitFor } from '../../db/contract/due-contract';
import { storedAwaitedBoundary } from '../../domain/contract/copies';
import type { ChangedContract } from '../../transactions/contract/changed-contract';
import type { Sql } from '../../db/base/database';

export interface Verification {
  kind: 'suspends' | 'terminates';
  at: Instant;
  due: boolean;
  /** The billing system to ask, or the first of several; absent when there is no unpaid invoice. */
  source?: BillingSource | undefined;
}

export interface ContractView {
  contract_id: string;
  /** Null when names must not be stored in Temporal; absent in results of earlier versions and when the contract is gone. */
  name?: string | null;
  type?: string;
  customer_id: string | null;
  /** Null when the contract is gone. */
  environment: Environment | null;
  state: ContractState | 'GONE';
  /** The boundary that the workflow waits for; those that only inform are left out. */
  next_boundary: Boundary | null;
  /** Whether time no longer changes the contract. */
  at_rest: boolean;
  /** The suspension or termination that must be verified with the billing system, and when to ask; null when there is none. */
  verification?: Verification | null | undefined;
  /** Settling stops before the next boundary, because the billing system must be asked first whether this suspension or termination is due. */
  verified_first?: Verification['kind'] | undefined;
  /** The number of billing events to apply. */
  billing_events?: number;
  /** The billing systems from which these events need an answer, as far as known. */
  billing_questions?: BillingSource[];
  /** Whether the contract uses a test clock: then its workflow waits for signals and sets no timer. */
  on_test_clock?: boolean;
  /**
   * Whether many contracts wait for the moment of the next boundary, and no billing system must be asked before it: then `settleDue`
   * applies it, and the timer of the workflow is late. Absent in results of earlier versions.
   */
  is_in_batch?: boolean;
  /** The sources of its open holds. */
  held_by?: HoldSource[];
  /** The real time at which the contract was settled: that of the workflow, limited by the clock of Postgres. */
  looked_at?: Instant;
}

export interface ViewRequest {
  contract_id: string;
  /** The real time. */
  now: Instant;
  /** Whether the name may be stored in Temporal. */
  showNames: boolean;
}

/** The view of a contract after a change; a refusal means that the contract is gone. */
export async function viewOf(
  sql: Sql,
  { contract_id, now, showNames }: ViewRequest,
  outcome: ChangedContract | Refusal,
): Promise<ContractView> {
  if (isRefusal(outcome)) return { ...missingContractView(contract_id), ...(showNames ? {} : { name: null }) };
  const { facts, stored } = outcome;
  const awaited = storedAwaitedBoundary(stored, facts);
  const is_alone = awaited === null || stored.test_clock_id !== null || verifiedFirst(facts) !== undefined;
  const state = stateAt(facts, facts.settled_until);
  return {
    contract_id: facts.id,
    name: showNames ? facts.name : null,
    type: facts.type,
    customer_id: facts.customer_id,
    environment: facts.environment,
    state,
    // The stored boundary: newer time zone rules than those of this process may have computed it.
    next_boundary: awaited,
    at_rest: !isLive(state),
    verification: verificationOf(outcome, stored.clock_now ?? now),
    verified_first: verifiedFirst(facts)?.kind,
    billing_events: await countPendingBillingEvents(sql, contract_id, now),
    on_test_clock: stored.test_clock_id !== null,
    is_in_batch: !is_alone && (await doManyWaitFor(sql, awaited.at)),
    held_by: HOLD_SOURCES.filter((source) => openHold(facts, facts.settled_until, source) !== undefined),
    looked_at: now,
  };
}

/** A boundary that settling skipped because it was not verified, else a boundary that is due and waits for its verification. */
function verificationOf({ facts }: ChangedContract, now: Instant): ContractView['verification'] {
  const source = facts.invoices.find(isUnpaid)?.source;
  const skipped = verificationDue(facts);
  const at = verifyAt(facts);
  if (skipped !== null && at !== null) return { kind: skipped, at, due: at <= now, source };
  const next = verifiedFirst(facts);
  return next !== undefined && next.at <= now ? { ...next, due: true, source } : null;
}

/**
 * The suspension or termination that settling stops before. Other boundaries at the same instant come earlier in the order, but wait for
 * it too (`settle`). While the billing system gives no answer about an earlier one, settling does not stop.
 */
function verifiedFirst(facts: ContractFacts): Pick<Verification, 'kind' | 'at'> | undefined {
  if (verificationDue(facts) !== null) return undefined;
  const ahead = boundariesAfter(facts, facts.settled_until);
  const next_at = ahead[0]?.at;
  for (const { kind, at } of ahead)
    if ((kind === 'suspends' || kind === 'terminates') && at === next_at) return { kind, at };
  return undefined;
}

/** The view of a contract that was deleted or never committed. */
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
