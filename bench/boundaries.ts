/**
 * `boundaries` measures contracts with a boundary in the same second, from that instant until the last one is settled.
 * It compares this with the bare update of the same rows with one audit row each, and with Temporal alone: as many
 * timers with one empty activity each.
 *
 * Every contract is paused until the instant. All workflows wait with a timer before the measurement starts.
 */
import pMap from 'p-map';
import { runCommand } from '../transactions/contract/run-command';
import { openDatabase } from '../db/base/database';
import type { Database } from '../db/base/database';
import { waitFor } from '../dev/waiting';
import { storedActor } from '../domain/base/actor';
import type { Actor } from '../domain/base/actor';
import { instantFromMillis, millisOf } from '../domain/base/instant';
import type { Instant } from '../domain/base/instant';
import { createNudger } from '../temporal/nudge';
import { startBareTimers } from './bare-timers';
import { vacuumTables } from './cleaning';
import { countContractWorkflows, createWaitingContracts } from './contracts';
import type { MeasuredStack } from './measured-stack';
import { median, runPairs, spanOf } from './pairs';
import { count, tableOf, threeDecimals, twoDecimals } from './report';
import type { Report } from './report';

export interface BoundariesOptions {
  contracts: number;
  /** Default: PAIRS. */
  pairs: number | undefined;
}

interface BoundariesResult {
  contracts: number;
  pairs: number;
  ratios: number[];
  bare_contracts_per_second: number;
  /** The ratios to Temporal alone. */
  temporal_ratios: number[];
  temporal_per_second: number;
  contracts_per_second: number;
}

const PAIRS = 5;
const WARM_UP_CONTRACTS = 50;
/** The default pool size of a process of the product (DATABASE_POOL_SIZE). */
const CONNECTIONS = 10;
/** How far ahead the boundary is at first: a fixed time, and the time to signal each workflow. */
const AHEAD_MS = 5_000;
const AHEAD_MS_PER_CONTRACT = 20;
const LOOK_INTERVAL_MS = 10;
/** The average time limit for each contract. The measurement fails when it is exceeded. */
const SETTLE_MS_MAX = 1_000;
/** A boundary that no measurement uses. */
const NEVER = '2999-01-01T00:00:00.000Z';
const TABLES = ['contracts', 'contract_holds'];
const TEST_ACTOR: Actor = { type: 'user', id: '00000000-0000-7000-8000-000000000001', name: 'Benchmark' };

