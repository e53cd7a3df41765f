/** Actions on a contract. Each has its own path and is run by the workflow of the contract. */
import type { ContractCommand } from '../../domain/contract/command';
import type { Refusal } from '../../domain/base/refusal';
import type { AdminOperationId } from '../../domain/access/permission';
import { WORKFLOW_REFUSALS, runCommandInWorkflow, dryRunCommand } from './command';
import {
  ComplianceHoldBody,
  ContractShape,
  EmptyBody,
  OptOutBody,
  PauseBody,
  RenewBody,
  ResumeBody,
  TerminateBody,
} from './contract-shapes';
import type { ProtocolCode } from '../http/problem';
import { route } from '../http/route';
import type { Examples, Route } from '../http/route';
import { DryRunQuery, IdParams } from '../http/shapes';
import type { z } from '../http/zod';

/** The commands that have their own path. */
type ActionName = Exclude<ContractCommand['name'], 'edit' | 'delete' | 'amend' | 'withdraw-amendment'>;

interface Action<B extends z.ZodObject> {
  name: ActionName;
  operation_id: AdminOperationId;
  summary: string;
  description?: string;
  body: B;
  examples: Examples<B>;
  /** Whether the request must have a body; false by default. */
  body_required?: boolean;
  refusals?: (ProtocolCode | Refusal['code'])[];
  audit: string[];
}

const WITHOUT_FIELDS = { 'Without fields': {} };

export const contractActionRoutes: Route[] = [
  action({
    name: 'activate',
    operation_id: 'activateContract',
    summary: 'Activate a draft',
    body: EmptyBody,
    examples: WITHOUT_FIELDS,
    refusals: ['PRODUCT_INACTIVE', 'GENERATOR_NOT_AVAILABLE', 'TERM_ALREADY_OVER', 'COTERM_NOT_POSSIBLE'],
    audit: ['contract.activated'],
  }),
  action({
    name: 'pause',
    operation_id: 'pauseContract',
    summary: 'Pause a contract',
    description:
      'After the response, nothing is generated until the contract is resumed, at resume_at or by an admin. Chunks in flight are completed before the response. Existing licenses stay valid.',
    body: PauseBody,
    examples: {
      'Until an admin resumes it': { note: 'The customer requested a break' },
      'Until an instant': { resume_at: '2027-03-01T08:00:00.000Z' },
    },
    audit: ['contract.paused'],
  }),
  action({
    name: 'resume',
    operation_id: 'resumeContract',
    summary: 'Resume a paused contract',
    body: ResumeBody,
    examples: { 'Extend the term by the paused days': { extend_term_on_resume: true } },
    audit: ['contract.resumed'],
  }),
  action({
    name: 'renew',
    operation_id: 'renewContract',
    summary: 'Renew a contract',
    description:
      'Adds one term, counted from the old end; for a contract that has ended, from today. Possible once per term: 409 ALREADY_RENEWED while the next term has not started.',
    body: RenewBody,
    examples: {
      'By the renewal policy of the contract': { reference: 'PO-2027-118' },
      'For two years, with more licenses': { term: 'P2Y', quota_add: 1000, reference: 'PO-2027-118' },
    },
    refusals: [
      'ALREADY_RENEWED',
      'RENEWAL_NOT_POSSIBLE',
      'CHANGES_BLOCKED_PAST_DUE',
      'BILLING_SUSPENDED',
      'CONTRACT_INACTIVE',
      'CONTRACT_TERMINATED',
      'TERM_ALREADY_OVER',
      'COTERM_NOT_POSSIBLE',
      'PRODUCT_INACTIVE',
      'GENERATOR_NOT_AVAILABLE',
      'GENERATOR_KEYSPACE_TOO_SMALL',
    ],
    audit: ['contract.renewed'],
  }),
  action({
    name: 'opt-out',
    operation_id: 'optOutOfRenewal',
    summary: 'Opt out of the next automatic renewal',
    description: 'Possible until the end of renewal.notice_date. To undo it, PATCH renewal.opt_out_at to null.',
    body: OptOutBody,
    examples: { 'Before the notice date passes': { accept_late: false } },
    refusals: ['NOTICE_PERIOD_PASSED', 'RENEWAL_NOT_POSSIBLE'],
    audit: ['renewal.opted_out'],
  }),
  action({
    name: 'terminate',
    operation_id: 'terminateContract',
    summary: 'Terminate a contract',
    description:
      'Cancels its jobs and withdraws its pending amendments. Existing licenses stay valid, unless `revoke_issued` is true: then a job revokes them, and `termination.revocation_id` is its operation. Chunks in flight are completed before the response; after it nothing is generated. Can be undone for 30 days.',
    body: TerminateBody,
    examples: {
      'With the reason': { reason: 'The customer canceled the order' },
      'Revoke its licenses too': { reason: 'The licenses were resold without permission', revoke_issued: true },
    },
    body_required: true,
    audit: ['contract.terminated', 'apikey.revoked', 'license_operation.requested'],
  }),
  action({
    name: 'reinstate',
    operation_id: 'reinstateContract',
    summary: 'Undo a termination',
    description: 'Possible within 30 days, and only when no invoice is overdue.',
    body: EmptyBody,
    examples: WITHOUT_FIELDS,
    refusals: ['CHANGES_BLOCKED_PAST_DUE'],
    audit: ['contract.reinstated', 'apikey.created'],
  }),
  action({
    name: 'compliance-hold',
    operation_id: 'holdContractForCompliance',
    summary: 'Suspend a contract for compliance',
    description:
      'Only compliance-release lifts this hold; a payment or a resume does not. After the response nothing is generated; chunks in flight are completed before it.',
    body: ComplianceHoldBody,
    examples: { 'With the reason': { note: 'Export check of order SO-1042' } },
    body_required: true,
    audit: ['contract.suspended'],
  }),
  action({
    name: 'compliance-release',
    operation_id: 'releaseContractFromCompliance',
    summary: 'Release a contract from its compliance hold',
    body: EmptyBody,
    examples: WITHOUT_FIELDS,
    audit: ['contract.reinstated'],
  }),
];

function action<B extends z.ZodObject>(declared: Action<B>): Route {
  const { name, body } = declared;
  const repetition = 'When the contract already is in the resulting state, the response is 200 and nothing changes.';
  return route({
    operation_id: declared.operation_id,
    method: 'post',
    path: `/api/v1/contracts/:id/${name}`,
    tag: 'Contracts',
    summary: declared.summary,
    description: [declared.description, name === 'renew' ? undefined : repetition].filter(Boolean).join(' '),
    params: IdParams,
    query: DryRunQuery,
    body,
    examples: declared.examples,
    body_optional: declared.body_required !== true,
    answers: { 200: { description: 'The contract', schema: ContractShape, headers: ['ETag'] } },
    refusals: ['INVALID_STATE_TRANSITION', 'REVISION_CONFLICT', ...WORKFLOW_REFUSALS, ...(declared.refusals ?? [])],
    audit: declared.audit,
    async handle({ params, query, body: given, ...request }) {
      const input = { ...(given as z.infer<B>), expected_revision: request.expected_revision };
      // The command table of the domain has the same inputs. The compiler cannot relate `name` to `input` here.
      const command = { name, input } as unknown as ContractCommand;
      if (query.dry_run === 'true') return dryRunCommand(request, params.id, command);
      return runCommandInWorkflow(request, params.id, command);
    },
  });
}
