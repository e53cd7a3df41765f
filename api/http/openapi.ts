/**
 * The OpenAPI 3.1 document, generated from the routes. `openapi.json` is checked in, and `npm run check` fails when it is outdated.
 *
 * As a program, `tsx api/http/openapi.ts` writes the file. With `--check` it only compares.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import type { ZodObject, ZodType } from 'zod';
import { version } from '../../package.json';
import { commandLine } from '../../command-line';
import { CONFIRMED_MINUTES } from '../../domain/access/session';
import type { KnownCaller } from '../../domain/access/caller';
import { isOpen, needsConfirmation, permissionOf } from '../../domain/access/permission';
import type { OperationId } from '../../domain/access/permission';
import type { RefusalCode } from '../../domain/base/refusal';
import { JSON_TYPES } from './body';
import { eventSchemas, eventWebhooks } from './openapi-events';
import { ProblemShape, problemCatalogue } from './problem';
import type { ProtocolCode } from './problem';
import type { AnswerShape, Examples, Route } from './route';
import { ROUTES } from '../routes';
import { AllowedActionShape } from './allowed-actions';
import { ANSWER_FIELDS, fieldsOf } from './answer-fields';
import { hasDryRun } from './dry-run';
import { storesAnswers } from './idempotency';
import { revisedResource } from './revised-resource';
import { SESSION_COOKIE } from './session-cookie';
import { z } from './zod';

/** The values that `If-Match` accepts (api/http/endpoint.ts). */
const IF_MATCH_PATTERN = '^(\\*|(W/)?"[0-9]{1,9}")$';

/** The path of the checked-in document. */
export const OPENAPI_FILE = join(__dirname, '..', '..', 'openapi.json');

const DESCRIPTION = [
  'Durable license contracts. All instants are in UTC. All dates are in the time zone of their contract. All lists use keyset pagination.',
  'Errors are `application/problem+json`; use `code` to distinguish them. Every response has an `X-Request-Id`, which a request can set.',
  'Every POST operation that needs an API key accepts `Idempotency-Key`. Changes of contracts, webhook endpoints and mail settings accept `If-Match` with their ETag.',
  '`allowed_actions` of a resource says for each action whether you can run it now: `true`, or the `code` of the refusal.',
  '',
  '## Errors',
  '',
  '| code | status | meaning |',
  '| --- | --- | --- |',
  ...problemCatalogue().map(({ code, status, title }) => `| ${code} | ${status} | ${title} |`),
].join('\n');

/** Generates the document. */
export function openApiDocument() {
  const registry = new OpenAPIRegistry();
  for (const [name, scheme] of Object.values(SECURITY_SCHEMES))
    registry.registerComponent('securitySchemes', name, { ...scheme });
  for (const [name, field] of Object.entries(ANSWER_FIELDS)) registry.registerComponent('headers', name, field);
  // Registered first: the generator keeps the first schema of a name, and later ones describe it further.
  registry.register('AllowedAction', AllowedActionShape);
  for (const route of ROUTES) registry.registerPath(pathOf(route));
  const document = new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Covenant',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
  });
  for (const schema of bodySchemas(document)) tidyBodySchema(schema);
  return withEvents(document);
}

function withEvents(document: Document): Document {
  const schemas = { ...document.components?.schemas, ...eventSchemas() } as NonNullable<
    Document['components']
  >['schemas'];
  return { ...document, components: { ...document.components, schemas }, webhooks: eventWebhooks() } as Document;
}

type Document = ReturnType<OpenApiGeneratorV31['generateDocument']>;

/** The parts of a generated schema that this file reads or changes. */
interface BodySchema {
  $ref?: string;
  description?: string;
  default?: unknown;
  not?: object;
  properties?: Record<string, BodySchema>;
  [keyword: string]: unknown;
}

/** The schemas of request bodies, including the named schemas that they refer to. */
function bodySchemas({ paths = {}, components }: Document): BodySchema[] {
  const found = new Set<BodySchema>();
  function collect(node: unknown): void {
    if (typeof node !== 'object' || node === null || found.has(node as BodySchema)) return;
    found.add(node as BodySchema);
    const { $ref } = node as BodySchema;
    if (typeof $ref === 'string') collect(components?.schemas?.[$ref.replace('#/components/schemas/', '')]);
    Object.values(node).forEach(collect);
  }
  for (const path of Object.values(paths))
    for (const { requestBody } of Object.values(path) as never[]) collect(requestBody);
  return [...found];
}

