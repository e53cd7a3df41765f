/** The Express application: what happens to every request before and after its route. */
import express from 'express';
import type { ErrorRequestHandler, Express, Request, RequestHandler } from 'express';
import { RowsBusy, isDatabaseUnavailable, isLockTimeout, isPassing, isStatementTimeout } from '../../db/base/errors';
import { ListsBusy } from '../../db/base/list-reads';
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
import type { Api } from './api';
import { BODY_BYTES_MAX } from './body';
import { busyProblem } from './busy';
import { docsRouter } from './docs';
import { chooseRequestId, endpoint } from './endpoint';
import { countRequest } from './metrics';
import { operationsRouter } from './operations';
import { ProblemError, presentProblem, protocolProblem } from './problem';
import type { Problem } from './problem';
import { createRouteTable } from './route-table';
import { ROUTES } from '../routes';

/** The application over its dependencies; `trustProxy` says whose `X-Forwarded-For` is believed. */
export function createApp(api: Api, options: { trustProxy: TrustProxy }): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', options.trustProxy);
  app.set('query parser', 'simple');
  app.use(identify(api));
  app.use(interfaceRoutes(api));
  app.use(setPageHeaders());
  app.use(operationsRouter(api));
  app.use(docsRouter());
  app.use((request) => {
    throw new ProblemError(
      protocolProblem('NOT_FOUND', `There is nothing at ${request.path}. The interface is described at /docs.`),
    );
  });
  app.use(presentError(api));
  return app;
}

/** Gives every request its id, its log line and its metric. */
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
      logRequest({ request_id, method: request.method, path: request.path, status: response.statusCode, duration_ms });
    });
    next();
  };
}

/** The routes of the interface. */
function interfaceRoutes(api: Api): RequestHandler {
  const findRoute = createRouteTable(ROUTES.map((route) => ({ ...route, answer: endpoint(api, route) })));
  return (request, response, next) => {
    const found = findRoute(request.method, request.path);
    if (found === undefined) return next();
    // For the metric of the request, as Express sets it.
    request.route = { path: found.path };
    if (!('entry' in found)) throw methodNotAllowed(request.method, found.allow);
    request.params = found.params;
    return found.entry.answer(request, response);
  };
}

function methodNotAllowed(method: string, allow: string): ProblemError {
  const detail = `${method} is not possible here; ${allow} is.`;
  return new ProblemError(protocolProblem('METHOD_NOT_ALLOWED', detail, { headers: { Allow: allow } }));
}

/** Refusals that say that a limit was reached, as may happen under load: a line without a stack tells of each. */
const LIMIT_CODES: ReadonlySet<string> = new Set(['TOO_MANY_COMMANDS', 'LISTS_BUSY', 'LIST_TOO_SLOW']);

/** The last handler: whatever was thrown becomes a problem, and what nobody foresaw is logged with its request id. */
function presentError(api: Api): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const problem = problemFor(error, request);
    const request_id = requestIdOf(response);
    // A refusal is an answer, also with 503; the line of the request tells of it.
    if (LIMIT_CODES.has(problem.code))
      api.log.warn({ request_id, method: request.method, path: request.path, code: problem.code }, problem.title);
    else if (problem.status >= 500 && !(error instanceof ProblemError || error instanceof RowsBusy))
      api.log.error({ err: error, request_id, method: request.method, path: request.path }, problem.title);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const text = JSON.stringify(presentProblem(problem, request_id));
    writeText(response, problem.status, problem.headers ?? {}, 'application/problem+json', text);
  };
}

function problemFor(error: unknown, request: Request): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof RowsBusy) return busyProblem(error);
  if (error instanceof CommandOutcomeUnknown) {
    return protocolProblem(
      'OUTCOME_UNKNOWN',
      'The command was sent, but its outcome did not arrive in time. What was not carried out by now never is. Read the contract to see which, or repeat the request with its Idempotency-Key, if the operation takes one.',
    );
  }
  if (error instanceof CommandFailed) {
    if (error.by_database)
      return protocolProblem(
        'COMMAND_FAILED',
        'The database refuses what the command changes; nothing was changed, and nothing is carried out later. Repeating it fails until an operator removes the cause, which the log of the worker names with the request id.',
      );
    return protocolProblem(
      'COMMAND_FAILED',
      'The worker cannot carry out the command; nothing was changed. Repeating it fails again. Give the request id to whoever runs this.',
    );
  }
  if (error instanceof TooManyCommands) {
    return protocolProblem(
      'TOO_MANY_COMMANDS',
      'Temporal takes no more commands at the moment, as when ten wait for one contract; nothing was changed. Try again in a moment.',
    );
  }
  // Before Temporal is asked about: a refused connection reads alike, and only the driver's errors carry such a code.
  if (isDatabaseUnavailable(error))
    return protocolProblem('DATABASE_UNAVAILABLE', 'The database cannot be reached. Try again in a moment.');
  if (error instanceof TemporalUnavailable || isConnectionError(error)) {
    return protocolProblem(
      'TEMPORAL_UNAVAILABLE',
      'Temporal cannot be reached; nothing was changed. Try again in a moment.',
    );
  }
  if (error instanceof ListsBusy)
    return protocolProblem('LISTS_BUSY', 'As many lists as may be read at once are being read. Try again in a moment.');
  if (isStatementTimeout(error) && isList(request))
    return protocolProblem(
      'LIST_TOO_SLOW',
      'The rows were not found in time. Narrow the filter: name a contract, give more characters of a search, or a shorter time.',
    );
  if (isLockTimeout(error)) return busyProblem(new RowsBusy(null));
  if (isPassing(error))
    return protocolProblem(
      'DATABASE_UNAVAILABLE',
      'The database did not finish a statement in time. Try again in a moment.',
    );
  return (
    bodyProblem(error) ??
    protocolProblem('INTERNAL_ERROR', 'An error that we did not foresee. Give the request id to whoever runs this.')
  );
}

/** Whether a request asked for a page of a list. */
function isList(request: Request): boolean {
  const path = (request.route as { path?: string } | undefined)?.path;
  return ROUTES.some(
    (route) => route.method === 'get' && route.path === path && route.query?.shape['cursor'] !== undefined,
  );
}

/** What Express and its body parser throw for requests that are not well formed. */
function bodyProblem(error: unknown): Problem | null {
  const { type, status } = (error ?? {}) as { type?: unknown; status?: unknown };
  if (type === 'entity.too.large')
    return protocolProblem('BODY_TOO_LARGE', `The body may have ${BODY_BYTES_MAX} bytes.`, {
      metadata: { bytes_max: BODY_BYTES_MAX },
    });
  if (type === 'encoding.unsupported') return protocolProblem('UNSUPPORTED_MEDIA_TYPE', (error as Error).message);
  if (typeof status === 'number' && status >= 400 && status < 500)
    return protocolProblem('MALFORMED_REQUEST', (error as Error).message);
  return null;
}
