/** Contracts: create, list, read, edit, act upon, delete. */
import { createHash, randomUUID } from 'node:crypto';
import { uuidv7 } from 'uuidv7';
import { CONTRACT_STATES, CONTRACT_TYPES } from '../domain/contract';
import type { ContractFacts } from '../domain/contract';
import { create, decide } from '../domain/contract-commands';
import type { ContractCommand } from '../domain/contract-commands';
import { isRefusal, refuse } from '../domain/refusal';
import type { Refusal } from '../domain/refusal';
import { roleCovers } from '../domain/role';
import type { Role } from '../domain/role';
import { insertAudit } from '../db/commit';
import { CONTRACT_SORTS, findContract, listContracts } from '../db/contract';
import type { ContractRow } from '../db/contract';
import { changeContract, deletedRefusal, insertContract } from '../db/contract-change';
import type { Changed } from '../db/contract-change';
import { customerExists } from '../db/customer';
import { findGenerator } from '../db/generator';
import type { Sql } from '../db/index';
import { findProduct } from '../db/product';
import {
  ContractCreate,
  ContractEdit,
  ContractListShape,
  ContractShape,
  DeleteBody,
  EmptyBody,
  PauseBody,
  ResumeBody,
} from './contract-shapes';
import { presentContract, presentContractListItem, presentFacts } from './contract-presenter';
import { fingerprintOf } from './endpoint';
import { route } from './route';
import type { Answer, Handled, Route } from './route';
import {
  DryRunQuery,
  EnvironmentShape,
  Id,
  IdParams,
  PageOf,
  PageQuery,
  SearchShape,
  hasInstantAndUuid,
  hasUuid,
  keysetOf,
  pageOf,
} from './shapes';
import { z } from './zod';

type Request = Omit<Handled<unknown, unknown, unknown>, 'params' | 'query' | 'body'>;

const ContractQuery = PageQuery.extend({
  environment: EnvironmentShape.default('production'),
  search: SearchShape.optional().describe('Part of the name in any case, or the whole id'),
  status: z.enum(['active', 'inactive']).optional(),
  state: z.enum(CONTRACT_STATES).optional(),
  type: z.enum(CONTRACT_TYPES).optional(),
  product_id: Id.optional(),
  customer_id: Id.optional(),
  sort: z.enum(CONTRACT_SORTS).default('created_at'),
  order: z.enum(['asc', 'desc']).default('desc'),
});

const CONTRACT = { description: 'The contract', schema: ContractShape };