/**
 * Moves the defaults of fields into their descriptions, because client generators treat a field with a `default` as always present
 * and make it required. Of a field that cannot be changed, only `not` and the description stay.
 */
function tidyBodySchema({ properties }: BodySchema): void {
  for (const field of Object.values(properties ?? {})) {
    if (field.not !== undefined && Object.keys(field.not).length === 0)
      for (const keyword of Object.keys(field))
        if (keyword !== 'not' && keyword !== 'description') delete field[keyword];
    if (!('default' in field)) continue;
    const default_text = `Default: ${JSON.stringify(field.default)}`;
    field.description = field.description === undefined ? default_text : `${field.description}. ${default_text}`;
    delete field.default;
  }
}

function pathOf(route: Route): Parameters<OpenAPIRegistry['registerPath']>[0] {
  const statuses = new Set<number>();
  for (const status of refusalStatuses(route)) statuses.add(status);
  const refusals = [...statuses].map((status) => [
    status,
    {
      description: refusalText(route, status),
      headers: headersOf(route, status),
      content: { 'application/problem+json': { schema: ProblemShape } },
    },
  ]);
  const unchanged = route.cached_s === undefined ? {} : { 304: { description: 'Unchanged since `If-None-Match`' } };
  const answers = Object.entries<AnswerShape>({ ...route.answers, ...unchanged }).map(
    ([status, { description, schema, media_type }]) => [
      status,
      {
        description,
        headers: headersOf(route, Number(status)),
        ...(schema ? { content: { [media_type ?? 'application/json']: { schema } } } : {}),
      },
    ],
  );
  const headers: ZodObject[] = [];
  if (route.raw_body !== undefined) headers.push(route.raw_body.headers);
  else if (takesIdempotencyKey(route))
    headers.push(
      z.object({
        'Idempotency-Key': z
          .string()
          .min(1)
          .max(255)
          .optional()
          .describe('Repeated requests with the same key get the first response')
          .openapi({ example: '7c1f0a52-1d5e-4b0e-9a57-3f2f6f3f8c11' }),
      }),
    );
  if (route.cached_s !== undefined)
    headers.push(
      z.object({
        'If-None-Match': z
          .string()
          .optional()
          .describe('The ETag of an earlier response. The response is 304 without a body when nothing has changed')
          .openapi({ example: '"gVg8wV0eXQKZ2D8UqDfkL0bPZ0m3ZcmxjGtV1b9qN0w"' }),
      }),
    );
  if (acceptsIfMatch(route))
    headers.push(
      z.object({
        'If-Match': z
          .string()
          .optional()
          .describe(`ETag of ${revisedResource(route.path)}. The response is 412 when it has changed since`)
          .openapi({ pattern: IF_MATCH_PATTERN, example: '"3"' }),
      }),
    );
  return {
    method: route.method,
    path: route.path.replace(/:(\w+)/g, '{$1}'),
    tags: [route.tag],
    summary: route.summary,
    description: [route.description ?? '', permissionSentence(route)].filter(Boolean).join('\n\n'),
    operationId: route.operation_id,
    security: securityOf(route.operation_id),
    request: {
      ...(route.params ? { params: route.params } : {}),
      ...(route.query ? { query: route.query } : {}),
      ...(headers.length > 0 ? { headers } : {}),
      ...(route.raw_body
        ? {
            body: {
              required: true,
              description: route.raw_body.description,
              content: contentOf(route.raw_body),
            },
          }
        : {}),
      ...(route.file_body
        ? {
            body: {
              required: true,
              description: route.file_body.description,
              content: contentOf(
                { schema: z.string(), examples: { 'A file': route.file_body.example } },
                route.file_body.media_types,
              ),
            },
          }
        : {}),
      ...(route.body
        ? {
            body: {
              required: route.body_optional !== true,
              content: contentOf({ schema: route.body, examples: route.examples }, route.body_types),
            },
          }
        : {}),
    },
    responses: Object.fromEntries([...answers, ...refusals]) as never,
  };
}

