/**
 * The second ceiling of `inline`: the merged grant of the product behind a bare `node:http` server, without keys, shapes,
 * routes and log. It is a process of its own, as the API is. Writes its origin as one line, and ends with its standard input.
 *
 * Started by bench/inline.ts: DATABASE_URL says where the licenses go.
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
    contract_id: path.slice(1),
    count: (JSON.parse(body) as { count: number }).count,
    test: false,
    actor: ACTOR,
    channel: 'api',
    now: await clock.now(),
    idempotency: null,
    request_id: null,
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
