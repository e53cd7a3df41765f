/**
 * What `api/http/fast-server.ts` could break: requests and responses have everything that Express adds to them.
 */
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import express from 'express';
import { createApp } from '../../api/http/app';
import { readBytes, readJson } from '../../api/http/body';
import type { ReadBody } from '../../api/http/body';
import { createFastServer } from '../../api/http/fast-server';
import { createLog } from '../../log';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';

/** Long enough for a slow machine. */
const RAW_TIMEOUT_MS = 10_000;

let api: TestApi;
const servers: Server[] = [];

beforeAll(async () => {
  api = await startTestApi({ trustProxy: 1 });
});

afterAll(async () => {
  for (const server of servers) server.close();
  await api.close();
});

/** Serves a test application on a free port. */
async function serve(configure: (app: express.Express) => void): Promise<string> {
  const app = express();
  configure(app);
  const server = createFastServer(app);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Sends bytes on one connection, and resolves with everything that arrives until the server closes it. */
function sendRaw(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text));
    let received = '';
    socket
      .setEncoding('utf8')
      .setTimeout(RAW_TIMEOUT_MS, () => socket.destroy(new Error(`received only: ${received}`)));
    socket.on('data', (data: string) => (received += data));
    socket.on('end', () => resolve(received)).on('error', reject);
  });
}

test('the request has what Express adds: get, is, ip, protocol, hostname, query and params', async () => {
  const url = await serve((app) => {
    app.set('trust proxy', 1);
    app.get('/things/:id', (request, response) => {
      const { ip, ips, protocol, hostname, secure, query, params, path, originalUrl } = request;
      response.json({
        ip,
        ips,
        protocol,
        hostname,
        secure,
        query,
        params,
        path,
        originalUrl,
        header: request.get('X-Thing'),
        accepts: request.accepts('json'),
      });
    });
  });
  const response = await fetch(`${url}/things/7?a=b`, {
    headers: {
      'X-Thing': 'yes',
      'X-Forwarded-For': '203.0.113.9, 198.51.100.7',
      'X-Forwarded-Proto': 'https',
      Accept: 'application/json',
    },
  });
  expect(await response.json()).toEqual({
    ip: '198.51.100.7',
    ips: ['198.51.100.7'],
    protocol: 'https',
    hostname: '127.0.0.1',
    secure: true,
    query: { a: 'b' },
    params: { id: '7' },
    path: '/things/7',
    originalUrl: '/things/7?a=b',
    header: 'yes',
    accepts: 'json',
  });
});

test('the response has what Express adds: status, set, type, json, send, cookie, redirect and locals', async () => {
  const url = await serve((app) => {
    app.get('/json', (_request, response) => {
      response.locals.seen = true;
      response.status(201).set('X-Seen', String(response.locals.seen)).cookie('c', 'v').json({ a: 1 });
    });
    app.get('/text', (_request, response) => void response.type('text/plain').send('plain'));
    app.get('/elsewhere', (_request, response) => response.redirect('/json'));
  });
  const json = await fetch(`${url}/json`);
  expect(json.status).toBe(201);
  expect(json.headers.get('x-seen')).toBe('true');
  expect(json.headers.get('set-cookie')).toBe('c=v; Path=/');
  expect(await json.json()).toEqual({ a: 1 });
  const text = await fetch(`${url}/text`);
  expect(text.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(await text.text()).toBe('plain');
  expect((await fetch(`${url}/elsewhere`, { redirect: 'manual' })).headers.get('location')).toBe('/json');
});

test('two applications in one process do not share their settings', async () => {
  const show = (trust: boolean) => (app: express.Express) => {
    app.set('trust proxy', trust);
    app.get('/', (request, response) => void response.json(request.ip));
  };
  const [trusting, distrusting] = [await serve(show(true)), await serve(show(false))];
  const headers = { 'X-Forwarded-For': '203.0.113.9' };
  expect(await (await fetch(trusting, { headers })).json()).toBe('203.0.113.9');
  expect(await (await fetch(distrusting, { headers })).json()).toBe('127.0.0.1');
});

test('errors that handlers throw, synchronously or later, reach the error handler', async () => {
  const url = await serve((app) => {
    app.get('/now', () => {
      throw new Error('now');
    });
    app.get('/later', async () => {
      await Promise.resolve();
      throw new Error('later');
    });
    const answer: express.ErrorRequestHandler = (error: Error, _request, response, _next) =>
      void response.status(500).json(error.message);
    app.use(answer);
  });
  expect(await (await fetch(`${url}/now`)).json()).toBe('now');
  expect(await (await fetch(`${url}/later`)).json()).toBe('later');
});

test('the address in the audit is the one that the trusted proxy sends', async () => {
  const created = await api.call('POST', '/products', {
    body: { name: 'Proxied', code: 'PROXIED', environment: 'production', status: 'active', modules: [] },
    headers: { 'X-Forwarded-For': '192.0.2.1, 203.0.113.9' },
  });
  expect(created.status).toBe(201);
  const [row] =
    await api.sql`SELECT shown_actor(actor) AS actor FROM audit_events WHERE subject_id = ${created.body.id}`;
  expect(row?.['actor']).toMatchObject({ ip: '203.0.113.9', id: api.admins.super_admin.id });
});

test('HEAD responds with the headers of GET and without a body', async () => {
  const get = await api.call('GET', '/contracts');
  const head = await api.call('HEAD', '/contracts');
  expect(head.status).toBe(200);
  expect(head.text).toBe('');
  expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
  expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'));
});

test('pipelined requests on one connection get their responses in order', async () => {
  const one = (id: string, last = false) =>
    `GET /api/v1/contracts HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${api.keys.viewer}\r\nX-Request-Id: ${id}\r\n${last ? 'Connection: close\r\n' : ''}\r\n`;
  const received = await sendRaw(
    api.url,
    one('first') + `GET /livez HTTP/1.1\r\nHost: a\r\nX-Request-Id: second\r\n\r\n` + one('third', true),
  );
  expect([...received.matchAll(/x-request-id: (\w+)/gi)].map((match) => match[1])).toEqual([
    'first',
    'second',
    'third',
  ]);
  expect([...received.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1])).toEqual(['200', '200', '200']);
});

