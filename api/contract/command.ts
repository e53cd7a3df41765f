/** How the API reads a contract and has commands upon it carried out: here, in rehearsal, or by its workflow (decisions 1). */
import { createHash, randomUUID } from 'node:crypto';
import type { CommandOutcome, ContractCommand } from '../../domain/contract/command';
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { seesDeletedContracts } from '../../domain/access/caller';
import type { Caller } from '../../domain/access/caller';
import { findContract } from '../../db/contract/contract';
import type { ContractRow } from '../../db/contract/contract';
import { deletedRefusal } from '../../domain/contract/operations';
import type { EditInput } from '../../domain/contract/edit';
import type { Changed, ContractAct } from '../../transactions/contract/changed';
import { editContract } from '../../transactions/contract/edit-contract';
import { runCommand } from '../../transactions/contract/run-command';
import { settleByTime } from '../../transactions/contract/settle-contract';
import { beginLocked } from '../../db/base/database';
import type { Database, Sql } from '../../db/base/database';
import type { IdempotentRequest } from '../../db/base/idempotency';
import { isCommandStored } from '../../db/contract/command';
import { isComputedByOlderRules } from '../../transactions/base/time-zone-rules';
import { presentContract, presentFacts } from './contract-presenter';
import { fingerprintOf } from '../http/idempotency';
import type { Answer, HandlerRequest } from '../http/route';

/** How a command through the workflow may end without an outcome of its own; every route that sends one answers these. */
export const WORKFLOW_REFUSALS = [
  'TEMPORAL_UNAVAILABLE',
  'TOO_MANY_COMMANDS',
  'COMMAND_EXPIRED',
  'COMMAND_FAILED',
  'OUTCOME_UNKNOWN',
] as const;

/** Any request, as far as commands upon contracts care. */
export type CommandRequest = Omit<HandlerRequest<unknown, unknown, unknown>, 'params' | 'query' | 'body'>;

/**
 * Reads a contract with everything due crossed; takes a lock only when something is. While others have the contract, what is due
 * is not known to have happened, so the answer is that the contract is busy, and not the contract as it was.
 */
export async function readContract(request: CommandRequest, id: string): Promise<ContractRow | Refusal> {
  const { api, now } = request;
  const row = await findContract(api.db, id);
  if (!row) return notFound('contract', id);
  if (row.deleted_at !== null) return hideDeletedContract(request.caller, deletedRefusal(row));
  const is_due = row.next_boundary_at !== null && row.next_boundary_at <= (row.clock_now ?? now);
  if (!is_due && !isComputedByOlderRules(row)) return row;
  const settled = await beginLocked(api.db, [{ table: 'contracts', id }], (tx) =>
    settleByTime(tx, { id, now, request_id: request.request_id }),
  );
  if (isRefusal(settled)) return hideDeletedContract(request.caller, settled);
  await api.nudger.wake(settled.nudge, request.request_id);
  return settled.row;
}

/** A tombstone is for those who could have deleted; to others there is nothing (domain.md 1.9). */
export function hideDeletedContract(caller: Caller, refusal: Refusal): Refusal {
  if (refusal.code !== 'CONTRACT_DELETED' || seesDeletedContracts(caller)) return refusal;
  return notFound('contract', refusal.metadata.id as string);
}

/** Carries out a command in this process: what needs no workflow (decisions 1). */
export async function runCommandInApi(
  request: CommandRequest,
  id: string,
  run: (tx: Sql, act: ContractAct) => Promise<Changed | Refusal>,
): Promise<Answer | Refusal> {
  const { api, request_id } = request;
  const outcome = await beginLocked(api.db, [{ table: 'contracts', id }], (tx) => run(tx, contractActOf(request, id)));
  if (isRefusal(outcome)) return hideDeletedContract(request.caller, outcome);
  await api.nudger.wake(outcome.nudge, request_id);
  return outcome.refusal ?? contractAnswer(outcome.row, request);
}

/** Shows what a command would change. */
export async function dryRunCommand(
  request: CommandRequest,
  id: string,
  command: ContractCommand,
): Promise<Answer | Refusal> {
  return request.dryRun(async (tx) => {
    const outcome = await runCommand(tx, contractActOf(request, id), command);
    if (isRefusal(outcome)) return hideDeletedContract(request.caller, outcome);
    const { refusal, facts, row } = outcome;
    return refusal ?? { status: 200, body: presentFacts(facts, row, facts.settled_until, request.caller) };
  });
}

