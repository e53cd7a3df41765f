/** Endpoints of webhooks: create, list, read, edit, delete, and what people do with them. */
import { isRefusal, notFound, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import {
  ENDPOINTS_OF_CONTRACT_MAX,
  ENDPOINTS_WITHOUT_CONTRACT_MAX,
  ENDPOINT_STATUSES,
  OLD_SECRETS_MAX,
  OVERLAP_HOURS_DEFAULT,
  OVERLAP_HOURS_MAX,
  RATE_PER_SECOND_MAX,
} from '../../domain/webhook/endpoint';
import { urlProblem } from '../../domain/webhook/destination';
import { EVENT_FILTERS_MAX, eventFilterProblem } from '../../domain/webhook/event-filter';
import type { Sql } from '../../db/base/database';
import { findEndpoint, listEndpoints } from '../../db/webhook/endpoint';
import type { EndpointRow, ShownEndpoint } from '../../db/webhook/endpoint';
import {
  createEndpoint,
  deleteEndpoint,
  disableEndpoint,
  editEndpoint,
  enableEndpoint,
  rotateSecret,
  testEndpoint,
} from '../../transactions/webhook/endpoint';
import type { EndpointAct } from '../../transactions/webhook/endpoint';
import { hideDeletedContract } from '../contract/command';
import type { Api } from '../http/api';
import { actOf } from '../http/edit';
import { PageOf, PageQuery, cursorsById, pageOf } from '../http/paging';
import { throwShapeProblem } from '../http/problem';
import { route } from '../http/route';
import type { Answer, HandlerRequest, Route } from '../http/route';
import { DryRunQuery, Id, IdParams, immutable, plainText } from '../http/shapes';
import { z } from '../http/zod';
import { ScopeShape, WebhookEndpointShape, WebhookUrlShape, presentEndpoint } from './webhook-endpoint-presenter';

const DESCRIPTION_CHARS_MAX = 500;

const EventsShape = z
  .array(
    z
      .string()
      .max(100)
      .superRefine((text, context) => {
        const problem = eventFilterProblem(text);
        if (problem !== null) context.addIssue({ code: 'custom', message: problem });
      })
      .openapi({ example: 'license.*' }),
  )
  .min(1)
  .max(EVENT_FILTERS_MAX)
  .refine((events) => new Set(events).size === events.length, 'must not contain an entry twice')
  .openapi({ uniqueItems: true })
  .describe('What it receives: `*` for all events, `license.*` for those of one noun, or types of docs/events.md');

const EndpointFields = z.strictObject({
  url: WebhookUrlShape,
  events: EventsShape,
  description: plainText(z.string().trim().max(DESCRIPTION_CHARS_MAX)).nullable(),
  rate_per_second: z
    .int()
    .min(1)
    .max(RATE_PER_SECOND_MAX)
    .nullable()
    .describe('Requests that begin in one second at most; null: as many as the receiver answers'),
});
const { description, rate_per_second } = EndpointFields.shape;

const WebhookEndpointCreate = EndpointFields.extend({
  events: EventsShape.default(['*']),
  description: description.default(null),
  rate_per_second: rate_per_second.default(null),
  contract_id: Id.nullable()
    .default(null)
    .describe('It receives the events of this contract alone; null: those of all contracts'),
  environment: ScopeShape.optional().describe(
    'It receives the events of this environment, production by default; all: of every environment. With a contract it is that of the contract',
  ),
}).openapi('WebhookEndpointCreate');

const WebhookEndpointEdit = EndpointFields.extend({
  contract_id: immutable(Id.nullable()),
  environment: immutable(ScopeShape),
})
  .partial()
  .openapi('WebhookEndpointEdit');

const EndpointQuery = PageQuery.extend({
  contract_id: Id.optional(),
  environment: ScopeShape.optional().describe('all: those that receive the events of every environment'),
  status: z.enum(ENDPOINT_STATUSES).optional().describe('Without it, all but removed ones'),
  order: z.enum(['asc', 'desc']).default('desc'),
});

const RotateBody = z.strictObject({
  overlap_hours: z
    .int()
    .min(0)
    .max(OVERLAP_HOURS_MAX)
    .default(OVERLAP_HOURS_DEFAULT)
    .describe('How long the former secret signs beside the new one; 0: every former one ends at once'),
});

const CreatedShape = WebhookEndpointShape.extend({
  secret: z
    .string()
    .nullable()
    .describe('What verifies the signatures. It is shown once; null in replays for the same Idempotency-Key'),
  dry_run: z.literal(true).optional(),
}).openapi('WebhookEndpointWithSecret');

const RemovedShape = WebhookEndpointShape.extend({
  deliveries_failed: z.int().describe('Deliveries that it was still owed, and that are never sent'),
  dry_run: z.literal(true).optional(),
}).openapi('RemovedWebhookEndpoint');

const TestShape = z
  .object({ delivery_id: Id.describe('Its attempts are in the list of deliveries'), event_id: Id })
  .openapi('WebhookTest');

const ENDPOINT = { description: 'The endpoint', schema: WebhookEndpointShape, headers: ['ETag'] as const };
const ENDPOINT_CURSORS = cursorsById('webhook-endpoints');

type EndpointRequest = Omit<HandlerRequest<{ id: string }, unknown, unknown>, 'query' | 'body'>;

export const webhookEndpointRoutes: Route[] = [
  route({
    operation_id: 'createWebhookEndpoint',
    method: 'post',
    path: '/api/v1/webhook-endpoints',
    tag: 'Webhooks',
    summary: 'Create an endpoint',
    description: `The answer shows the secret that signs what it receives (Standard Webhooks), and only this answer does. A contract can have ${ENDPOINTS_OF_CONTRACT_MAX} endpoints, and ${ENDPOINTS_WITHOUT_CONTRACT_MAX} can have no contract.`,
    query: DryRunQuery,
    body: WebhookEndpointCreate,
    examples: {
      'All events of production': { url: 'https://example.com/webhooks' },
      'Licenses and suspensions of every environment': {
        url: 'https://example.com/webhooks',
        events: ['license.*', 'contract.suspended'],
        environment: 'all',
        description: 'Warehouse',
      },
    },
    answers: {
      201: { description: 'Created; `Location` has its URL', schema: CreatedShape, headers: ['ETag', 'Location'] },
    },
    refusals: ['CONTRACT_DELETED', 'TOO_MANY_WEBHOOK_ENDPOINTS', 'WEBHOOKS_NOT_CONFIGURED'],
    audit: ['webhook_endpoint.created'],
    async handle({ query, body, ...request }) {
      const { sealer, destinations } = request.api;
      if (sealer === undefined) return refuse('WEBHOOKS_NOT_CONFIGURED');
      refuseUrl(body.url, { destinations });
      const dry_run = query.dry_run === 'true';
      const run = dry_run ? request.dryRun : request.write;
      const rows = body.contract_id === null ? [] : [{ table: 'contracts', id: body.contract_id }];
      return run(async (tx) => {
        const created = await createEndpoint(tx, { ...body, environment: body.environment }, sealer, actOf(request));
        if (isRefusal(created)) return hideDeletedContract(request.caller, created);
        const { id } = created.endpoint;
        const answer = await answerWithSecret(tx, request, id, dry_run ? null : created.secret, 201);
        return {
          ...answer,
          nudge: created.nudge,
          headers: { ...answer.headers, Location: `/api/v1/webhook-endpoints/${id}` },
        };
      }, rows);
    },
  }),
  route({
    operation_id: 'listWebhookEndpoints',
    method: 'get',
    path: '/api/v1/webhook-endpoints',
    tag: 'Webhooks',
    summary: 'List endpoints',
    description: 'Those of contracts too. Newest first by default; `order` reverses it.',
    query: EndpointQuery,
    answers: { 200: { description: 'One page', schema: PageOf(WebhookEndpointShape) } },
    audit: [],
    async handle({ api, query, caller }) {
      const page = {
        order: query.order,
        after: ENDPOINT_CURSORS.read(query.cursor)?.id ?? null,
        limit: query.limit + 1,
      };
      const rows = await api.readList((sql) => listEndpoints(sql, query, page));
      return {
        status: 200,
        body: pageOf(rows, query.limit, (row) => presentEndpoint(row, caller), ENDPOINT_CURSORS),
      };
    },
  }),
  route({
    operation_id: 'getWebhookEndpoint',
    method: 'get',
    path: '/api/v1/webhook-endpoints/:id',
    tag: 'Webhooks',
    summary: 'Read an endpoint',
    description: 'Also after it was removed.',
    params: IdParams,
    answers: { 200: ENDPOINT },
    audit: [],
    async handle({ api, params, caller }) {
      const row = await findEndpoint(api.db, params.id);
      if (!row) return notFound('webhook endpoint', params.id);
      return { status: 200, body: presentEndpoint(row, caller), headers: etag(row) };
    },
  }),
  route({
    operation_id: 'updateWebhookEndpoint',
    method: 'patch',
    path: '/api/v1/webhook-endpoints/:id',
    tag: 'Webhooks',
    summary: 'Edit an endpoint',
    description:
      'Omitted fields stay as they are. What is owed already goes to the new URL. Events of a new filter are owed from now on.',
    params: IdParams,
    body: WebhookEndpointEdit,
    examples: {
      'Another URL': { url: 'https://example.com/new' },
      'Only licenses, ten a second': { events: ['license.*'], rate_per_second: 10 },
    },
    answers: { 200: ENDPOINT },
    refusals: ['IMMUTABLE_FIELD', 'REVISION_CONFLICT', 'WEBHOOK_ENDPOINT_OF_CONTRACT', 'WEBHOOK_ENDPOINT_REMOVED'],
    audit: ['webhook_endpoint.updated'],
    async handle({ body: { contract_id, environment, ...edit }, ...request }) {
      if (edit.url !== undefined) refuseUrl(edit.url, request.api);
      return writeEndpoint(request, (tx, act) => editEndpoint(tx, act, edit, { contract_id, environment }));
    },
  }),
  route({
    operation_id: 'deleteWebhookEndpoint',
    method: 'delete',
    path: '/api/v1/webhook-endpoints/:id',
    tag: 'Webhooks',
    summary: 'Remove an endpoint',
    description:
      'At once and for good: what it is still owed is never sent, and its secrets are deleted. A dry run says how many deliveries that are. Its deliveries stay readable.',
    params: IdParams,
    query: DryRunQuery,
    answers: { 200: { description: 'Removed, by this request or before', schema: RemovedShape } },
    refusals: ['REVISION_CONFLICT', 'WEBHOOK_ENDPOINT_OF_CONTRACT'],
    audit: ['webhook_endpoint.removed'],
    async handle({ query, ...request }) {
      const run = query.dry_run === 'true' ? request.dryRun : request.write;
      return run(async (tx) => {
        const removed = await deleteEndpoint(tx, endpointActOf(request));
        if (isRefusal(removed)) return removed;
        const row = await readEndpoint(tx, removed.endpoint.id);
        return { status: 200, body: { ...presentEndpoint(row, request.caller), deliveries_failed: removed.failed } };
      });
    },
  }),
  route({
    operation_id: 'rotateWebhookSecret',
    method: 'post',
    path: '/api/v1/webhook-endpoints/:id/rotate-secret',
    tag: 'Webhooks',
    summary: 'Replace the secret of an endpoint',
    description: `The answer shows the new secret, and only this answer does. During the overlap every request has a signature of each, so the receiver can change to the new one at any time. At most ${OLD_SECRETS_MAX} former secrets sign: a rotation ends the oldest one beyond them.`,
    params: IdParams,
    body: RotateBody,
    body_optional: true,
    examples: { 'With a day for the change': {}, 'At once, because it was disclosed': { overlap_hours: 0 } },
    answers: { 200: { description: 'The endpoint with its new secret', schema: CreatedShape, headers: ['ETag'] } },
    refusals: ['REVISION_CONFLICT', 'WEBHOOK_ENDPOINT_REMOVED', 'WEBHOOKS_NOT_CONFIGURED'],
    audit: ['webhook_endpoint.secret_rotated'],
    async handle({ body, write, ...request }) {
      const { sealer } = request.api;
      if (sealer === undefined) return refuse('WEBHOOKS_NOT_CONFIGURED');
      return write(async (tx) => {
        const rotated = await rotateSecret(tx, endpointActOf(request), body, sealer);
        if (isRefusal(rotated)) return rotated;
        return answerWithSecret(tx, request, rotated.endpoint.id, rotated.secret, 200);
      });
    },
  }),
  route({
    operation_id: 'enableWebhookEndpoint',
    method: 'post',
    path: '/api/v1/webhook-endpoints/:id/enable',
    tag: 'Webhooks',
    summary: 'Send events to an endpoint again',
    description:
      'What waited is sent now. Events that happened while it was disabled are not owed: `recover` owes them. If it is enabled already, nothing changes.',
    params: IdParams,
    answers: { 200: ENDPOINT },
    refusals: ['REVISION_CONFLICT', 'WEBHOOK_ENDPOINT_REMOVED'],
    audit: ['webhook_endpoint.enabled'],
    handle: (request) => writeEndpoint(request, enableEndpoint),
  }),
  route({
    operation_id: 'disableWebhookEndpoint',
    method: 'post',
    path: '/api/v1/webhook-endpoints/:id/disable',
    tag: 'Webhooks',
    summary: 'Send nothing to an endpoint',
    description:
      'What it is owed waits. Events that happen from now on are not owed: `recover` owes them after it is enabled. Requests in flight are finished.',
    params: IdParams,
    answers: { 200: ENDPOINT },
    refusals: ['REVISION_CONFLICT', 'WEBHOOK_ENDPOINT_REMOVED'],
    audit: ['webhook_endpoint.disabled'],
    handle: (request) => writeEndpoint(request, disableEndpoint),
  }),
  route({
    operation_id: 'testWebhookEndpoint',
    method: 'post',
    path: '/api/v1/webhook-endpoints/:id/test',
    tag: 'Webhooks',
    summary: 'Send a test event to an endpoint',
    description: 'An event `webhook.test`, which only this endpoint receives, whatever its filter is.',
    params: IdParams,
    answers: { 202: { description: 'It is owed now', schema: TestShape } },
    refusals: ['REVISION_CONFLICT', 'WEBHOOK_ENDPOINT_DISABLED', 'WEBHOOK_ENDPOINT_REMOVED'],
    audit: ['webhook_endpoint.tested'],
    handle: ({ write, ...request }) =>
      write(async (tx) => {
        const tested = await testEndpoint(tx, endpointActOf(request));
        return isRefusal(tested) ? tested : { status: 202, body: tested };
      }),
  }),
];

/** Throws 422 for a URL to which nothing may be sent. */
export function refuseUrl(url: string, { destinations }: Pick<Api, 'destinations'>, path = 'url'): void {
  const problem = urlProblem(url, destinations);
  if (problem !== null) throwShapeProblem([{ path, message: problem }]);
}

/** Writes an endpoint and presents it. */
function writeEndpoint(
  { write, ...request }: EndpointRequest,
  change: (tx: Sql, act: EndpointAct) => Promise<EndpointRow | Refusal>,
): Promise<Answer | Refusal> {
  return write(async (tx) => {
    const changed = await change(tx, endpointActOf(request));
    if (isRefusal(changed)) return changed;
    const row = await readEndpoint(tx, changed.id);
    return { status: 200, body: presentEndpoint(row, request.caller), headers: etag(row) };
  });
}

async function answerWithSecret(
  tx: Sql,
  { caller }: Pick<EndpointRequest, 'caller'>,
  id: string,
  secret: string | null,
  status: number,
): Promise<Answer> {
  const row = await readEndpoint(tx, id);
  const body = presentEndpoint(row, caller);
  return {
    status,
    body: { ...body, secret },
    replay_body: { ...body, secret: null },
    headers: etag(row),
  };
}

async function readEndpoint(sql: Sql, id: string): Promise<ShownEndpoint> {
  const row = await findEndpoint(sql, id);
  if (!row) throw new Error(`the webhook endpoint ${id} is gone`);
  return row;
}

function endpointActOf(request: Omit<EndpointRequest, 'write'>): EndpointAct {
  return { ...actOf(request), id: request.params.id, expected_revision: request.expected_revision };
}

function etag({ revision }: EndpointRow): Record<string, string> {
  return { ETag: `"${revision}"` };
}
