/** Contracts: create, list, read, edit, delete. */
import { CONTRACT_WARNINGS, CONTRACT_STATES, CONTRACT_TYPES } from '../../domain/contract/facts';
import { RATE_LIMIT_PRESETS } from '../../domain/contract/rate-limits';
import { isRefusal, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { CONTRACT_SORTS, listContracts } from '../../db/contract/contract';
import type { ContractSort } from '../../db/contract/contract';
import { createContract, sourceRowsOf } from '../../transactions/contract/create-contract';
import { deleteContract } from '../../transactions/contract/delete-contract';
import { missingReferenceOf } from '../../transactions/contract/edit-contract';
import type { Sql } from '../../db/base/database';
import {
  WORKFLOW_REFUSALS,
  contractAnswer,
  createSecrets,
  dryRunCommand,
  etag,
  readContract,
  readStoredContract,
  runCommandInApi,
  runEdit,
  setUrl,
} from './command';
import type { CommandRequest } from './command';
import { presentContractListItem } from './contract-presenter';
import { ContractCreate, ContractEdit, ContractListShape, ContractShape, DeleteBody } from './contract-shapes';
import type { Api } from '../http/api';
import { actOf } from '../http/edit';
import { EmailShape } from '../http/email';
import { EXAMPLE_IDS } from '../http/example-ids';
import { PageOf, PageQuery, cursorsByCreation, cursorsByText, pageOf } from '../http/paging';
import type { Cursors } from '../http/paging';
import { route } from '../http/route';
import type { Answer, AnswerShape, Route } from '../http/route';
import { refuseUrl } from '../webhook/webhook-endpoint';
import { DryRunQuery, EnvironmentShape, Id, IdParams, SearchShape } from '../http/shapes';
import { z } from '../http/zod';

const ContractQuery = PageQuery.extend({
  environment: EnvironmentShape.default('production'),
  search: SearchShape.optional().describe('Part of the name in any letter case, or the complete id'),
  status: z.enum(['active', 'inactive']).optional(),
  state: z.enum(CONTRACT_STATES).optional(),
  type: z.enum(CONTRACT_TYPES).optional(),
  product_id: Id.optional(),
  generator_id: Id.optional(),
  customer_id: Id.optional(),
  test_clock_id: Id.optional().describe('Contracts that follow this test clock'),
  account_manager: EmailShape.optional().describe('The complete address, in any letter case'),
  warning: z.enum(CONTRACT_WARNINGS).optional().describe('Contracts with this warning, which need a person'),
  sort: z.enum(CONTRACT_SORTS).default('created_at'),
  order: z.enum(['asc', 'desc']).default('desc'),
});

const CONTRACT: AnswerShape = { description: 'The contract', schema: ContractShape, headers: ['ETag'] };

const CONTRACT_CURSORS: Record<ContractSort, Cursors<'sort_key' | 'id'>> = {
  created_at: cursorsByCreation('contracts'),
  name: cursorsByText('contracts.name'),
  type: cursorsByText('contracts.type'),
  status: cursorsByText('contracts.status'),
};

export const contractRoutes: Route[] = [
  route({
    operation_id: 'createContract',
    method: 'post',
    path: '/api/v1/contracts',
    tag: 'Contracts',
    summary: 'Create a contract',
    query: DryRunQuery,
    body: ContractCreate,
    examples: {
      'A pool of licenses for three months': {
        name: 'Spring sale',
        type: 'pool',
        status: 'active',
        product_id: EXAMPLE_IDS.product,
        generator_id: EXAMPLE_IDS.generator,
        quota: 5000,
        term: 'P3M',
      },
      'A reseller, renewed each year, on a test clock': {
        name: 'One year',
        type: 'reseller',
        status: 'active',
        product_id: EXAMPLE_IDS.product,
        generator_id: EXAMPLE_IDS.generator,
        quota: 500,
        timezone: 'Europe/Berlin',
        term: 'P1Y',
        renewal: { mode: 'auto', notice_days: 30, quota_effect: { add: 300 } },
        rate_limits: RATE_LIMIT_PRESETS.small_reseller,
        test_clock_id: EXAMPLE_IDS.test_clock,
      },
    },
    answers: { 201: { ...CONTRACT, description: 'Created; `Location` has its URL', headers: ['ETag', 'Location'] } },
    refusals: [
      'PRODUCT_INACTIVE',
      'GENERATOR_NOT_AVAILABLE',
      'GENERATOR_KEYSPACE_TOO_SMALL',
      'FEATURE_TYPE_MISMATCH',
      'TERM_ALREADY_OVER',
      'EXPIRY_IN_PAST',
      'VALIDITY_TOO_SHORT',
      'EXPIRY_CONFLICT',
      'COTERM_NOT_POSSIBLE',
      'API_ACCESS_NOT_CONFIGURED',
      'WEBHOOKS_NOT_CONFIGURED',
    ],
    audit: ['contract.created', 'apikey.created', 'webhook_endpoint.created'],
    async handle({ body, query, ...request }) {
      if (body.api_access && request.api.keySecrets === undefined) return refuse('API_ACCESS_NOT_CONFIGURED');
      const problem = webhookUrlProblem(request.api, body.webhook_url);
      if (problem) return problem;
      const dry_run = query.dry_run === 'true';
      const run = (tx: Sql): Promise<Answer | Refusal> => createAndPresent(tx, request, body, { dry_run });
      const rows = sourceRowsOf(body);
      return dry_run ? request.dryRun(run, rows) : request.write(run, rows);
    },
  }),
  route({
    operation_id: 'listContracts',
    method: 'get',
    path: '/api/v1/contracts',
    tag: 'Contracts',
    summary: 'List contracts',
    description: 'Deleted contracts are not listed. The state is the stored one, which can be up to two minutes old.',
    query: ContractQuery,
    answers: { 200: { description: 'One page', schema: PageOf(ContractListShape) } },
    audit: [],
    async handle({ api, query }) {
      const cursors = CONTRACT_CURSORS[query.sort];
      const rows = await api.readList((sql) =>
        listContracts(sql, query, {
          sort: query.sort,
          order: query.order,
          after: cursors.read(query.cursor),
          limit: query.limit + 1,
        }),
      );
      return { status: 200, body: pageOf(rows, query.limit, presentContractListItem, cursors) };
    },
  }),
  route({
    operation_id: 'getContract',
    method: 'get',
    path: '/api/v1/contracts/:id',
    tag: 'Contracts',
    summary: 'Read a contract',
    description: 'Due boundaries are applied before the contract is shown.',
    params: IdParams,
    answers: { 200: CONTRACT },
    refusals: ['CONTRACT_DELETED'],
    audit: [],
    async handle({ params, ...request }) {
      const row = await readContract(request, params.id);
      return isRefusal(row) ? row : contractAnswer(row, request);
    },
  }),
  route({
    operation_id: 'updateContract',
    method: 'patch',
    path: '/api/v1/contracts/:id',
    tag: 'Contracts',
    summary: 'Edit a contract',
    description:
      'Omitted fields stay as they are. `status` activates, pauses or resumes the contract, through its workflow.',
    params: IdParams,
    query: DryRunQuery,
    body: ContractEdit,
    examples: {
      'Raise the quota for the next quarter': { quota: 500, quota_label: 'Q2' },
      'Change the name and your own data': { name: 'Summer sale', metadata: { order: 'SO-1042' } },
      'Stop automatic renewal': { renewal: { mode: 'none' } },
      'Limit the requests of a large reseller': { rate_limits: RATE_LIMIT_PRESETS.large_reseller },
      'Limit the licenses of a day, and no longer those of a minute': {
        rate_limits: { licenses: { per_minute: null, per_day: 2_000 } },
      },
    },
    answers: { 200: CONTRACT },
    refusals: [
      'IMMUTABLE_FIELD',
      'REVISION_CONFLICT',
      'QUOTA_BELOW_USED',
      'QUOTA_DECREASE_NOT_ALLOWED',
      'CHANGES_BLOCKED_PAST_DUE',
      'BILLING_SUSPENDED',
      'CONTRACT_INACTIVE',
      'CONTRACT_EXPIRED',
      'CONTRACT_TERMINATED',
      'INVALID_STATE_TRANSITION',
      'PRODUCT_INACTIVE',
      'GENERATOR_NOT_AVAILABLE',
      'GENERATOR_KEYSPACE_TOO_SMALL',
      'FEATURE_TYPE_MISMATCH',
      'EXPIRY_IN_PAST',
      'VALIDITY_TOO_SHORT',
      'EXPIRY_CONFLICT',
      'TERM_ALREADY_OVER',
      'COTERM_NOT_POSSIBLE',
      'NOTICE_PERIOD_PASSED',
      'API_ACCESS_NOT_CONFIGURED',
      'WEBHOOKS_NOT_CONFIGURED',
      'TOO_MANY_WEBHOOK_ENDPOINTS',
      ...WORKFLOW_REFUSALS,
    ],
    audit: [
      'contract.updated',
      'contract.activated',
      'contract.paused',
      'contract.resumed',
      'apikey.created',
      'apikey.revoked',
      'webhook_endpoint.created',
      'webhook_endpoint.updated',
      'webhook_endpoint.removed',
    ],
    async handle({ params, query, body: { webhook_url, ...edit }, ...request }) {
      const problem = webhookUrlProblem(request.api, webhook_url);
      if (problem) return problem;
      const input = { ...edit, expected_revision: request.expected_revision };
      if (query.dry_run !== 'true') return runEdit(request, params.id, input, { webhook_url });
      const missing = await missingReferenceOf(request.api.db, input);
      return missing ?? dryRunCommand(request, params.id, { name: 'edit', input }, { webhook_url });
    },
  }),
  route({
    operation_id: 'deleteContract',
    method: 'delete',
    path: '/api/v1/contracts/:id',
    tag: 'Contracts',
    summary: 'Delete a contract',
    description:
      'Its licenses stay valid. Its licenses, jobs and audit can still be read; the contract itself responds with 410 CONTRACT_DELETED.',
    params: IdParams,
    query: DryRunQuery,
    body: DeleteBody,
    examples: { 'Confirm by the name': { confirm_name: 'Spring sale' } },
    answers: { 204: { description: 'Deleted' }, 200: { ...CONTRACT, description: 'Dry run: it could be deleted' } },
    refusals: [
      'CONTRACT_ACTIVE',
      'CONTRACT_HAS_OPEN_JOB',
      'CONTRACT_HAS_OPEN_HOLD',
      'CONFIRMATION_MISMATCH',
      'REVISION_CONFLICT',
    ],
    audit: ['contract.deleted', 'apikey.revoked'],
    async handle({ params, query, body, ...request }) {
      const input = { ...body, expected_revision: request.expected_revision };
      if (query.dry_run === 'true') return dryRunCommand(request, params.id, { name: 'delete', input });
      const outcome = await runCommandInApi(request, params.id, (tx, act) => deleteContract(tx, act, input));
      return isRefusal(outcome) ? outcome : { status: 204, ...(outcome.nudge ? { nudge: outcome.nudge } : {}) };
    },
  }),
];

/** The refusal of a `webhook_url` whose secret no key can seal; null when there is none. Throws 422 for a URL to which nothing may be sent. */
function webhookUrlProblem(api: Api, webhook_url: string | null | undefined): Refusal | null {
  if (webhook_url === null || webhook_url === undefined) return null;
  refuseUrl(webhook_url, api, 'webhook_url');
  return api.sealer === undefined ? refuse('WEBHOOKS_NOT_CONFIGURED') : null;
}

/** Creates a contract and presents it. */
async function createAndPresent(
  tx: Sql,
  request: CommandRequest,
  { webhook_url, ...input }: z.output<typeof ContractCreate>,
  { dry_run }: { dry_run: boolean },
): Promise<Answer | Refusal> {
  const created = await createContract(tx, input, request, { test_clocks: request.api.testClocks });
  if (isRefusal(created)) return created;
  const { id } = created.facts;
  // A new contract has no endpoint that null could remove.
  const outside = { webhook_url: webhook_url ?? undefined };
  const secrets = await (dry_run ? setUrl : createSecrets)(request.api, tx, created.facts, outside, actOf(request));
  const row = await readStoredContract(tx, id);
  return {
    // A secret that will not exist must not be shown, nor a part of a key.
    ...contractAnswer(row, request, { status: 201, ...(dry_run ? {} : secrets) }),
    nudge: created.nudge,
    headers: { ...etag(row), Location: `/api/v1/contracts/${id}` },
  };
}
