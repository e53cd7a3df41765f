/** What activities need from Temporal's client. `temporal/` implements it, and tests replace it. */
import type { Instant } from '../domain/base/instant';
import type { Nudge, OperationRef } from '../domain/contract/nudge';

/** What the sender of a wake-up can request in addition. */
export interface WakeRequest {
  /** The server may have lost the values of search attributes: set all of them again. */
  refresh_search_attributes?: boolean;
}

/** Notice of a billing event in the inbox. It carries ids only; the facts are in Postgres. */
export interface BillingEventNotice {
  inbox_id: string;
  /** What operators see in the summary of the step: "evt_123 invoice.paid". Histories of earlier versions lack it. */
  details: string;
}

/** Notice of a billing event in the queue of the billing batch, for the summary of its next step. */
export interface QueuedEventNotice extends BillingEventNotice {
  contract_id: string;
}

export interface WakeOptions extends WakeRequest {
  /** The id of the request that caused it; a workflow that is started stores it in its memo. */
  request_id?: string | undefined;
}

/** Wakes workflows. Functions that take ids return those whose workflow was reached. */
export interface Nudger {
  wakeContracts(contract_ids: string[], options?: WakeOptions): Promise<string[]>;
  wakeJobs(job_ids: string[], options?: WakeOptions): Promise<string[]>;
  wakeOperations(operations: readonly OperationRef[], options?: WakeOptions): Promise<string[]>;
  /** Wakes the replenishment of the pools of these contracts. */
  wakePools(contract_ids: string[], options?: WakeOptions): Promise<string[]>;
  /** Makes the runs of schedules that are due, and their Temporal Schedules follow. */
  wakeSchedules(schedule_ids: string[], options?: WakeOptions): Promise<string[]>;
  /** Makes the workflows of the limits of these contracts look at them. */
  wakeLimits(contract_ids: string[]): Promise<string[]>;
  /** Wakes the deliveries of endpoints of webhooks. */
  wakeEndpoints(endpoint_ids: string[]): Promise<string[]>;
  /** Starts the planning of mails, or makes it look again. Returns whether it was reached. */
  planNotifications(): Promise<boolean>;
  /** Starts sending mails, or makes their workflows look again. */
  wakeNotifications(notification_ids: string[]): Promise<string[]>;
  /** Signals a contract that an event is in its billing inbox; its workflow then applies every event that waits there. */
  signalBillingEvent(contract_id: string, notice: BillingEventNotice, request_id?: string): Promise<string[]>;
  /** Starts the billing batch, or makes a running one read its queue again. Without a notice, its next step names no event. */
  startBillingBatch(notice?: QueuedEventNotice, request_id?: string): Promise<void>;
  /** Starts `settleDue`, or makes it settle at an instant too: many contracts are due then. */
  settleDue(at: Instant): Promise<void>;
  /** Wakes the contract and the jobs that a change of a contract names. A workflow that is started stores the request's id in its memo. */
  wake(nudge: Nudge, request_id?: string): Promise<void>;
}

/** What a Temporal Schedule shows and when it starts the runs of a schedule. */
export interface SchedulePlan {
  schedule_id: string;
  contract_id: string;
  /** The next runs, each with the local time that operators see. */
  runs: readonly { at: Instant; local: string }[];
  /** One line about the schedule. */
  note: string;
}

/** Keeps one Temporal Schedule for each schedule. Throws when Temporal is unreachable. Safe to repeat. */
export interface ScheduleKeeper {
  /** Creates or replaces the Temporal Schedule. */
  place(plan: SchedulePlan): Promise<void>;
  /** Removes it, if there is one. */
  remove(schedule_id: string): Promise<void>;
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

/** The failure type of a command that Postgres refuses at every attempt. */
export const REFUSED_BY_DATABASE = 'RefusedByDatabase';
