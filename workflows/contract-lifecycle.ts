/**
 * The lifecycle of one contract, from its activation to its end.
 *
 * The workflow applies every boundary of the contract at its instant, and it is the one queue through which commands reach an
 * activated contract. Postgres holds the facts, so a workflow that is lost is started again from its input.
 */
import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  patched,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { ContractView } from '../activities/contract/contract-view';
import type { ContractActivities } from '../activities/contract/contract';
import type { BillingEventNotice, WakeRequest } from '../activities/ports';
import { instantFromMillis, millisOf } from '../domain/base/instant';
import type { Instant } from '../domain/base/instant';
import type { CommandOutcome, ContractCommand } from '../domain/contract/command';
import { timerDelayMs } from '../domain/contract/due-batch';
import { billingActivities, commandActivities, settlingActivities } from './contract-activities';
import { eventsSummary, settlingSummary, showToOperators, timerSummary } from './contract-operator-view';
import { trackSearchAttributes } from './search-attribute-tracker';
import type { SearchAttributeTracker } from './search-attribute-tracker';
import { createSerialQueue } from './serial-queue';
import { shortActivities } from './short-activity';

/**
 * Patch: a contract is settled in a local activity, and no search attribute is set when only its next boundary changes. A timer
 * that fires then costs two actions and 6 events instead of three and 13.
 */
const FEWER_ACTIONS = 'fewer-actions';

/** A command of the contract waits meanwhile, for 10 s at most. */
const LOCAL_SETTLE_TIMEOUT_MS = 2_000;

const settleShortly = shortActivities<ContractActivities>({
  regularActivities: settlingActivities,
  localTimeoutMs: LOCAL_SETTLE_TIMEOUT_MS,
});

export interface ContractLifecycleInput {
  contract_id: string;
  /** The Temporal server on which the workflow was started, as far as the starter knew; recorded with the contract's row. */
  epoch?: string | undefined;
}

/** A command as it is sent to a contract. The sender gets the outcome, also when it is a refusal. */
export interface CommandEnvelope {
  command: ContractCommand;
  /** Equal for every repetition of one command: repetitions get the stored outcome. */
  command_id: string;
  /** Distinguishes different commands that are sent under the same id. */
  fingerprint: string;
  /** The id of the admin who sends the command, without the name. */
  actor_id: string;
  request_id: string;
  /** The instant from which the command is not carried out any more. Absent from senders of older versions. */
  deadline?: string;
}

/** Carries out a command and returns its outcome. */
export const commandUpdate = defineUpdate<CommandOutcome, [CommandEnvelope]>('command');
/** The contract was changed by another process: read it again. */
export const wakeContractSignal = defineSignal<[request?: WakeRequest]>('wake');
/** The inbox has a billing event of this contract: apply all events that are pending there. */
export const billingEventSignal = defineSignal<[BillingEventNotice]>('billingEvent');
/**
 * The contract's test clock moved: returns when the contract is settled at the clock's time. This is an update and not a signal,
 * because an advance of the clock continues only when every contract is settled.
 */
export const clockMovedUpdate = defineUpdate<ContractView, [moved_to?: string]>('clockMoved');
/** The state of the contract and the boundary that the workflow waits for; null before the first step. */
export const contractViewQuery = defineQuery<ContractView | null>('view');

/** What one run keeps in memory. A run that continues another one starts without it and reads Postgres. */
interface LifecycleState {
  /** The contract after the last step; null before the first. */
  view: ContractView | null;
  /** The start of the last step. */
  step_started_at: Instant;
  /** Whether the contract may have changed since the last step started. */
  has_changed: boolean;
  /** Billing events that were signaled since the last step started. */
  pending_notices: BillingEventNotice[];
  /** How often the run found the contract settled: no step was left to take and no signal was new. */
  settled_count: number;
  /** Whether an update waits until the contract is found settled again. */
  has_waiter: boolean;
  /** The time of the contract's test clock as the last update reported it; only the names of steps depend on it. */
  clock_now: string;
}

