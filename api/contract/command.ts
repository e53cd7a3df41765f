/** Reads a contract, and runs commands on it: in the API, as a dry run, or in the workflow of the contract (decisions 1). */
import { createHash, randomUUID } from 'node:crypto';
import type { CommandOutcome, ContractCommand } from '../../domain/contract/command';
import type { Act } from '../../domain/base/edit';
import { isRefusal, notFound, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { seesDeletedContracts } from '../../domain/access/caller';
import type { Caller } from '../../domain/access/caller';
import { keepsApiKey } from '../../domain/contract/api-access';
import type { ContractFacts } from '../../domain/contract/facts';
import { NO_NUDGE } from '../../domain/contract/nudge';
import { factsOf, findContract, findShownContract } from '../../db/contract/contract';
import type { ContractRow, ShownContract } from '../../db/contract/contract';
import { deletedRefusal } from '../../domain/contract/operations';
import type { EditInput } from '../../domain/contract/edit';
import type { ChangedContract, ContractAct } from '../../transactions/contract/changed-contract';
import { createMissingKey } from '../../transactions/access/contract-api-key';
import { checkContract } from '../../transactions/contract/check-contract';
import { editContract } from '../../transactions/contract/edit-contract';
import { runCommand } from '../../transactions/contract/run-command';
import { settleByTime } from '../../transactions/contract/settle-contract';
import { beginLocked } from '../../db/base/database';
import type { Database, Sql } from '../../db/base/database';
import type { IdempotentRequest } from '../../db/base/idempotency';
import { isCommandStored } from '../../db/contract/command';
import { isComputedByOlderRules } from '../../transactions/base/time-zone-rules';
import { presentContract, presentFacts } from './contract-presenter';
import type { ContractViewer } from './contract-presenter';
import type { Api } from '../http/api';
import { fingerprintOf } from '../http/idempotency';
import type { Answer, HandlerRequest } from '../http/route';

/** The refusals of a command that reaches no outcome in the workflow. Every route that sends commands can respond with them. */
export const WORKFLOW_REFUSALS = [
  'TEMPORAL_UNAVAILABLE',
  'TOO_MANY_COMMANDS',
  'COMMAND_EXPIRED',
  'COMMAND_FAILED',
  'OUTCOME_UNKNOWN',
] as const;

/** The parts of a request that commands need. */
export type CommandRequest = Omit<HandlerRequest<unknown, unknown, unknown>, 'params' | 'query' | 'body'>;

/**
 * Applies every due boundary of a contract and reads it. Locks the contract only when a boundary is due. When the lock is not free
 * in time, the response is CONTRACT_BUSY, because the stored contract can be outdated.
 */
export async function readContract(request: CommandRequest, id: string): Promise<ShownContract | Refusal> {
  const { api, now } = request;
  const row = await findShownContract(api.db, id);
  if (!row) return notFound('contract', id);
  if (row.deleted_at !== null) return hideDeletedContract(request.caller, deletedRefusal(row));
  const is_due = row.next_boundary_at !== null && row.next_boundary_at <= (row.clock_now ?? now);
  if (!is_due && !isComputedByOlderRules(row)) return row;
  const settled = await beginLocked(api.db, [{ table: 'contracts', id }], async (tx) =>
    withRow(tx, await settleByTime(tx, { id, now, request_id: request.request_id })),
  );
  if (isRefusal(settled)) return hideDeletedContract(request.caller, settled);
  await api.nudger.wake(settled.nudge, request.request_id);
  return settled.row;
}

/** Reads a contract that exists. */
export async function readStoredContract(sql: Sql, id: string): Promise<ShownContract> {
  const row = await findShownContract(sql, id);
  if (!row) throw new Error(`contract ${id} is gone`);
  return row;
}

/** Adds the stored row to the result of a transaction, in the same transaction. */
async function withRow<Changed extends ChangedContract>(
  tx: Sql,
  outcome: Changed | Refusal,
): Promise<(Changed & { row: ShownContract }) | Refusal> {
  return isRefusal(outcome) ? outcome : { ...outcome, row: await readStoredContract(tx, outcome.facts.id) };
}

/** Shows CONTRACT_DELETED only to callers who may delete contracts; others get NOT_FOUND (domain.md 1.9). */
export function hideDeletedContract(caller: Caller, refusal: Refusal): Refusal {
  if (refusal.code !== 'CONTRACT_DELETED' || seesDeletedContracts(caller)) return refusal;
  return notFound('contract', refusal.metadata.id as string);
}

/** Runs a command that needs no workflow in this process (decisions 1). */
export async function runCommandInApi(
  request: CommandRequest,
  id: string,
  run: (tx: Sql, act: ContractAct) => Promise<ChangedContract | Refusal>,
): Promise<Answer | Refusal> {
  const { api, request_id } = request;
  const outcome = await beginLocked(api.db, [{ table: 'contracts', id }], async (tx) =>
    withRow(tx, await run(tx, contractActOf(request, id))),
  );
  if (isRefusal(outcome)) return hideDeletedContract(request.caller, outcome);
  await api.nudger.wake(outcome.nudge, request_id);
  return outcome.refusal ?? contractAnswer(outcome.row, request);
}

/** Shows the contract as the command would leave it. */
export async function dryRunCommand(
  request: CommandRequest,
  id: string,
  command: ContractCommand,
): Promise<Answer | Refusal> {
  return request.dryRun(async (tx) => {
    const outcome = await withRow(tx, await runCommand(tx, contractActOf(request, id), command));
    if (isRefusal(outcome)) return hideDeletedContract(request.caller, outcome);
    const { refusal, facts, row } = outcome;
    // The operation that revokes the licenses is rolled back too.
    const shown = { ...row, revocation_id: null };
    return refusal ?? { status: 200, body: presentFacts(facts, shown, facts.settled_until, viewerOf(request)) };
  });
}

/** Sends a command to the workflow of the contract and shows the contract afterwards. */
export async function runCommandInWorkflow(
  request: CommandRequest,
  id: string,
  command: ContractCommand,
): Promise<Answer | Refusal> {
  const outcome = await sendCommand(request, id, command);
  return isRefusal(outcome) ? outcome : contractAnswerAfter(request, id, outcome);
}

/**
 * Runs an edit in this process, or in the workflow of the contract when the edit changes the state. The locked row decides which one
 * (`editContract`). Both ways read the contract once under its lock, and once afterwards.
 */
export async function runEdit(request: CommandRequest, id: string, input: EditInput): Promise<Answer | Refusal> {
  const { api, request_id } = request;
  if (input.api_access === true && api.keySecrets === undefined) return refuse('API_ACCESS_NOT_CONFIGURED');
  const { edited, row, key } = await beginLocked(api.db, [{ table: 'contracts', id }], async (tx) => {
    const act = contractActOf(request, id);
    const outcome = await editContract(tx, act, input);
    if (isRefusal(outcome) || outcome.for_workflow) return { edited: outcome, row: null, key: null };
    const created = outcome.refusal ? null : await createKeyOf(api, tx, outcome.facts, act);
    return { edited: outcome, row: await readStoredContract(tx, id), key: created };
  });
  if (isRefusal(edited)) return hideDeletedContract(request.caller, edited);
  await api.nudger.wake(edited.nudge, request_id);
  if (row !== null) return edited.refusal ?? contractAnswer(row, request, { key });
  const outcome = await sendToWorkflow(request, id, { name: 'edit', input });
  return isRefusal(outcome) ? outcome : contractAnswerAfter(request, id, outcome);
}

/** Presents the contract after a command. */
async function contractAnswerAfter(
  request: CommandRequest,
  id: string,
  outcome: CommandOutcome,
): Promise<Answer | Refusal> {
  const { api } = request;
  const read = await readContract({ ...request, now: await api.clock() }, id);
  if (isRefusal(read)) return read;
  const { row, key } = await withMissingKey(request, read);
  const answer = contractAnswer(row, { ...request, now: await api.clock() }, { key });
  return { ...answer, headers: { ...answer.headers, ...replayedHeader(outcome) } };
}

/**
 * Creates the API key of a contract whose workflow switched API access on or reinstated it. The process of the workflow has no
 * sealing key, and a key must not pass through Temporal. If this process ends before, `rotate` creates the key.
 */
async function withMissingKey(
  request: CommandRequest,
  read: ShownContract,
): Promise<{ row: ShownContract; key: string | null }> {
  const { api } = request;
  const { id } = read;
  if (read.api_key !== null || !keepsApiKey(factsOf(read)) || api.keySecrets === undefined)
    return { row: read, key: null };
  const created = await beginLocked(api.db, [{ table: 'contracts', id }], async (tx) => {
    const act = { ...contractActOf(request, id), now: await api.clock() };
    const settled = await checkContract(tx, act, () => null);
    const key = isRefusal(settled) ? null : await createKeyOf(api, tx, settled.facts, act);
    return { row: await readStoredContract(tx, id), key, nudge: isRefusal(settled) ? NO_NUDGE : settled.nudge };
  });
  await api.nudger.wake(created.nudge, request.request_id);
  return created;
}

/** Creates the API key that a contract should have and does not have, and returns its text; null otherwise. */
export async function createKeyOf(api: Api, tx: Sql, facts: ContractFacts, act: Act): Promise<string | null> {
  return api.keySecrets === undefined ? null : createMissingKey(tx, facts, api.keySecrets, act);
}

/** Sends a command to the workflow of the contract, and returns its outcome or its refusal. */
export async function sendCommand(
  request: CommandRequest,
  id: string,
  command: ContractCommand,
): Promise<CommandOutcome | Refusal> {
  // A command for a contract that does not exist must not start a workflow.
  const row = await findContract(request.api.db, id);
  if (!row) return notFound('contract', id);
  if (row.deleted_at !== null) return hideDeletedContract(request.caller, deletedRefusal(row));
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

/** The id of a command with an idempotency key. Repeated requests get the same id, and so the stored outcome. */
async function commandIdOf(
  db: Database,
  contract_id: string,
  { scope, former_scope, key }: IdempotentRequest,
): Promise<string> {
  const idFor = (key_scope: string): string => createHash('sha256').update(`${key_scope} ${key}`).digest('hex');
  const former_id = idFor(former_scope);
  return (await isCommandStored(db, contract_id, former_id)) ? former_id : idFor(scope);
}

export function replayedHeader({ replayed }: CommandOutcome): Record<string, string> {
  return replayed ? { 'Idempotent-Replayed': 'true' } : {};
}

/** The contract, the actor, the time and the request id: the form that `transactions/contract` takes. */
export function contractActOf({ actor, now, request_id }: CommandRequest, id: string): ContractAct {
  return { id, actor, now, request_id };
}

/**
 * The contract as a response. `key` is its API key if this request created it; repetitions of the request get null in its place
 * (decisions 11).
 */
export function contractAnswer(
  row: ShownContract,
  request: Pick<CommandRequest, 'now' | 'caller' | 'api'>,
  { status = 200, key = null }: { status?: number; key?: string | null } = {},
): Answer {
  const body = presentContract(row, request.now, viewerOf(request));
  if (key === null) return { status, body, headers: etag(row) };
  const withKey = (shown: string | null) => ({ ...body, api_access: { ...body.api_access, key: shown } });
  return { status, body: withKey(key), replay_body: withKey(null) as never, headers: etag(row) };
}

function viewerOf({ caller, api }: Pick<CommandRequest, 'caller' | 'api'>): ContractViewer {
  return { caller, publicUrl: api.publicUrl };
}

export function etag(row: ContractRow): Record<string, string> {
  return { ETag: `"${row.revision}"` };
}
