/**
 * The life of one contract, from its activation to its end.
 *
 * It promises that every boundary is crossed at its time without anybody asking, and it is the one queue through which
 * commands reach an activated contract. It holds no fact: Postgres does, and the workflow can be lost and started again.
 */
import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { BillingActivities } from '../activities/billing/billing';
import type { ContractActivities } from '../activities/contract/contract';
import type { ContractView } from '../activities/contract/contract-view';
import type { BillingSource } from '../domain/billing/billing-event';
import type { CommandOutcome, ContractCommand } from '../domain/contract/command';
import { instantFromMillis, millisOf } from '../domain/base/instant';
import { contractTitle } from '../domain/base/operator-text';
import { createSerialQueue } from './serial-queue';
import { nameOf, trackSearchAttributes } from './search-attribute-tracker';
import type { SearchAttributeTracker, WantedAttribute } from './search-attribute-tracker';
import type { BillingEventWord, WakeRequest } from '../activities/ports';
import { taskQueueName } from './task-queue-name';
import {
  CONTRACT_ID,
  CONTRACT_NAME,
  CONTRACT_STATE,
  CUSTOMER_ID,
  ENVIRONMENT,
  NEXT_BOUNDARY,
} from './search-attributes';

export interface ContractLifecycleInput {
  contract_id: string;
  /** Which Temporal server this was started on, as far as its starter knew; recorded with the contract's row. */
  epoch?: string | undefined;
}

/** A command on its way to a contract. Whoever sends it hears the outcome, a refusal included. */
export interface CommandEnvelope {
  command: ContractCommand;
  /** Equal for every repetition of one command; its stored outcome answers them. */
  command_id: string;
  /** Tells one command from another that comes under the same id. */
  fingerprint: string;
  /** The admin who commands, by id alone. */
  actor_id: string;
  request_id: string;
  /**
   * The instant by which its sender has given it up: from then on it is not carried out. Absent from senders of versions
   * that set none.
   */
  deadline?: string;
}

/** Carries out a command and answers with its outcome. */
export const commandUpdate = defineUpdate<CommandOutcome, [CommandEnvelope]>('command');
/** Says that the contract changed elsewhere: look again. */
export const wakeContractSignal = defineSignal<[request?: WakeRequest]>('wake');
/** Says that billing told something of this contract; all that is pending is applied, whoever said it. */
export const billingEventSignal = defineSignal<[BillingEventWord]>('billingEvent');
/**
 * Says that the contract's test clock moved, and answers when the contract has settled at the clock's time. An update,
 * where the plan had a signal: whoever advances a clock has to know when every contract is through.
 */
export const clockMovedUpdate = defineUpdate<ContractView, [moved_to?: string]>('clockMoved');
/** The state, and the boundary the workflow waits for. */
export const contractViewQuery = defineQuery<ContractView | null>('view');

/** After a crash of the worker an update waits this long before it runs again, so it is short. */
const COMMAND_ATTEMPT_TIMEOUT = '6s';
/** All attempts at a command: it expires before, and the commands behind it wait. */
const COMMAND_TIMEOUT = '30s';
const SETTLE_ATTEMPT_TIMEOUT = '20s';
/** Asking the billing system included; a page of events may need many answers. */
const BILLING_ATTEMPT_TIMEOUT = '2m';
/** What a dead worker had in hand is given to another after this long, not after the whole attempt. */
const BILLING_HEARTBEAT_TIMEOUT = '5s';
const RETRY = { initialInterval: '200ms', maximumInterval: '15s' } as const;
/** Hundreds of contracts that cannot be settled must leave slots to those that can. */
const SETTLE_RETRY = { ...RETRY, maximumInterval: '1m' } as const;
/** Billing events named in the summary of one step, and how much of each: Temporal allows a summary 400 bytes. */
const EVENTS_TOLD_MAX = 3;
const TOLD_CHARS_MAX = 80;

const { runContractCommand } = proxyActivities<ContractActivities>({
  startToCloseTimeout: COMMAND_ATTEMPT_TIMEOUT,
  scheduleToCloseTimeout: COMMAND_TIMEOUT,
  retry: RETRY,
});

