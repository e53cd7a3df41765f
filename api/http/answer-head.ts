/**
 * Status and headers of an answer, written at once.
 *
 * Setting headers one by one takes longer than the rest of a cheap answer, so those of the interface are given to Node as one
 * list. Pages and files, which other packages answer, get them by `setPageHeaders`.
 */
import type { Request, RequestHandler, Response } from 'express';
import helmet from 'helmet';
import type { HelmetOptions } from 'helmet';

/** The headers of helmet for pages, computed once: they are the same for every answer. */
const PAGE_HEADERS = securityHeaders({});
/** Those that mean something for an answer that no browser shows: nothing in it may be loaded, run or framed. */
const DATA_HEADERS = securityHeaders({
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  frameguard: { action: 'deny' },
  crossOriginOpenerPolicy: false,
  dnsPrefetchControl: false,
  ieNoOpen: false,
  originAgentCluster: false,
  permittedCrossDomainPolicies: false,
  xssFilter: false,
});
/** As Node takes them: names and values in turn. */
const DATA_HEADER_LIST = [...DATA_HEADERS].flat();

/** Writes the status and all headers of an answer that is not to be cached; `headers` are its own. */
export function writeHead(response: Response, status: number, headers: Readonly<Record<string, string>>): void {
  const list = [...DATA_HEADER_LIST, 'X-Request-Id', requestIdOf(response), 'Cache-Control', 'no-store'];
  for (const name in headers) list.push(name, headers[name] as string);
  response.writeHead(status, list);
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

/** Sets the headers of pages, for the handlers after this one. */
export function setPageHeaders(): RequestHandler {
  return (_request, response, next) => {
    response.setHeaders(PAGE_HEADERS).setHeader('X-Request-Id', requestIdOf(response));
    next();
  };
}

/** The id by which the request of an answer goes. */
export function requestIdOf(response: Response): string {
  return response.locals.request_id as string;
}

function securityHeaders(options: HelmetOptions): Map<string, string> {
  const headers = new Map<string, string>();
  const collector = {
    setHeader: (name: string, value: string) => headers.set(name, value),
    removeHeader: () => undefined,
  };
  helmet(options)({} as Request, collector as unknown as Response, () => undefined);
  return headers;
}