export async function contractLifecycle(input: ContractLifecycleInput): Promise<ContractView> {
  const state: LifecycleState = {
    view: null,
    step_started_at: now(),
    has_changed: false,
    pending_notices: [],
    settled_count: 0,
    has_waiter: false,
    clock_now: '',
  };
  const attributes = trackSearchAttributes();
  registerHandlers(input.contract_id, state, attributes);

  for (;;) {
    const view = await takeNextStep(input, state);
    state.view = view;
    showToOperators(view, attributes, { sets_next_boundary: !patched(FEWER_ACTIONS) });
    if (!hasNewSignal(state) && !hasWorkNow(view)) markSettled(state);

    // Time changes nothing about this contract any more: the run ends when its handlers have finished. The next command or payment
    // starts the workflow again.
    if (view.at_rest && !hasWorkNow(view)) {
      await condition(() => allHandlersFinished() || state.has_waiter);
      if (hasNewSignal(state)) continue;
      return view;
    }
    // A long history continues in a new run, which reads Postgres. Updates that wait until the contract is settled are answered
    // first, because the new run does not know of them.
    if (workflowInfo().continueAsNewSuggested && !state.has_waiter) {
      await condition(() => allHandlersFinished() || state.has_waiter);
      if (!state.has_waiter) await continueAsNew<typeof contractLifecycle>(input);
      continue;
    }
    await waitForTimerOrSignal(view, state);
  }
}

/** Registers the handlers of all messages. Each only notes what arrived or queues a command; the loop above does the rest. */
function registerHandlers(contract_id: string, state: LifecycleState, attributes: SearchAttributeTracker): void {
  // Otherwise the commands of one contract would wait for its row in Postgres, and each would hold a slot of a worker.
  const runSerially = createSerialQueue();

  setHandler(contractViewQuery, () => state.view, {
    description: 'The state of the contract and the boundary that it waits for',
  });
  setHandler(
    wakeContractSignal,
    (request) => {
      state.has_changed = true;
      attributes.refreshIfRequested(request);
    },
    { description: 'Read the contract again' },
  );
  setHandler(billingEventSignal, (notice) => void state.pending_notices.push(notice), {
    description: 'Apply the billing events that are pending in the inbox',
  });
  setHandler(
    clockMovedUpdate,
    async (moved_to) => {
      state.has_changed = true;
      state.has_waiter = true;
      state.clock_now = String(moved_to ?? state.clock_now);
      const settled_before = state.settled_count;
      await condition(() => state.settled_count > settled_before);
      return state.view as ContractView;
    },
    { description: "The contract's test clock moved: settle the contract at its time" },
  );
  setHandler(
    commandUpdate,
    async (envelope) => {
      const outcome = await runSerially(() => runCommand(contract_id, envelope));
      state.has_changed = true;
      return outcome;
    },
    {
      description: 'Carry out a command: activate, pause, renew, amend, terminate, …',
      validator: rejectInvalidCommand,
    },
  );
}

/** Carries out one command in an activity. */
function runCommand(contract_id: string, envelope: CommandEnvelope): Promise<CommandOutcome> {
  const summary = `${envelope.command.name} (${envelope.request_id})`;
  const { runContractCommand } = commandActivities();
  return runContractCommand.executeWithOptions({ summary }, [{ ...envelope, contract_id, now: now() }]);
}

/** Rejects an update that is not a command: the handler would throw a TypeError, and the workflow task would fail again and again. */
function rejectInvalidCommand(envelope: Partial<CommandEnvelope> | null | undefined): void {
  const { command, command_id, fingerprint, actor_id, request_id } = envelope ?? {};
  const texts = [command?.name, command_id, fingerprint, actor_id, request_id];
  if (texts.every((text) => typeof text === 'string') && typeof command?.input === 'object') return;
  const sentence = 'A command needs command.name, command.input, command_id, fingerprint, actor_id and request_id.';
  throw ApplicationFailure.nonRetryable(sentence, 'NotACommand');
}

/**
 * Runs the one activity that comes next and returns the contract after it. Billing events are applied first, then an unpaid
 * invoice is verified before the contract is suspended or terminated, else every boundary that is due is applied.
 */