/** The header fields of an answer, as references to their descriptions. */
function headersOf(route: Route, status: number): Record<string, { $ref: string }> {
  const names = fieldsOf(route, status, takesIdempotencyKey(route) || route.repeated_by !== undefined);
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** The same shape and examples for each accepted media type. */
function contentOf({ schema, examples = {} }: DocumentedBody, media_types = JSON_TYPES) {
  const named = Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }]));
  return Object.fromEntries(media_types.map((media_type) => [media_type, { schema, examples: named }]));
}

interface DocumentedBody {
  schema: ZodType;
  examples?: Examples<ZodType> | undefined;
}

/** The security scheme of each kind of caller. */
const SECURITY_SCHEMES = {
  admin: ['adminKey', { type: 'http', scheme: 'bearer', description: 'The API key of an admin' }],
  contract: ['contractKey', { type: 'http', scheme: 'bearer', description: 'The API key of a contract' }],
  session: [
    'session',
    { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE, description: 'An admin who is signed in' },
  ],
} as const satisfies Record<KnownCaller['kind'], unknown>;

/** The security requirements of an operation: one alternative for each kind of caller, none for an open operation. */
function securityOf(operation_id: OperationId): Record<string, string[]>[] {
  const permission = permissionOf(operation_id);
  if ('anonymous' in permission) return [];
  const kinds: KnownCaller['kind'][] =
    'admin' in permission ? ['admin', ...(permission.contract ? (['contract'] as const) : []), 'session'] : ['session'];
  return kinds.map((kind) => ({ [SECURITY_SCHEMES[kind][0]]: [] }));
}

function permissionSentence(route: Pick<Route, 'operation_id' | 'query'>): string {
  const permission = permissionOf(route.operation_id);
  if ('admin' in permission) {
    const contract = permission.contract === undefined ? '' : ', or the API key of the contract';
    const except = hasDryRun(route) ? ', except for a dry run' : '';
    const confirmed =
      permission.session === undefined
        ? ''
        : ` A session needs a proof of identity from the last ${CONFIRMED_MINUTES} minutes${except}.`;
    return `Needs the role ${permission.admin} or above${contract}.${confirmed}`;
  }
  if ('session' in permission) return 'Needs a session: the cookie that a sign-in sets.';
  return permission.anonymous === 'open'
    ? 'Needs no API key.'
    : 'Needs no API key. The signature of the message authenticates the sender.';
}

function takesIdempotencyKey(route: Route): boolean {
  return route.repeated_by === undefined && storesAnswers(route);
}

function acceptsIfMatch(route: Route): boolean {
  return route.refusals?.includes('REVISION_CONFLICT') === true;
}

/** The refusal statuses of a route: those of its declared codes, and those that every route of its form can respond with. */
function refusalStatuses(route: Route): number[] {
  const catalogue = new Map(problemCatalogue().map(({ code, status }) => [code, status]));
  const own = ownCodes(route).map((code) => catalogue.get(code) as number);
  const formal = [
    422,
    503,
    403,
    ...(isOpen(route.operation_id) ? [] : [401, 429]),
    // A path with invalid percent-encoding is 400, a malformed id is 404.
    ...(route.params ? [400, 404] : []),
    ...(route.path.startsWith('/api/v1/contracts/:id') ? [410] : []),
    ...(route.body || route.raw_body || route.file_body ? [400, 413, 415] : []),
    ...(takesIdempotencyKey(route) ? [409] : []),
  ];
  return [...new Set([...own, ...formal])].sort((a, b) => a - b);
}

/** The codes that a route declares, those of the limits on streams and of idempotency keys, and those of locked rows. */
function ownCodes(route: Route): (ProtocolCode | RefusalCode)[] {
  return [
    ...(route.refusals ?? []),
    ...(route.stream === undefined ? [] : STREAM_CODES),
    ...(takesIdempotencyKey(route) ? IDEMPOTENCY_CODES : []),
    ...busyCodes(route),
  ];
}

