/**
 * The upper bound of `inline` and `partner-call`: the product's merged grant behind a bare `node:http` server, without API keys,
 * schemas, routes and logs. It is a separate process, like the API. It writes its origin as one line, and exits when
 * its standard input closes.
 *
 * bench/bare-server.ts starts it. DATABASE_URL names the database. A path is the id of a contract, after `/rated` for requests that
 * count in its rate windows.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { API_POOL_SIZE } from '../config';
import { createPostgresClock } from '../db/base/clock';
import { createLicenseRequests } from '../transactions/generation/request-licenses';
import { openDatabase } from '../db/base/database';
import { isRefusal } from '../domain/base/refusal';

const ACTOR = { type: 'user', id: '00000000-0000-7000-8000-000000000000', name: 'Benchmark' } as const;

const db = openDatabase(process.env['DATABASE_URL'] ?? '', { max: API_POOL_SIZE, application_name: 'covenant bench' });
const clock = createPostgresClock(db);
const requestLicenses = createLicenseRequests(db);

async function generate(path: string, body: string): Promise<string> {
  const { result } = await requestLicenses({
    contract_id: path.slice(path.lastIndexOf('/') + 1),
    count: (JSON.parse(body) as { count: number }).count,
    test: false,
    actor: ACTOR,
    channel: 'ui',
    now: await clock.now(),
    idempotency: null,
    request_id: null,
    rated: path.startsWith('/rated/'),
    credential: null,
  });
  if (isRefusal(result)) throw new Error(result.detail);
  return JSON.stringify({ remaining: result.job.quota_remaining, keys: result.keys });
}

const server = createServer((request, response) => {
  void text(request)
    .then((body) => generate(request.url ?? '', body))
    .then(
      (answer) => response.writeHead(201, { 'content-type': 'application/json' }).end(answer),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
});

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.stdin.resume().once('end', () => process.exit(0));