export const contractRoutes: Route[] = [
  route({
    method: 'post',
    path: '/api/v1/contracts',
    tag: 'Contracts',
    summary: 'Create a contract',
    role: 'admin',
    query: DryRunQuery,
    body: ContractCreate,
    answers: { 201: { ...CONTRACT, description: 'Created; Location names it' } },
    refusals: [
      'PRODUCT_INACTIVE',
      'GENERATOR_NOT_AVAILABLE',
      'GENERATOR_KEYSPACE_TOO_SMALL',
      'FEATURE_TYPE_MISMATCH',
      'TERM_ALREADY_OVER',
      'EXPIRY_IN_PAST',
      'EXPIRY_CONFLICT',
    ],
    audit: ['contract.created'],
    async handle({ body, query, actor, now, request_id, write, rehearse }) {
      const run = async (tx: Sql): Promise<Answer | Refusal> => {
        const product = await findProduct(tx, body.product_id);
        if (!product) return missing('product_id', 'product');
        if (body.customer_id !== null && !(await customerExists(tx, body.customer_id)))
          return missing('customer_id', 'customer');
        const generator = (await findGenerator(tx, body.generator_id, { lock: 'use' })) ?? null;
        const change = create(uuidv7(), body.generator_id, body, {
          now,
          actor_id: actor.id,
          product,
          generator,
          open_jobs: 0,
        });
        if (isRefusal(change)) return change;
        const created = await insertContract(tx, change, actor, request_id, generator);
        const location = `/api/v1/contracts/${change.facts.id}`;
        return {
          ...shown(created.row, now, 201),
          nudge: created.nudge,
          headers: { ...etag(created.row), Location: location },
        };
      };
      return query.dry_run === 'true' ? rehearse(run) : write(run);
    },
  }),
  route({
    method: 'get',
    path: '/api/v1/contracts',
    tag: 'Contracts',
    summary: 'List contracts',
    description: 'Deleted contracts are not listed. State is the stored one, at most a minute late.',
    role: 'viewer',
    query: ContractQuery,
    answers: { 200: { description: 'One page', schema: PageOf(ContractListShape) } },
    audit: [],
    async handle({ api, query }) {
      const after = keysetOf(query.cursor, query.sort === 'created_at' ? hasInstantAndUuid : hasUuid);
      const rows = await listContracts(api.db, query, {
        sort: query.sort,
        order: query.order,
        after,
        limit: query.limit + 1,
      });
      const values = { created_at: 'created_at', name: 'name', type: 'type', status: 'state' } as const;
      const body = pageOf(rows, query.limit, presentContractListItem, (row) => {
        const value = row[values[query.sort]];
        return { value: query.sort === 'name' ? value.toLowerCase() : value, id: row.id };
      });
      return { status: 200, body };
    },
  }),
  route({
    method: 'get',
    path: '/api/v1/contracts/:id',
    tag: 'Contracts',
    summary: 'Read a contract',
    description: 'Boundaries that are due are crossed before anything is shown.',
    role: 'viewer',
    params: IdParams,
    answers: { 200: CONTRACT },
    refusals: ['CONTRACT_DELETED'],
    audit: [],
    async handle({ params, ...request }) {
      const row = await readContract(request, params.id);
      return isRefusal(row) ? row : shown(row, request.now);
    },
  }),
  route({
    method: 'patch',
    path: '/api/v1/contracts/:id',
    tag: 'Contracts',
    summary: 'Edit a contract',
    description: 'What is left out stays. `status` activates, pauses or resumes, through the workflow of the contract.',
    role: 'admin',
    params: IdParams,
    query: DryRunQuery,
    body: ContractEdit,
    answers: { 200: CONTRACT },
    refusals: [
      'IMMUTABLE_FIELD',
      'REVISION_CONFLICT',
      'QUOTA_BELOW_USED',
      'QUOTA_DECREASE_NOT_ALLOWED',
      'INVALID_STATE_TRANSITION',
    ],
    audit: ['contract.updated', 'contract.activated', 'contract.paused', 'contract.resumed'],
    async handle({ params, query, body, ...request }) {
      if (body.customer_id && !(await customerExists(request.api.db, body.customer_id)))
        return missing('customer_id', 'customer');
      const command: ContractCommand = {
        name: 'edit',
        input: { ...body, expected_revision: request.expected_revision },
      };
      if (query.dry_run !== 'true' && body.status !== undefined)
        return commandThroughWorkflow(request, params.id, command);
      return query.dry_run === 'true'
        ? rehearseCommand(request, params.id, command)
        : commandHere(request, params.id, command);
    },
  }),
  action('activate', 'Activate a draft', EmptyBody, ['contract.activated'], (input) => ({ name: 'activate', input })),
  action('pause', 'Pause a contract', PauseBody, ['contract.paused'], (input) => ({ name: 'pause', input })),
  action('resume', 'Resume a paused contract', ResumeBody, ['contract.resumed'], (input) => ({
    name: 'resume',
    input,
  })),
  route({
    method: 'delete',
    path: '/api/v1/contracts/:id',
    tag: 'Contracts',
    summary: 'Delete a contract',
    description:
      'Its licenses stay and go on working; so do its jobs and its audit. What is left of it is a tombstone.',
    role: 'super_admin',
    params: IdParams,
    query: DryRunQuery,
    body: DeleteBody,
    answers: { 204: { description: 'Deleted' }, 200: { ...CONTRACT, description: 'Dry run: it could be deleted' } },
    refusals: ['CONTRACT_ACTIVE', 'CONTRACT_HAS_OPEN_JOB', 'CONFIRMATION_MISMATCH', 'REVISION_CONFLICT'],
    audit: ['contract.deleted'],
    async handle({ params, query, body, ...request }) {
      const command: ContractCommand = {
        name: 'delete',
        input: { ...body, expected_revision: request.expected_revision },
      };
      if (query.dry_run === 'true') return rehearseCommand(request, params.id, command);
      const done = await commandHere(request, params.id, command);
      return isRefusal(done) ? done : { status: 204, ...(done.nudge ? { nudge: done.nudge } : {}) };
    },
  }),
];

/** An action of its own path, carried out by the workflow of the contract. */
function action<B extends z.ZodObject>(
  name: 'activate' | 'pause' | 'resume',
  summary: string,
  body: B,
  audit: string[],
  commandOf: (input: z.infer<B>) => ContractCommand,
): Route {
  return route({
    method: 'post',
    path: `/api/v1/contracts/:id/${name}`,
    tag: 'Contracts',
    summary,
    description: 'Repeating what already holds answers 200 and changes nothing.',
    role: 'admin',
    params: IdParams,
    query: DryRunQuery,
    body: body,
    body_optional: true,
    answers: { 200: CONTRACT },
    refusals: ['INVALID_STATE_TRANSITION', 'REVISION_CONFLICT', 'TEMPORAL_UNAVAILABLE', 'OUTCOME_UNKNOWN'],
    audit,
    async handle({ params, query, body: input, ...request }) {
      const command = commandOf({ ...(input as z.infer<B>), expected_revision: request.expected_revision });
      if (query.dry_run === 'true') return rehearseCommand(request, params.id, command);
      return commandThroughWorkflow(request, params.id, command);
    },
  });
}

