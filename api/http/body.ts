/** Reads request bodies: JSON for most routes, the original bytes for signed messages. */
import express from 'express';
import type { Request, RequestHandler, Response } from 'express';
import { changedNumbers } from '../../domain/base/json-number';
import type { ChangedNumber } from '../../domain/base/json-number';
import { FIELD_ERRORS_MAX, ProblemError, protocolProblem, shapeProblem } from './problem';
import type { FieldError, Problem } from './problem';

/** The largest body, in bytes. A compressed body is measured after decompression. */
export const BODY_BYTES_MAX = 1024 * 1024;

export const JSON_TYPES: readonly string[] = ['application/json'];

/** Characters of a number that an error message repeats. */
const NUMBER_CHARS_MAX = 40;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads the body of a request into `request.body`; undefined when there is none. Rejects with an error that `app.ts` presents. */
export type ReadBody = (request: Request, response: Response) => Promise<void>;

const parseRaw = express.raw({ limit: BODY_BYTES_MAX, type: () => true });
const parseRawCompressed = express.raw({ limit: BODY_BYTES_MAX, type: () => true, inflate: false });

/**
 * Reads a JSON body of the given media types; `application/json` unless the route declares others. A body of any other type is
 * refused, never ignored. Numbers that JavaScript cannot represent are refused later, by `refuseChangedNumbers`.
 */
export function readJson(media_types: readonly string[] = JSON_TYPES): ReadBody {
  const types = [...media_types];
  return async (request, response) => {
    if (!declaresBody(request)) return;
    refuseOtherTypes(request, types);
    const bytes = isPlain(request) ? await readPlain(request) : await readWithParser(parseRaw, request, response);
    request.body = bytes === undefined || bytes.length === 0 ? undefined : parseJson(bytes, response);
  };
}

/** Reads a body as the bytes that were signed: it is not decompressed, and every media type is accepted. */
export const readBytes: ReadBody = async (request, response) => {
  if (isPlain(request)) request.body = await readPlain(request);
  else await readWithParser(parseRawCompressed, request, response);
};

/** Refuses a body with numbers that JavaScript cannot represent exactly: they would be stored as other numbers, or as null. */
export function refuseChangedNumbers(response: Response): void {
  const problem = response.locals.number_problem as Problem | undefined;
  if (problem !== undefined) throw new ProblemError(problem);
}

/** Whether the body is neither compressed nor chunked, and its length is allowed. */
function isPlain({ headers }: Request): boolean {
  if (headers['content-encoding'] !== undefined || headers['transfer-encoding'] !== undefined) return false;
  return Number(headers['content-length']) <= BODY_BYTES_MAX;
}

/** Reads a plain body. Nearly all bodies are plain, and the parser of Express takes several times as long for a small one. */
function readPlain(request: Request): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    rejectOnDisconnect(request, reject);
  });
}

/** Rejects when the client disconnects before the end of the body, or has disconnected already. */
function rejectOnDisconnect(request: Request, reject: (error: ProblemError) => void): void {
  const rejectAborted = (): void =>
    reject(new ProblemError(protocolProblem('MALFORMED_REQUEST', 'The request ended before its body was complete.')));
  // A request that was read completely emits `close` as well.
  request.on('close', () => {
    if (!request.readableEnded) rejectAborted();
  });
  if (request.destroyed) rejectAborted();
}

/** Reads a body with the parser of Express, which decompresses and measures it; undefined when there is none. */
async function readWithParser(
  parser: RequestHandler,
  request: Request,
  response: Response,
): Promise<Buffer | undefined> {
  await new Promise<void>((resolve, reject) => {
    // The parser reports a disconnect as a general connection error, and does not report it at all when the body is compressed.
    rejectOnDisconnect(request, reject);
    parser(request, response, (error?: unknown) => {
      if (!(error instanceof Error)) resolve();
      else if ((error as { type?: string }).type !== 'request.aborted') reject(error);
    });
  });
  return Buffer.isBuffer(request.body) ? request.body : undefined;
}

function refuseOtherTypes(request: Request, media_types: string[]): void {
  const given = request.get('content-type') ?? 'none';
  // Nearly every client sends exactly this text, and then no media types need to be parsed.
  if (given === media_types[0]) return;
  if (!request.is(media_types))
    throw new ProblemError(
      protocolProblem(
        'UNSUPPORTED_MEDIA_TYPE',
        `Send JSON with Content-Type: ${media_types.join(' or ')}. The Content-Type of the request is ${given}.`,
      ),
    );
  const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(given)?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset))
    throw new ProblemError(
      protocolProblem('UNSUPPORTED_MEDIA_TYPE', `Send JSON in UTF-8. The charset of the request is ${charset}.`),
    );
}

function parseJson(bytes: Buffer, response: Response): unknown {
  const text = textOf(bytes);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw malformedJsonProblem(`The body cannot be parsed: ${(error as Error).message}. Send one valid JSON value.`);
  }
  // A route with an unknown id responds with 404 whatever the body holds, so the route throws this problem later.
  const errors: FieldError[] = [];
  let count = 0;
  for (const number of changedNumbers(text)) if (count++ < FIELD_ERRORS_MAX) errors.push(numberError(number));
  if (count > 0) response.locals.number_problem = shapeProblem(errors, count);
  return parsed;
}

function textOf(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformedJsonProblem('The body is not UTF-8 text. Send JSON in UTF-8.');
  }
}

function malformedJsonProblem(detail: string): ProblemError {
  return new ProblemError(protocolProblem('MALFORMED_JSON', detail));
}

function numberError({ path, text }: ChangedNumber): FieldError {
  const shown = text.length > NUMBER_CHARS_MAX ? `${text.slice(0, NUMBER_CHARS_MAX)}…` : text;
  const message = `the number ${shown} cannot be stored exactly; send at most 15 digits, or a string`;
  return { path: path.join('.'), message };
}

function declaresBody(request: Request): boolean {
  return request.headers['transfer-encoding'] !== undefined || (request.headers['content-length'] ?? '0') !== '0';
}

/** Whether the body has content: an object without fields has none. */
export function hasBody(request: Request): boolean {
  const body: unknown = request.body;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body !== undefined;
  return Object.keys(body).length > 0;
}
