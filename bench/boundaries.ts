/**
 * `boundaries` measures contracts with a boundary in the same second, from that instant until the last one is settled.
 * It compares this with the bare update of the same rows with one audit row each, and with Temporal alone: as many
 * timers with one empty activity each.
 *
 * Every contract is paused until the instant. All workflows wait with a timer before the measurement starts.
 */
import pMap from 'p-map';
import { openDatabase } from '../db/base/database';
import type { Database } from '../db/base/database';
import { storedActor } from '../domain/base/actor';
import { millisOf } from '../domain/base/instant';
import type { Instant } from '../domain/base/instant';
import { startBareTimers } from './bare-timers';
import { vacuumTables } from './cleaning';
import { createWaitingContracts } from './contracts';
import { createLeadTime } from './lead-time';
import type { MeasuredStack } from './measured-stack';
import { median, runPairs, spanOf } from './pairs';
import type { Pair } from './pairs';
import { CONTRACT_TABLES, TEST_ACTOR, openPausedContracts } from './paused-contracts';
import { showProgress } from './progress';
import { count, tableOf, threeDecimals, twoDecimals } from './report';
import type { Report } from './report';
import { peakMemoryMb, resetPeakMemory } from './worker-memory';

export interface BoundariesOptions {
  contracts: number;
  /** Default: PAIRS. */
  pairs: number | undefined;
  /** Whether Temporal alone is measured too, which takes longer than all the rest. */
  temporal_alone: boolean;
}

interface Ceilings {
  bare_ms: number;
  /** Null when Temporal alone is not measured. */
  temporal_ms: number | null;
}

interface BoundariesResult {
  contracts: number;
  pairs: number;
  ratios: number[];
  bare_contracts_per_second: number;
  /** The ratios to Temporal alone; empty when it is not measured. */
  temporal_ratios: number[];
  temporal_per_second: number | null;
  contracts_per_second: number;
  /** From the boundary until the last contract was settled, for each pair. */
  seconds: number[];
  /** The worker's greatest memory from the creation of the contracts on. */
  worker_peak_mb: number | null;
}

const PAIRS = 5;
const WARM_UP_CONTRACTS = 50;
/** The default pool size of a process of the product (DATABASE_POOL_SIZE). */
const CONNECTIONS = 10;
/** A boundary that no measurement uses. */
const NEVER = '2999-01-01T00:00:00.000Z';

/** Measures pairs with the same contracts, after one warm-up pair. */
export async function benchBoundaries(stack: MeasuredStack, options: BoundariesOptions, report: Report): Promise<void> {
  const db = openDatabase(stack.database_url, { max: CONNECTIONS, application_name: 'covenant bench' });
  const [pausing, starting] = [createLeadTime(), createLeadTime()];
  const paused = await openPausedContracts(stack, { db, lead: pausing, report });
  const timers = await startBareTimers(stack, { lead: starting, report });

  async function createMeasured(contracts: number): Promise<string[]> {
    const begun = performance.now();
    const show = showProgress(report, `contracts of ${count(contracts)} are created`);
    const contract_ids = await createWaitingContracts(stack, contracts, show);
    const elapsed_ms = performance.now() - begun;
    // To pause a contract or to start a timer takes less: each of them also starts or signals one workflow.
    for (const lead of [pausing, starting]) lead.measured(contracts, elapsed_ms);
    report.progress(`  ${count(contracts)} contracts created in ${count(elapsed_ms)} ms`);
    return contract_ids;
  }

  async function runProduct(contract_ids: readonly string[]): Promise<number> {
    const contracts = contract_ids.length;
    const boundary = await paused.prepare(contract_ids);
    await paused.allSettled(boundary, contracts);
    const elapsed_ms = Date.now() - millisOf(boundary);
    await assertAppliedOnce(stack.db, boundary, contracts);
    report.progress(
      `  Covenant     ${count(contracts)} contracts in ${count(elapsed_ms)} ms, each once (${perSecond(contracts, elapsed_ms)}/s)`,
    );
    return elapsed_ms;
  }

  async function runBare(contract_ids: readonly string[]): Promise<number> {
    await pauseBare(stack.db, contract_ids);
    await vacuumTables(stack.db, CONTRACT_TABLES);
    const begun = performance.now();
    await pMap(contract_ids, (id) => resumeBare(db, id), { concurrency: CONNECTIONS });
    const elapsed_ms = performance.now() - begun;
    report.progress(`  bare update  ${count(contract_ids.length)} contracts in ${count(elapsed_ms)} ms`);
    return elapsed_ms;
  }

  /** Runs both comparisons one after the other. */
  async function runCeilings(contract_ids: readonly string[]): Promise<Ceilings> {
    await paused.endTimers();
    const bare_ms = await runBare(contract_ids);
    return { bare_ms, temporal_ms: options.temporal_alone ? await runTemporal(contract_ids.length) : null };
  }

  async function runTemporal(contracts: number): Promise<number> {
    await vacuumTables(stack.db, CONTRACT_TABLES);
    const elapsed_ms = await timers.run(contracts);
    report.progress(
      `  Temporal     ${count(contracts)} timers in ${count(elapsed_ms)} ms (${perSecond(contracts, elapsed_ms)}/s)`,
    );
    return elapsed_ms;
  }

  try {
    report.progress('Warming up');
    const few = await createMeasured(WARM_UP_CONTRACTS);
    await runCeilings(few);
    await runProduct(few);
    const { contracts, pairs = PAIRS } = options;
    report.progress(`${count(contracts)} contracts, ${pairs} pairs`);
    await paused.endTimers();
    resetPeakMemory(stack.worker_pid);
    const contract_ids = await createMeasured(contracts);
    const runs = await runPairs(
      pairs,
      () => runCeilings(contract_ids),
      () => runProduct(contract_ids),
    );
    const result = resultOf(contracts, runs, peakMemoryMb(stack.worker_pid));
    report.finish(boundariesTable(result), { bench: 'boundaries', ratio: median(result.ratios), ...result });
  } finally {
    await timers.end();
    await db.end();
  }
}