async function takeNextStep(input: ContractLifecycleInput, state: LifecycleState): Promise<ContractView> {
  const { view, pending_notices: notices } = state;
  state.step_started_at = now();
  state.has_changed = false;
  state.pending_notices = [];
  const request = { contract_id: input.contract_id, now: state.step_started_at };

  if (notices.length > 0 || hasPendingEvents(view)) {
    // Signaled events are applied first without asking. The view then names the billing system that must be asked about the rest.
    const source = notices.length > 0 ? undefined : view?.billing_questions?.[0];
    const options = { summary: eventsSummary(notices, source) };
    if (source === undefined)
      return settlingActivities().applyBillingEvents.executeWithOptions(options, [{ ...request, ask: [] }]);
    return billingActivities(source).applyBillingEvents.executeWithOptions(options, [{ ...request, ask: [source] }]);
  }
  if (view?.verification?.due) {
    const { kind, at, source } = view.verification;
    const summary = `ask billing before it ${kind} (due ${at})`;
    return billingActivities(source).verifyBilling.executeWithOptions({ summary }, [request]);
  }
  const summary = settlingSummary(view, view?.on_test_clock ? state.clock_now : request.now);
  // The start is recorded once the contract is found live: the sweep does not look for the workflow of a draft.
  const epoch = view === null || view.at_rest ? input.epoch : undefined;
  if (patched(FEWER_ACTIONS)) return settleShortly('settleContract', summary, { ...request, epoch });
  return settlingActivities().settleContract.executeWithOptions({ summary }, [{ ...request, epoch }]);
}

/**
 * Waits until the next instant at which time changes the contract, or until a signal or an update gives the workflow work.
 *
 * When there is work already, `condition` starts a timer and cancels it at once. That leaves no event, but it takes the next
 * timer id, which recorded histories contain: it must stay.
 */
async function waitForTimerOrSignal(view: ContractView, state: LifecycleState): Promise<void> {
  const isInterrupted = () => hasNewSignal(state) || hasWorkNow(view) || workflowInfo().continueAsNewSuggested;
  const instant = nextInstant(view);
  if (instant === null) return condition(isInterrupted);
  const settling_now_ms = Date.now() - clockAheadMs(view, state.step_started_at, now());
  const delay_ms = view.is_in_batch === true && instant === view.next_boundary?.at ? timerDelayMs(view.contract_id) : 0;
  const remaining_ms = Math.max(1, millisOf(instant) + delay_ms - settling_now_ms);
  await condition(isInterrupted, remaining_ms, { summary: timerSummary(view) });
}

/** Whether a message arrived that the last step did not take into account. */
function hasNewSignal({ has_changed, pending_notices }: LifecycleState): boolean {
  return has_changed || pending_notices.length > 0;
}

/** Whether a step is left that does not wait for time. */
function hasWorkNow(view: ContractView): boolean {
  return hasPendingEvents(view) || view.verification?.due === true;
}

function hasPendingEvents(view: ContractView | null): boolean {
  return (view?.billing_events ?? 0) > 0;
}

/** Answers the updates that wait until the contract is settled. */
function markSettled(state: LifecycleState): void {
  state.settled_count += 1;
  state.has_waiter = false;
}

/** The next instant at which time changes the contract; null if there is none, and on a test clock, which replaces the timer. */
function nextInstant({ next_boundary, verification, on_test_clock }: ContractView): Instant | null {
  if (on_test_clock) return null;
  const instants = [next_boundary?.at, verification?.at].filter((at) => at !== undefined);
  return instants.sort()[0] ?? null;
}

/**
 * By how many milliseconds the clock of Temporal is certainly ahead of the time by which contracts are settled (negative: behind).
 * The contract was settled between the start of the step and its result, so its own time lies between both. Without this
 * correction a workflow whose timer fires early would settle again and again until the instant has come.
 */
function clockAheadMs({ looked_at }: ContractView, started_at: Instant, ended_at: Instant): number {
  if (looked_at === undefined) return 0;
  if (looked_at < started_at) return millisOf(started_at) - millisOf(looked_at);
  return Math.min(0, millisOf(ended_at) - millisOf(looked_at));
}

/** The workflow's own time, which a replay repeats. */
function now(): Instant {
  return instantFromMillis(Date.now());
}
