/** What the lifecycle workflow has done in Postgres: settling a contract and carrying out commands upon it. */
import { SYSTEM } from '../domain/actor';
import type { Actor } from '../domain/actor';
import { nextBoundary } from '../domain/contract-boundary';
import type { Boundary } from '../domain/contract-boundary';
import { decide } from '../domain/contract-commands';
import type { CommandOutcome, ContractCommand } from '../domain/contract-commands';
import { stateAt } from '../domain/contract';
import type { ContractFacts, ContractState } from '../domain/contract';
import type { Environment } from '../domain/environment';
import type { Instant } from '../domain/instant';
import { isRefusal } from '../domain/refusal';
import { findAdminActor } from '../db/admin';
import { lockContract } from '../db/contract';
import { changeContract } from '../db/contract-change';
import { findCommandOutcome, insertCommandOutcome } from '../db/contract-command';
import type { Database } from '../db/index';
import type { Nudger } from '../temporal/nudge';

/** What the workflow knows of its contract: enough to wait and to be found, nothing that is a fact. */
export interface ContractView {
  contract_id: string;
  customer_id: string | null;
  /** Null when it is gone. */
  environment: Environment | null;
  state: ContractState | 'GONE';
  next_boundary: Boundary | null;
  /** Whether nothing will happen to the contract by itself any more. */
  at_rest: boolean;
}

export interface SettleInput {
  contract_id: string;
  now: Instant;
}

export interface RunCommandInput extends SettleInput {
  command: ContractCommand;
  command_id: string;
  fingerprint: string;
  actor_id: string;
  request_id: string;
}

export type ContractActivities = ReturnType<typeof createContractActivities>;

/** States in which only a command can change a contract. */
const AT_REST: readonly ContractState[] = ['DRAFT', 'EXPIRED', 'DELETED'];

export function createContractActivities({ db, nudger }: { db: Database; nudger: Nudger }) {
  return {
    /** Crosses every boundary that is due. Safe to run twice: a boundary is crossed once. */
    async settleContract(input: SettleInput): Promise<ContractView> {
      const outcome = await db.begin((tx) =>
        changeContract(
          tx,
          { id: input.contract_id, actor: SYSTEM, now: input.now, request_id: null },
          () => 'unchanged',
        ),
      );
      if (isRefusal(outcome)) return gone(input.contract_id);
      await nudger.wakeJobs(outcome.nudge.job_ids);
      return viewOf(outcome.facts);
    },

    /** Carries out one command, once however often it is delivered: its outcome is stored with what it changed. */
    async runContractCommand(input: RunCommandInput): Promise<CommandOutcome> {
      const done = await db.begin(async (tx) => {
        // Under the lock: an equal command may be under way, and its outcome stands only when it has committed.
        await lockContract(tx, input.contract_id);
        const stored = await findCommandOutcome(tx, input.contract_id, input.command_id, input.fingerprint);
        if (stored) return { outcome: stored, job_ids: [] };
        const actor: Actor = await findAdminActor(tx, input.actor_id);
        const editing = input.command.name === 'edit' ? input.command.input : {};
        const changed = await changeContract(
          tx,
          {
            id: input.contract_id,
            actor,
            now: input.now,
            request_id: input.request_id,
            generator_id: editing.generator_id,
            lock_quota: editing.quota !== undefined,
          },
          (facts, context) => decide(input.command, facts, context),
        );
        if (isRefusal(changed)) return { outcome: { refusal: changed, changed: false, replayed: false }, job_ids: [] };
        const outcome: CommandOutcome = { refusal: changed.refusal, changed: changed.changed, replayed: false };
        // A refusal had no effect: a repetition is judged afresh (domain.md 5.2).
        if (!changed.refusal) await insertCommandOutcome(tx, input, outcome);
        return { outcome, job_ids: changed.nudge.job_ids };
      });
      await nudger.wakeJobs(done.job_ids);
      return done.outcome;
    },
  };
}

function viewOf(facts: ContractFacts): ContractView {
  const state = stateAt(facts, facts.settled_until);
  return {
    contract_id: facts.id,
    customer_id: facts.customer_id,
    environment: facts.environment,
    state,
    next_boundary: nextBoundary(facts),
    at_rest: AT_REST.includes(state),
  };
}

/** A contract that was deleted, or never committed. */
function gone(contract_id: string): ContractView {
  return {
    contract_id,
    customer_id: null,
    environment: null,
    state: 'GONE',
    next_boundary: null,
    at_rest: true,
  };
}