/** Reads a contract with everything due crossed; takes a lock only when something is. */
export async function readContract(request: Request, id: string): Promise<ContractRow | Refusal> {
  const { api, now } = request;
  const row = await findContract(api.db, id);
  if (!row) return refuse('NOT_FOUND', { what: 'contract', id });
  if (row.deleted_at !== null) return hiddenFrom(request.caller.role, deletedRefusal(row));
  if (row.next_boundary_at === null || row.next_boundary_at > now) return row;
  const settled = await api.db.begin((tx) => changeContract(tx, changeRequest(request, id), () => 'unchanged'));
  if (isRefusal(settled)) return hiddenFrom(request.caller.role, settled);
  await api.nudger.wake(settled.nudge, request.request_id);
  return settled.row;
}

/** A tombstone is for those who could have deleted; to others there is nothing (domain.md 1.9). */
export function hiddenFrom(role: Role, refusal: Refusal): Refusal {
  if (refusal.code !== 'CONTRACT_DELETED' || roleCovers(role, 'admin')) return refusal;
  return refuse('NOT_FOUND', { what: 'contract', id: refusal.metadata.id ?? null });
}

/** Carries out a command in this process: what needs no workflow (decisions 1). */
async function commandHere(request: Request, id: string, command: ContractCommand): Promise<Answer | Refusal> {
  const outcome = await request.api.db.begin(async (tx) => {
    const changed = await runCommand(tx, request, id, command);
    if (!isRefusal(changed) && changed.refusal && command.name === 'delete')
      await auditRefusedDeletion(tx, request, changed.row, changed.refusal);
    return changed;
  });
  if (isRefusal(outcome)) return hiddenFrom(request.caller.role, outcome);
  await request.api.nudger.wake(outcome.nudge, request.request_id);
  return outcome.refusal ?? shown(outcome.row, request.now);
}

/** Shows what a command would change. */
async function rehearseCommand(request: Request, id: string, command: ContractCommand): Promise<Answer | Refusal> {
  return request.rehearse(async (tx) => {
    const outcome = await runCommand(tx, request, id, command);
    if (isRefusal(outcome)) return hiddenFrom(request.caller.role, outcome);
    return outcome.refusal ?? { status: 200, body: presentFacts(outcome.facts, outcome.row, request.now) };
  });
}

/** Sends a command to the workflow of the contract and shows what became of it. */
async function commandThroughWorkflow(
  request: Request,
  id: string,
  command: ContractCommand,
): Promise<Answer | Refusal> {
  const { api, idempotency } = request;
  // Nobody starts a workflow for a contract that does not exist.
  const known = await findContract(api.db, id);
  if (!known) return refuse('NOT_FOUND', { what: 'contract', id });
  if (known.deleted_at !== null) return hiddenFrom(request.caller.role, deletedRefusal(known));
  const outcome = await api.sendCommand(id, {
    command,
    command_id: idempotency
      ? createHash('sha256').update(`${idempotency.scope} ${idempotency.key}`).digest('hex')
      : randomUUID(),
    fingerprint: idempotency?.fingerprint ?? fingerprintOf('command', id, command),
    actor_id: request.actor.id,
    request_id: request.request_id,
  });
  if (outcome.refusal) return hiddenFrom(request.caller.role, outcome.refusal);
  const row = await readContract({ ...request, now: api.clock() }, id);
  if (isRefusal(row)) return row;
  const answer = shown(row, api.clock());
  return { ...answer, headers: { ...answer.headers, ...(outcome.replayed ? { 'Idempotent-Replayed': 'true' } : {}) } };
}

/** A refused attempt to delete leaves its own row (domain.md 6.2). */
async function auditRefusedDeletion(tx: Sql, request: Request, row: ContractRow, refusal: Refusal): Promise<void> {
  const { actor, now: at, request_id } = request;
  const { id: subject_id, environment } = row;
  await insertAudit(tx, [
    {
      at,
      actor,
      action: 'contract.delete_refused',
      subject_type: 'contract',
      subject_id,
      contract_id: subject_id,
      environment,
      reason: refusal.code,
      request_id,
    },
  ]);
}

function runCommand(tx: Sql, request: Request, id: string, command: ContractCommand): Promise<Changed | Refusal> {
  const editing = command.name === 'edit' ? command.input : {};
  const change = {
    ...changeRequest(request, id),
    generator_id: editing.generator_id,
    lock_quota: editing.quota !== undefined,
  };
  return changeContract(tx, change, (facts: ContractFacts, context) => decide(command, facts, context));
}

function changeRequest(request: Request, id: string) {
  return { id, actor: request.actor, now: request.now, request_id: request.request_id };
}

function shown(row: ContractRow, now: string, status = 200): Answer {
  return { status, body: presentContract(row, now), headers: etag(row) };
}

function etag(row: ContractRow): Record<string, string> {
  return { ETag: `"${row.revision}"` };
}

/** A body that names something that is not there. */
function missing(path: string, what: string): Refusal {
  return refuse('VALIDATION_FAILED', { path, message: `${path}: there is no ${what} with this id.` });
}
