/**
 * `peers` compares one generation job in Covenant, in job queues on the same database with chunks of the same size, and
 * in the bare loop.
 *
 * The peers only enqueue and insert chunks. Only Covenant's figure includes quota, contract, audit, resumption and
 * HTTP.
 */
import { deleteLicenses, countLicenses } from './cleaning';
import { createBareJob, openBareConnections, runBareLoop } from './bare-loop';
import type { BareJob } from './bare-loop';
import { createContracts } from './contracts';
import { startGraphileWorker } from './graphile-worker';
import type { MeasuredStack } from './measured-stack';
import { median } from './pairs';
import { startPgBoss } from './pg-boss';
import { runProductJob } from './product-job';
import { count, tableOf, twoDecimals } from './report';
import type { Report } from './report';
import type { PeerQueue } from './peer-queue';

export interface PeersOptions {
  licenses: number;
  /** The number of rounds. Each round measures all contenders. Default: ROUNDS. */
  rounds: number | undefined;
}

interface PeerResult {
  name: string;
  elapsed_ms: number[];
}

const ROUNDS = 5;

/** Measures all contenders in rounds, after one warm-up round. Each round starts with another contender. */
export async function benchPeers(stack: MeasuredStack, options: PeersOptions, report: Report): Promise<void> {
  const { licenses } = options;
  const rounds = options.rounds ?? ROUNDS;
  const connections = openBareConnections(stack.database_url);
  const started: PeerQueue[] = [];

  async function timeBare(run: (job: BareJob) => Promise<void>): Promise<number> {
    const [contract_id = ''] = await createContracts(stack, 1, licenses);
    const job = await createBareJob(stack.db, contract_id, licenses);
    await deleteLicenses(stack.db, [contract_id]);
    const begun = performance.now();
    await run(job);
    const elapsed_ms = performance.now() - begun;
    const made = await countLicenses(stack.db, job.id);
    if (made !== licenses) throw new Error(`${made} licenses were made instead of ${licenses}`);
    await deleteLicenses(stack.db, [contract_id]);
    return elapsed_ms;
  }

  async function timeCovenant(): Promise<number> {
    const [contract_id = ''] = await createContracts(stack, 1, licenses);
    await deleteLicenses(stack.db, [contract_id]);
    const { ended_ms } = await runProductJob(stack.api, contract_id, licenses);
    await deleteLicenses(stack.db, [contract_id]);
    return ended_ms;
  }

  /** A queue runs only while it is measured, because an idle queue polls. */
  async function timeQueue(
    start: (url: string, connections: ReturnType<typeof openBareConnections>) => Promise<PeerQueue>,
  ): Promise<number> {
    const queue = await start(stack.database_url, connections);
    started.push(queue);
    const elapsed_ms = await timeBare((job) => queue.run(job));
    await queue.end();
    started.splice(started.indexOf(queue), 1);
    return elapsed_ms;
  }

  const contenders: { name: string; time: () => Promise<number> }[] = [
    { name: 'bare loop', time: () => timeBare((job) => runBareLoop(connections, job)) },
    { name: 'Covenant', time: timeCovenant },
    { name: 'graphile-worker', time: () => timeQueue(startGraphileWorker) },
    { name: 'pg-boss', time: () => timeQueue(startPgBoss) },
  ];
  try {
    const results: PeerResult[] = contenders.map(({ name }) => ({ name, elapsed_ms: [] }));
    for (let round = 0; round <= rounds; round++) {
      report.progress(round === 0 ? 'Warming up' : `Round ${round} of ${rounds}`);
      for (let turn = 0; turn < contenders.length; turn++) {
        const index = (round + turn) % contenders.length;
        const contender = contenders[index];
        if (contender === undefined) continue;
        const elapsed_ms = await contender.time();
        report.progress(`  ${contender.name}: ${count(elapsed_ms)} ms`);
        if (round > 0) results[index]?.elapsed_ms.push(elapsed_ms);
      }
    }
    finish(results, licenses, report);
  } finally {
    for (const queue of started) await queue.end();
    await connections.end();
  }
}

function finish(results: readonly PeerResult[], licenses: number, report: Report): void {
  const [bare] = results;
  if (bare === undefined) throw new RangeError('Nothing was measured.');
  /** Returns the median of the ratios of each round. */
  const ratioOf = ({ elapsed_ms }: PeerResult): number =>
    median(elapsed_ms.map((elapsed, round) => twoDecimals((bare.elapsed_ms[round] ?? NaN) / elapsed)));
  const rowsPerSecond = ({ elapsed_ms }: PeerResult): number => Math.round((licenses / median(elapsed_ms)) * 1_000);
  const table = tableOf<PeerResult>(
    [
      { title: `${count(licenses)} licenses`, cell: (row) => row.name },
      { title: 'median, ms', cell: (row) => count(median(row.elapsed_ms)) },
      { title: 'rows/s', cell: (row) => count(rowsPerSecond(row)) },
      { title: 'ratio to the bare loop', cell: (row) => ratioOf(row).toFixed(2) },
    ],
    results,
  );
  const covenant = results.find((result) => result.name === 'Covenant') ?? bare;
  report.finish(table, {
    bench: 'peers',
    ratio: ratioOf(covenant),
    licenses,
    rounds: bare.elapsed_ms.length,
    contenders: results.map((result) => ({
      name: result.name,
      ratio: ratioOf(result),
      rows_per_second: rowsPerSecond(result),
      elapsed_ms: result.elapsed_ms.map(Math.round),
    })),
  });
}
