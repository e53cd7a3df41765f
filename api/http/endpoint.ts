/**
 * Runs a declared route for a request: authenticate, authorize, parse, call the handler, present. Checks run in this order
 * (decisions 6): key 401, role 403, shape 422, then the handler's own checks of replay, state and quota.
 */
import { randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import type { ZodType } from 'zod';
import { fieldMessage } from '../../domain/base/field-message';
import type { Instant } from '../../domain/base/instant';
import { isRefusal, refuse } from '../../domain/base/refusal';
import type { RefusalCode } from '../../domain/base/refusal';
import { containsApiKey } from '../../domain/access/api-key';
import { actorOf } from '../../domain/access/caller';
import type { Caller, KnownCaller } from '../../domain/access/caller';
import { clientNetwork } from '../../domain/access/failed-authentication';
import { rolesOf } from '../../domain/access/permission';
import type { Role } from '../../domain/access/role';
import type { LockedRow } from '../../db/base/errors';
import type { Credential } from '../../transactions/generation/license-request';
import { knownPerson, storedPerson } from '../../transactions/access/stored-person';
import type { Browser } from '../../transactions/access/session';
import { clientAddress } from './client-address';
import type { Api } from './api';
import { requestIdOf, writeCacheable, writeHead, writeText } from './answer-head';
import { createAuthorize, createCachedAuthorize } from './authorization';
import type { Authorize } from './authorization';
import type { ClientStream } from './client-stream';
import { refuseForeignPage } from './cross-site';
import { isFailedAuthentication } from './failed-authentication';
import { recordRefusedCall } from './refused-call';
import { hasBody, readBytes, readJson, refuseChangedNumbers } from './body';
import type { ReadBody } from './body';
import { NO_FILE, fileOf, refuseOtherFiles } from './file-body';
import { idempotencyOf, storesAnswers } from './idempotency';
import { ProblemError, fieldErrorsOf, problemOf, protocolProblem, throwShapeProblem } from './problem';
import type { FieldError, Problem } from './problem';
import { revisedResource } from './revised-resource';
import type { Answer, HandlerRequest, Route } from './route';
import { cookieOf, sessionTokenOf } from './session-cookie';
import { dryRun, write } from './write';
import { z } from './zod';

/** Creates the function that responds to requests for one route. It rejects with an error that `app.ts` presents as a problem. */
export function endpoint(api: Api, route: Route): (request: Request, response: Response) => Promise<void> {
  const access = accessOf(api, route);
  const readBody = bodyReaderOf(route);
  return async (request, response) => {
    try {
      await answer(request, response);
    } catch (error) {
      await recordRefusedCall(api, request, response, error);
      if (isNotFound(error) && route.not_found_page !== undefined && prefersPage(request))
        return writeText(response, 404, {}, 'text/html', route.not_found_page(request.acceptsLanguages()));
      throw error;
    }
  };

  async function answer(request: Request, response: Response): Promise<void> {
    // The caller is authorized before the body is read (decisions 6).
    const caller = await access.admit(request);
    await readBody(request, response);
    const handled = await handlerRequestOf(api, request, response, route, access, caller);
    if (route.stream !== undefined && caller.kind !== 'anonymous') {
      const stream = api.streams.open(route.stream, caller, route.operation_id, response);
      try {
        await send(response, await outcomeOf(route, handled), { stream });
      } finally {
        api.streams.close(stream);
        logEarlyEnd(api, handled.request_id, stream);
      }
    } else await send(response, await outcomeOf(route, handled), { cached_s: route.cached_s });
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof ProblemError && error.problem.code === 'NOT_FOUND';
}

/** Whether a browser sent the request. A program that accepts everything gets the problem. */
function prefersPage(request: Request): boolean {
  return request.accepts(['application/problem+json', 'application/json', 'text/html']) === 'text/html';
}

function bodyReaderOf({ raw_body, file_body, body_types }: Route): ReadBody {
  if (file_body !== undefined) return refuseOtherFiles(file_body.media_types);
  return raw_body === undefined ? readJson(body_types) : readBytes;
}

async function outcomeOf(route: Route, handled: AnyHandlerRequest): Promise<Answer> {
  const outcome = await route.handle(handled as never);
  if (isRefusal(outcome)) throw new ProblemError(problemOf(outcome));
  if (outcome.nudge) await handled.api.nudger.wake(outcome.nudge, handled.request_id);
  return outcome;
}

/** Logs a stream that the server ended. A client that disconnects is normal and is not logged. */
function logEarlyEnd(api: Api, request_id: string, stream: ClientStream): void {
  const reason = stream.end_reason;
  if (reason !== undefined && reason !== 'client_gone') api.log.info({ request_id, reason }, 'stream ended early');
}

/** Who may call a route. Created once for each route. */
interface Access {
  admit: Authorize;
  /** Authorizes by a lookup that started after the request arrived. */
  confirm: Authorize;
  roles: readonly Role[];
}

function accessOf(api: Api, route: Route): Access {
  const confirm = limitFailures(api, createAuthorize(route, api));
  const admit = route.checks_caller ? limitFailures(api, createCachedAuthorize(route, api)) : confirm;
  return { admit, confirm, roles: rolesOf(route.operation_id) };
}

/** The same, with the limit of failed authentications. */
function limitFailures(api: Api, authorize: Authorize): Authorize {
  return async (request) => {
    try {
      return await authorize(request);
    } catch (error) {
      if (!isFailedAuthentication(error)) throw error;
      throw new ProblemError(await api.limitFailure(request, requestIdOf(request.res as Response), error.problem));
    }
  };
}

/** Builds the input of the handler. A cached caller is confirmed before a shape is refused (decisions 6). */
async function handlerRequestOf(
  api: Api,
  request: Request,
  response: Response,
  route: Route,
  access: Access,
  caller: Caller,
): Promise<AnyHandlerRequest> {
  const now = await api.clock();
  let handled: AnyHandlerRequest;
  try {
    handled = parse(api, request, response, route, access, caller, now);
  } catch (error) {
    if (route.checks_caller) await access.confirm(request);
    throw error;
  }
  // A request that only reads writes nothing to the history.
  if (handled.actor !== null && caller.kind !== 'anonymous' && route.method !== 'get') {
    const address = clientAddress(request);
    handled.actor.stored_as = knownPerson(caller, address) ?? (await storedPerson(api.db, caller, address));
  }
  return handled;
}

/** The caller from a lookup that may be a second old, and the function that looks up the key again. */
function credentialOf(request: Request, access: Access, caller: KnownCaller): Credential | null {
  const confirm = async (): Promise<void> => void (await access.confirm(request));
  switch (caller.kind) {
    case 'admin':
      return { key: { kind: 'admin', api_key_id: caller.api_key_id, roles: access.roles }, confirm };
    case 'session':
      // It was looked up for this request.
      return null;
    case 'contract':
      return {
        key: { kind: 'contract', api_key_id: caller.api_key_id, ip_allowlist: caller.ip_allowlist },
        confirm,
      };
  }
}

type AnyHandlerRequest = HandlerRequest<unknown, unknown, unknown, Caller>;

function parse(
  api: Api,
  request: Request,
  response: Response,
  route: Route,
  access: Access,
  caller: Caller,
  now: Instant,
): AnyHandlerRequest {
  if (route.body === undefined && route.raw_body === undefined && hasBody(request))
    throwShapeProblem([{ path: '', message: 'This request takes no body.' }]);
  const given_body: unknown = request.body === undefined && route.body_optional ? {} : request.body;
  const errors: FieldError[] = [];
  const params = parseShape(route.params, request.params, errors);
  // A malformed id cannot name anything, so the response is 404 and not 422.
  if (errors.length > 0) throw new ProblemError(malformedPathProblem(request.path, errors));
  refuseChangedNumbers(response);
  // `request.query` of Express is a getter that parses each time, also when there is no query.
  const given_query = request.url.includes('?') ? request.query : {};
  for (const name of unknownParameters(route, given_query))
    errors.push({ path: name, message: 'is not a parameter of this operation' });
  const query = parseShape(route.query, given_query, errors);
  const body = route.body ? parseBody(route.body, given_body, errors) : undefined;
  const expected_revision = expectedRevisionOf(request, route, errors);
  if (errors.length > 0) throwShapeProblem(errors);

  const request_id = requestIdOf(response);
  const known = caller.kind === 'anonymous' ? null : caller;
  const idempotency = known && storesAnswers(route) ? idempotencyOf(request, route, known) : null;
  return {
    api,
    params,
    query,
    body,
    raw_body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    file: route.file_body === undefined ? NO_FILE : fileOf(request),
    headers: route.raw_body === undefined ? {} : singleHeaders(request),
    caller,
    actor: known && actorOf(known, clientAddress(request)),
    now,
    request_id,
    client: () => clientNetwork(clientAddress(request)),
    browser: () => {
      refuseForeignPage(request, api.publicUrl);
      return browserOf(request);
    },
    returned: () => ({ browser: browserOf(request), cookie: (name) => cookieOf(request, name) }),
    credential: known && route.checks_caller ? credentialOf(request, access, known) : null,
    expected_revision,
    idempotency,
    write: (run, rows = rowsOf(route, params)) => write(api, idempotency, rows, run),
    dryRun: (run, rows = rowsOf(route, params)) => dryRun(api, rows, run),
  };
}

/** What a sign-in needs of its request. */
function browserOf(request: Request): Browser {
  const session_token = sessionTokenOf(request);
  return { session_token, address: clientAddress(request), user_agent: request.get('user-agent') };
}

function parseBody(schema: ZodType, value: unknown, errors: FieldError[]): unknown {
  if (value !== undefined) return parseShape(schema, value, errors);
  errors.push({ path: '', message: missingBodyText(schema) });
  return undefined;
}

function missingBodyText(schema: ZodType): string {
  const fields = schema instanceof z.ZodObject ? Object.entries<ZodType>(schema.shape) : [];
  const required = fields.filter(([, field]) => !field.safeParse(undefined).success).map(([name]) => name);
  const named = required.length === 0 ? '' : ` Its required fields are: ${required.join(', ')}.`;
  return `This request needs a JSON body.${named}`;
}

/** Parses a value by its schema, and adds what is wrong with it to `errors`. */
function parseShape(schema: ZodType | undefined, value: unknown, errors: FieldError[]): unknown {
  if (!schema) return {};
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  // With messages of its own, zod takes several times as long, also for a value without errors. So only a value with errors is parsed again.
  const { error } = schema.safeParse(value, { error: fieldMessage });
  for (const issue of error?.issues ?? []) throwNamedRefusal(issue);
  for (const field of fieldErrorsOf(error ?? parsed.error)) errors.push(field);
  return undefined;
}

/** Throws the refusal that a refinement names: a rule about the shape can have a code of its own, also inside a union. */
function throwNamedRefusal(issue: z.core.$ZodIssue): void {
  if (issue.code === 'invalid_union') issue.errors.flat().forEach(throwNamedRefusal);
  const refusal = issue.code === 'custom' ? (issue.params?.['refusal'] as RefusalCode | undefined) : undefined;
  if (refusal !== undefined) throw new ProblemError(problemOf(refuse(refusal)));
}

/** The row that the path of a route names by its id: for `/api/v1/products/:id` the row of the product. */
function rowsOf(route: Route, params: unknown): LockedRow[] {
  const noun = /^\/api\/v1\/([^/]+)\/(?:.+\/)?:id(?:\/|$)/.exec(route.path)?.[1];
  const { id } = params as { id?: string };
  return noun === undefined || id === undefined ? [] : [{ table: noun, id }];
}

/** The revision in `If-Match: "3"`; undefined for `*`, which matches any. */
function expectedRevisionOf(request: Request, { path }: Route, errors: FieldError[]): number | undefined {
  const header = request.get('if-match')?.trim();
  if (header === undefined || header === '*') return undefined;
  const revision = /^(?:W\/)?"(\d{1,9})"$/.exec(header)?.[1];
  if (revision === undefined)
    errors.push({ path: 'If-Match', message: `must be the ETag of ${revisedResource(path)}, such as "3"` });
  return revision === undefined ? undefined : Number(revision);
}

/** The headers that occur once. A header that must not be repeated is joined or dropped by Node when it is. */
function singleHeaders(request: Request): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, typeof value === 'string' ? value : undefined]),
  );
}

