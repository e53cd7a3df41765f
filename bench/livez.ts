/**
 * `livez` measures the latency of `/livez` while many clients download CSV files or follow a running job, and compares
 * it with the latency without them.
 *
 * `/livez` reads nothing, so its latency is the time for which the event loop of the API is busy. Requests are sent at
 * fixed instants, independent of earlier answers: a stall counts for every request that it delays.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { deleteLicenses } from './cleaning';
import { createContracts } from './contracts';
import type { MeasuredStack } from './measured-stack';
import { median, quantile } from './pairs';
import { runProductJob } from './product-job';
import { count, tableOf, threeDecimals, twoDecimals } from './report';
import type { Report } from './report';
import type { StreamLoad, StreamLoadOutcome } from './stream-load';

export interface LivezOptions {
  /** The numbers of parallel streams, for example 40 and 200. */
  streams: number[];
  /** The number of licenses in the downloaded file. */
  licenses: number;
  /** The duration of each round, in seconds. */
  seconds: number;
  /** Rounds of each load. Default: ROUNDS. */
  rounds: number | undefined;
}

interface Latency {
  p50_ms: number;
  p99_ms: number;
  max_ms: number;
}

interface Round extends Latency, StreamLoadOutcome {}

interface LoadResult extends Round {
  load: 'downloads' | 'followers';
  streams: number;
  /** p99 without the load ÷ p99 with it. 1 means that the load has no effect. */
  ratio: number;
}

const ROUNDS = 3;
/** The reported load. */
const REPORTED_STREAMS = 40;
const CALLERS = 20;
const PROBE_INTERVAL_MS = 20;
/** Time until all streams of the load are open. */
const RAMP_UP_MS = 1_000;
const QUOTA = 100_000_000;
/** Enough licenses that the job runs longer than all rounds of followers. The job is cancelled after them. */
const FOLLOWED_LICENSES = 10_000_000;

/** Measures `/livez` alone and under each load, in rounds. */
export async function benchLivez(stack: MeasuredStack, options: LivezOptions, report: Report): Promise<void> {
  const [contract_id = ''] = await createContracts(stack, 1, QUOTA);
  const rounds = options.rounds ?? ROUNDS;
  try {
    report.progress(`Generating ${count(options.licenses)} licenses`);
    const file = await runProductJob(stack.api, contract_id, options.licenses);
    const keys = await createKeys(stack, CALLERS);
    const downloads = await measure('downloads', stack, options, rounds, report, () => ({
      origin: stack.api_url,
      keys,
      path: `/api/v1/jobs/${file.job_id}/licenses.csv`,
    }));
    const { job_id } = await stack.api.post<{ job_id: string }>(`/api/v1/contracts/${contract_id}/generate`, {
      count: FOLLOWED_LICENSES,
    });
    const followers = await measure('followers', stack, options, rounds, report, () => ({
      origin: stack.api_url,
      keys,
      path: `/api/v1/jobs/${job_id}/progress`,
    }));
    await stack.api.post(`/api/v1/jobs/${job_id}/cancel`, {});
    await stack.api.awaitServerSent(`/api/v1/jobs/${job_id}/progress`, 'end');
    finish([...downloads, ...followers], report);
  } finally {
    await deleteLicenses(stack.db, [contract_id]);
  }
}

async function measure(
  load: LoadResult['load'],
  stack: MeasuredStack,
  options: LivezOptions,
  rounds: number,
  report: Report,
  target: () => Omit<StreamLoad, 'streams'>,
): Promise<LoadResult[]> {
  const sizes = [0, ...options.streams];
  const measured = new Map<number, Round[]>(sizes.map((streams) => [streams, []]));
  for (let round = 0; round < rounds; round++) {
    for (const streams of sizes) {
      const result = await measureRound(stack.api_url, { ...target(), streams }, options.seconds);
      measured.get(streams)?.push(result);
      report.progress(
        `  ${load} ${streams}: p50 ${result.p50_ms} p99 ${result.p99_ms} max ${result.max_ms} ms; ${result.completed} read, ${result.open} open, ${result.refused} refused, ${count(result.bytes / 1_000)} kB`,
      );
    }
  }
  const idle = medianRound(measured.get(0) ?? []);
  return [...measured].map(([streams, results]) => {
    const middle = medianRound(results);
    return { load, streams, ...middle, ratio: threeDecimals(idle.p99_ms / middle.p99_ms) };
  });
}