/** Measures pairs with the same contracts, after one warm-up pair. */
export async function benchBoundaries(stack: MeasuredStack, options: BoundariesOptions, report: Report): Promise<void> {
  const db = openDatabase(stack.database_url, { max: CONNECTIONS, application_name: 'covenant bench' });
  const nudger = createNudger({
    client: stack.temporal,
    taskQueues: stack.task_queues,
    onFailure: (error, workflow_id) => report.progress(`  ${workflow_id} could not be signaled: ${String(error)}`),
  });
  const timers = await startBareTimers(stack);
  // Grows when an instant was reached before all workflows waited for it.
  let ahead_factor = 1;
  const aheadOf = (contracts: number): number => ahead_factor * (AHEAD_MS + contracts * AHEAD_MS_PER_CONTRACT);

  async function runProduct(contract_ids: readonly string[]): Promise<number> {
    const boundary = await waitBeforeBoundary(contract_ids);
    await allSettled(boundary, contract_ids.length);
    const elapsed_ms = Date.now() - millisOf(boundary);
    await assertAppliedOnce(stack.db, boundary, contract_ids.length);
    report.progress(`  Covenant     ${count(contract_ids.length)} contracts in ${count(elapsed_ms)} ms`);
    await endTimers(contract_ids);
    return elapsed_ms;
  }

  /** The number of workflows that have seen the pause of their contract, and wait for its end. */
  function countPausedWorkflows(): Promise<number> {
    return countContractWorkflows(stack, "ContractState = 'PAUSED'");
  }

  /** Ends the timers that have not fired yet: a batch settles many contracts before their own workflows look. */
  async function endTimers(contract_ids: readonly string[]): Promise<void> {
    await nudger.wakeContracts([...contract_ids]);
    await waitFor(async () => (await countPausedWorkflows()) === 0, {
      timeout_ms: aheadOf(contract_ids.length) + contract_ids.length * SETTLE_MS_MAX,
      what: 'every workflow to see the end of the pause',
    });
  }

  /**
   * Sets the boundary and waits until every workflow waits for it. Repeats with a later boundary when it was reached
   * too early.
   */
  async function waitBeforeBoundary(contract_ids: readonly string[]): Promise<Instant> {
    for (;;) {
      await vacuumTables(stack.db, TABLES);
      const now = new Date().toISOString();
      const boundary = instantFromMillis(millisOf(now) + aheadOf(contract_ids.length));
      await pMap(contract_ids, (id) => pauseUntil(db, id, now, boundary), { concurrency: CONNECTIONS });
      await nudger.wakeContracts([...contract_ids]);
      const seen = await waitFor(
        async () => {
          if (new Date().toISOString() >= boundary) return 'too early';
          return (await countPausedWorkflows()) === contract_ids.length && 'all wait';
        },
        { timeout_ms: aheadOf(contract_ids.length), what: 'every workflow to wait' },
      );
      if (seen === 'all wait') return boundary;
      await allSettled(boundary, contract_ids.length);
      await endTimers(contract_ids);
      tooEarly();
    }
  }

  function tooEarly(): void {
    ahead_factor *= 2;
    report.progress('  The boundary was reached before every workflow waited; the next one is twice as far ahead.');
  }

  async function allSettled(boundary: Instant, contracts: number): Promise<void> {
    await waitFor(async () => !(await isAwaited(stack.db, boundary)), {
      timeout_ms: aheadOf(contracts) + contracts * SETTLE_MS_MAX,
      interval_ms: LOOK_INTERVAL_MS,
      what: `${contracts} contracts to be settled`,
    });
  }

  async function runBare(contract_ids: readonly string[]): Promise<number> {
    await pauseBare(stack.db, contract_ids);
    await vacuumTables(stack.db, TABLES);
    const begun = performance.now();
    await pMap(contract_ids, (id) => resumeBare(db, id), { concurrency: CONNECTIONS });
    const elapsed_ms = performance.now() - begun;
    report.progress(`  bare update  ${count(contract_ids.length)} contracts in ${count(elapsed_ms)} ms`);
    return elapsed_ms;
  }

  /** Runs both comparisons one after the other. */
  async function runCeilings(contract_ids: readonly string[]): Promise<{ bare_ms: number; temporal_ms: number }> {
    return { bare_ms: await runBare(contract_ids), temporal_ms: await runTemporal(contract_ids.length) };
  }

  async function runTemporal(contracts: number): Promise<number> {
    for (;;) {
      await vacuumTables(stack.db, TABLES);
      const elapsed_ms = await timers.run(contracts, aheadOf(contracts));
      if (elapsed_ms !== undefined) {
        report.progress(`  Temporal     ${count(contracts)} timers in ${count(elapsed_ms)} ms`);
        return elapsed_ms;
      }
      tooEarly();
    }
  }

  try {
    report.progress('Warming up');
    const few = await createWaitingContracts(stack, WARM_UP_CONTRACTS);
    await runCeilings(few);
    await runProduct(few);
    const pairs = options.pairs ?? PAIRS;
    report.progress(`${count(options.contracts)} contracts, ${pairs} pairs`);
    const contract_ids = await createWaitingContracts(stack, options.contracts);
    const runs = await runPairs(
      pairs,
      () => runCeilings(contract_ids),
      () => runProduct(contract_ids),
    );
    const perSecond = (elapsed_ms: number[]): number => Math.round((options.contracts / median(elapsed_ms)) * 1_000);
    const result: BoundariesResult = {
      contracts: options.contracts,
      pairs,
      ratios: runs.map(({ first, second }) => threeDecimals(first.bare_ms / second)),
      bare_contracts_per_second: perSecond(runs.map((run) => run.first.bare_ms)),
      temporal_ratios: runs.map(({ first, second }) => twoDecimals(first.temporal_ms / second)),
      temporal_per_second: perSecond(runs.map((run) => run.first.temporal_ms)),
      contracts_per_second: perSecond(runs.map((run) => run.second)),
    };
    report.finish(boundariesTable(result), { bench: 'boundaries', ratio: median(result.ratios), ...result });
  } finally {
    await timers.end();
    await db.end();
  }
}

async function pauseUntil(db: Database, id: string, now: Instant, resume_at: Instant): Promise<void> {
  const pause = { name: 'pause', input: { resume_at } } as const;
  await db.begin((tx) => runCommand(tx, { id, actor: TEST_ACTOR, now, request_id: null }, pause));
}

async function isAwaited(db: Database, boundary: Instant): Promise<boolean> {
  const left = await db`SELECT FROM contracts WHERE next_boundary_at = ${boundary} LIMIT 1`;
  return left.count > 0;
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
      { title: 'Temporal alone, timers/s', cell: (row) => count(row.temporal_per_second) },
      { title: 'Covenant, contracts/s', cell: (row) => count(row.contracts_per_second) },
      { title: 'to the update', cell: ({ ratios }) => spanOf(ratios, 3) },
      { title: 'to Temporal', cell: ({ temporal_ratios }) => spanOf(temporal_ratios, 2) },
    ],
    [result],
  );
}
