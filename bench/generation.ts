/**
 * `generation` compares the product end to end with the bare loop and with `COPY`, for the same number of licenses in
 * the same tables of one server.
 *
 * A pair is one run of each. Every run has its own contract and starts with cleaned tables (cleaning.ts).
 */
import { deleteLicenses, countLicenses } from './cleaning';
import { CONNECTIONS, createBareJob, openBareConnections, runBareLoop } from './bare-loop';
import type { BareJob } from './bare-loop';
import { createContracts } from './contracts';
import { drawCopyRows, openCopyConnections, runCopy } from './copy-limit';
import type { MeasuredStack } from './measured-stack';
import { median, runPairs, spanOf } from './pairs';
import { runProductJob } from './product-job';
import type { ProductRun } from './product-job';
import { count, tableOf, twoDecimals } from './report';
import type { Report } from './report';
import { peakMemoryMb, resetPeakMemory } from './worker-memory';
import { historyOfJob } from './workflow-history';
import type { HistorySize } from './workflow-history';

export interface GenerationOptions {
  /** Numbers of licenses of a job. Every size is measured separately. */
  sizes: readonly number[];
  /** Pairs of every size. Default: PAIRS. */
  pairs: number | undefined;
}

interface SizeResult {
  licenses: number;
  pairs: number;
  ratio: number;
  ratios: number[];
  /** The ratio to `COPY`. */
  copy_ratio: number;
  copy_ratios: number[];
  copy_rows_per_second: number;
  bare_rows_per_second: number;
  product_rows_per_second: number;
  accepted_ms: number;
  started_after_ms: number;
  worker_peak_mb: number | null;
  history: HistorySize;
}

type MeasuredProductRun = ProductRun & { history: HistorySize };

/** The reported ratio is that of this size, when it is measured. */
const REPORTED_SIZE = 100_000;
const WARM_UP_LICENSES = 10_000;
const PAIRS = 5;

/** Measures every size, smallest first, after one warm-up pair. */
export async function benchGeneration(stack: MeasuredStack, options: GenerationOptions, report: Report): Promise<void> {
  const connections = openBareConnections(stack.database_url);
  const copyConnections = openCopyConnections(stack.database_url);

  /** Measures how long one of the ceilings takes to insert the licenses of a job. */
  async function runCeiling<Prepared>(
    name: string,
    licenses: number,
    prepare: (job: BareJob) => Prepared,
    insert: (prepared: Prepared) => Promise<void>,
  ): Promise<number> {
    const [contract_id = ''] = await createContracts(stack, 1, licenses);
    const job = await createBareJob(stack.db, contract_id, licenses);
    await deleteLicenses(stack.db, [contract_id]);
    const prepared = prepare(job);
    const begun = performance.now();
    await insert(prepared);
    const elapsed_ms = performance.now() - begun;
    await assertComplete(job.id, licenses);
    await deleteLicenses(stack.db, [contract_id]);
    report.progress(`  ${name}  ${count(licenses)} in ${count(elapsed_ms)} ms`);
    return elapsed_ms;
  }

  /** Runs both ceilings one after the other. */
  async function runCeilings(licenses: number): Promise<{ copy_ms: number; bare_ms: number }> {
    return {
      copy_ms: await runCeiling('COPY     ', licenses, drawCopyRows, (rows) => runCopy(copyConnections, rows)),
      bare_ms: await runCeiling(
        'bare loop',
        licenses,
        (job) => job,
        (job) => runBareLoop(connections, job),
      ),
    };
  }

  async function runProduct(licenses: number): Promise<MeasuredProductRun> {
    const [contract_id = ''] = await createContracts(stack, 1, licenses);
    await deleteLicenses(stack.db, [contract_id]);
    const run = await runProductJob(stack.api, contract_id, licenses);
    await assertComplete(run.job_id, licenses);
    await deleteLicenses(stack.db, [contract_id]);
    const { ended_ms, accepted_ms, started_after_ms, finished_after_ms } = run;
    report.progress(
      `  Covenant   ${count(licenses)} in ${count(ended_ms)} ms ` +
        `(accepted ${count(accepted_ms)}, started ${started_after_ms}, finished ${finished_after_ms})`,
    );
    return { ...run, history: await historyOfJob(stack.temporal, run.job_id) };
  }

  async function assertComplete(job_id: string, licenses: number): Promise<void> {
    const made = await countLicenses(stack.db, job_id);
    if (made !== licenses) throw new Error(`generation job ${job_id} has ${made} licenses instead of ${licenses}`);
  }

  async function measure(licenses: number): Promise<SizeResult> {
    const pairs = options.pairs ?? PAIRS;
    report.progress(`${count(licenses)} licenses, ${pairs} pairs`);
    resetPeakMemory(stack.worker_pid);
    const runs = await runPairs(
      pairs,
      () => runCeilings(licenses),
      () => runProduct(licenses),
    );
    const products = runs.map((pair) => pair.second);
    const ratios = runs.map(({ first, second }) => twoDecimals(first.bare_ms / second.ended_ms));
    const copy_ratios = runs.map(({ first, second }) => twoDecimals(first.copy_ms / second.ended_ms));
    const rowsPerSecond = (elapsed_ms: number[]): number => Math.round((licenses / median(elapsed_ms)) * 1_000);
    return {
      licenses,
      pairs,
      ratio: median(ratios),
      ratios,
      copy_ratio: median(copy_ratios),
      copy_ratios,
      copy_rows_per_second: rowsPerSecond(runs.map((pair) => pair.first.copy_ms)),
      bare_rows_per_second: rowsPerSecond(runs.map((pair) => pair.first.bare_ms)),
      product_rows_per_second: rowsPerSecond(products.map((run) => run.ended_ms)),
      accepted_ms: Math.round(median(products.map((run) => run.accepted_ms))),
      started_after_ms: median(products.map((run) => run.started_after_ms)),
      worker_peak_mb: peakMemoryMb(stack.worker_pid),
      history: {
        events: median(products.map((run) => run.history.events)),
        bytes: median(products.map((run) => run.history.bytes)),
      },
    };
  }

  try {
    report.progress('Warming up');
    await runCeilings(WARM_UP_LICENSES);
    await runProduct(WARM_UP_LICENSES);
    const results: SizeResult[] = [];
    for (const licenses of [...options.sizes].sort((a, b) => a - b)) results.push(await measure(licenses));
    report.finish(generationTable(results), generationFigures(results));
  } finally {
    await connections.end();
    await copyConnections.end();
  }
}

