/** The page at `/docs` as it is sent: its policy, its files and its copy of the document. `test/external/` opens it in a browser. */
import { createServer, request } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import express from 'express';
import { docsRouter } from '../../api/http/docs';
import { documentForPage } from '../../api/http/docs-document';
import { openApiDocument } from '../../api/http/openapi';
import { problemCatalogue } from '../../api/http/problem';

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
}

let server: Server;

beforeAll(async () => {
  server = createServer(express().disable('etag').use(docsRouter()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
});

/** Sends a request as it stands: `fetch` decodes answers, normalizes paths and does not let caches be asked. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }),
      );
    })
      .once('error', reject)
      .end();
  });
}

const FILES = [
  ['/docs', 'text/html; charset=utf-8'],
  ['/docs/', 'text/html; charset=utf-8'],
  ['/docs/page.css', 'text/css; charset=utf-8'],
  ['/docs/page.js', 'text/javascript; charset=utf-8'],
  ['/docs/icon.svg', 'image/svg+xml'],
  ['/docs/api-reference.js', 'text/javascript; charset=utf-8'],
  ['/docs/openapi.json', 'application/json; charset=utf-8'],
] as const;

test('the policy of the page allows scripts and connections of its own host only, and no inline script', async () => {
  const { headers } = await ask('/docs');
  const policy = String(headers['content-security-policy']).split('; ');
  expect(policy).toEqual(
    expect.arrayContaining(["default-src 'self'", "script-src 'self'", "connect-src 'self'", "object-src 'none'"]),
  );
  expect(policy.join()).not.toMatch(/:\/\/|\*|unsafe-eval/);
});

test.each(['/docs', '/docs/page.js', '/docs/page.css'])('%s names no other host', async (path) => {
  expect((await ask(path)).bytes.toString()).not.toMatch(/https?:|["'(]\/\/|@import/);
});

test('the page has no inline script and no handler in an attribute', async () => {
  const html = (await ask('/docs')).bytes.toString();
  expect(html.match(/<script[^>]*>/g)).toEqual([
    '<script src="/docs/api-reference.js">',
    '<script src="/docs/page.js">',
  ]);
  expect(html).not.toMatch(/\son\w+=/);
});

test.each(FILES)('%s has its media type, and is compressed for a client that accepts it', async (path, media_type) => {
  const plain = await ask(path);
  const gzipped = await ask(path, { 'Accept-Encoding': 'gzip, br' });
  for (const { status, headers } of [plain, gzipped])
    expect([status, headers['content-type'], headers['vary']]).toEqual([200, media_type, 'Accept-Encoding']);
  expect([plain.headers['content-encoding'], gzipped.headers['content-encoding']]).toEqual([undefined, 'gzip']);
  expect(gunzipSync(gzipped.bytes).equals(plain.bytes)).toBe(true);
  expect(gzipped.bytes.length).toBeLessThan(plain.bytes.length);
});

test.each(FILES)('%s is not sent again to a client that has it', async (path) => {
  const first = await ask(path, { 'Accept-Encoding': 'gzip' });
  expect(first.headers['cache-control']).toBe('no-cache');
  const etag = String(first.headers['etag']);
  const again = await ask(path, { 'Accept-Encoding': 'gzip', 'If-None-Match': etag });
  expect([again.status, again.headers['etag'], again.bytes.length]).toEqual([304, etag, 0]);
  expect((await ask(path, { 'If-None-Match': etag })).status).toBe(200);
});

test.each(FILES)('HEAD of %s answers the headers of GET without a body', async (path) => {
  const { headers } = await ask(path);
  const head = await ask(path, {}, 'HEAD');
  expect([head.status, head.headers['content-length'], head.headers['etag'], head.bytes.length]).toEqual([
    200,
    headers['content-length'],
    headers['etag'],
    0,
  ]);
});

test.each(['/docs/none.js', '/docs/page.html', '/docs/../docs.ts', '/docs/%2e%2e%2fdocs.ts'])(
  '%s is no file of the page',
  async (path) => expect((await ask(path)).status).toBe(404),
);

test('the page shows each operation and each schema of the document, and has an anchor for each code', () => {
  const document = openApiDocument();
  const shown = documentForPage(JSON.stringify(document)) as unknown as typeof document;
  const operations = ({ paths }: typeof document): string[] =>
    Object.values(paths ?? {}).flatMap((path) => Object.values(path).map(({ operationId }) => operationId as string));
  expect(operations(shown)).toEqual(operations(document));
  expect(Object.keys(shown.components?.schemas ?? {})).toEqual(Object.keys(document.components?.schemas ?? {}));
  for (const { code } of problemCatalogue()) expect(shown.info.description).toContain(`<a id="${code}"></a>`);
});

test('the page keeps the fields of a schema and their descriptions, and leaves out what its renderer cannot draw', () => {
  const schemas = {
    Named: { type: 'string', description: 'Of all' },
    Fields: {
      type: 'object',
      properties: { not: { type: 'string', pattern: '^a', description: 'A field with the name of a keyword' } },
      not: { required: ['not'] },
      additionalProperties: {},
    },
    Described: { allOf: [{ $ref: '#/components/schemas/Named' }, { description: 'Of this one' }] },
    Union: { anyOf: [{ type: 'boolean' }, { type: ['string', 'null'] }] },
  };
  const shown = documentForPage(JSON.stringify({ info: { description: '' }, components: { schemas } }));
  expect(shown['components']).toEqual({
    schemas: {
      Named: schemas.Named,
      Fields: {
        type: 'object',
        properties: { not: { type: 'string', description: 'A field with the name of a keyword' } },
        additionalProperties: true,
      },
      Described: { type: 'string', description: 'Of this one' },
      Union: { ...schemas.Union, type: ['boolean', 'string', 'null'] },
    },
  });
});
