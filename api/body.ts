/** How bodies are read: JSON for most routes, the bytes as they came for signed messages. */
import express from 'express';
import type { Request, RequestHandler, Response } from 'express';
import { changedNumbers } from '../domain/json-number';
import type { ChangedNumber } from '../domain/json-number';
import { FIELD_ERRORS_MAX, ProblemError, protocolProblem, shapeProblem } from './problem';
import type { FieldError, Problem } from './problem';

/** The largest body, in bytes; a packed one is measured unpacked. */
export const BODY_BYTES_MAX = 1024 * 1024;

export const JSON_TYPES: readonly string[] = ['application/json'];

/** Characters of a number that a refusal repeats. */
const NUMBER_CHARS_MAX = 40;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a JSON body of the media types given; `application/json` unless the route declares others. What is not read is refused
 * by its type, never ignored. Numbers that JavaScript cannot hold are left for `refuseChangedNumbers`.
 */
export function readJson(media_types: readonly string[] = JSON_TYPES): RequestHandler[] {
  return [onlyTypes([...media_types]), express.raw({ limit: BODY_BYTES_MAX, type: () => true }), parseJson];
}

/** Reads a body as the bytes that were signed: nothing is unpacked, and every type is taken. */
export function readBytes(): RequestHandler[] {
  return [express.raw({ limit: BODY_BYTES_MAX, type: () => true, inflate: false })];
}

/** Refuses a body with numbers that JavaScript cannot hold: they would be kept as others, or as null. */
export function refuseChangedNumbers(response: Response): void {
  const problem = response.locals.number_problem as Problem | undefined;
  if (problem !== undefined) throw new ProblemError(problem);
}

function onlyTypes(media_types: string[]): RequestHandler {
  /** What nearly every client sends needs no comparison of media types. */
  const exact = media_types[0];
  return (request, _response, next) => {
    if (!announcesBody(request)) return next();
    const given = request.get('content-type') ?? 'none';
    if (given === exact) return next();
    if (!request.is(media_types))
      throw new ProblemError(
        protocolProblem(
          'UNSUPPORTED_MEDIA_TYPE',
          `Send JSON with Content-Type: ${media_types.join(' or ')} (it was: ${given}).`,
        ),
      );
    const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(given)?.[1];
    if (charset !== undefined && !/^utf-?8$/i.test(charset))
      throw new ProblemError(
        protocolProblem('UNSUPPORTED_MEDIA_TYPE', `Send JSON in UTF-8 (the charset was: ${charset}).`),
      );
    next();
  };
}

const parseJson: RequestHandler = (request, response, next) => {
  const bytes: unknown = request.body;
  if (!Buffer.isBuffer(bytes)) return next();
  request.body = undefined;
  if (bytes.length === 0) return next();
  const text = textOf(bytes);
  try {
    request.body = JSON.parse(text) as unknown;
  } catch (error) {
    throw malformed(`The body is not JSON: ${(error as Error).message}`);
  }
  // A route whose id is unknown answers 404 whatever the body holds, so this refusal waits for the route.
  const errors: FieldError[] = [];
  let count = 0;
  for (const number of changedNumbers(text)) if (count++ < FIELD_ERRORS_MAX) errors.push(numberError(number));
  if (count > 0) response.locals.number_problem = shapeProblem(errors, count);
  next();
};

function textOf(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformed('The body is not UTF-8 text. Send JSON in UTF-8.');
  }
}

function malformed(detail: string): ProblemError {
  return new ProblemError(protocolProblem('MALFORMED_JSON', detail));
}

function numberError({ path, text }: ChangedNumber): FieldError {
  const shown = text.length > NUMBER_CHARS_MAX ? `${text.slice(0, NUMBER_CHARS_MAX)}…` : text;
  const message = `the number ${shown} cannot be kept exactly; send at most 15 digits, or a string`;
  return { path: path.join('.'), message };
}

function announcesBody(request: Request): boolean {
  return request.headers['transfer-encoding'] !== undefined || (request.headers['content-length'] ?? '0') !== '0';
}
