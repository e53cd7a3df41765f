/**
 * `webhooks` measures deliveries to a receiver on this machine, with every attempt on record, and compares them with a bare loop of the same
 * requests by undici: the most that this process can send, and with one workflow for each delivery. It also measures the time from the commit of an event to its arrival while
 * nothing else happens, and what a request for a license costs while many deliveries are owed.
 *
 * The receiver and the loop run in this process, which shares the cores with the worker and Postgres.
 */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { waitFor } from '../dev/waiting';
import { runCallers } from './callers';
import type { Load } from './callers';
import { createContracts } from './contracts';
import type { MeasuredStack } from './measured-stack';
import { median, quantile, runPairs } from './pairs';
import { measureSingleDeliveries } from './single-deliveries';
import { count, tableOf, threeDecimals, twoDecimals } from './report';
import type { Report } from './report';

export interface WebhookOptions {
  /** The numbers of endpoints, for example 1, 10 and 100. */
  endpoints: number[];
  /** Deliveries of each round, over all endpoints. */
  deliveries: number;
  /** Deliveries that are owed while licenses are requested. */
  owed: number;
  /** The duration of each side of a pair of requests. */
  seconds: number;
  /** Rounds of each size. Default: ROUNDS. */
  rounds: number | undefined;
}

/** Requests at the same time to one endpoint, as the product has (activities/webhook/delivery.ts), and of the bare loop at most. */
const LANES = 32;
const BARE_LANES_MAX = 256;
const ROUNDS = 3;
const SINGLE_EVENTS = 200;
/** Deliveries by one workflow each: few, because each takes some hundredths of a second. */
const SINGLE_DELIVERIES = 500;
/** Between two single events, so that the workflow waits again. */
const PAUSE_MS = 50;
const ARRIVAL_MS_MAX = 300_000;
const CALLERS = 8;
const QUOTA = 100_000_000;

interface Size {
  endpoints: number;
  per_second: number;
  bare_per_second: number;
  ratio: number;
}

/** A receiver that counts what arrives. */
interface Receiver {
  url: string;
  arrived: number;
  body: string;
  /** Called with the id of each message. */
  onArrival: (id: string) => void;
  close(): void;
}

export async function benchWebhooks(stack: MeasuredStack, options: WebhookOptions, report: Report): Promise<void> {
  const receiver = await startReceiver();
  const rounds = options.rounds ?? ROUNDS;
  try {
    const sizes: Size[] = [];
    for (const endpoints of options.endpoints)
      sizes.push(await measureSize(stack, receiver, { ...options, rounds, endpoints }, report));
    const single = await measureSingle(stack, receiver, report);
    const latency = await measureArrival(stack, receiver, report);
    const owed = await measureOwed(stack, { ...options, rounds }, report);
    const table = tableOf<Size>(
      [
        { title: 'endpoints', cell: (row) => count(row.endpoints) },
        { title: 'deliveries/s', cell: (row) => count(row.per_second) },
        { title: 'bare loop/s', cell: (row) => count(row.bare_per_second) },
        { title: 'ratio', cell: (row) => row.ratio.toFixed(2) },
      ],
      sizes,
    );
    const sentences = [
      `By one workflow for each delivery: ${single} deliveries/s.`,
      `From the commit to the arrival: p50 ${latency.p50_ms} ms, p99 ${latency.p99_ms} ms.`,
      `Requests for a license with ${count(options.owed)} deliveries owed: ${owed.ratio} of those with none.`,
    ];
    const ratio = Math.min(...sizes.map((size) => size.ratio));
    report.finish(`${table}\n${sentences.join('\n')}`, { bench: 'webhooks', ratio, sizes, single, latency, owed });
  } finally {
    receiver.close();
  }
}

/** Measures one number of endpoints beside the bare loop, in rounds. */
async function measureSize(
  stack: MeasuredStack,
  receiver: Receiver,
  { endpoints, deliveries, rounds }: { endpoints: number; deliveries: number; rounds: number },
  report: Report,
): Promise<Size> {
  const ids = await createEndpoints(stack, receiver.url, endpoints);
  // Once before, so that workflows run and connections are open.
  await deliver(stack, receiver, ids, endpoints);
  const pairs = await runPairs(
    rounds,
    () => deliver(stack, receiver, ids, deliveries),
    () => sendBare(receiver, deliveries, Math.min(LANES * endpoints, BARE_LANES_MAX)),
  );
  for (const id of ids) await stack.db`UPDATE webhook_endpoints SET status = 'removed' WHERE id = ${id}`;
  const per_second = median(pairs.map(({ first }) => first));
  const bare_per_second = median(pairs.map(({ second }) => second));
  const ratio = twoDecimals(median(pairs.map(({ first, second }) => first / second)));
  report.progress(
    `  ${endpoints} endpoints: ${count(per_second)} deliveries/s, bare loop ${count(bare_per_second)}/s, ratio ${ratio}`,
  );
  return { endpoints, per_second: Math.round(per_second), bare_per_second: Math.round(bare_per_second), ratio };
}

async function createEndpoints({ api }: MeasuredStack, url: string, endpoints: number): Promise<string[]> {
  const ids: string[] = [];
  for (let number = 0; number < endpoints; number++)
    ids.push((await api.post<{ id: string }>('/api/v1/webhook-endpoints', { url, environment: 'staging' })).id);
  return ids;
}

