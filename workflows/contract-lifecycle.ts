/**
 * The life of one contract, from its activation to its end.
 *
 * It promises that every boundary is crossed at its time without anybody asking, and it is the one queue through which
 * commands reach an activated contract. It holds no fact: Postgres does, and the workflow can be lost and started again.
 */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { ContractActivities, ContractView } from '../activities/contract';
import type { CommandOutcome, ContractCommand } from '../domain/contract-commands';
import { instantFromMillis, millisOf } from '../domain/instant';
import { CONTRACT_ID, CONTRACT_STATE, CUSTOMER_ID, ENVIRONMENT, NEXT_BOUNDARY } from './search-attributes';

export interface ContractLifecycleInput {
  contract_id: string;
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
}

/** Carries out a command and answers with its outcome. */
export const commandUpdate = defineUpdate<CommandOutcome, [CommandEnvelope]>('command');
/** Says that the contract changed elsewhere: look again. */
export const wakeContractSignal = defineSignal('wake');
/** The state, and the boundary the workflow waits for. */
export const contractViewQuery = defineQuery<ContractView | null>('view');

/** After a crash of the worker an update waits this long before it runs again, so it is short. */
const COMMAND_ATTEMPT_TIMEOUT = '6s';
const SETTLE_ATTEMPT_TIMEOUT = '20s';
const RETRY = { initialInterval: '200ms', maximumInterval: '15s' } as const;

const { runContractCommand } = proxyActivities<ContractActivities>({
  startToCloseTimeout: COMMAND_ATTEMPT_TIMEOUT,
  retry: RETRY,
});
const { settleContract } = proxyActivities<ContractActivities>({
  startToCloseTimeout: SETTLE_ATTEMPT_TIMEOUT,
  retry: RETRY,
});

export async function contractLifecycle(input: ContractLifecycleInput): Promise<ContractView> {
  let woken = false;
  let view: ContractView | null = null;
  const now = () => instantFromMillis(Date.now());

  setHandler(contractViewQuery, () => view, { description: 'The state of the contract and the boundary it waits for' });
  setHandler(wakeContractSignal, () => void (woken = true), { description: 'Look at the contract again' });
  setHandler(
    commandUpdate,
    async (envelope) => {
      const summary = `${envelope.command.name} (${envelope.request_id})`;
      const outcome = await runContractCommand.executeWithOptions({ summary }, [
        { ...envelope, contract_id: input.contract_id, now: now() },
      ]);
      woken = true;
      return outcome;
    },
    { description: 'activate, pause, resume or edit the contract' },
  );

  for (;;) {
    woken = false;
    const due =
      view?.next_boundary && view.next_boundary.at <= now() ? `crosses ${told(view)}` : 'looks at the contract';
    view = await settleContract.executeWithOptions({ summary: due }, [{ contract_id: input.contract_id, now: now() }]);
    tellOperators(view);

    // A contract that waits for nothing is left alone; the next command starts the workflow again.
    if (view.at_rest) {
      await condition(allHandlersFinished);
      if (woken) continue;
      return view;
    }
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof contractLifecycle>(input);
    }
    await nextBoundaryOrWord(view);
  }

  /** Waits until the next boundary is due, or somebody has something to say. */
  async function nextBoundaryOrWord(current: ContractView): Promise<void> {
    const somebodySpoke = () => woken || workflowInfo().continueAsNewSuggested;
    if (current.next_boundary === null) return condition(somebodySpoke);
    const remaining_ms = Math.max(1, millisOf(current.next_boundary.at) - Date.now());
    await condition(somebodySpoke, remaining_ms, { summary: told(current) });
  }
}

/** Keeps what operators see and search true: state, boundary and whose contract it is. */
function tellOperators(view: ContractView): void {
  setCurrentDetails(`**${view.state}**, ${view.next_boundary ? `next: ${told(view)}` : 'waits for a command'}`);
  const known = workflowInfo().typedSearchAttributes;
  const next = view.next_boundary ? new Date(view.next_boundary.at) : null;
  const wanted = [
    { key: CONTRACT_ID, value: view.contract_id, differs: known.get(CONTRACT_ID) !== view.contract_id },
    { key: CUSTOMER_ID, value: view.customer_id, differs: (known.get(CUSTOMER_ID) ?? null) !== view.customer_id },
    { key: ENVIRONMENT, value: view.environment, differs: known.get(ENVIRONMENT) !== view.environment },
    { key: CONTRACT_STATE, value: view.state, differs: known.get(CONTRACT_STATE) !== view.state },
    { key: NEXT_BOUNDARY, value: next, differs: known.get(NEXT_BOUNDARY)?.getTime() !== next?.getTime() },
  ];
  // What is gone is still found by whose it was: only its state and boundary change.
  const gone = view.environment === null;
  const changed = wanted
    .filter(({ key, differs }) => differs && (!gone || key === CONTRACT_STATE || key === NEXT_BOUNDARY))
    .map(({ key, value }) => ({ key, value }));
  if (changed.length > 0) upsertSearchAttributes(changed as Parameters<typeof upsertSearchAttributes>[0]);
}

/** The boundary in words: "expires 2027-02-01T00:00:00.000Z". */
function told(view: ContractView): string {
  return view.next_boundary ? `${view.next_boundary.kind} ${view.next_boundary.at}` : 'nothing';
}
