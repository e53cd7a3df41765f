/**
 * Serves the admin pages under `/admin`: static files that `npm run build` makes from web/. They are one more client of the
 * interface; nothing here knows what they show.
 */
import { existsSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Router } from 'express';
import type { RequestHandler } from 'express';
import sirv from 'sirv';

export interface AdminPagesOptions {
  /** Where the built files are; null: they are not built. Default: beside the program. */
  directory?: string | null | undefined;
  /** Development: the address of the server that builds the pages at each request, which then serves them. */
  devUrl?: string | undefined;
}

/** In dist/ the pages stand beside api/; the sources use what `npm run build` made in dist/. */
const DIRECTORIES = [join(__dirname, '../../admin-pages'), join(__dirname, '../../dist/admin-pages')];
const ONE_YEAR_S = 31_536_000;

const NOT_BUILT =
  'The admin pages are not built. Run `npm run build`, then restart the API. The interface at /docs works without them.\n';

/** Returns the router of `/admin`. Every path without a file is the page itself, which finds the place that the path names. */
export function adminPagesRouter({ directory, devUrl }: AdminPagesOptions = {}): Router {
  const router = Router();
  router.use('/admin', pagePolicy(devUrl), devUrl === undefined ? builtPages(directory) : forwardedPages(devUrl));
  return router;
}

/**
 * Scripts come from this host alone and none is inline. The component library writes style elements and attributes. No page can frame
 * the pages, and a form can only be sent to this host.
 */
function pagePolicy(devUrl: string | undefined): RequestHandler {
  // The development server adds an inline script and a web socket of its own.
  const [inline, socket] = devUrl === undefined ? ['', ''] : [" 'unsafe-inline'", ` ${devUrl.replace(/^http/, 'ws')}`];
  const policy = [
    "default-src 'self'",
    `script-src 'self'${inline}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    `connect-src 'self'${socket}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
  return (_request, response, next) => {
    response.set({ 'Content-Security-Policy': policy, 'X-Frame-Options': 'DENY' });
    next();
  };
}

function builtPages(directory = findPages()): RequestHandler {
  if (directory === null) return (_request, response) => void response.status(503).type('text').send(NOT_BUILT);
  return sirv(directory, { single: true, gzip: true, brotli: true, etag: true, setHeaders: setCaching });
}

function findPages(): string | null {
  return DIRECTORIES.find((candidate) => existsSync(join(candidate, 'index.html'))) ?? null;
}

/** A file below assets/ has its hash in its name and never changes. Everything else is asked for again, with its ETag. */
function setCaching(response: ServerResponse, path: string): void {
  const caching = path.startsWith('/assets/') ? `public, max-age=${ONE_YEAR_S}, immutable` : 'no-cache';
  response.setHeader('Cache-Control', caching);
}

/** Passes requests on to the development server. */
function forwardedPages(devUrl: string): RequestHandler {
  return async (request, response) => {
    // That server knows the pages below the slash only.
    const path = request.originalUrl.replace(/^\/admin(?=$|\?)/, '/admin/');
    const { status, headers, body } = await fetch(new URL(path, devUrl), {
      headers: { Accept: request.get('accept') ?? '*/*' },
    });
    response.status(status).set({ 'Content-Type': headers.get('content-type') ?? '', 'Cache-Control': 'no-store' });
    if (body === null) response.end();
    else Readable.fromWeb(body).pipe(response);
  };
}
