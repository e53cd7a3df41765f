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
import { setWebhookUrl, webhookUrlRefusal } from '../../transactions/webhook/url-field';
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
import { ProblemError, problemOf } from '../http/problem';
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
  outside: OutsideOfFacts = {},
): Promise<Answer | Refusal> {
  return request.dryRun(async (tx) => {
    const act = contractActOf(request, id);
    const outcome = await runCommand(tx, act, command);
    if (isRefusal(outcome)) return hideDeletedContract(request.caller, outcome);
    const { refusal, facts } = outcome;
    if (refusal) return refusal;
    await setUrl(request.api, tx, facts, outside, act);
    const row = await readStoredContract(tx, id);
    // The operation that revokes the licenses is rolled back too.
    const shown = { ...row, revocation_id: null };
    return { status: 200, body: presentFacts(facts, shown, facts.settled_until, viewerOf(request)) };
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
export async function runEdit(
  request: CommandRequest,
  id: string,
  input: EditInput,
  { webhook_url }: OutsideOfFacts,
): Promise<Answer | Refusal> {
  const { api, request_id } = request;
  if (input.api_access === true && api.keySecrets === undefined) return refuse('API_ACCESS_NOT_CONFIGURED');
  const { edited, row, shown } = await beginLocked(api.db, [{ table: 'contracts', id }], async (tx) => {
    const act = contractActOf(request, id);
    const outcome = await editContract(tx, act, input);
    if (isRefusal(outcome)) return { edited: outcome, row: null, shown: {} };
    if (outcome.for_workflow) {
      const refusal = webhook_url === undefined ? null : await webhookUrlRefusal(tx, outcome.facts, webhook_url);
      return { edited: refusal ?? outcome, row: null, shown: {} };
    }
    const created = outcome.refusal ? {} : await createSecrets(api, tx, outcome.facts, { webhook_url }, act);
    return { edited: outcome, row: await readStoredContract(tx, id), shown: created };
  });
  if (isRefusal(edited)) return hideDeletedContract(request.caller, edited);
  await api.nudger.wake(edited.nudge, request_id);
  if (row !== null) return edited.refusal ?? contractAnswer(row, request, shown);
  const outcome = await sendToWorkflow(request, id, { name: 'edit', input });
  return isRefusal(outcome) ? outcome : contractAnswerAfter(request, id, outcome, { webhook_url });
}

/** Presents the contract after a command. */
async function contractAnswerAfter(
  request: CommandRequest,
  id: string,
  outcome: CommandOutcome,
  outside: OutsideOfFacts = {},
): Promise<Answer | Refusal> {
  const { api } = request;
  const read = await readContract({ ...request, now: await api.clock() }, id);
  if (isRefusal(read)) return read;
  const { row, shown } = await withMissingSecrets(request, read, outside);
  const answer = contractAnswer(row, { ...request, now: await api.clock() }, shown);
  return { ...answer, headers: { ...answer.headers, ...replayedHeader(outcome) } };
}

/**
 * Creates the API key of a contract whose workflow switched API access on or reinstated it, and sets its `webhook_url`. A secret must not
 * pass through Temporal. If this process ends before, `rotate` creates the key, and a repetition of the request sets the URL.
 */
async function withMissingSecrets(
  request: CommandRequest,
  read: ShownContract,
  outside: OutsideOfFacts,
): Promise<{ row: ShownContract; shown: ShownSecrets }> {
  const { api } = request;
  const { id } = read;
  const has_key = read.api_key !== null || !keepsApiKey(factsOf(read)) || api.keySecrets === undefined;
  if (has_key && outside.webhook_url === undefined) return { row: read, shown: {} };
  const created = await beginLocked(api.db, [{ table: 'contracts', id }], async (tx) => {
    const act = { ...contractActOf(request, id), now: await api.clock() };
    const settled = await checkContract(tx, act, () => null);
    const shown = isRefusal(settled) ? {} : await createSecrets(api, tx, settled.facts, outside, act);
    return { row: await readStoredContract(tx, id), shown, nudge: isRefusal(settled) ? NO_NUDGE : settled.nudge };
  });
  await api.nudger.wake(created.nudge, request.request_id);
  return created;
}

/** Fields of a contract that are not among its facts: rows of other tables have them. */
export interface OutsideOfFacts {
  /** Undefined: it stays as it is. */
  webhook_url?: string | null | undefined;
}

/** The texts that an answer shows because its request made them. */
export interface ShownSecrets {
  /** The API key. */
  key?: string | null;
  /** The secret of the endpoint; null: the request set `webhook_url`, and made no endpoint. */
  webhook_secret?: string | null;
}

/** Creates the API key that a contract should have and does not have, and sets its `webhook_url` as `setUrl` does. */
export async function createSecrets(
  api: Api,
  tx: Sql,
  facts: ContractFacts,
  outside: OutsideOfFacts,
  act: Act,
): Promise<ShownSecrets> {
  const key = api.keySecrets === undefined ? null : await createMissingKey(tx, facts, api.keySecrets, act);
  return { key, ...(await setUrl(api, tx, facts, outside, act)) };
}

/** Sets the `webhook_url` of a contract if the request has it. Throws its refusal. */
export async function setUrl(
  api: Api,
  tx: Sql,
  facts: ContractFacts,
  { webhook_url }: OutsideOfFacts,
  act: Act,
): Promise<Pick<ShownSecrets, 'webhook_secret'>> {
  if (webhook_url === undefined) return {};
  const set = await setWebhookUrl(tx, facts, webhook_url, api.sealer, act);
  // Thrown, so that the transaction is rolled back with what it has changed of the contract.
  if (isRefusal(set)) throw new ProblemError(problemOf(set));
  return { webhook_secret: set.secret };
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

/** The contract as a response, with the secrets that this request made. Repetitions of the request get null in their place (decisions 11). */
export function contractAnswer(
  row: ShownContract,
  request: Pick<CommandRequest, 'now' | 'caller' | 'api'>,
  { status = 200, ...shown }: ShownSecrets & { status?: number } = {},
): Answer {
  const body = presentContract(row, request.now, viewerOf(request));
  const { key = null, webhook_secret } = shown;
  if (key === null && webhook_secret === undefined) return { status, body, headers: etag(row) };
  const { api_access, webhook_endpoint } = body;
  const withSecrets = (secrets: Required<ShownSecrets>) => ({
    ...body,
    api_access: key === null ? api_access : { ...api_access, key: secrets.key },
    webhook_endpoint:
      webhook_endpoint && webhook_secret !== undefined
        ? { ...webhook_endpoint, secret: secrets.webhook_secret }
        : webhook_endpoint,
  });
  return {
    status,
    body: withSecrets({ key, webhook_secret: webhook_secret ?? null }),
    replay_body: withSecrets({ key: null, webhook_secret: null }) as never,
    headers: etag(row),
  };
}

function viewerOf({ caller, api }: Pick<CommandRequest, 'caller' | 'api'>): ContractViewer {
  return { caller, publicUrl: api.publicUrl };
}

export function etag(row: ContractRow): Record<string, string> {
  return { ETag: `"${row.revision}"` };
}