/** Writes events, and resolves with the deliveries per second when all of them are on record. */
async function deliver({ db }: MeasuredStack, receiver: Receiver, ids: string[], deliveries: number): Promise<number> {
  const events = Math.ceil(deliveries / ids.length);
  const begun = performance.now();
  await insertEvents(db, events);
  await waitFor(
    async () => {
      const [row] = await db<[{ owed: boolean }]>`
        SELECT EXISTS (SELECT FROM webhook_deliveries WHERE endpoint_id = ANY (${ids}) AND status = 'owed') AS owed`;
      return !row.owed;
    },
    { timeout_ms: ARRIVAL_MS_MAX, interval_ms: 20, what: `${count(deliveries)} deliveries` },
  );
  const per_second = (events * ids.length) / ((performance.now() - begun) / 1_000);
  const [row] = await db<[{ attempts: number }]>`
    SELECT count(*)::int AS attempts FROM webhook_attempts a JOIN webhook_deliveries d ON d.id = a.delivery_id
    WHERE d.endpoint_id = ANY (${ids}) AND a.outcome = 'delivered'`;
  if (row.attempts > receiver.arrived) throw new Error('More attempts are on record than requests have arrived.');
  return per_second;
}

async function insertEvents(db: MeasuredStack['db'], events: number): Promise<void> {
  await db`
    INSERT INTO domain_events (at, type, environment, data)
    SELECT now(), 'pool.low_water', 'staging', jsonb_build_object('contract_id', gen_random_uuid(), 'available', n, 'low_water', n)
    FROM generate_series(1, ${events}::int) n`;
}

/** Sends the same number of requests with the body that arrived last. */
async function sendBare(receiver: Receiver, deliveries: number, lanes: number): Promise<number> {
  const dispatcher = new Agent({ connections: lanes });
  const { url, body } = receiver;
  const headers = { 'content-type': 'application/json', 'webhook-id': 'bare' };
  let left = deliveries;
  const begun = performance.now();
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const answer = await request(url, { dispatcher, method: 'POST', headers, body });
      await answer.body.dump();
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const per_second = deliveries / ((performance.now() - begun) / 1_000);
  await dispatcher.close();
  return per_second;
}

/** The deliveries per second when each has a workflow of its own. */
async function measureSingle(stack: MeasuredStack, { url, body }: Receiver, report: Report): Promise<number> {
  const single = Math.round(await measureSingleDeliveries(stack, { url, body, deliveries: SINGLE_DELIVERIES }));
  report.progress(`  one workflow for each delivery: ${single} deliveries/s`);
  return single;
}

/** The milliseconds from the commit of one event to its arrival, while nothing else happens. */
async function measureArrival(
  stack: MeasuredStack,
  receiver: Receiver,
  report: Report,
): Promise<{ p50_ms: number; p99_ms: number }> {
  const [id = ''] = await createEndpoints(stack, receiver.url, 1);
  const durations_ms: number[] = [];
  for (let event = 0; event < SINGLE_EVENTS; event++) {
    const arrival = new Promise<number>((resolve) => (receiver.onArrival = () => resolve(performance.now())));
    await insertEvents(stack.db, 1);
    const committed = performance.now();
    durations_ms.push((await arrival) - committed);
    await sleep(PAUSE_MS);
  }
  receiver.onArrival = () => undefined;
  await stack.db`UPDATE webhook_endpoints SET status = 'removed' WHERE id = ${id}`;
  const latency = {
    p50_ms: twoDecimals(quantile(durations_ms, 0.5)),
    p99_ms: twoDecimals(quantile(durations_ms, 0.99)),
  };
  report.progress(`  commit to arrival: p50 ${latency.p50_ms} ms, p99 ${latency.p99_ms} ms`);
  return latency;
}

/** Requests for one license while deliveries of an endpoint are owed, and while none is. */
async function measureOwed(
  stack: MeasuredStack,
  { owed, seconds, rounds }: { owed: number; seconds: number; rounds: number },
  report: Report,
): Promise<{ ratio: number; per_second: number }> {
  const { db, api } = stack;
  const [contract = ''] = await createContracts(stack, 1, QUOTA);
  const url = 'https://receiver.example/disabled';
  const { id } = await api.post<{ id: string }>('/api/v1/webhook-endpoints', { url });
  await db`UPDATE webhook_endpoints SET status = 'disabled', disabled_at = now(), disabled_reason = 'by_hand' WHERE id = ${id}`;
  const measure = (): Promise<Load> =>
    runCallers(seconds, CALLERS, () => api.post(`/api/v1/contracts/${contract}/generate`, { count: 1 }));
  await measure();
  const pairs = await runPairs(
    rounds,
    async () => {
      await db`
        INSERT INTO webhook_deliveries (endpoint_id, event_id, event_type, environment)
        SELECT ${id}, gen_random_uuid(), 'pool.low_water', 'production' FROM generate_series(1, ${owed}::int)`;
      const load = await measure();
      await db`DELETE FROM webhook_deliveries WHERE endpoint_id = ${id}`;
      return load;
    },
    measure,
  );
  const ratio = threeDecimals(
    median(pairs.map(({ first, second }) => first.calls_per_second / second.calls_per_second)),
  );
  const per_second = Math.round(median(pairs.map(({ first }) => first.calls_per_second)));
  report.progress(`  with ${count(owed)} deliveries owed: ${per_second} requests/s, ${ratio} of those with none`);
  return { ratio, per_second };
}

async function startReceiver(): Promise<Receiver> {
  const server: Server = createServer((message, response) => {
    let body = '';
    message.on('data', (chunk: Buffer) => (body += chunk.toString()));
    message.on('end', () => {
      receiver.arrived += 1;
      receiver.body = body;
      receiver.onArrival(String(message.headers['webhook-id']));
      response.writeHead(204).end();
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    arrived: 0,
    body: '{}',
    onArrival: () => undefined,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
  return receiver;
}
