/**
 * The load of the benchmark `livez`, in a separate process, so that reading the answers does not delay the measurement.
 *
 * The parent process sends one `StreamLoad`. This process then keeps that many streams open until the parent sends
 * `stop`, and answers with a `StreamLoadOutcome`.
 */
import { Agent, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface StreamLoad {
  origin: string;
  /** The streams use these keys in rotation. */
  keys: string[];
  path: string;
  /** The number of concurrent streams. */
  streams: number;
}

export interface StreamLoadOutcome {
  /** Streams that were answered 200 and read to their end. */
  completed: number;
  /** Streams that were answered 200 and are open at the end. */
  open: number;
  /** Requests that were answered 429 or 503. */
  refused: number;
  bytes: number;
}

/**
 * The delay between a refusal and the next attempt. It is shorter than `Retry-After`, like that of an impatient client.
 */
const RETRY_MS = 500;

const outcome: StreamLoadOutcome = { completed: 0, open: 0, refused: 0, bytes: 0 };
const agent = new Agent({ keepAlive: true });
const inFlight = new Set<ClientRequest>();
let stopped = false;

process.once('message', (load: StreamLoad) => {
  for (let stream = 0; stream < load.streams; stream++) void keepOpen(load, load.keys[stream % load.keys.length] ?? '');
  process.once('message', () => {
    stopped = true;
    process.send?.({ ...outcome });
    for (const request of inFlight) request.destroy();
    agent.destroy();
    process.disconnect();
  });
});

async function keepOpen(load: StreamLoad, key: string): Promise<void> {
  while (!stopped) {
    const status = await readOnce(load, key).catch(() => 0);
    if (status === 200) outcome.completed += 1;
    else if (status === 429 || status === 503) outcome.refused += 1;
    if (status !== 200) await sleep(RETRY_MS, undefined, { ref: false });
  }
}

/** Reads one answer to its end. Resolves with its status. */
function readOnce({ origin, path }: StreamLoad, key: string): Promise<number> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}` };
    const request = httpRequest({ agent, hostname, port, path, headers }, (response: IncomingMessage) => {
      const is_stream = response.statusCode === 200;
      if (is_stream) outcome.open += 1;
      response.on('data', (data: Buffer) => (outcome.bytes += data.length));
      response.once('close', () => {
        inFlight.delete(request);
        if (is_stream) outcome.open -= 1;
        if (response.complete) resolve(response.statusCode ?? 0);
        else reject(new Error('the answer was cut'));
      });
    });
    inFlight.add(request);
    request.once('error', reject).end();
  });
}
