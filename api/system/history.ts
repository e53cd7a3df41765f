/**
 * History: the audit of everything, and the audit, domain events, refused requests and revisions of a contract. The history of a
 * deleted contract stays readable.
 */
import type { Caller } from '../../domain/access/caller';
import { notFound } from '../../domain/base/refusal';
import { listRevisions } from '../../db/contract/revision';
import type { RevisionRow } from '../../db/contract/revision';
import { AUDIT_SUBJECTS } from '../../db/base/audit';
import { hasHistory, listAudit, listDomainEventsOfContract } from '../../db/system/history';
import type { AuditRow, DomainEventRow } from '../../db/system/history';
import { listRefusedAttempts, REFUSED_ATTEMPTS_DAYS } from '../../db/generation/refused-attempt';
import { PageOf, PageQuery, cursorsById, cursorsOf, pageOf } from '../http/paging';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { EnvironmentShape, Id, IdParams, InstantInput, InstantShape, SearchShape, isInstantText } from '../http/shapes';
import { z } from '../http/zod';
import { shownUrl } from '../webhook/webhook-endpoint-presenter';

const ActorShape = z
  .object({
    type: z.enum(['user', 'api_key', 'system']).describe('api_key: the key of a contract'),
    id: z.string(),
    name: z.string().describe('The name at the time of the event'),
    ip: z.string().optional(),
  })
  .openapi('Actor');

const AuditShape = z
  .object({
    id: Id,
    at: InstantShape.describe('When it took effect. A boundary has its own instant, even when it was applied later'),
    actor: ActorShape,
    action: z.string().describe('The noun and what happened to it: contract.paused'),
    subject: z.object({ type: z.enum(AUDIT_SUBJECTS), id: z.string() }).describe('The changed resource'),
    contract_id: Id.nullable(),
    environment: EnvironmentShape.nullable(),
    before: z.record(z.string(), z.unknown()).nullable().describe('The changed fields before the event'),
    after: z.record(z.string(), z.unknown()).nullable().describe('The changed fields after the event'),
    reason: z.string().nullable(),
    request_id: z.string().nullable().describe('The X-Request-Id of the request that caused it'),
    revision: z.int().nullable().describe('The revision of the subject afterwards'),
    clock: z.enum(['real', 'test']).describe('The clock of `at`: the real time, or the test clock of the contract'),
  })
  .openapi('AuditEvent');

const DomainEventShape = z
  .object({
    id: Id,
    at: InstantShape,
    type: z
      .string()
      .describe('The type, such as license.batch_generated: docs/events.md and `webhooks` describe each one'),
    contract_id: Id.nullable(),
    environment: EnvironmentShape.nullable(),
    sequence: z.int().min(1).describe('The number of the event within its contract, from 1 and without gaps'),
    data: z.record(z.string(), z.unknown()).describe('What it says, as the schema of its type'),
  })
  .openapi('DomainEvent');

const RevisionShape = z
  .object({
    revision: z.int(),
    effective_at: InstantShape,
    actor: ActorShape,
    action: z.string().describe('The action that created the revision'),
    snapshot: z.record(z.string(), z.unknown()).describe('The contract terms in this revision'),
  })
  .openapi('ContractRevision');

const RefusedAttemptsShape = z
  .object({
    minute: InstantShape.describe('The start of the minute'),
    code: z.string().describe('The code of the refusal, such as QUOTA_EXCEEDED'),
    attempts: z.int().describe('The number of refused requests'),
    licenses: z.int().describe('The number of licenses that they requested in total'),
    last_actor_id: z.string().describe('The id of the actor of the last request'),
    last_request_id: z.string().nullable().describe('The X-Request-Id of the last request'),
  })
  .openapi('RefusedAttempts');

const ActivityQuery = PageQuery.extend({
  environment: EnvironmentShape.optional().describe(
    'Default: production; with contract_id, the environment of the contract. Events of admins and customers appear in every environment',
  ),
  actor: SearchShape.optional().describe('The id or the complete name of the actor'),
  action: SearchShape.optional().describe('The action, such as contract.paused'),
  subject: SearchShape.optional().describe('The id of the changed resource'),
  subject_type: z.enum(AUDIT_SUBJECTS).optional(),
  contract_id: Id.optional(),
  from: InstantInput.optional().describe('Events at or after this instant'),
  to: InstantInput.optional().describe('Events before this instant'),
});

const AUDIT_CURSORS = cursorsById('activity');
/** The numbers that the API gives out: 9 digits are more events than a contract ever has. */
const isSequenceText = (text: string) => /^\d{1,9}$/.test(text);
const EVENT_CURSORS = cursorsOf('events', { sequence: isSequenceText });
const LATER_EVENT_CURSORS = cursorsOf('events-after', { sequence: isSequenceText });
const REFUSAL_CURSORS = cursorsOf('refusals', { minute: isInstantText, code: (text) => /^[A-Z_]{1,64}$/.test(text) });
const revisionCursors = (list: string) => cursorsOf(list, { revision: (text) => /^\d{1,9}$/.test(text) });
const REVISION_CURSORS = { desc: revisionCursors('revisions'), asc: revisionCursors('revisions.oldest_first') };

const EventsQuery = PageQuery.extend({
  after: z
    .string()
    .refine(isSequenceText, 'must be a whole number of at most 9 digits')
    .transform(Number)
    .optional()
    .describe('A `sequence`: list the events after it, oldest first. 0 lists from the first event on')
    .openapi({ type: 'integer', minimum: 0, maximum: 999_999_999, example: 41 }),
});