/** Sends a command to the workflow of the contract and shows what became of it. */
export async function runCommandInWorkflow(
  request: CommandRequest,
  id: string,
  command: ContractCommand,
): Promise<Answer | Refusal> {
  const outcome = await sendCommand(request, id, command);
  return isRefusal(outcome) ? outcome : contractAnswerAfter(request, id, outcome);
}

/**
 * Carries out an edit: in this process, or by the workflow of the contract when it moves the state. That is decided from the locked row
 * (`editContract`). Both read the contract once before, under its lock, and once after.
 */
export async function runEdit(request: CommandRequest, id: string, input: EditInput): Promise<Answer | Refusal> {
  const { api, request_id } = request;
  const edited = await beginLocked(api.db, [{ table: 'contracts', id }], (tx) =>
    editContract(tx, contractActOf(request, id), input),
  );
  if (isRefusal(edited)) return hideDeletedContract(request.caller, edited);
  await api.nudger.wake(edited.nudge, request_id);
  if (!edited.for_workflow) return edited.refusal ?? contractAnswer(edited.row, request);
  const outcome = await sendToWorkflow(request, id, { name: 'edit', input });
  return isRefusal(outcome) ? outcome : contractAnswerAfter(request, id, outcome);
}

/** The contract as a command has left it. */
async function contractAnswerAfter(
  request: CommandRequest,
  id: string,
  outcome: CommandOutcome,
): Promise<Answer | Refusal> {
  const { api } = request;
  const row = await readContract({ ...request, now: await api.clock() }, id);
  if (isRefusal(row)) return row;
  const answer = contractAnswer(row, { ...request, now: await api.clock() });
  return { ...answer, headers: { ...answer.headers, ...replayedHeader(outcome) } };
}

/** Sends a command to the workflow of the contract; its refusal is the answer. */
export async function sendCommand(
  request: CommandRequest,
  id: string,
  command: ContractCommand,
): Promise<CommandOutcome | Refusal> {
  // Nobody starts a workflow for a contract that does not exist.
  const known = await findContract(request.api.db, id);
  if (!known) return notFound('contract', id);
  if (known.deleted_at !== null) return hideDeletedContract(request.caller, deletedRefusal(known));
  return sendToWorkflow(request, id, command);
}

/** The same for a contract that is known to exist. */
async function sendToWorkflow(
  request: CommandRequest,
  id: string,
  command: ContractCommand,
): Promise<CommandOutcome | Refusal> {
  const { api, idempotency } = request;
  const outcome = await api.sendCommand(id, {
    command,
    command_id: idempotency ? await commandIdOf(api.db, id, idempotency) : randomUUID(),
    fingerprint: idempotency?.fingerprint ?? fingerprintOf('command', id, command),
    actor_id: request.actor.id,
    request_id: request.request_id,
  });
  return outcome.refusal ? hideDeletedContract(request.caller, outcome.refusal) : outcome;
}

/** The id of a command that came under an idempotency key; equal requests have the same, which names their stored outcome. */
async function commandIdOf(
  db: Database,
  contract_id: string,
  { scope, former_scope, key }: IdempotentRequest,
): Promise<string> {
  const idIn = (its_scope: string): string => createHash('sha256').update(`${its_scope} ${key}`).digest('hex');
  const former_id = idIn(former_scope);
  return (await isCommandStored(db, contract_id, former_id)) ? former_id : idIn(scope);
}

export function replayedHeader({ replayed }: CommandOutcome): Record<string, string> {
  return replayed ? { 'Idempotent-Replayed': 'true' } : {};
}

/** The request as an act upon a contract. */
export function contractActOf({ actor, now, request_id }: CommandRequest, id: string): ContractAct {
  return { id, actor, now, request_id };
}

export function contractAnswer(
  row: ContractRow,
  { now, caller }: Pick<CommandRequest, 'now' | 'caller'>,
  status = 200,
): Answer {
  return { status, body: presentContract(row, now, caller), headers: etag(row) };
}

export function etag(row: ContractRow): Record<string, string> {
  return { ETag: `"${row.revision}"` };
}