/** The query parameters that the route does not declare. They are refused like unknown fields, not ignored, unless its shape is a loose one. */
function unknownParameters(route: Route, given: Request['query']): string[] {
  if (route.query?.def.catchall instanceof z.ZodUnknown) return [];
  const known = route.query?.shape ?? {};
  return Object.keys(given).filter((name) => !Object.hasOwn(known, name));
}

/** For a parameter of the path that is malformed: `errors` say what each must be. */
function malformedPathProblem(path: string, errors: readonly FieldError[]): Problem {
  const reasons = errors.map(({ path: parameter, message }) => `${parameter} ${message}`);
  return protocolProblem('NOT_FOUND', `There is nothing at ${path}: ${reasons.join(', ')}.`);
}

async function send(
  response: Response,
  answer: Answer,
  { stream, cached_s }: { stream?: ClientStream; cached_s?: number | undefined },
): Promise<void> {
  const { status, headers = {}, body, html } = answer;
  if (html !== undefined) return writeText(response, status, headers, 'text/html', html);
  if (body !== undefined && cached_s !== undefined)
    return writeCacheable(response, headers, JSON.stringify(body), cached_s);
  if (body !== undefined) return writeText(response, status, headers, 'application/json', JSON.stringify(body));
  writeHead(response, status, headers);
  // A response to HEAD has headers only, so no body is produced.
  if (stream && answer.stream && response.req.method !== 'HEAD') return answer.stream(stream);
  response.end();
}

/** The id of a request: the one that the client sent when it is well formed and no API key, else a new one. Logs contain it. */
export function chooseRequestId(request: Request): string {
  const given = request.get('x-request-id');
  return given !== undefined && /^[\x21-\x7e]{1,128}$/.test(given) && !containsApiKey(given) ? given : randomUUID();
}