/** Changes lock rows. Reads of a contract can lock it too, because they apply due boundaries. */
function busyCodes({ path, method }: Route): ProtocolCode[] {
  if (/^\/api\/v1\/(contracts\/:id|jobs\/:id\/resume)/.test(path)) return ['CONTRACT_BUSY', 'CHANGES_BUSY'];
  return method === 'get' ? [] : ['CHANGES_BUSY'];
}

const IDEMPOTENCY_CODES: readonly RefusalCode[] = [
  'API_KEY_AS_IDEMPOTENCY_KEY',
  'IDEMPOTENCY_KEY_REUSED',
  'IDEMPOTENCY_IN_PROGRESS',
];

const STREAM_CODES: readonly ProtocolCode[] = ['TOO_MANY_STREAMS', 'STREAMS_BUSY'];

/** For each status except 401 and 403, the code that follows from the form of the request alone. */
const FORMAL_CODES: Readonly<Record<number, ProtocolCode | RefusalCode>> = {
  400: 'MALFORMED_JSON',
  404: 'NOT_FOUND',
  409: 'IDEMPOTENCY_IN_PROGRESS',
  410: 'CONTRACT_DELETED',
  413: 'BODY_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  422: 'VALIDATION_FAILED',
  429: 'TOO_MANY_FAILED_AUTHENTICATIONS',
  503: 'DATABASE_UNAVAILABLE',
};

/** The codes with which a route can respond for one status: its own, and the one that follows from its form. */
function refusalText(route: Route, status: number): string {
  const own: string[] = ownCodes(route);
  return problemCatalogue()
    .filter((entry) => entry.status === status)
    .filter(({ code }) => own.includes(code) || formalCodes(route, status).includes(code))
    .map(({ code, title }) => `${code}: ${title}`)
    .join('; ');
}

/** The codes of API keys that are missing, not accepted, in the wrong place, or not complete. */
const KEY_CODES: readonly ProtocolCode[] = [
  'UNAUTHENTICATED',
  'SESSION_ENDED',
  'INVALID_API_KEY',
  'API_KEY_IN_URL',
  'API_KEY_IN_COOKIE',
  'API_KEY_TOO_LONG',
  'API_KEY_HAS_SPACES',
  'API_KEY_REPEATED',
  'API_KEY_TRUNCATED',
  'API_KEY_MISTYPED',
  'API_KEY_MALFORMED',
];

const FORBIDDEN_CODES = [
  'HTTPS_REQUIRED',
  'CROSS_SITE_REQUEST',
  'ADDRESS_NOT_ALLOWED',
  'FORBIDDEN_ROLE',
  'FORBIDDEN_CALLER',
];

/** The codes that follow from the form of a request. A signed message has no API key, so only the declared codes of its route apply to 401 and 400. */
function formalCodes(route: Route, status: number): readonly string[] {
  if (route.raw_body && (status === 401 || status === 400)) return [];
  if (status === 401) return isOpen(route.operation_id) ? [] : KEY_CODES;
  // HTTPS is checked before the route is known.
  if (status === 403) return forbiddenCodes(route.operation_id);
  const code = FORMAL_CODES[status];
  return code === undefined ? [] : [code];
}

function forbiddenCodes(operation_id: OperationId): readonly string[] {
  if (isOpen(operation_id)) return ['HTTPS_REQUIRED'];
  return needsConfirmation(operation_id) ? [...FORBIDDEN_CODES, 'REAUTHENTICATION_REQUIRED'] : FORBIDDEN_CODES;
}

/** The document as the text of the file. */
export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(), null, 2)}\n`;
}

if (require.main === module) {
  const { check } = commandLine('openapi', 'Generate openapi.json from the routes.')
    .option('--check', 'write nothing, and fail when the file is outdated')
    .parse()
    .opts<{ check?: true }>();
  const fresh = openApiText();
  if (!check) writeFileSync(OPENAPI_FILE, fresh);
  else if (readFileSync(OPENAPI_FILE, 'utf8') !== fresh) {
    console.error('openapi.json is outdated. Run: npm run generate');
    process.exit(1);
  }
}
