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

export interface ClockTeller {
  /**
   * Tells a contract that its clock moved, starting its workflow where needed, and waits until it has settled. Throws when
   * that is not heard within {@link SETTLE_TIMEOUT_MS} or before `signal` says to stop; telling it again does no harm.
   */
  tell(contract_id: string, signal: AbortSignal, now?: Instant): Promise<void>;
  /** Has the advance of a clock carried out; one that is under way looks again. Throws when Temporal is out of reach. */
  startAdvance(clock_id: string, request_id?: string): Promise<void>;
}

/** The type of the failure with which the activity ends a command that Postgres refuses again and again. */
export const REFUSED_BY_DATABASE = 'RefusedByDatabase';
