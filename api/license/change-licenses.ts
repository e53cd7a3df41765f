/** Suspends, reinstates and revokes licenses in bulk. */
import type { Sql } from '../../db/base/database';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { licenseAction } from '../../domain/license/license-change';
import type { LicenseChange } from '../../domain/license/license-change';
import { INLINE_OPERATION_LICENSES_MAX } from '../../domain/license/license-operation';
import { requestOperation } from '../../transactions/license/request-operation';
import type { OperationResult } from '../../transactions/license/operate-on-licenses';
import { actOf } from '../http/edit';
import { ProblemError, problemOf } from '../http/problem';
import { route } from '../http/route';
import type { Answer, HandlerRequest, Route } from '../http/route';
import { DryRunQuery, Id } from '../http/shapes';
import { z } from '../http/zod';
import { ChangeReason } from './license-change';
import {
  DecidedLicenseShape,
  LicenseOperationShape,
  OperationCountsShape,
  NOT_BEGUN,
  presentCounts,
  presentDecided,
  presentOperationTo,
} from './license-operation-presenter';
import { LicenseFilterShape, LicenseIds, selectionOf } from './license-selection';

const Changed = z.strictObject({ reason: ChangeReason });
const ChangeById = Changed.extend({ ids: LicenseIds }).openapi('ChangeLicensesById');
const ChangeByFilter = Changed.extend({ filter: LicenseFilterShape }).openapi('ChangeLicensesByFilter');

const ResultShape = z
  .object({
    id: Id.nullable().describe('The operation; null in a dry run, and when nothing was changed'),
    counts: OperationCountsShape,
    licenses: z.array(DecidedLicenseShape),
    dry_run: z.literal(true).optional(),
  })
  .openapi('LicenseOperationResult');

const QueuedShape = LicenseOperationShape.extend({
  id: Id.nullable().describe('null in a dry run, whose `counts`, `decided` and `undecided` are those that the job would end with'),
  dry_run: z.literal(true).optional(),
}).openapi('QueuedLicenseOperation');

type ChangeRequest = HandlerRequest<
  unknown,
  { dry_run?: 'true' | 'false' | undefined },
  z.infer<typeof ChangeById> | z.infer<typeof ChangeByFilter>
>;

const OPERATIONS = { suspend: 'suspendLicenses', reinstate: 'reinstateLicenses', revoke: 'revokeLicenses' } as const;

const TEXTS: Record<LicenseChange, { summary: string; description: string }> = {
  suspend: {
    summary: 'Suspend licenses',
    description: 'They are no longer valid until they are reinstated, and leave their pools.',
  },
  reinstate: {
    summary: 'Reinstate suspended licenses',
    description: 'A filter without a status selects suspended licenses. Unused ones return to their pools.',
  },
  revoke: {
    summary: 'Revoke licenses',
    description: 'This is final. They leave their pools. The quotas of their contracts do not change.',
  },
};

export const changeLicensesRoutes: Route[] = [changeRoute('suspend'), changeRoute('reinstate'), changeRoute('revoke')];

function changeRoute(change: LicenseChange): Route {
  const { summary, description } = TEXTS[change];
  return route({
    operation_id: OPERATIONS[change],
    method: 'post',
    path: `/api/v1/licenses/${change}`,
    tag: 'Licenses',
    summary,
    description: `${description} Up to ${INLINE_OPERATION_LICENSES_MAX} licenses are changed in one transaction, and the response has the outcome of each. For more, the response is 202 and a job changes them; \`Location\` has its URL. A repeated request changes nothing.`,
    query: DryRunQuery,
    body: z.union([ChangeById, ChangeByFilter]),
    examples: {
      'Two licenses': { ids: ['lic_167772161', 'lic_167772162'], reason: 'The order was refunded' },
      'All of a contract': { filter: { contract_id: '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f' } },
    },
    answers: {
      200: { description: 'The outcomes', schema: ResultShape },
      202: { description: 'Queued', schema: QueuedShape, headers: ['Location'] },
    },
    refusals: ['NOT_ENOUGH_LICENSES', 'FILTER_TOO_BROAD', 'DRY_RUN_TOO_SLOW'],
    audit: [licenseAction(change), 'license_operation.requested'],
    handle: (request) => carryOut(request, change),
  });
}

function carryOut(request: ChangeRequest, kind: LicenseChange): Promise<Answer | Refusal> {
  const dry_run = request.query.dry_run === 'true';
  const run = dry_run ? request.dryRun : request.write;
  const selection = selectionOf(request.body);
  const { reason } = request.body;
  return run(async (tx: Sql) => {
    const done = await requestOperation(tx, { kind, reason }, selection, { ...actOf(request), dry_run });
    // Thrown, so that the transaction is rolled back with the licenses that it has changed or taken out of their pools.
    if (isRefusal(done)) throw new ProblemError(problemOf(done));
    if (done.execution === 'inline') return { status: 200, body: presentResult(done.result, dry_run) };
    const { operation } = done;
    const queued = presentOperationTo(request.caller, operation);
    if (dry_run) return { status: 202, body: { ...queued, ...NOT_BEGUN } };
    return {
      status: 202,
      headers: { Location: `/api/v1/license-operations/${operation.id}` },
      body: queued,
      nudge: { contract_id: null, job_ids: [], operations: [operation] },
    };
  }, []);
}

function presentResult({ operation_id, counts, licenses }: OperationResult, dry_run: boolean) {
  return { id: dry_run ? null : operation_id, counts: presentCounts(counts), licenses: licenses.map(presentDecided) };
}