export const historyRoutes: Route[] = [
  route({
    operation_id: 'listActivity',
    method: 'get',
    path: '/api/v1/activity',
    tag: 'History',
    summary: 'List audit events',
    description: 'Who changed what, newest first. Every successful change adds exactly one row.',
    query: ActivityQuery,
    answers: { 200: { description: 'One page', schema: PageOf(AuditShape) } },
    audit: [],
    async handle({ api, caller, query }) {
      const { cursor, limit, environment, ...filter } = query;
      const after = AUDIT_CURSORS.read(cursor);
      const environment_filter = environment ?? (filter.contract_id === undefined ? 'production' : undefined);
      const rows = await api.readList((sql) =>
        listAudit(sql, { ...filter, environment: environment_filter }, after?.id ?? null, limit + 1),
      );
      return { status: 200, body: pageOf(rows, limit, (row) => presentAudit(row, caller), AUDIT_CURSORS) };
    },
  }),
  route({
    operation_id: 'listContractActivity',
    method: 'get',
    path: '/api/v1/contracts/:id/activity',
    tag: 'History',
    summary: 'List the audit events of a contract',
    description: 'Newest first, including those of its generation jobs.',
    params: IdParams,
    query: PageQuery,
    answers: { 200: { description: 'One page', schema: PageOf(AuditShape) } },
    audit: [],
    async handle({ api, caller, params, query }) {
      const after = AUDIT_CURSORS.read(query.cursor);
      if (!(await hasHistory(api.db, params.id))) return notFound('contract', params.id);
      const rows = await api.readList((sql) =>
        listAudit(sql, { contract_id: params.id }, after?.id ?? null, query.limit + 1),
      );
      return { status: 200, body: pageOf(rows, query.limit, (row) => presentAudit(row, caller), AUDIT_CURSORS) };
    },
  }),
  route({
    operation_id: 'listContractEvents',
    method: 'get',
    path: '/api/v1/contracts/:id/events',
    tag: 'History',
    summary: 'List the domain events of a contract',
    description:
      'Events to which other systems can react, newest first. With `after`, those with greater numbers, oldest first: a program that ' +
      'misses some numbers reads them here.',
    params: IdParams,
    query: EventsQuery,
    answers: { 200: { description: 'One page', schema: PageOf(DomainEventShape) } },
    audit: [],
    async handle({ api, params, query }) {
      const cursors = query.after === undefined ? EVENT_CURSORS : LATER_EVENT_CURSORS;
      const last = cursors.read(query.cursor);
      const number = last === null ? null : Number(last.sequence);
      if (!(await hasHistory(api.db, params.id))) return notFound('contract', params.id);
      const range = query.after === undefined ? { before: number } : { after: Math.max(query.after, number ?? 0) };
      const rows = await api.readList((sql) => listDomainEventsOfContract(sql, params.id, range, query.limit + 1));
      return { status: 200, body: pageOf(rows, query.limit, presentDomainEvent, cursors) };
    },
  }),
  route({
    operation_id: 'listContractRefusals',
    method: 'get',
    path: '/api/v1/contracts/:id/refusals',
    tag: 'History',
    summary: 'List the refused license requests of a contract',
    description: `Counts per minute and code, newest first. They are kept for ${REFUSED_ATTEMPTS_DAYS} days.`,
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
    description:
      'The contract terms after every change of contract terms or holds, newest first by default; `order` reverses it.',
    params: IdParams,
    query: PageQuery.extend({ order: z.enum(['asc', 'desc']).default('desc') }),
    answers: { 200: { description: 'One page', schema: PageOf(RevisionShape) } },
    audit: [],
    async handle({ api, params, query }) {
      const { order, limit } = query;
      const cursors = REVISION_CURSORS[order];
      const after = cursors.read(query.cursor);
      if (!(await hasHistory(api.db, params.id))) return notFound('contract', params.id);
      const shown = after === null ? null : Number(after.revision);
      const rows = await api.readList((sql) =>
        listRevisions(sql, params.id, { order, after: shown, limit: limit + 1 }),
      );
      return { status: 200, body: pageOf(rows, limit, presentRevision, cursors) };
    },
  }),
];

/** Presents an audit row. */
function presentAudit(row: AuditRow, caller: Caller) {
  const { subject_type, subject_id, ...rest } = row;
  const shown = (fields: AuditRow['before']): AuditRow['before'] =>
    subject_type === 'webhook_endpoint' && typeof fields?.['url'] === 'string'
      ? { ...fields, url: shownUrl(fields['url'], caller) }
      : fields;
  return {
    id: rest.id,
    at: rest.at,
    actor: rest.actor,
    action: rest.action,
    subject: { type: subject_type, id: subject_id },
    contract_id: rest.contract_id,
    environment: rest.environment,
    before: shown(rest.before),
    after: shown(rest.after),
    reason: rest.reason,
    request_id: rest.request_id,
    revision: rest.revision,
    clock: rest.clock,
  };
}

function presentDomainEvent({ id, at, type, contract_id, environment, sequence, data }: DomainEventRow) {
  return { id, at, type, contract_id, environment, sequence: Number(sequence), data };
}

function presentRevision({ revision, effective_at, actor, action, snapshot }: RevisionRow) {
  return { revision, effective_at, actor, action, snapshot };
}
