/** Assigns licenses to a customer in bulk. */
import type { Sql } from '../../db/base/database';
import type { AssignmentJobRow } from '../../db/license/assignment-job';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { licenseIdText, parseLicenseId } from '../../domain/license/license';
import {
  INLINE_ASSIGNMENT_LICENSES_MAX,
  notAvailable,
} from '../../domain/license/license-assignment';
import { ASSIGNMENT_JOB_LICENSES_MAX } from '../../domain/license/assignment-job';
import { LICENSE_STATUSES } from '../../domain/license/license-facts';
import { requestAssignment } from '../../transactions/license/request-assignment';
import type { AssignmentResult, DecidedLicense, LicenseSelection } from '../../transactions/license/assign-licenses';
import { actOf } from '../http/edit';
import { EmailShape } from '../http/email';
import { ProblemError, problemOf } from '../http/problem';
import { route } from '../http/route';
import type { Answer, HandlerRequest, Route } from '../http/route';
import { DryRunQuery, EnvironmentShape, Id, NameShape, SearchShape } from '../http/shapes';
import { z } from '../http/zod';
import { AssignmentShape, CountsShape, DecidedShape, presentAssignment } from './assignment-presenter';
import { LicenseIdParams } from './license-presenter';

/** Ids of one request; more do not fit into the largest body. */
const IDS_MAX = 25_000;

const Recipient = z.strictObject({
  customer_email: EmailShape.describe('The customer with this address, in any letter case; created if there is none'),
  customer_name: NameShape.optional().describe('The name of a customer who is created; default: the address'),
  reassign: z.boolean().default(false).describe('true: licenses of other customers are moved to this one'),
});

const FilterShape = z
  .strictObject({
    environment: EnvironmentShape.optional().describe(
      'Default: production; with contract_id or job_id, its environment',
    ),
    contract_id: Id.optional(),
    job_id: Id.optional(),
    customer_id: Id.optional().describe('The customer to whom the licenses are assigned'),
    contract_customer_id: Id.optional().describe('The customer of the contract'),
    source: SearchShape.optional().describe('Manual, Contract (of any contract), or the complete value: Contract: <name>'),
    status: z.enum(LICENSE_STATUSES).optional(),
    search: SearchShape.optional().describe('As in the list of licenses'),
    limit: z
      .int()
      .min(1)
      .max(ASSIGNMENT_JOB_LICENSES_MAX)
      .optional()
      .describe(
        'Exactly so many licenses are assigned, the earliest that match and can be assigned. With fewer, nothing is',
      ),
  })
  .describe('The filters of the list of licenses. Test licenses never match');

const AssignById = Recipient.extend({
  ids: z.array(LicenseIdParams.shape.id).min(1).max(IDS_MAX).describe('Ids of licenses'),
}).openapi('AssignLicensesById');
const AssignByFilter = Recipient.extend({ filter: FilterShape }).openapi('AssignLicensesByFilter');
const AssignBody = z.union([AssignById, AssignByFilter]);

const ResultShape = z
  .object({
    customer_id: Id.nullable().describe('null in a dry run, if the customer would be created'),
    customer_created: z.boolean(),
    counts: CountsShape,
    licenses: z.array(DecidedShape),
    dry_run: z.literal(true).optional(),
  })
  .openapi('AssignmentResult');

const QueuedShape = AssignmentShape.extend({
  id: Id.nullable().describe('null in a dry run'),
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
    description: `Up to ${INLINE_ASSIGNMENT_LICENSES_MAX} licenses are assigned in one transaction, and the response has the outcome of each. For more, the response is 202 and a job assigns them; \`Location\` has its URL. Licenses that already belong to the customer stay as they are, so a repeated request changes nothing.`,
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
    refusals: ['NOT_ENOUGH_LICENSES', 'PERSON_ERASED'],
    audit: ['license.assigned', 'license.reassigned', 'assignment.requested', 'customer.created'],
    handle: (request) => assign(request),
  }),
];

function assign(request: AssignRequest): Promise<Answer | Refusal> {
  const dry_run = request.query.dry_run === 'true';
  const run = dry_run ? request.dryRun : request.write;
  const { known, unknown } = selectionOf(request.body);
  const { customer_email: email, customer_name: name = null, reassign } = request.body;
  return run(async (tx: Sql) => {
    const done = await requestAssignment(
      tx,
      { selection: known, customer: { email, name }, reassign },
      actOf(request),
    );
 
    // Thrown, so that the transaction is rolled back: a customer who was created for a refused request must not stay.
    if (isRefusal(done)) throw new ProblemError(problemOf(done));
    if (done.kind === 'inline') return { status: 200, body: presentResult(done.result, unknown, dry_run) };
    const { id } = done.job;
    return {
      status: 202,
      headers: dry_run ? {} : { Location: `/api/v1/assignments/${id}` },
      body: presentQueued(done, dry_run),
      nudge: { contract_id: null, job_ids: [], assignment_ids: [id] },
    };
  }, []);
}

/** The licenses of a request, and texts that cannot be ids. Each id is decided once, in the order of ids. */
function selectionOf(body: AssignRequest['body']): { known: LicenseSelection; unknown: string[] } {
  if ('filter' in body) {
    const { environment, limit = null, ...rest } = body.filter;
    const implied = rest.contract_id === undefined && rest.job_id === undefined ? 'production' : undefined;
    return { known: { filter: { ...rest, environment: environment ?? implied }, limit }, unknown: [] };
  }
  const given = [...new Set(body.ids)].map((text) => ({ text, id: parseLicenseId(text) }));
  const ids = given.flatMap(({ id }) => (id === null ? [] : [id]));
  const unknown = given.flatMap(({ text, id }) => (id === null ? [text] : []));
  return { known: { ids: ids.sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)) }, unknown };
}

function presentResult({ customer, customer_created, counts, licenses }: AssignmentResult, unknown: string[], dry_run: boolean) {
  const missing = notAvailable('not_found');
  return {
    customer_id: dry_run && customer_created ? null : customer.id,
    customer_created,
    counts: { ...counts, not_available: counts.not_available + unknown.length },
    licenses: [
      ...licenses.map(presentDecided),
      ...unknown.map((license_id) => ({ license_id, ...missing })),
    ],
  };
}

function presentQueued({ job, customer_created }: { job: AssignmentJobRow; customer_created: boolean }, dry_run: boolean) {
  const queued = { ...presentAssignment(job), customer_created };
  if (!dry_run) return queued;
  return { ...queued, id: null, workflow_id: null, customer_id: customer_created ? null : job.customer_id };
}

function presentDecided({ id, ...decision }: DecidedLicense) {
  return { license_id: licenseIdText(id), ...decision };
}
