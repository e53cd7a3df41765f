/**
 * Compares an answer with the documentation of its route: the status, the header fields, the shape of the body, and for
 * every refusal a problem document (RFC 9457). A difference is a defect of the code or of the documentation.
 */
import { readFileSync } from 'node:fs';
import { ANSWER_FIELDS } from '../../api/http/answer-fields';
import { OPENAPI_FILE } from '../../api/http/openapi';
import { ProblemShape } from '../../api/http/problem';
import type { Route } from '../../api/http/route';
import { ROUTES } from '../../api/routes';
import { permissionOf } from '../../domain/access/permission';

interface Answered {
  status: number;
  headers: Headers;
  body: unknown;
  text: string;
}

interface DocumentedResponse {
  description: string;
  headers?: Record<string, unknown>;
}

type Responses = Record<string, Record<string, { responses: Record<string, DocumentedResponse> }>>;

// The file is read, because generating the document takes 0.3 s in each test file. api.operations.test.ts compares the
// file with the routes.
const { paths } = JSON.parse(readFileSync(OPENAPI_FILE, 'utf8')) as { paths: Responses };

/** Created once, because every answer of every test looks up its route. */
const PATTERNS = new Map(ROUTES.map(({ path }) => [path, patternOf(path)]));

/** Throws an error that says what is not documented. */
export function expectDocumented(method: string, target: string, answer: Answered): void {
  const path = target.split('?', 1)[0] ?? '';
  // Paths for operators and for the documentation are not in ROUTES and are not checked.
  if (!path.startsWith('/api/v1') && !ROUTES.some((known) => hasForm(known, path))) return;
  const route = routeOf(method, path);
  const call = `${method.toUpperCase()} ${target.slice(0, 200)} → ${answer.status}`;
  if (answer.status >= 400 && method.toUpperCase() !== 'HEAD') expectProblem(call, answer);
  if (!route) {
    if (method.toUpperCase() !== 'HEAD' && answer.status < 400) throw new Error(`${call}: there is no such route.`);
    return;
  }
  const documented = paths[route.path.replace(/:(\w+)/g, '{$1}')]?.[route.method]?.responses ?? {};
  if (!(answer.status in documented)) {
    throw new Error(
      `${call} is not documented; ${Object.keys(documented).join(', ')} are. ${answer.text.slice(0, 500)}`,
    );
  }
  expectFields(call, answer, documented[answer.status] as DocumentedResponse);
  const shape = route.answers[answer.status];
  if (!shape) return expectListedCode(call, route, answer, documented[answer.status] as DocumentedResponse);
  if (shape.media_type !== undefined) {
    const given = answer.headers.get('content-type') ?? '';
    if (!given.startsWith(shape.media_type))
      throw new Error(`${call}: the documented media type is ${shape.media_type}, the answer has ${given}.`);
    return;
  }
  const parsed = shape.schema?.safeParse(answer.body);
  if (parsed && !parsed.success)
    throw new Error(`${call}: the body does not have the documented shape: ${parsed.error.message}`);
  if (!shape.schema && answer.text !== '')
    throw new Error(`${call}: no body is documented, but the answer has one: ${answer.text.slice(0, 200)}`);
}

/** Returns the documented statuses of a route. */
export function documentedStatuses(route: Route): number[] {
  return Object.keys(paths[route.path.replace(/:(\w+)/g, '{$1}')]?.[route.method]?.responses ?? {}).map(Number);
}

function routeOf(method: string, path: string): Route | undefined {
  const fits = ROUTES.filter((route) => route.method === method.toLowerCase() && hasForm(route, path));
  // Literal paths precede paths with parameters, as in the router.
  return fits.sort((a, b) => a.path.split(':').length - b.path.split(':').length)[0];
}

function hasForm(route: Route, path: string): boolean {
  return PATTERNS.get(route.path)?.test(path) === true;
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/\./g, '\\.').replace(/:\w+/g, '[^/]+')}/?$`);
}

/** The header fields that the document describes are listed for each answer that has them. */
function expectFields(call: string, { headers }: Answered, documented: DocumentedResponse): void {
  for (const name of Object.keys(ANSWER_FIELDS))
    if (headers.has(name) && documented.headers?.[name] === undefined)
      throw new Error(`${call}: the header field ${name} is not documented for this status.`);
}

/** The document lists the codes of a route that partners call, so that a program of theirs can prepare for each. */
function expectListedCode(call: string, route: Route, answer: Answered, { description }: DocumentedResponse): void {
  if (!('contract' in permissionOf(route.operation_id)) || answer.status >= 500) return;
  const { code } = answer.body as { code?: string };
  if (code !== undefined && !description.split('; ').some((text) => text.startsWith(`${code}: `)))
    throw new Error(`${call}: the code ${code} is not documented for this status; it has: ${description}`);
}

function expectProblem(call: string, answer: Answered): void {
  const type = answer.headers.get('content-type') ?? '';
  const parsed = ProblemShape.safeParse(answer.body);
  if (!type.startsWith('application/problem+json') || !parsed.success) {
    throw new Error(`${call} is not a problem document (${type}): ${answer.text.slice(0, 300)}`);
  }
  const { status, code, reasons, request_id } = parsed.data;
  if (status !== answer.status) throw new Error(`${call}: the problem document has status ${status}.`);
  if (reasons[0] !== code) throw new Error(`${call}: the first of reasons is ${reasons[0]}, but the code is ${code}.`);
  if (request_id !== answer.headers.get('x-request-id'))
    throw new Error(`${call}: the request ids in the body and the header differ.`);
}
