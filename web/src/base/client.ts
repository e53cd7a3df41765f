/**
 * The client of the interface. Its types are generated from openapi.json, so a changed interface breaks the build. The cookie of
 * the session goes with each request, because pages and interface have one origin.
 */
import createClient from 'openapi-fetch';
import type { paths } from './interface';
import { RequestFailed } from './problem';
import type { Problem } from './problem';

/** No request of a page waits longer. Streams and downloads do not use this client. */
const TIMEOUT_MS = 60_000;

export const api = createClient<paths>({ baseUrl: '/', fetch: fetchInTime });

function fetchInTime(request: Request): Promise<Response> {
  return fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(TIMEOUT_MS)]) });
}

interface Answer<Data> {
  data?: Data | undefined;
  error?: unknown;
  response: Response;
}

/** The body of an answer. Throws `RequestFailed` for a refusal and for a request without an answer. */
export async function read<Data>(request: Promise<Answer<Data>>): Promise<Data> {
  const answer = await request.catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new RequestFailed(0, undefined);
  });
  if (!answer.response.ok) throw refusal(answer);
  return answer.data as Data;
}

function refusal({ error, response }: Answer<unknown>): RequestFailed {
  const problem = typeof error === 'object' && error !== null && 'code' in error ? (error as Problem) : undefined;
  const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN);
  return new RequestFailed(response.status, problem, Number.isNaN(seconds) ? undefined : seconds);
}

/** A key that makes a repetition of a POST safe. One is made for each form or dialog, not for each click. */
export function newIdempotencyKey(): string {
  return crypto.randomUUID();
}