function resultOf(
  contracts: number,
  runs: readonly Pair<Ceilings, number>[],
  worker_peak_mb: number | null,
): BoundariesResult {
  const elapsed_ms = runs.map(({ second }) => second);
  const temporal_ms = runs.flatMap(({ first }) => first.temporal_ms ?? []);
  return {
    contracts,
    pairs: runs.length,
    ratios: runs.map(({ first, second }) => threeDecimals(first.bare_ms / second)),
    bare_contracts_per_second: perSecond(contracts, median(runs.map(({ first }) => first.bare_ms))),
    temporal_ratios: runs.flatMap(({ first, second }) =>
      first.temporal_ms === null ? [] : twoDecimals(first.temporal_ms / second),
    ),
    temporal_per_second: temporal_ms.length === 0 ? null : perSecond(contracts, median(temporal_ms)),
    contracts_per_second: perSecond(contracts, median(elapsed_ms)),
    seconds: elapsed_ms.map((ms) => twoDecimals(ms / 1_000)),
    worker_peak_mb,
  };
}

function perSecond(contracts: number, elapsed_ms: number): number {
  return Math.round((contracts / elapsed_ms) * 1_000);
}

async function assertAppliedOnce(db: Database, boundary: Instant, contracts: number): Promise<void> {
  const [row] = await db<[{ rows: number; contracts: number }]>`
    SELECT count(*)::int AS rows, count(DISTINCT contract_id)::int AS contracts
    FROM audit_events WHERE action = 'contract.resumed' AND at = ${boundary}`;
  if (row.rows !== contracts || row.contracts !== contracts)
    throw new Error(
      `${row.contracts} of ${contracts} contracts applied the boundary ${boundary}, with ${row.rows} audit rows`,
    );
}

/** Restores the columns that the bare update sets. The facts that they are copied from are not changed. */
async function pauseBare(db: Database, contract_ids: readonly string[]): Promise<void> {
  await db`
    UPDATE contracts SET state = 'PAUSED', may_generate = false, next_boundary_at = ${NEVER}, next_boundary_kind = 'resumes'
    WHERE id = ANY(${[...contract_ids]})`;
}

async function resumeBare(db: Database, id: string): Promise<void> {
  const now = new Date().toISOString();
  await db`
    WITH resumed AS (
      UPDATE contracts
      SET state = 'ACTIVE', may_generate = true, next_boundary_at = NULL, next_boundary_kind = NULL, settled_until = ${now},
          updated_at = ${now}
      WHERE id = ${id} RETURNING id, environment, revision
    )
    INSERT INTO audit_events (at, actor, action, subject_type, subject_id, contract_id, environment, before, after, revision)
    SELECT ${now}, ${db.json(storedActor(TEST_ACTOR))}, 'bench.resumed', 'contract', id::text, id, environment,
           '{"state": "PAUSED"}', '{"state": "ACTIVE"}', revision FROM resumed`;
}

function boundariesTable(result: BoundariesResult): string {
  return tableOf<BoundariesResult>(
    [
      { title: 'contracts', cell: (row) => count(row.contracts) },
      { title: 'pairs', cell: (row) => String(row.pairs) },
      { title: 'bare update, contracts/s', cell: (row) => count(row.bare_contracts_per_second) },
      { title: 'Temporal alone, timers/s', cell: (row) => orNotMeasured(row.temporal_per_second) },
      { title: 'Covenant, contracts/s', cell: (row) => count(row.contracts_per_second) },
      { title: 'median, s', cell: (row) => median(row.seconds).toFixed(1) },
      { title: 'to the update', cell: ({ ratios }) => spanOf(ratios, 3) },
      {
        title: 'to Temporal',
        cell: ({ temporal_ratios }) => (temporal_ratios.length === 0 ? '' : spanOf(temporal_ratios, 2)),
      },
      { title: 'worker peak, MB', cell: (row) => orNotMeasured(row.worker_peak_mb) },
    ],
    [result],
  );
}

function orNotMeasured(value: number | null): string {
  return value === null ? '' : count(value);
}
