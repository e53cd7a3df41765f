/**
 * Writes the status and the headers of a response in one call.
 *
 * Setting headers one by one takes longer than the rest of a cheap response, so the API passes its headers to Node as one list.
 * Pages and files, which other packages serve, get their headers from `setPageHeaders`.
 */
import { createHash } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import helmet from 'helmet';
import type { HelmetOptions } from 'helmet';

/** The headers that helmet sets for pages. They are the same for every response, so they are computed once. */
const PAGE_HEADERS = securityHeaders({});
/** The headers that matter for a response that no browser renders: nothing in it may be loaded, run or framed. */
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
/** The form that `writeHead` of Node takes: names and values alternate. */
const DATA_HEADER_LIST = [...DATA_HEADERS].flat();

/**
 * Writes the status and all headers of a response. `headers` are those of this response alone. It must not be cached unless they have
 * `Cache-Control`.
 */
export function writeHead(response: Response, status: number, headers: Readonly<Record<string, string>>): void {
  const list = [...DATA_HEADER_LIST, 'X-Request-Id', requestIdOf(response)];
  if (headers['Cache-Control'] === undefined) list.push('Cache-Control', 'no-store');
  for (const name in headers) list.push(name, headers[name] as string);
  response.writeHead(status, list);
}

/** Writes a response whose body is a text of this media type. */
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

/** Writes JSON that anyone can cache for so many seconds; 304 without a body for a client that has the same text. */
export function writeCacheable(
  response: Response,
  headers: Readonly<Record<string, string>>,
  json: string,
  seconds: number,
): void {
  const etag = `"${createHash('sha256').update(json).digest('base64url')}"`;
  const cached = { ...headers, 'Cache-Control': `public, max-age=${seconds}`, ETag: etag };
  if (!isKnown(response.req.get('if-none-match'), etag))
    return writeText(response, 200, cached, 'application/json', json);
  writeHead(response, 304, cached);
  response.end();
}

/** Whether `If-None-Match` names an ETag (RFC 9110, 13.1.2). A proxy that compresses marks it as weak. */
function isKnown(if_none_match: string | undefined, etag: string): boolean {
  const given = (if_none_match ?? '').split(',').map((text) => text.trim().replace(/^W\//, ''));
  return given.includes(etag) || given.includes('*');
}

/** Sets the headers of pages before the next handlers run. */
export function setPageHeaders(): RequestHandler {
  return (_request, response, next) => {
    response.setHeaders(PAGE_HEADERS).setHeader('X-Request-Id', requestIdOf(response));
    next();
  };
}

/** The id of the request to which this is the response. */
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
