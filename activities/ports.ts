/** What activities need of the outside: the client of Temporal implements it (`temporal/`), and tests do. */
import type { Instant } from '../domain/base/instant';
import type { Nudge } from '../domain/contract/nudge';

/** What the sender of a wake-up may ask for beside a look at Postgres. */
export interface WakeRequest {
  /** The server may have lost the values of search attributes: set all of them again. */
  refresh_search_attributes?: boolean;
}

/** A billing event is in the inbox: ids only, the facts are in Postgres. */
export interface BillingEventWord {
  inbox_id: string;
  /** For operators: "evt_123 invoice.paid". */
  told: string;
}

export interface WakeOptions extends WakeRequest {
  /** The request that caused it; it stands in the memo of what is started. */
  request_id?: string | undefined;
}

/** Wakes workflows; every function answers with the ids it reached. */
export interface Nudger {
  wakeContracts(contract_ids: string[], options?: WakeOptions): Promise<string[]>;
  wakeJobs(job_ids: string[], options?: WakeOptions): Promise<string[]>;
  /** Tells a contract of an event in its billing inbox; whatever waits there is then applied, this event or another. */
  tellBilling(contract_id: string, word: BillingEventWord, request_id?: string): Promise<string[]>;
  /** Both kinds at once, as a change to a contract names them. The request's id stands in the memo of what is started. */
  wake(nudge: Nudge, request_id?: string): Promise<void>;
}

export interface ClockNotifier {
  /**
   * Notifies a contract that its clock moved, starts its workflow if it does not run, and waits until the contract has settled.
   * Throws when it has not settled after `SETTLE_TIMEOUT_MS` (`temporal/test-clock.ts`), or when `signal` aborts. Safe to repeat.
   */
  notify(contract_id: string, signal: AbortSignal, now?: Instant): Promise<void>;
  /** Starts the advance of a clock, or makes a running one read the clock again. Throws when Temporal is unreachable. */
  startAdvance(clock_id: string, request_id?: string): Promise<void>;
}

/** The type of the failure with which the activity ends a command that Postgres refuses again and again. */
export const REFUSED_BY_DATABASE = 'RefusedByDatabase';