export async function contractLifecycle(input: ContractLifecycleInput): Promise<ContractView> {
  const { taskQueue } = workflowInfo();
  // Boundaries have slots of their own: many that cannot be crossed hold none that commands need.
  const { settleContract } = proxyActivities<ContractActivities>({
    taskQueue: taskQueueName(taskQueue, 'settling'),
    startToCloseTimeout: SETTLE_ATTEMPT_TIMEOUT,
    retry: SETTLE_RETRY,
  });
  const { applyBillingEvents: applyWithoutAsking } = proxyActivities<BillingActivities>({
    taskQueue: taskQueueName(taskQueue, 'settling'),
    startToCloseTimeout: SETTLE_ATTEMPT_TIMEOUT,
    retry: SETTLE_RETRY,
  });
  // A billing system that does not answer holds slots of its own queue alone.
  const asking = (source: BillingSource | undefined) =>
    proxyActivities<BillingActivities>({
      taskQueue: taskQueueName(taskQueue, source === undefined ? 'billing' : `billing-${source}`),
      startToCloseTimeout: BILLING_ATTEMPT_TIMEOUT,
      heartbeatTimeout: BILLING_HEARTBEAT_TIMEOUT,
      retry: RETRY,
    });
  const attributes = trackSearchAttributes();
  // Commands wait here for the contract, and not in the slots of a worker for its row.
  const runSerially = createSerialQueue();
  let woken = false;
  let view: ContractView | null = null;
  let words: BillingEventWord[] = [];
  // How often everything was settled, and at which count somebody last asked to hear of it.
  let rests = 0;
  let asked_at = -1;
  // Where the contract's test clock stands, as far as it was told: it names the steps.
  let clock_now = '';
  const now = () => instantFromMillis(Date.now());
  const somebodyAsks = () => asked_at === rests;
  const somebodySpoke = () => woken || words.length > 0;

  setHandler(contractViewQuery, () => view, { description: 'The state of the contract and the boundary it waits for' });
  setHandler(
    wakeContractSignal,
    (request) => {
      woken = true;
      attributes.heed(request);
    },
    { description: 'Look at the contract again' },
  );
  setHandler(billingEventSignal, (word) => void words.push(word), {
    description: 'A billing event is in the inbox: apply what is pending there',
  });
  setHandler(
    clockMovedUpdate,
    async (moved_to) => {
      woken = true;
      clock_now = String(moved_to ?? clock_now);
      const asked = (asked_at = rests);
      await condition(() => rests > asked);
      return view as ContractView;
    },
    { description: "The contract's test clock moved: settle at its time" },
  );
  setHandler(
    commandUpdate,
    async (envelope) => {
      const summary = `${envelope.command.name} (${envelope.request_id})`;
      const outcome = await runSerially(() =>
        runContractCommand.executeWithOptions({ summary }, [
          { ...envelope, contract_id: input.contract_id, now: now() },
        ]),
      );
      woken = true;
      return outcome;
    },
    {
      description: 'Carry out a command: activate, pause, renew, amend, terminate, …',
      validator: expectCommand,
    },
  );

  for (;;) {
    const asked_at = now();
    view = await lookAgain(view);
    const ahead_ms = clockAheadMs(view, asked_at, now());
    tellOperators(view, attributes);
    if (!somebodySpoke() && !isOwed(view)) rests += 1;

    // A contract that waits for nothing is left alone; the next command or payment starts the workflow again.
    if (view.at_rest && !isOwed(view)) {
      await condition(() => allHandlersFinished() || somebodyAsks());
      if (somebodySpoke()) continue;
      return view;
    }
    // Whoever asks whether everything is settled is answered first. All else is in Postgres: the next run begins there.
    if (workflowInfo().continueAsNewSuggested && !somebodyAsks()) {
      await condition(() => allHandlersFinished() || somebodyAsks());
      if (!somebodyAsks()) await continueAsNew<typeof contractLifecycle>(input);
      continue;
    }
    await nextInstantOrWord(view, ahead_ms);
  }

  /** One step of the story: what billing told, what has to be asked of it, or whatever boundary is due. */
  async function lookAgain(last: ContractView | null): Promise<ContractView> {
    woken = false;
    const told_words = words;
    words = [];
    const asked = { contract_id: input.contract_id, now: now() };
    if (told_words.length > 0 || (last?.billing_events ?? 0) > 0) {
      const [source] = told_words.length === 0 ? (last?.billing_questions ?? []) : [];
      const summary = source === undefined ? `applies ${namesOf(told_words)}` : `asks ${source} about its events`;
      if (source === undefined) return applyWithoutAsking.executeWithOptions({ summary }, [{ ...asked, ask: [] }]);
      return asking(source).applyBillingEvents.executeWithOptions({ summary }, [{ ...asked, ask: [source] }]);
    }
    if (last?.verification?.due) {
      const summary = `asks billing before it ${last.verification.kind} (due ${last.verification.at})`;
      return asking(last.verification.source).verifyBilling.executeWithOptions({ summary }, [asked]);
    }
    const time = last?.on_test_clock ? clock_now : asked.now;
    const due = last?.next_boundary && last.next_boundary.at <= time ? stepOf(last) : 'looks at the contract';
    // Until it was found live once: a draft has no workflow that the sweep would look for.
    const { epoch } = last === null || last.at_rest ? input : {};
    return settleContract.executeWithOptions({ summary: due }, [{ ...asked, epoch }]);
  }

  /**
   * Waits until something is due by itself, or somebody has something to say. Where that is so already a timer is begun and
   * taken back at once, which leaves no event; recorded histories count it.
   */
  async function nextInstantOrWord(current: ContractView, ahead_ms: number): Promise<void> {
    const disturbed = () => somebodySpoke() || isOwed(current) || workflowInfo().continueAsNewSuggested;
    const next = nextInstant(current);
    if (next === null) return condition(disturbed);
    const remaining_ms = Math.max(1, millisOf(next) - (Date.now() - ahead_ms));
    await condition(disturbed, remaining_ms, { summary: told(current) });
  }
}