/** Sends requests to `/livez` for some seconds under a load. */
async function measureRound(origin: string, load: StreamLoad, seconds: number): Promise<Round> {
  const child = load.streams === 0 ? undefined : startLoad(load);
  await sleep(RAMP_UP_MS);
  const latency = await probe(origin, seconds);
  const outcome = child === undefined ? { completed: 0, open: 0, refused: 0, bytes: 0 } : await stopLoad(child);
  return { ...latency, ...outcome };
}

function startLoad(load: StreamLoad): ChildProcess {
  const child = fork(join(__dirname, 'stream-load.ts'), { execArgv: ['--import', 'tsx'] });
  child.send(load);
  return child;
}

async function stopLoad(child: ChildProcess): Promise<StreamLoadOutcome> {
  const answer = once(child, 'message');
  child.send('stop');
  const [outcome] = (await answer) as [StreamLoadOutcome];
  if (child.exitCode === null) await once(child, 'exit');
  return outcome;
}

async function probe(origin: string, seconds: number): Promise<Latency> {
  const agent = new Agent({ keepAlive: true });
  const answers: Promise<number>[] = [];
  const until = performance.now() + seconds * 1_000;
  for (let at = performance.now(); at < until; at += PROBE_INTERVAL_MS) {
    await sleep(Math.max(0, at - performance.now()));
    answers.push(measureLivez(origin, agent, at));
  }
  const durations_ms = await Promise.all(answers);
  agent.destroy();
  return {
    p50_ms: twoDecimals(quantile(durations_ms, 0.5)),
    p99_ms: twoDecimals(quantile(durations_ms, 0.99)),
    max_ms: twoDecimals(Math.max(...durations_ms)),
  };
}

/** Resolves with the milliseconds from the instant at which the request was due until its answer. */
function measureLivez(origin: string, agent: Agent, due_at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    httpRequest(`${origin}/livez`, { agent }, (response) => {
      response.resume().once('end', () => resolve(performance.now() - due_at));
    })
      .once('error', reject)
      .end();
  });
}

/** Returns the round with the median p99. */
function medianRound(rounds: readonly Round[]): Round {
  const middle = median(rounds.map((round) => round.p99_ms));
  const round = rounds.find(({ p99_ms }) => p99_ms === middle);
  if (round === undefined) throw new RangeError('There is no median without rounds.');
  return round;
}

/** Adds operators with one key each, because stream limits apply to each admin. */
async function createKeys({ api }: MeasuredStack, callers: number): Promise<string[]> {
  const keys: string[] = [];
  for (let caller = 0; caller < callers; caller++) {
    const email = `bench-${Date.now()}-${caller}@covenant.test`;
    const admin = await api.post<{ id: string }>('/api/v1/admins', { email, name: 'Benchmark', role: 'operator' });
    keys.push((await api.post<{ key: string }>(`/api/v1/admins/${admin.id}/api-keys`, { label: 'benchmark' })).key);
  }
  return keys;
}

function finish(results: readonly LoadResult[], report: Report): void {
  const table = tableOf<LoadResult>(
    [
      { title: 'load', cell: (row) => row.load },
      { title: 'streams', cell: (row) => String(row.streams) },
      { title: '/livez p50, ms', cell: (row) => row.p50_ms.toFixed(1) },
      { title: 'p99, ms', cell: (row) => row.p99_ms.toFixed(1) },
      { title: 'max, ms', cell: (row) => row.max_ms.toFixed(1) },
      { title: 'ratio', cell: (row) => row.ratio.toFixed(3) },
      { title: 'read', cell: (row) => count(row.completed) },
      { title: 'open', cell: (row) => count(row.open) },
      { title: 'refused', cell: (row) => count(row.refused) },
      { title: 'MB', cell: (row) => count(row.bytes / 1_000_000) },
    ],
    results,
  );
  const reported =
    results.find(({ load, streams }) => load === 'downloads' && streams === REPORTED_STREAMS) ?? results.at(-1);
  report.finish(table, { bench: 'livez', ratio: reported?.ratio ?? 0, loads: results });
}
