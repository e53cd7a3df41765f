/** How the admin pages are sent: their policy, their caching, and what stands at addresses without a file. The pages themselves: `test/external/`. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import express from 'express';
import { adminPagesRouter } from '../../api/http/admin-pages';
import type { AdminPagesOptions } from '../../api/http/admin-pages';
import { compressFiles } from '../../project/admin-pages';
import { makeRunDirectory } from '../harness/run-directory';

const PAGE = `<!doctype html><title>Covenant</title>${' '.repeat(2_000)}`;
const SCRIPT = `console.log(1);${' '.repeat(2_000)}`;

const servers: Server[] = [];
let directory: string;
let url: string;

beforeAll(async () => {
  directory = makeRunDirectory('admin-pages');
  mkdirSync(join(directory, 'pages/assets'), { recursive: true });
  writeFileSync(join(directory, 'secret.txt'), 'outside');
  writeFileSync(join(directory, 'pages/index.html'), PAGE);
  writeFileSync(join(directory, 'pages/assets/main-1a2b.js'), SCRIPT);
  compressFiles(join(directory, 'pages'));
  url = await serve({ directory: join(directory, 'pages') });
});

afterAll(async () => {
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  rmSync(directory, { recursive: true, force: true });
});

async function serve(options: AdminPagesOptions): Promise<string> {
  const server = createServer(express().disable('etag').use(adminPagesRouter(options)));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
}

/** Sends a request as it stands: `fetch` decodes answers and normalizes paths. */
function ask(path: string, headers: Record<string, string> = {}, base = url): Promise<Answer> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    request({ host: hostname, port, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }),
      );
    })
      .once('error', reject)
      .end();
  });
}

test.each([
  '/admin',
  '/admin/',
  '/admin/contracts',
  '/admin/contracts/0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f?tab=timeline',
])(
  'the page stands at %s, under a policy without inline scripts, other hosts and frames, and is asked for again',
  async (path) => {
    const { status, headers, bytes } = await ask(path);
    expect([status, bytes.toString()]).toEqual([200, PAGE]);
    expect(headers['content-type']).toMatch(/^text\/html/);
    expect(headers['cache-control']).toBe('no-cache');
    expect(headers['x-frame-options']).toBe('DENY');
    expect(String(headers['content-security-policy']).split('; ')).toEqual([
      "default-src 'self'",
      "script-src 'self'",
      "style-src 'self' 'unsafe-inline'",
      "img-src 'self' data:",
      "connect-src 'self'",
      "object-src 'none'",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ]);
  },
);

test('a file whose name has its hash is kept for a year, and comes compressed as the client accepts it', async () => {
  const [brotli, gzip, plain] = await Promise.all(
    ['gzip, br', 'gzip', 'identity'].map((accepted) =>
      ask('/admin/assets/main-1a2b.js', { 'Accept-Encoding': accepted }),
    ),
  );
  expect(brotli?.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect([brotli, gzip, plain].map((answer) => answer?.headers['content-encoding'])).toEqual(['br', 'gzip', undefined]);
  expect(brotliDecompressSync(brotli?.bytes ?? '').toString()).toBe(SCRIPT);
  expect(gunzipSync(gzip?.bytes ?? '').toString()).toBe(SCRIPT);
  expect(plain?.bytes.toString()).toBe(SCRIPT);
});

test('a page that has not changed is not sent again', async () => {
  const { etag } = (await ask('/admin')).headers;
  const { status, bytes } = await ask('/admin', { 'If-None-Match': String(etag) });
  expect([status, bytes.length]).toEqual([304, 0]);
});

test.each(['/admin/assets/old-9z9z.js', '/admin/icon.png'])(
  'a missing file (%s) is 404 and not the page',
  async (path) => {
    expect((await ask(path)).status).toBe(404);
  },
);

test.each([
  ['/admin/../secret.txt', 404],
  ['/admin/%2e%2e/secret.txt', 404],
  // No file has such a name, so these are addresses of the page.
  ['/admin/..%2fsecret.txt', 200],
  ['/admin/assets/..%5c..%5csecret.txt', 200],
])('a path that leaves the folder (%s) does not read outside it', async (path, expected) => {
  const { status, bytes } = await ask(path);
  expect(status).toBe(expected);
  expect(bytes.toString()).not.toContain('outside');
  if (expected === 200) expect(bytes.toString()).toBe(PAGE);
});

test('pages that are not built say how to build them', async () => {
  const { status, bytes } = await ask('/admin', {}, await serve({ directory: null }));
  expect(status).toBe(503);
  expect(bytes.toString()).toContain('npm run build');
});

test('in development, requests are passed on to the server that builds the pages', async () => {
  const builder = createServer((incoming, response) => response.end(`built ${incoming.url}`));
  servers.push(builder);
  await new Promise<void>((resolve) => builder.listen(0, '127.0.0.1', resolve));
  const devUrl = `http://127.0.0.1:${(builder.address() as AddressInfo).port}`;
  const { bytes, headers } = await ask('/admin/src/main.tsx?v=1', {}, await serve({ devUrl }));
  expect(bytes.toString()).toBe('built /admin/src/main.tsx?v=1');
  expect(headers['content-security-policy']).toContain(`connect-src 'self' ${devUrl.replace('http', 'ws')}`);
});
