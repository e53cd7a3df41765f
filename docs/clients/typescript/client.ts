/**
 * A client for the API key of a contract: it generates licenses and reads those of a job. It needs the package
 * `openapi-fetch`, and `covenant.d.ts`, the types of the API.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import createClient from 'openapi-fetch';
import type { components, paths } from './covenant.d.ts';

const TRIES_MAX = 6;
const WAIT_MAX_S = 3_600;
const POLL_S = 2;
const TIMEOUT_MS = 30_000;

type Problem = components['schemas']['Problem'];

/** A generated license. */
export interface License {
  id: string;
  key: string;
  expires_at: string | null;
}

export interface ContractAccess {
  /** The address of Covenant: https://licenses.example.com */
  url: string;
  contract_id: string;
  api_key: string;
  /** The time limit of one try. Default: 30 seconds. */
  timeout_ms?: number | undefined;
  /** Receives a sentence before each wait. Default: prints it to stderr. */
  log?: (sentence: string) => void;
}

/** A refusal, or no answer. `code` is for programs, the message for people. */
export class CovenantError extends Error {
  constructor(
    message: string,
    readonly code?: string,
  ) {
    super(message);
  }
}

/** Creates a client for one contract. */
export function createContractClient(access: ContractAccess) {
  const api = createClient<paths>({
    baseUrl: access.url,
    headers: { Authorization: `Bearer ${access.api_key}` },
    fetch: (request) => fetchPatiently(request, access),
  });

  /** Generates licenses. The same idempotency key returns the same licenses again. */
  async function generate(count: number, idempotency_key: string = randomUUID()): Promise<License[]> {
    const { licenses, job_id } = await api
      .POST('/api/v1/contracts/{id}/generate', {
        params: { path: { id: access.contract_id }, header: { 'Idempotency-Key': idempotency_key } },
        body: { count },
      })
      .then(dataOf);
    if (licenses !== undefined || job_id === undefined) return licenses ?? [];
    // From 100 licenses on, a job generates them.
    await waitForJob(job_id);
    return readLicenses(job_id);
  }

  async function waitForJob(id: string): Promise<void> {
    for (;;) {
      const job = await api.GET('/api/v1/jobs/{id}', { params: { path: { id } } }).then(dataOf);
      if (job.state === 'SUCCEEDED') return;
      if (job.finished_at !== null)
        throw new CovenantError(`The job ${id} ended ${job.state} with ${job.completed} of ${job.requested} licenses.`);
      await sleep(POLL_S * 1_000);
    }
  }

  async function readLicenses(job_id: string): Promise<License[]> {
    const licenses: License[] = [];
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const query = { job_id, order: 'asc' as const, limit: 100, ...(cursor && { cursor }) };
      const page = await api.GET('/api/v1/licenses', { params: { query } }).then(dataOf);
      licenses.push(...page.data);
      cursor = page.next_cursor;
    }
    return licenses;
  }

  return { generate };
}

/** The data of an answer. Throws CovenantError for a refusal. */
function dataOf<Data>({ data, error, response }: { data?: Data; error?: unknown; response: Response }): Data {
  if (response.ok && data !== undefined) return data;
  throw errorOf(response.status, error);
}

function errorOf(status: number, body: unknown): CovenantError {
  if (typeof body !== 'object' || body === null || !('code' in body)) return new CovenantError(`HTTP status ${status}`);
  const { code, detail, request_id } = body as Problem;
  return new CovenantError(`${code}: ${detail} (request ${request_id})`, code);
}

/** Sends a request. While the same request can succeed later, waits and sends it again. */
async function fetchPatiently(request: Request, access: ContractAccess): Promise<Response> {
  const { timeout_ms = TIMEOUT_MS, log = console.error } = access;
  for (let tries = 1; ; tries += 1) {
    const answer = await send(request.clone(), timeout_ms);
    if (answer instanceof Response && isFinal(answer)) return answer;
    const error = answer instanceof Response ? errorOf(answer.status, await bodyOf(answer)) : answer;
    const wait_s = secondsToNextTry(answer, tries);
    if (wait_s > WAIT_MAX_S || tries === TRIES_MAX)
      throw new CovenantError(`Gave up after ${tries} tries. ${error.message}`, error.code);
    log(`${error.message}. Next try in ${Math.ceil(wait_s)} s.`);
    await sleep(wait_s * 1_000);
  }
}

/** One try. It reads the whole answer, because a connection can break in the middle of one. */
async function send(request: Request, timeout_ms: number): Promise<Response | CovenantError> {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(timeout_ms) });
    await answer.clone().arrayBuffer();
    return answer;
  } catch (error) {
    const { message, cause } = error as Error;
    return new CovenantError(`No answer (${cause instanceof Error ? cause.message : message})`);
  }
}

/** Whether the same request cannot succeed later. */
function isFinal(answer: Response): boolean {
  return !answer.headers.has('retry-after') && ![429, 502, 503, 504].includes(answer.status);
}

function secondsToNextTry(answer: Response | CovenantError, tries: number): number {
  const retry_after = answer instanceof Response ? answer.headers.get('retry-after') : null;
  if (retry_after !== null && /^\d+$/.test(retry_after)) return Number(retry_after);
  // Up to 2, 4, 8, 16 and 32 seconds, at random, so that many clients do not come back together.
  return 1 + Math.random() * (2 ** tries - 1);
}

async function bodyOf(answer: Response): Promise<unknown> {
  return answer.json().catch(() => undefined);
}
