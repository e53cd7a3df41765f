/** The Express application: what every request passes before and after its route. */
import express from 'express';
import type { ErrorRequestHandler, Express, Request, RequestHandler } from 'express';
import { RowsBusy, isDatabaseUnavailable, isLockTimeout, isTransient, isStatementTimeout } from '../../db/base/errors';
import { ListsBusy } from '../../db/base/list-reads';
import { containsApiKey } from '../../domain/access/api-key';
import {
  CommandFailed,
  CommandOutcomeUnknown,
  TemporalUnavailable,
  TooManyCommands,
  isConnectionError,
} from '../../temporal/command';
import type { TrustProxy } from '../../config';
import { createRequestLog } from '../../log';
import { setPageHeaders, requestIdOf, writeText } from './answer-head';
import { adminPagesRouter } from './admin-pages';
import type { AdminPagesOptions } from './admin-pages';
import type { Api } from './api';
import { BODY_BYTES_MAX } from './body';
import { busyProblem } from './busy';
import { docsRouter } from './docs';
import { chooseRequestId, endpoint } from './endpoint';
import { countRequest } from './metrics';
import { operationsRouter } from './operations';
import { ProblemError, presentProblem, protocolProblem } from './problem';
import type { Problem } from './problem';
import { callerOf } from './refused-call';
import { requireHttps } from './require-https';
import { createRouteTable } from './route-table';
import { ROUTES } from '../routes';

export interface AppOptions {
  /** The proxies that may set `X-Forwarded-For` and `X-Forwarded-Proto`. */
  trustProxy: TrustProxy;
  /** Whether requests that did not come over HTTPS are refused. */
  requireHttps?: boolean;
  adminPages?: AdminPagesOptions;
}

/** Creates the application. */
export function createApp(api: Api, options: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', options.trustProxy);
  app.set('query parser', 'simple');
  app.use(identify(api));
  if (options.requireHttps) app.use(requireHttps());
  app.use(apiRoutes(api));
  app.use(setPageHeaders());
  app.use(operationsRouter(api));
  app.use(docsRouter());
  app.use(adminPagesRouter(options.adminPages));
  app.use((request) => {
    throw new ProblemError(
      protocolProblem('NOT_FOUND', `There is nothing at ${request.path}. The API is documented at /docs.`),
    );
  });
  app.use(presentError(api));
  return app;
}

/** Gives every request an id, and records it in the log and the metrics when its response is sent. */
function identify(api: Api): RequestHandler {
  const logRequest = createRequestLog(api.log);
  return (request, response, next) => {
    const started_at = performance.now();
    const request_id = chooseRequestId(request);
    response.locals.request_id = request_id;
    response.on('finish', () => {
      const duration_ms = Math.round((performance.now() - started_at) * 10) / 10;
      const route = (request.route as { path?: string } | undefined)?.path ?? 'none';
      countRequest(request.method, route, response.statusCode, duration_ms);
      const path = loggedPath(request);
      logRequest({ request_id, method: request.method, path, status: response.statusCode, duration_ms });
    });
    next();
  };
}

/** The path of a request as it is logged: without its query, and not at all when it contains an API key. */
function loggedPath({ path }: Request): string {
  return containsApiKey(path) ? '[contains an API key]' : path;
}

/** Finds the route of a request and runs its endpoint. */
function apiRoutes(api: Api): RequestHandler {
  const findRoute = createRouteTable(ROUTES.map((route) => ({ ...route, answer: endpoint(api, route) })));
  return (request, response, next) => {
    const found = findRoute(request.method, request.path);
    if (found === undefined) return next();
    // The metrics read the route from here, where Express would set it.
    request.route = { path: found.path };
    if (!('entry' in found)) throw methodNotAllowedProblem(request.method, found.allow);
    request.params = found.params;
    return found.entry.answer(request, response);
  };
}

function methodNotAllowedProblem(method: string, allow: string): ProblemError {
  const detail = `This path does not support ${method}. It supports ${allow}.`;
  return new ProblemError(protocolProblem('METHOD_NOT_ALLOWED', detail, { headers: { Allow: allow } }));
}

/** Refusals because of a limit. They are expected under load, so each is logged as one line without a stack. */
const LIMIT_CODES: ReadonlySet<string> = new Set(['TOO_MANY_COMMANDS', 'LISTS_BUSY', 'LIST_TOO_SLOW']);

