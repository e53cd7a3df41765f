/**
 * Whether the time of an answer of `validate` tells a guesser if a key exists: keys that do not exist and keys of another product, sent one
 * after the other in a random order.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { quantile } from './pairs';
import { tableOf, twoDecimals } from './report';

/** An address may send so many wrong keys in a minute, fewer than the limit of the API. */
const KEYS_PER_ADDRESS = 40;
/** Addresses of this machine from which keys are sent: 127.0.0.1 and the following, which other systems than Linux do not have. */
const ADDRESSES = process.platform === 'linux' ? 100 : 1;
const OTHER_PRODUCT = 'no-such-product';

/** The durations of the answers of one kind, in milliseconds. */
export interface AnswerTimes {
  unknown: number[];
  foreign: number[];
}

export interface TimeComparison {
  /** How probable it is that an answer about a foreign key takes longer than one about an unknown key; 0.5: they are alike. */
  probability: number;
  /** The distance of the probability from 0.5 in standard errors of equal kinds (Mann-Whitney): beyond 3, the kinds differ. */
  z: number;
  table: string;
}

/** Sends as many unknown keys as keys of other products, which `existingKey` returns. */
export async function measureAnswerTimes(api_url: string, existingKey: () => string): Promise<AnswerTimes> {
  const times: AnswerTimes = { unknown: [], foreign: [] };
  for (let address = 0; address < ADDRESSES; address++) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress: `127.0.0.${address + 1}` });
    // The first answer also takes the time of the connection.
    await timeOf(agent, api_url, unknownKey());
    for (let n = 1; n < KEYS_PER_ADDRESS; n++) {
      const kind = Math.random() < 0.5 ? 'unknown' : 'foreign';
      times[kind].push(await timeOf(agent, api_url, kind === 'unknown' ? unknownKey() : existingKey()));
    }
    agent.destroy();
  }
  return times;
}

/** A key of the form of the filled ones. */
function unknownKey(): string {
  return `BENCH-${randomBytes(16).toString('hex').toUpperCase()}`;
}

async function timeOf(agent: Agent, api_url: string, key: string): Promise<number> {
  const body = JSON.stringify({ key, product_code: OTHER_PRODUCT });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const started = performance.now();
  const sent = request(`${api_url}/api/v1/licenses/validate`, { agent, method: 'POST', headers });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  if (answer.statusCode !== 200) throw new Error(`validate answered ${answer.statusCode}.`);
  return performance.now() - started;
}

export function compareAnswerTimes({ unknown, foreign }: AnswerTimes): TimeComparison {
  const ranked = [
    ...unknown.map((time) => ({ time, is_foreign: false })),
    ...foreign.map((time) => ({ time, is_foreign: true })),
  ].sort((a, b) => a.time - b.time);
  const ranks = ranked.reduce((sum, { is_foreign }, index) => sum + (is_foreign ? index + 1 : 0), 0);
  const pairs = unknown.length * foreign.length;
  // Equal times do not occur: the clock counts nanoseconds.
  const longer = ranks - (foreign.length * (foreign.length + 1)) / 2;
  const standard_error = Math.sqrt((pairs * (unknown.length + foreign.length + 1)) / 12);
  const table = tableOf<[string, readonly number[]]>(
    [
      { title: 'key', cell: ([kind]) => kind },
      { title: 'answers', cell: ([, times]) => String(times.length) },
      ...[0.25, 0.5, 0.75].map((share) => ({
        title: `p${share * 100}, ms`,
        cell: ([, times]: [string, readonly number[]]) => quantile(times, share).toFixed(3),
      })),
    ],
    [
      ['unknown', unknown],
      ['of another product', foreign],
    ],
  );
  return {
    probability: Math.round((1_000 * longer) / pairs) / 1_000,
    z: twoDecimals((longer - pairs / 2) / standard_error),
    table,
  };
}