function generationTable(results: readonly SizeResult[]): string {
  return tableOf<SizeResult>(
    [
      { title: 'licenses', cell: (row) => count(row.licenses) },
      { title: 'pairs', cell: (row) => String(row.pairs) },
      { title: 'COPY, rows/s', cell: (row) => count(row.copy_rows_per_second) },
      { title: 'bare loop, rows/s', cell: (row) => count(row.bare_rows_per_second) },
      { title: 'Covenant, rows/s', cell: (row) => count(row.product_rows_per_second) },
      { title: 'to the loop', cell: ({ ratios }) => spanOf(ratios, 2) },
      { title: 'to COPY', cell: ({ copy_ratios }) => spanOf(copy_ratios, 2) },
      { title: 'worker peak, MB', cell: (row) => row.worker_peak_mb?.toString() ?? 'unknown' },
      { title: 'history events', cell: (row) => count(row.history.events) },
      { title: 'history bytes', cell: (row) => count(row.history.bytes) },
    ],
    results,
  );
}

function generationFigures(results: readonly SizeResult[]) {
  const reported = results.find((result) => result.licenses === REPORTED_SIZE) ?? results.at(-1);
  if (reported === undefined) throw new RangeError('No size was measured.');
  const peaks = results.flatMap((result) => result.worker_peak_mb ?? []);
  return {
    bench: 'generation',
    ratio: reported.ratio,
    ratio_by_licenses: Object.fromEntries(results.map((result) => [result.licenses, result.ratio])),
    copy_ratio_by_licenses: Object.fromEntries(results.map((result) => [result.licenses, result.copy_ratio])),
    rows_per_second: reported.product_rows_per_second,
    worker_peak_mb: peaks.length === 0 ? null : Math.max(...peaks),
    history_events_per_100000: twoDecimals((reported.history.events / reported.licenses) * 100_000),
    connections: CONNECTIONS,
    sizes: results,
  };
}