/** The last handler: turns every thrown error into a problem, and logs unexpected errors with the request id. */
function presentError(api: Api): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const problem = problemFor(error, request);
    const request_id = requestIdOf(response);
    // A refusal is an expected response, also with status 503. The log line of the request records it.
    if (LIMIT_CODES.has(problem.code))
      api.log.warn(
        { request_id, method: request.method, path: loggedPath(request), code: problem.code },
        problem.title,
      );
    else if (problem.status >= 500 && !(error instanceof ProblemError || error instanceof RowsBusy))
      api.log.error({ err: error, request_id, method: request.method, path: loggedPath(request) }, problem.title);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const text = JSON.stringify(presentProblem(problem, request_id, callerOf(response)?.kind));
    writeText(response, problem.status, problem.headers ?? {}, 'application/problem+json', text);
  };
}

function problemFor(error: unknown, request: Request): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof RowsBusy) return busyProblem(error);
  if (error instanceof CommandOutcomeUnknown) {
    return protocolProblem(
      'OUTCOME_UNKNOWN',
      'The command was sent, but its outcome did not arrive in time. If it has not run by now, it never will. Read the contract to see whether it ran, or repeat the request with the same Idempotency-Key if the operation accepts one.',
    );
  }
  if (error instanceof CommandFailed) {
    if (error.by_database)
      return protocolProblem(
        'COMMAND_FAILED',
        'The database rejects the change. Nothing was changed, and the command does not run later. A repetition fails until an operator removes the cause. The log of the worker names the cause and the request id.',
      );
    return protocolProblem(
      'COMMAND_FAILED',
      'The worker cannot run the command. Nothing was changed. A repetition fails in the same way. Send the request id to your operator.',
    );
  }
  if (error instanceof TooManyCommands) {
    return protocolProblem(
      'TOO_MANY_COMMANDS',
      'Temporal accepts no more commands at the moment, for example because ten commands wait for one contract. Nothing was changed. Try again in a moment.',
    );
  }
  // This check comes before the one for Temporal: a refused connection looks the same, and only errors of the driver have such a code.
  if (isDatabaseUnavailable(error))
    return protocolProblem('DATABASE_UNAVAILABLE', 'The database cannot be reached. Try again in a moment.');
  if (error instanceof TemporalUnavailable || isConnectionError(error)) {
    return protocolProblem(
      'TEMPORAL_UNAVAILABLE',
      'Temporal cannot be reached. Nothing was changed. Try again in a moment.',
    );
  }
  if (error instanceof ListsBusy)
    return protocolProblem('LISTS_BUSY', 'Too many lists are being read at the same time. Try again in a moment.');
  if (isStatementTimeout(error) && isList(request))
    return protocolProblem(
      'LIST_TOO_SLOW',
      'The query did not finish in time. Narrow the filter: name a contract, search for more characters, or choose a shorter period.',
    );
  if (isLockTimeout(error)) return busyProblem(new RowsBusy(null));
  if (isTransient(error))
    return protocolProblem(
      'DATABASE_UNAVAILABLE',
      'The database did not finish a statement in time. Try again in a moment.',
    );
  return (
    bodyProblem(error) ??
    protocolProblem('INTERNAL_ERROR', 'An unexpected error occurred. Send the request id to your operator.')
  );
}

/** Whether the request reads a page of a list. */
function isList(request: Request): boolean {
  const path = (request.route as { path?: string } | undefined)?.path;
  return ROUTES.some(
    (route) => route.method === 'get' && route.path === path && route.query?.shape['cursor'] !== undefined,
  );
}

/** The problem for an error that Express or its body parser throws because the request is malformed. */
function bodyProblem(error: unknown): Problem | null {
  const { type, status } = (error ?? {}) as { type?: unknown; status?: unknown };
  if (type === 'entity.too.large')
    return protocolProblem('BODY_TOO_LARGE', `The body can have at most ${BODY_BYTES_MAX} bytes.`, {
      metadata: { bytes_max: BODY_BYTES_MAX },
    });
  if (type === 'encoding.unsupported') return protocolProblem('UNSUPPORTED_MEDIA_TYPE', (error as Error).message);
  if (typeof status === 'number' && status >= 400 && status < 500)
    return protocolProblem('MALFORMED_REQUEST', (error as Error).message);
  return null;
}
