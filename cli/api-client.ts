/** Calls the API over HTTP, as a command that needs no database does. */
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { request as requestHttp } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Readable, Transform } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { z } from 'zod';
import type { ClientConfig } from '../config';
import { CommandFailure } from './command-failure';
import { parseMessages } from './event-stream';
import type { StreamMessage } from './event-stream';
import { errorMessage } from './failure';

/** A file that is sent as it is. */
export interface SentFile {
  path: string;
  bytes: number;
  content_type: string;
  /** Whether the file is compressed by gzip. */
  is_gzip: boolean;
  /** Gets the number of bytes that were sent so far. */
  onSent: (bytes: number) => void;
}

export interface ApiClient {
  /** Sends a file. Throws CommandFailure with the text of a refusal. */
  upload<T>(path: string, file: SentFile, shape: z.ZodType<T>): Promise<T>;
  read<T>(path: string, shape: z.ZodType<T>): Promise<T>;
  /** Yields the events of a stream until it is closed. */
  follow(path: string): AsyncGenerator<StreamMessage>;
  /** Saves an answer as a file, which exists only when it is complete. */
  download(path: string, file: string): Promise<void>;
}

/** What of a refusal is shown. */
const Problem = z.object({ code: z.string(), detail: z.string() });

/** Creates a client. `signal` ends its calls. */
export function createApiClient({ publicUrl, apiKey }: ClientConfig, signal: AbortSignal): ApiClient {
  const headers = { authorization: `Bearer ${apiKey}` };
  const urlOf = (path: string): string => `${publicUrl}/api/v1${path}`;

  async function get(path: string): Promise<Response> {
    const response = await fetch(urlOf(path), { headers, signal }).catch(throwUnreachable);
    if (response.status !== 200) throw refusalOf(response.status, await response.text());
    return response;
  }

  function throwUnreachable(error: unknown): never {
    if (signal.aborted) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new CommandFailure(
      `The API at ${publicUrl} cannot be reached (${errorMessage(cause)}). Check COVENANT_PUBLIC_URL, and check that the API runs.`,
    );
  }

  return {
    async upload(path, file, shape) {
      const response = await sendFile(urlOf(path), file, { headers, signal }).catch(throwUnreachable);
      const body = await text(response).catch(throwUnreachable);
      // The rest of a file that is refused is not sent.
      response.destroy();
      if ((response.statusCode ?? 0) >= 400) throw refusalOf(response.statusCode, body);
      return shape.parse(JSON.parse(body));
    },

    read: async (path, shape) => shape.parse(await (await get(path)).json()),

    async *follow(path) {
      const { body } = await get(path);
      if (body === null) return;
      try {
        yield* parseMessages(body.pipeThrough(new TextDecoderStream()));
      } catch (error) {
        // A stream that breaks off is opened again by the caller.
        if (signal.aborted) throw error;
      }
    },

    async download(path, file) {
      const { body } = await get(path);
      const incomplete = `${file}.incomplete`;
      try {
        await pipeline(Readable.fromWeb(body as ReadableStream), createWriteStream(incomplete));
        await rename(incomplete, file);
      } catch (error) {
        await rm(incomplete, { force: true });
        if (signal.aborted) throw error;
        throw new CommandFailure(`${urlOf(path)} could not be saved as ${file}: ${errorMessage(error)}.`);
      }
    },
  };
}

/** Sends a file, and returns the answer, which can come before the end of a file that is refused. `fetch` would lose that one. */
async function sendFile(
  url: string,
  { path, bytes, content_type, is_gzip, onSent }: SentFile,
  { headers, signal }: { headers: Record<string, string>; signal: AbortSignal },
): Promise<IncomingMessage> {
  const encoding = is_gzip ? { 'content-encoding': 'gzip' } : {};
  const send = url.startsWith('https:') ? requestHttps : requestHttp;
  const request = send(url, {
    method: 'POST',
    headers: { ...headers, ...encoding, 'content-type': content_type, 'content-length': bytes },
    signal,
  });
  const answered = once(request, 'response') as Promise<[IncomingMessage]>;
  let sent = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, pass) {
      onSent((sent += chunk.length));
      pass(null, chunk);
    },
  });
  const sending = pipeline(createReadStream(path), counting, request);
  // Its failure also ends the request, whose error is thrown.
  sending.catch(() => undefined);
  const [response] = await answered;
  return response;
}

function refusalOf(status: number | undefined, body: string): CommandFailure {
  const problem = Problem.safeParse(parseJson(body));
  if (!problem.success) return new CommandFailure(`The API answered with the status ${status}: ${body.slice(0, 200)}`);
  return new CommandFailure(`${problem.data.detail} (${problem.data.code})`);
}

function parseJson(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    return undefined;
  }
}
