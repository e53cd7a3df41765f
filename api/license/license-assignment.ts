/** Assigns licenses to a customer in bulk. */
import type { Sql } from '../../db/base/database';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { INLINE_OPERATION_LICENSES_MAX } from '../../domain/license/license-operation';
import { assignLicenses } from '../../transactions/license/assign-licenses';
import type { RequestedAssignment } from '../../transactions/license/assign-licenses';
import { actOf } from '../http/edit';
import { EmailShape } from '../http/email';
import { ProblemError, problemOf } from '../http/problem';
import { route } from '../http/route';
import type { Answer, HandlerRequest, Route } from '../http/route';
import { DryRunQuery, Id, NameShape } from '../http/shapes';
import { z } from '../http/zod';
import {
  AssignedLicenseShape,
  AssignmentCountsShape,
  AssignmentShape,
  NOT_BEGUN,
  presentAssigned,
  presentAssignmentCounts,
  presentAssignmentTo,
  presentDecided,
} from './license-operation-presenter';
import { LicenseFilterShape, LicenseIds, selectionOf } from './license-selection';

const Recipient = z.strictObject({
  customer_email: EmailShape.describe('The customer with this address, in any letter case; created if there is none and a license is assigned'),
  customer_name: NameShape.optional().describe('The name of a customer who is created; default: the address'),
  reassign: z.boolean().default(false).describe('true: licenses of other customers are moved to this one'),
});

const AssignById = Recipient.extend({ ids: LicenseIds }).openapi('AssignLicensesById');
const AssignByFilter = Recipient.extend({ filter: LicenseFilterShape }).openapi('AssignLicensesByFilter');
const AssignBody = z.union([AssignById, AssignByFilter]);

const ResultShape = z
  .object({
    id: Id.nullable().describe('The assignment; null in a dry run, and when nothing was changed'),
    customer_id: Id.nullable().describe(
      'null if there is no customer with the address: no license was assigned, or this is a dry run',
    ),
    customer_created: z.boolean(),
    counts: AssignmentCountsShape,
    licenses: z.array(AssignedLicenseShape),
    dry_run: z.literal(true).optional(),
  })
  .openapi('AssignmentResult');

const QueuedShape = AssignmentShape.extend({
  id: Id.nullable().describe('null in a dry run, whose `counts`, `decided` and `undecided` are those that the job would end with'),
  customer_id: Id.nullable().describe('null in a dry run, if the customer would be created'),
  customer_created: z.boolean(),
  workflow_id: z.string().nullable(),
  dry_run: z.literal(true).optional(),
}).openapi('QueuedAssignment');

type AssignRequest = HandlerRequest<
  unknown,
  { dry_run?: 'true' | 'false' | undefined },
  z.infer<typeof AssignById> | z.infer<typeof AssignByFilter>
>;

export const licenseAssignmentRoutes: Route[] = [
  route({
    operation_id: 'assignLicenses',
    method: 'post',
    path: '/api/v1/licenses/assign',
    tag: 'Licenses',
    summary: 'Assign licenses to a customer',
    description: `Up to ${INLINE_OPERATION_LICENSES_MAX} licenses are assigned in one transaction, and the response has the outcome of each. For more, the response is 202 and a job assigns them; \`Location\` has its URL. Licenses that already belong to the customer stay as they are, so a repeated request changes nothing.`,
    query: DryRunQuery,
    body: AssignBody,
    examples: {
      'Two licenses': { ids: ['lic_167772161', 'lic_167772162'], customer_email: 'ada@example.com' },
      '500 licenses of a contract': {
        filter: { contract_id: '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f', limit: 500 },
        customer_email: 'ada@example.com',
        customer_name: 'Ada Ltd',
      },
    },
    answers: {
      200: { description: 'The outcomes', schema: ResultShape },
      202: { description: 'Queued', schema: QueuedShape, headers: ['Location'] },
    },
    refusals: ['NOT_ENOUGH_LICENSES', 'PERSON_ERASED', 'FILTER_TOO_BROAD', 'DRY_RUN_TOO_SLOW'],
    audit: ['license.assigned', 'license.reassigned', 'license_operation.requested', 'customer.created'],
    handle: (request) => assign(request),
  }),
];

function assign(request: AssignRequest): Promise<Answer | Refusal> {
  const dry_run = request.query.dry_run === 'true';
  const run = dry_run ? request.dryRun : request.write;
  const selection = selectionOf(request.body);
  const { customer_email: email, customer_name: name = null, reassign } = request.body;
  return run(async (tx: Sql) => {
    const done = await assignLicenses(tx, { selection, customer: { email, name }, reassign }, { ...actOf(request), dry_run });
    // Thrown, so that the transaction is rolled back: a customer who was created for a refused request must not stay.
    if (isRefusal(done)) throw new ProblemError(problemOf(done));
    const { customer, customer_created } = done;
    const about = { customer_id: customer === null || (dry_run && customer_created) ? null : customer.id, customer_created };
    if (done.execution === 'inline')
      return { status: 200, body: { ...presentResult(done, dry_run), ...about } };
    const { operation } = done;
    const queued = { ...presentAssignmentTo(request.caller, operation), ...about };
    if (dry_run) return { status: 202, body: { ...queued, ...NOT_BEGUN } };
    return {
      status: 202,
      headers: { Location: `/api/v1/assignments/${operation.id}` },
      body: queued,
      nudge: { contract_id: null, job_ids: [], operations: [operation] },
    };
  }, []);
}

function presentResult({ result }: Extract<RequestedAssignment, { execution: 'inline' }>, dry_run: boolean) {
  const { counts, licenses, operation_id } = result;
  return {
    id: dry_run ? null : operation_id,
    counts: presentAssignmentCounts(counts),
    licenses: licenses.map((one) => presentAssigned(presentDecided(one))),
  };
}
