/** The interface's own documentation: the document at `/openapi.json`, a page to read and try it at `/docs`. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Router } from 'express';
import type { RequestHandler } from 'express';
import { documentForPage } from './docs-document';
import { openApiDocument } from './openapi';

/** The page loads nothing from another host and runs no inline script. Its renderer adds inline styles. */
const PAGE_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

/** A file as it is sent. */
interface SentFile {
  plain: Buffer;
  gzipped: Buffer;
  hash: string;
}

const compress = promisify(gzip);

/** Reads and makes each file at its first request, so that the start of a process does not wait for it. */
export function docsRouter(): Router {
  // Making the document takes the event loop up to half a second, and the route is open.
  let document: string | undefined;
  const documentText = (): string => (document ??= JSON.stringify(openApiDocument()));

  const router = Router();
  router.get('/openapi.json', (_request, response) => void response.type('json').send(documentText()));
  router.get(
    '/docs',
    withPagePolicy,
    sendFile('html', () => readPageFile('page.html')),
  );
  router.get(
    '/docs/page.css',
    sendFile('css', () => readPageFile('page.css')),
  );
  router.get(
    '/docs/page.js',
    sendFile('js', () => readPageFile('page.js')),
  );
  router.get(
    '/docs/icon.svg',
    sendFile('svg', () => readPageFile('icon.svg')),
  );
  router.get('/docs/api-reference.js', sendFile('js', readRenderer));
  router.get(
    '/docs/openapi.json',
    sendFile('json', async () => JSON.stringify(documentForPage(documentText()))),
  );
  return router;
}

const withPagePolicy: RequestHandler = (_request, response, next) => {
  response.set('Content-Security-Policy', PAGE_POLICY);
  next();
};

/** Sends a file, compressed where the client can read it. The client keeps the file and asks whether it is still the same. */
function sendFile(type: string, read: () => Promise<Buffer | string>): RequestHandler {
  let loading: Promise<SentFile> | undefined;
  return async (request, response) => {
    loading ??= load(read);
    const { plain, gzipped, hash } = await loading.catch((error: unknown) => {
      // The next request reads again.
      loading = undefined;
      throw error;
    });
    response.type(type).set({ 'Cache-Control': 'no-cache', Vary: 'Accept-Encoding' });
    if (request.acceptsEncodings('gzip'))
      response.set({ 'Content-Encoding': 'gzip', ETag: `"${hash}-gzip"` }).send(gzipped);
    else response.set('ETag', `"${hash}"`).send(plain);
  };
}

async function load(read: () => Promise<Buffer | string>): Promise<SentFile> {
  const plain = Buffer.from(await read());
  return { plain, gzipped: await compress(plain), hash: createHash('sha256').update(plain).digest('base64url') };
}

function readPageFile(name: string): Promise<Buffer> {
  return readFile(join(__dirname, 'docs-page', name));
}

/**
 * Reads Scalar's API reference, one script of 3.6 MB. Scalar's package for Express loads it from another host, and the package that
 * the script comes from needs 300 packages; its package for Fastify contains the script and nothing that runs here.
 */
function readRenderer(): Promise<Buffer> {
  return readFile(join(dirname(require.resolve('@scalar/fastify-api-reference')), 'js', 'standalone.js'));
}
