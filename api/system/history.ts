/**
 * History: the audit of everything, and a contract's audit, domain events and revisions. It stays readable when the
 * contract is deleted.
 */
import { notFound } from '../../domain/base/refusal';
import { listRevisions } from '../../db/contract/revision';
import type { RevisionRow } from '../../db/contract/revision';
import { AUDIT_SUBJECTS, hasHistory, listAudit, listDomainEventsOfContract } from '../../db/system/history';
import type { AuditRow, DomainEventRow } from '../../db/system/history';
import { listRefusedAttempts, REFUSED_ATTEMPTS_DAYS } from '../../db/generation/refused-attempt';
import { PageOf, PageQuery, cursorsById, cursorsOf, pageOf } from '../http/paging';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { EnvironmentShape, Id, IdParams, InstantInput, InstantShape, SearchShape, isInstantText } from '../http/shapes';
import { z } from '../http/zod';

const ActorShape = z
  .object({
    type: z.enum(['user', 'system']),
    id: z.string(),
    name: z.string().describe('At the time of the act'),
    ip: z.string().optional(),
  })
  .openapi('Actor');

const AuditShape = z
  .object({
    id: Id,
    at: InstantShape.describe('When it holds from: for a boundary its own instant, however late it was noticed'),
    actor: ActorShape,
    action: z.string().describe('The noun, then what happened to it: contract.paused'),
    subject: z.object({ type: z.enum(AUDIT_SUBJECTS), id: z.string() }).describe('What was acted upon'),
    contract_id: Id.nullable(),
    environment: EnvironmentShape.nullable(),
    before: z.record(z.string(), z.unknown()).nullable().describe('What differs, as it was'),
    after: z.record(z.string(), z.unknown()).nullable().describe('What differs, as it became'),
    reason: z.string().nullable(),
    request_id: z.string().nullable().describe('The X-Request-Id of the request that caused it'),
    revision: z.int().nullable().describe('The revision of the subject afterwards'),
    clock: z.enum(['real', 'test']).describe('Whose time `at` is: the world’s, or that of the contract’s test clock'),
  })
  .openapi('AuditEvent');

const DomainEventShape = z
  .object({
    id: Id,
    at: InstantShape,
    type: z.string().describe('Dotted: license.batch_generated'),
    contract_id: Id.nullable(),
    environment: EnvironmentShape.nullable(),
    data: z.record(z.string(), z.unknown()),
  })
  .openapi('DomainEvent');

const RevisionShape = z
  .object({
    revision: z.int(),
    effective_at: InstantShape,
    actor: ActorShape,
    action: z.string().describe('What made the revision'),
    snapshot: z.record(z.string(), z.unknown()).describe('The terms of the contract as of this revision'),
  })
  .openapi('ContractRevision');

const RefusedAttemptsShape = z
  .object({
    minute: InstantShape.describe('The beginning of the minute'),
    code: z.string().describe('Why they were refused: QUOTA_EXCEEDED'),
    attempts: z.int(),
    licenses: z.int().describe('How many licenses they asked for in all'),
    last_actor_id: z.string().describe('Who made the last of them'),
    last_request_id: z.string().nullable().describe('The X-Request-Id of the last of them'),
  })
  .openapi('RefusedAttempts');

const ActivityQuery = PageQuery.extend({
  environment: EnvironmentShape.optional().describe(
    'production, unless contract_id names a contract; people and customers belong to every environment',
  ),
  actor: SearchShape.optional().describe('Id or whole name of whoever acted'),
  action: SearchShape.optional().describe('Such as contract.paused'),
  subject: SearchShape.optional().describe('Id of what was acted upon'),
  subject_type: z.enum(AUDIT_SUBJECTS).optional(),
  contract_id: Id.optional(),
  from: InstantInput.optional().describe('Not before'),
  to: InstantInput.optional().describe('Before'),
});

const AUDIT_CURSORS = cursorsById('activity');
const EVENT_CURSORS = cursorsById('events');
const REFUSAL_CURSORS = cursorsOf('refusals', { minute: isInstantText, code: (text) => /^[A-Z_]{1,64}$/.test(text) });
const REVISION_CURSORS = cursorsOf('revisions', { revision: (text) => /^\d{1,9}$/.test(text) });