test('a keep-alive connection serves one request after another', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<number | undefined>();
  for (let count = 0; count < 5; count++) {
    await new Promise<void>((resolve, reject) => {
      httpRequest(`${api.url}/livez`, { agent }, (response) => {
        ports.add(response.socket.localPort);
        response.resume().on('end', () => resolve());
      })
        .on('error', reject)
        .end();
    });
  }
  agent.destroy();
  expect(ports.size).toBe(1);
});

test('input that is not HTTP gets 400 and the connection is closed, and the server continues', async () => {
  expect(await sendRaw(api.url, 'NONSENSE\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  expect((await fetch(`${api.url}/livez`)).status).toBe(200);
});

test('a chunked body without a length is read completely', async () => {
  const body = JSON.stringify({
    name: 'In pieces',
    code: 'PIECES',
    environment: 'staging',
    status: 'active',
    modules: [],
  });
  const half = Math.floor(body.length / 2);
  const piece = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
  const received = await sendRaw(
    api.url,
    `POST /api/v1/products HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${api.keys.admin}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n` +
      piece(body.slice(0, half)) +
      piece(body.slice(half)) +
      '0\r\n\r\n',
  );
  expect(received).toMatch(/^HTTP\/1\.1 201 /);
  expect(received).toContain('"name":"In pieces"');
});

test('the log line of a request has method, path, status and id, and nothing of its headers, query and body', async () => {
  const lines: string[] = [];
  const log = createLog('test', 'info', { write: (line: string) => void lines.push(line) });
  const server = createFastServer(createApp({ ...api.api, log }, { trustProxy: false }));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const answer = await fetch(`${origin}/api/v1/products?key=in-query`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${api.keys.super_admin}`,
      'content-type': 'application/json',
      'x-secret': 'in-header',
    },
    body: JSON.stringify({ password: 'in-body' }),
  });
  await answer.text();
  const [line, ...others] = lines.map((text) => JSON.parse(text) as Record<string, unknown>);
  expect(others).toEqual([]);
  expect(Object.keys(line ?? {}).sort()).toEqual(
    ['duration_ms', 'level', 'method', 'msg', 'path', 'process', 'request_id', 'status', 'time'].sort(),
  );
  expect(line).toMatchObject({ method: 'POST', path: '/api/v1/products', status: 422, msg: 'request' });
  expect(lines.join('')).not.toMatch(new RegExp(`in-query|in-header|in-body|${api.keys.super_admin}`));
});

describe('a client that disconnects in the middle of its body', () => {
  const json = 'Content-Type: application/json';

  test.each<[string, ReadBody, string[], string]>([
    ['with a length', readJson(), [json, 'Content-Length: 50'], '{"name":'],
    ['in chunks', readJson(), [json, 'Transfer-Encoding: chunked'], '8\r\n{"name":\r\n'],
    ['that is compressed', readJson(), [json, 'Content-Encoding: gzip', 'Content-Length: 50'], '\x1f'],
    ['that is signed', readBytes, ['Content-Length: 50'], '{"id":'],
  ])('%s is refused as malformed, and does not count as an internal error', async (_what, readBody, headers, body) => {
    let arrive!: (outcome: Promise<unknown>) => void;
    const arrived = new Promise<{ outcome: Promise<unknown> }>(
      (resolve) => (arrive = (outcome) => resolve({ outcome })),
    );
    const url = await serve((app) => {
      app.post('/', (request, response) => arrive(readBody(request, response).catch((error: unknown) => error)));
    });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(`${['POST / HTTP/1.1', 'Host: covenant.test', ...headers].join('\r\n')}\r\n\r\n${body}`);
    const { outcome } = await arrived;
    socket.resetAndDestroy();
    expect(await outcome).toMatchObject({ problem: { code: 'MALFORMED_REQUEST', status: 400 } });
  });

  test('a complete body with invalid compression is refused as such', async () => {
    const answer = await api.call('POST', '/products', {
      body: Buffer.from('not compressed'),
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    });
    expect([answer.status, answer.body.code]).toEqual([400, 'MALFORMED_REQUEST']);
  });
});
