/** Amendments of a contract: changes that take effect on a given day. */
import type { Caller } from '../../domain/access/caller';
import { amendmentActions } from '../../domain/contract/allowed-actions';
import { AMENDMENT_STATUSES } from '../../domain/contract/facts';
import type { ContractCommand } from '../../domain/contract/command';
import { isRefusal, missingReference, notFound, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { findAmendment, listAmendments } from '../../db/contract/amendment';
import type { AmendmentRow } from '../../db/contract/amendment';
import { contractExists } from '../../db/contract/contract';
import { customerExists } from '../../db/catalogue/customer';
import { newId } from '../../transactions/base/new-id';
import { runCommand } from '../../transactions/contract/run-command';
import {
  WORKFLOW_REFUSALS,
  contractActOf,
  hideDeletedContract,
  readContract,
  replayedHeader,
  sendCommand,
} from './command';
import type { CommandRequest } from './command';
import { AMENDMENT_ACTIONS } from './contract-actions';
import { AmendmentCreate } from './contract-shapes';
import { PageOf, PageQuery, cursorsById, pageOf } from '../http/paging';
import { route } from '../http/route';
import type { Answer, Route } from '../http/route';
import { DryRunQuery, Id, IdParams, InstantShape } from '../http/shapes';
import { z } from '../http/zod';

const AmendmentShape = z
  .object({
    id: Id,
    contract_id: Id,
    effective_date: z.string().describe('The local day on which it takes effect'),
    changes: z.record(z.string(), z.unknown()),
    note: z.string().nullable(),
    status: z.enum(AMENDMENT_STATUSES),
    failure: z
      .object({ code: z.string(), detail: z.string() })
      .nullable()
      .describe('Why it failed on its effective date'),
    created_at: InstantShape,
    created_by: z.string(),
    decided_at: InstantShape.nullable().describe('When it was applied, failed or withdrawn'),
    allowed_actions: AMENDMENT_ACTIONS.shape,
    dry_run: z.literal(true).optional(),
  })
  .openapi('Amendment');

const AmendmentParams = IdParams.extend({ amendment_id: Id });
const COMMAND_REFUSALS = ['REVISION_CONFLICT', ...WORKFLOW_REFUSALS] as const;

const AMENDMENT_CURSORS = cursorsById('amendments');

export const amendmentRoutes: Route[] = [
  route({
    operation_id: 'createAmendment',
    method: 'post',
    path: '/api/v1/contracts/:id/amendments',
    tag: 'Contracts',
    summary: 'Amend a contract',
    description:
      'Takes effect on effective_date: at once for today or an earlier day of the current term, later for a future day. A future amendment is checked again on its day and can fail. An amendment is never applied in part.',
    params: IdParams,
    query: DryRunQuery,
    body: AmendmentCreate,
    examples: {
      'Add licenses on a day': { effective_date: '2027-07-01', changes: { quota_add: 100 }, note: 'Q3' },
      'End earlier': { effective_date: '2027-07-01', changes: { end_date: '2027-10-01' } },
    },
    answers: { 201: { description: 'Applied, or pending until its effective date', schema: AmendmentShape } },
    refusals: [
      ...COMMAND_REFUSALS,
      'AMENDMENT_NOT_POSSIBLE',
      'CHANGES_BLOCKED_PAST_DUE',
      'BILLING_SUSPENDED',
      'CONTRACT_INACTIVE',
      'CONTRACT_EXPIRED',
      'CONTRACT_TERMINATED',
      'GENERATOR_NOT_AVAILABLE',
      'GENERATOR_KEYSPACE_TOO_SMALL',
      'FEATURE_TYPE_MISMATCH',
      'EXPIRY_IN_PAST',
      'VALIDITY_TOO_SHORT',
      'EXPIRY_CONFLICT',
      'NOTICE_PERIOD_PASSED',
    ],
    audit: ['contract.amended', 'quota.granted', 'amendment.scheduled'],
    async handle({ params, query, body, ...request }) {
      const { customer_id, renewal } = body.changes;
      if (customer_id && !(await customerExists(request.api.db, customer_id)))
        return missingReference('changes.customer_id', 'customer');
      if (renewal?.coterm_with && !(await contractExists(request.api.db, renewal.coterm_with)))
        return missingReference('changes.renewal.coterm_with', 'contract');
      const { expected_revision } = request;
      const command: ContractCommand = {
        name: 'amend',
        input: { ...body, amendment_id: newId(request.now), expected_revision },
      };
      if (query.dry_run === 'true') return dryRunAmendment(request, params.id, command);
      const outcome = await sendCommand(request, params.id, command);
      if (isRefusal(outcome)) return outcome;
      const amendment = await findAmendment(request.api.db, params.id, outcome.amendment_id ?? '');
      if (!amendment) throw new Error(`the amendment ${outcome.amendment_id} was created but cannot be found`);
      return {
        status: 201,
        body: presentAmendment(amendment, request.caller),
        headers: replayedHeader(outcome),
      };
    },
  }),
  route({
    operation_id: 'listAmendments',
    method: 'get',
    path: '/api/v1/contracts/:id/amendments',
    tag: 'Contracts',
    summary: 'List the amendments of a contract',
    description: 'Newest first.',
    params: IdParams,
    query: PageQuery,
    answers: { 200: { description: 'One page', schema: PageOf(AmendmentShape) } },
    audit: [],
    async handle({ params, query, ...request }) {
      const after = AMENDMENT_CURSORS.read(query.cursor);
      // Due amendments are applied before the list is read.
      const contract = await readContract(request, params.id);
      if (isRefusal(contract)) return contract;
      const rows = await request.api.readList((sql) =>
        listAmendments(sql, params.id, after?.id ?? null, query.limit + 1),
      );
      return {
        status: 200,
        body: pageOf(rows, query.limit, (row) => presentAmendment(row, request.caller), AMENDMENT_CURSORS),
      };
    },
  }),
  route({
    operation_id: 'withdrawAmendment',
    method: 'delete',
    path: '/api/v1/contracts/:id/amendments/:amendment_id',
    tag: 'Contracts',
    summary: 'Withdraw a pending amendment',
    params: AmendmentParams,
    answers: { 204: { description: 'Withdrawn, by this request or before' } },
    refusals: [...COMMAND_REFUSALS, 'AMENDMENT_NOT_PENDING'],
    audit: ['amendment.cancelled'],
    async handle({ params, ...request }) {
      const contract = await readContract(request, params.id);
      if (isRefusal(contract)) return contract;
      const amendment = await findAmendment(request.api.db, params.id, params.amendment_id);
      if (!amendment) return notFound('amendment', params.amendment_id);
      if (amendment.status === 'cancelled') return { status: 204 };
      if (amendment.status !== 'pending') return refuse('AMENDMENT_NOT_PENDING', { status: amendment.status });
      const { expected_revision } = request;
      const input = { amendment_id: params.amendment_id, expected_revision };
      const outcome = await sendCommand(request, params.id, { name: 'withdraw-amendment', input });
      return isRefusal(outcome) ? outcome : { status: 204 };
    },
  }),
];

/** Shows the amendment that the command would create. */
async function dryRunAmendment(
  request: CommandRequest,
  id: string,
  command: Extract<ContractCommand, { name: 'amend' }>,
): Promise<Answer | Refusal> {
  return request.dryRun(async (tx) => {
    const outcome = await runCommand(tx, contractActOf(request, id), command);
    if (isRefusal(outcome)) return hideDeletedContract(request.caller, outcome);
    if (outcome.refusal) return outcome.refusal;
    const amendment = await findAmendment(tx, id, command.input.amendment_id);
    if (!amendment) throw new Error('the amendment of a dry run cannot be found');
    return { status: 201, body: presentAmendment(amendment, request.caller) };
  });
}

function presentAmendment(row: AmendmentRow, caller: Caller) {
  const { id, contract_id, effective_date, changes, note, status, failure, created_at, created_by, decided_at } = row;
  const allowed_actions = AMENDMENT_ACTIONS.present(amendmentActions({ status }), caller);
  return {
    id,
    contract_id,
    effective_date,
    changes,
    note,
    status,
    failure,
    created_at,
    created_by,
    decided_at,
    allowed_actions,
  };
}
