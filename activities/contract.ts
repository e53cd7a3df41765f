/** What the lifecycle workflow has done in Postgres: settling a contract and carrying out commands upon it. */
import { SYSTEM } from '../domain/actor';
import type { Actor } from '../domain/actor';
import { decide, needsOf } from '../domain/contract-commands';
import type { CommandOutcome, ContractCommand } from '../domain/contract-commands';
import type { Instant } from '../domain/instant';
import { isRefusal } from '../domain/refusal';
import { findAdminActor } from '../db/admin';
import { lockContract } from '../db/contract';
import { changeContract } from '../db/contract-change';
import { findCommandOutcome, insertCommandOutcome } from '../db/contract-command';
import type { Database } from '../db/index';
import type { Nudger } from '../temporal/nudge';
import { viewOf } from './contract-view';
import type { ContractView } from './contract-view';

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

export function createContractActivities({ db, nudger }: { db: Database; nudger: Nudger }) {
  return {
    /**
     * Crosses every boundary that is due, up to where unpaid invoices have to be verified first. Safe to run twice: a
     * boundary is crossed once.
     */
    async settleContract(input: SettleInput): Promise<ContractView> {
      const { contract_id: id, now } = input;
      const outcome = await db.begin((tx) =>
        changeContract(tx, { id, actor: SYSTEM, now, request_id: null, billing: 'stop' }, () => 'unchanged'),
      );
      if (!isRefusal(outcome)) await nudger.wakeJobs(outcome.nudge.job_ids);
      return viewOf(db, input, outcome);
    },

    /** Carries out one command, once however often it is delivered: its outcome is stored with what it changed. */
    async runContractCommand(input: RunCommandInput): Promise<CommandOutcome> {
      const done = await db.begin(async (tx) => {
        // Under the lock: an equal command may be under way, and its outcome stands only when it has committed.
        await lockContract(tx, input.contract_id);
        const stored = await findCommandOutcome(tx, input.contract_id, input.command_id, input.fingerprint);
        if (stored) return { outcome: stored, job_ids: [] };
        const actor: Actor = await findAdminActor(tx, input.actor_id);
        const { contract_id: id, now, request_id, command } = input;
        const changed = await changeContract(
          tx,
          { id, actor, now, request_id, ...needsOf(command) },
          (facts, context) => decide(command, facts, context),
        );
        if (isRefusal(changed)) return { outcome: { refusal: changed, changed: false, replayed: false }, job_ids: [] };
        const outcome: CommandOutcome = {
          refusal: changed.refusal,
          changed: changed.changed,
          replayed: false,
          ...(command.name === 'amend' ? { amendment_id: command.input.amendment_id } : {}),
        };
        // A refusal had no effect: a repetition is judged afresh (domain.md 5.2).
        if (!changed.refusal) await insertCommandOutcome(tx, input, outcome);
        return { outcome, job_ids: changed.nudge.job_ids };
      });
      await nudger.wakeJobs(done.job_ids);
      return done.outcome;
    },
  };
}
