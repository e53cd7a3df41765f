/**
 * Status and headers of an answer, written at once.
 *
 * Setting headers one by one takes longer than the rest of a cheap answer, so those of the interface are given to Node as one
 * list. Pages and files, which other packages answer, get them by `presetHeaders`.
 */
import type { Request, RequestHandler, Response } from 'express';
import helmet from 'helmet';

/** The headers of helmet, computed once: they are the same for every answer. */
const SECURITY_HEADERS = securityHeaders();
const SECURITY_HEADER_LIST = [...SECURITY_HEADERS].flat();

/** Writes the status and all headers of an answer that is not to be cached; `headers` are its own. */
export function writeHead(response: Response, status: number, headers: Readonly<Record<string, string>>): void {
  response.writeHead(status, [
    ...SECURITY_HEADER_LIST,
    'X-Request-Id',
    requestIdOf(response),
    'Cache-Control',
    'no-store',
    ...Object.entries(headers).flat(),
  ]);
}

/** Writes an answer with a text of this media type. */
export function writeText(
  response: Response,
  status: number,
  headers: Readonly<Record<string, string>>,
  media_type: string,
  text: string,
): void {
  writeHead(response, status, {
    'Content-Type': `${media_type}; charset=utf-8`,
    'Content-Length': String(Buffer.byteLength(text)),
    ...headers,
  });
  response.end(text);
}

/** Sets the headers that every answer has, for the handlers after this one. */
export function presetHeaders(): RequestHandler {
  return (_request, response, next) => {
    response.setHeaders(SECURITY_HEADERS).setHeader('X-Request-Id', requestIdOf(response));
    next();
  };
}

/** The id by which the request of an answer goes. */
export function requestIdOf(response: Response): string {
  return response.locals.request_id as string;
}

function securityHeaders(): Map<string, string> {
  const headers = new Map<string, string>();
  const collector = {
    setHeader: (name: string, value: string) => headers.set(name, value),
    removeHeader: () => undefined,
  };
  helmet()({} as Request, collector as unknown as Response, () => undefined);
  return headers;
}