/** Whether something is left to do at once. */
function isOwed(view: ContractView): boolean {
  return (view.billing_events ?? 0) > 0 || view.verification?.due === true;
}

/**
 * By how many milliseconds the clock of Temporal is ahead of the time by which contracts are settled (negative: behind), as far
 * as that is certain: the contract was looked at between the question and the answer. Without this a workflow whose timer fires
 * early would ask again at once, until the time has come.
 */
function clockAheadMs({ looked_at }: ContractView, asked_at: string, answered_at: string): number {
  if (looked_at === undefined) return 0;
  if (looked_at < asked_at) return millisOf(asked_at) - millisOf(looked_at);
  return Math.min(0, millisOf(answered_at) - millisOf(looked_at));
}

/** When the contract changes by itself; null when only a word changes it, as on a test clock. */
function nextInstant({ next_boundary, verification, on_test_clock }: ContractView): string | null {
  if (on_test_clock) return null;
  const instants = [next_boundary?.at, verification?.at].filter((at) => at !== undefined);
  return instants.sort()[0] ?? null;
}

/**
 * The billing events that were told: "evt_1 invoice.paid, evt_2 invoice.open and 3 more". By hand anything can be sent, so
 * nothing is relied upon.
 */
function namesOf(words: (Partial<BillingEventWord> | null | undefined)[]): string {
  if (words.length === 0) return 'what billing told';
  const named = words
    .slice(0, EVENTS_TOLD_MAX)
    .map((word) => String(word?.told ?? 'what somebody told').slice(0, TOLD_CHARS_MAX));
  const more = words.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Refuses what is no command before it can stop the workflow. */
function expectCommand(envelope: Partial<CommandEnvelope> | null | undefined): void {
  const { command, ...texts } = envelope ?? {};
  const { command_id, fingerprint, actor_id, request_id } = texts;
  const named = [command?.name, command_id, fingerprint, actor_id, request_id].every(
    (text) => typeof text === 'string',
  );
  if (named && typeof command?.input === 'object') return;
  const sentence = 'A command needs command.name, command.input, command_id, fingerprint, actor_id and request_id.';
  throw ApplicationFailure.nonRetryable(sentence, 'NotACommand');
}

/** Keeps what operators see and search true: state, boundary and whose contract it is. */
function tellOperators(view: ContractView, attributes: SearchAttributeTracker): void {
  const waits = view.next_boundary || view.verification ? `next: ${told(view)}` : 'waits for a command';
  const held = view.held_by?.length ? ` (held by ${view.held_by.join(', ')})` : '';
  setCurrentDetails(`**${view.state}**${held}, ${waits}${titleOf(view)}`);
  const wanted: WantedAttribute[] = [
    { key: CONTRACT_ID, value: view.contract_id },
    ...nameOf(view.name),
    { key: CUSTOMER_ID, value: view.customer_id },
    { key: ENVIRONMENT, value: view.environment },
    { key: CONTRACT_STATE, value: view.state },
    { key: NEXT_BOUNDARY, value: view.next_boundary ? new Date(view.next_boundary.at) : null },
  ];
  // What is gone is still found by whose it was: only its state and boundary change, and a name that must not be there.
  const gone = view.environment === null;
  const changing: unknown[] = [CONTRACT_STATE, NEXT_BOUNDARY, CONTRACT_NAME];
  const kept = wanted.filter(({ key }) => !gone || changing.includes(key));
  attributes.set(attributes.outdated(kept));
}

/** A paragraph that names the contract: what started a run that continues another one said it to that one alone. */
function titleOf({ name, type, environment }: ContractView): string {
  if (!name || type === undefined || environment === null) return '';
  return `\n\n${contractTitle({ name, type, environment })}`;
}

/** The step that a due boundary takes. */
function stepOf(view: ContractView): string {
  const { verified_first, next_boundary } = view;
  if (verified_first === undefined) return `crosses ${told(view)}`;
  return `stops before it ${verified_first} (due ${next_boundary?.at}): billing is asked first`;
}

/** What the contract waits for, in words: "expires 2027-02-01T00:00:00.000Z". */
function told({ next_boundary, verification, on_test_clock }: ContractView): string {
  const asks = verification ? `asks billing again ${verification.at} (${verification.kind})` : null;
  const boundary = next_boundary ? `${next_boundary.kind} ${next_boundary.at}` : 'nothing';
  return `${asks === null ? boundary : `${asks}, ${boundary}`}${on_test_clock ? ' by its test clock' : ''}`;
}
