/**
 * An HTTP client for scenarios: each call states the expected answer. It also reads the progress stream of a job.
 */
import type { ZodType } from 'zod';
import { parseMessages } from '../cli/event-stream';
import type { StreamMessage } from '../cli/event-stream';

/** Thrown when a step or a check fails. The message says what was expected. */
export class ScenarioError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ScenarioError';
  }
}

/** What a call sends, and the expected answer. */
export interface ExpectedCall<T> {
  body?: Readonly<Record<string, unknown>>;
  /** Lets an interrupted scenario continue at the next start: a repeated step gets the answer of the first. */
  idempotency_key?: string;
  /** Headers in addition to those of every call. */
  headers?: Readonly<Record<string, string>>;
  /** The expected status, or several possible ones. */
  status: number | readonly number[];
  /** The expected shape. Other fields are ignored. */
  shape: ZodType<T>;
}

export interface ScenarioClient {
  /** Sends a request. Throws ScenarioError when the answer has another status or shape. */
  call<T>(method: 'GET' | 'POST' | 'PATCH', path: string, expected: ExpectedCall<T>): Promise<T>;
  /** Yields the messages of a stream until the server closes it. */
  follow(path: string): AsyncGenerator<StreamMessage>;
}

/** Longer than any answer takes. The slowest request is a command that waits for a worker. */
const CALL_TIMEOUT_MS = 30_000;
/** Time limit for a whole progress stream. */
const STREAM_TIMEOUT_MS = 300_000;

/** Creates a client for one API with one API key. */
export function createScenarioClient(api_url: string, api_key: string): ScenarioClient {
  const authorization = `Bearer ${api_key}`;
  return {
    async call(method, path, expected) {
      const response = await fetch(`${api_url}${path}`, {
        method,
        headers: {
          authorization,
          ...(expected.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(expected.idempotency_key === undefined ? {} : { 'idempotency-key': expected.idempotency_key }),
          ...expected.headers,
        },
        ...(expected.body === undefined ? {} : { body: JSON.stringify(expected.body) }),
        signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
      });
      const text = await response.text();
      const wanted = [expected.status].flat();
      if (!wanted.includes(response.status)) {
        const instead = `${response.status} instead of ${wanted.join(' or ')}`;
        throw new ScenarioError(`${method} ${path} answered ${instead}: ${text}`);
      }
      const answer = expected.shape.safeParse(JSON.parse(text));
      if (answer.success) return answer.data;
      const wrong = answer.error.issues.map((issue) => `${issue.path.map(String).join('.')}: ${issue.message}`);
      throw new ScenarioError(`${method} ${path} answered with an unexpected body (${wrong.join('; ')}): ${text}`);
    },

    async *follow(path) {
      const signal = AbortSignal.timeout(STREAM_TIMEOUT_MS);
      const response = await fetch(`${api_url}${path}`, { headers: { authorization }, signal });
      if (response.status !== 200 || response.body === null) {
        throw new ScenarioError(`GET ${path} answered ${response.status} instead of a stream.`);
      }
      yield* parseMessages(response.body.pipeThrough(new TextDecoderStream()));
    },
  };
}