export const historyRoutes: Route[] = [
  route({
    operation_id: 'listActivity',
    method: 'get',
    path: '/api/v1/activity',
    tag: 'History',
    summary: 'List audit events',
    description: 'Who did what to what, newest first: exactly one row for every successful write.',
    query: ActivityQuery,
    answers: { 200: { description: 'One page', schema: PageOf(AuditShape) } },
    audit: [],
    async handle({ api, query }) {
      const { cursor, limit, environment, ...filter } = query;
      const after = AUDIT_CURSORS.read(cursor);
      const scope = environment ?? (filter.contract_id === undefined ? 'production' : undefined);
      const rows = await api.readList((sql) =>
        listAudit(sql, { ...filter, environment: scope }, after?.id ?? null, limit + 1),
      );
      return { status: 200, body: pageOf(rows, limit, presentAudit, AUDIT_CURSORS) };
    },
  }),
  route({
    operation_id: 'listContractActivity',
    method: 'get',
    path: '/api/v1/contracts/:id/activity',
    tag: 'History',
    summary: 'List the audit events of a contract',
    description: 'Newest first, those of its generation jobs included.',
    params: IdParams,
    query: PageQuery,
    answers: { 200: { description: 'One page', schema: PageOf(AuditShape) } },
    audit: [],
    async handle({ api, params, query }) {
      const after = AUDIT_CURSORS.read(query.cursor);
      if (!(await hasHistory(api.db, params.id))) return notFound('contract', params.id);
      const rows = await api.readList((sql) =>
        listAudit(sql, { contract_id: params.id }, after?.id ?? null, query.limit + 1),
      );
      return { status: 200, body: pageOf(rows, query.limit, presentAudit, AUDIT_CURSORS) };
    },
  }),
  route({
    operation_id: 'listContractEvents',
    method: 'get',
    path: '/api/v1/contracts/:id/events',
    tag: 'History',
    summary: 'List the domain events of a contract',
    description: 'What others may act upon, newest first.',
    params: IdParams,
    query: PageQuery,
    answers: { 200: { description: 'One page', schema: PageOf(DomainEventShape) } },
    audit: [],
    async handle({ api, params, query }) {
      const after = EVENT_CURSORS.read(query.cursor);
      if (!(await hasHistory(api.db, params.id))) return notFound('contract', params.id);
      const rows = await api.readList((sql) =>
        listDomainEventsOfContract(sql, params.id, after?.id ?? null, query.limit + 1),
      );
      return { status: 200, body: pageOf(rows, query.limit, presentDomainEvent, EVENT_CURSORS) };
    },
  }),
  route({
    operation_id: 'listContractRefusals',
    method: 'get',
    path: '/api/v1/contracts/:id/refusals',
    tag: 'History',
    summary: 'Count the refused requests for licenses of a contract',
    description: `Per minute and code, newest first. Kept for ${REFUSED_ATTEMPTS_DAYS} days.`,
    params: IdParams,
    query: PageQuery,
    answers: { 200: { description: 'One page', schema: PageOf(RefusedAttemptsShape) } },
    audit: [],
    async handle({ api, params, query }) {
      const after = REFUSAL_CURSORS.read(query.cursor);
      if (!(await hasHistory(api.db, params.id))) return notFound('contract', params.id);
      const rows = await api.readList((sql) => listRefusedAttempts(sql, params.id, after, query.limit + 1));
      const body = pageOf(rows, query.limit, (row) => row, REFUSAL_CURSORS);
      return { status: 200, body };
    },
  }),
  route({
    operation_id: 'listContractRevisions',
    method: 'get',
    path: '/api/v1/contracts/:id/revisions',
    tag: 'History',
    summary: 'List the revisions of a contract',
    description: 'Its terms after every change of terms or holds, newest first.',
    params: IdParams,
    query: PageQuery,
    answers: { 200: { description: 'One page', schema: PageOf(RevisionShape) } },
    audit: [],
    async handle({ api, params, query }) {
      const after = REVISION_CURSORS.read(query.cursor);
      if (!(await hasHistory(api.db, params.id))) return notFound('contract', params.id);
      const below = after === null ? null : Number(after.revision);
      const rows = await api.readList((sql) => listRevisions(sql, params.id, below, query.limit + 1));
      return {
        status: 200,
        body: pageOf(rows, query.limit, presentRevision, REVISION_CURSORS),
      };
    },
  }),
];

/** An audit row as it is read. */
export function presentAudit(row: AuditRow) {
  const { subject_type, subject_id, ...rest } = row;
  return {
    id: rest.id,
    at: rest.at,
    actor: rest.actor,
    action: rest.action,
    subject: { type: subject_type, id: subject_id },
    contract_id: rest.contract_id,
    environment: rest.environment,
    before: rest.before,
    after: rest.after,
    reason: rest.reason,
    request_id: rest.request_id,
    revision: rest.revision,
    clock: rest.clock,
  };
}

function presentDomainEvent({ id, at, type, contract_id, environment, data }: DomainEventRow) {
  return { id, at, type, contract_id, environment, data };
}

function presentRevision({ revision, effective_at, actor, action, snapshot }: RevisionRow) {
  return { revision, effective_at, actor, action, snapshot };
}
