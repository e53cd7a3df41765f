/**
 * `boundaries`: contracts whose boundary lies in the same second, from that instant until the last of them is settled,
 * beside the bare update of the same rows with one audit row each, and beside Temporal alone: as many timers with one empty
 * step each.
 *
 * Every contract is paused until the instant; each workflow waits with a timer before the clock runs.
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
import { taskQueues } from '../temporal/task-queues';
import { startBareTimers } from './bare-timers';
import { settleDisk } from './cleaning';
import { awaits, countContractWorkflows, createWaitingContracts } from './contracts';
import type { MeasuredStack } from './measured-stack';
import { median, runPairs } from './pairs';
import { count, tableOf, threeDecimals, twoDecimals } from './report';
import type { Report } from './report';

export interface BoundariesOptions {
  contracts: number;
  /** Undefined: PAIRS. */
  pairs: number | undefined;
}

interface BoundariesResult {
  contracts: number;
  pairs: number;
  ratios: number[];
  bare_contracts_per_second: number;
  /** Of what Temporal alone reaches. */
  temporal_ratios: number[];
  temporal_per_second: number;
  contracts_per_second: number;
}

const PAIRS = 5;
const WARM_UP_CONTRACTS = 50;
/** As many as a process of the product holds by default (DATABASE_POOL_SIZE). */
const CONNECTIONS = 10;
/** How far ahead the boundary is set at first: a fixed part, and what it takes to let one workflow know of it. */
const AHEAD_MS = 5_000;
const AHEAD_MS_PER_CONTRACT = 20;
const LOOK_INTERVAL_MS = 10;
/** How long one contract may take, on the average, before something must be wrong. */
const SETTLE_MS_MAX = 1_000;
/** A boundary that no run waits for. */
const NEVER = '2999-01-01T00:00:00.000Z';
const TABLES = ['contracts', 'contract_holds'];
const TEST_ACTOR: Actor = { type: 'user', id: '00000000-0000-7000-8000-000000000001', name: 'Benchmark' };

/** Measures pairs, all upon the same contracts, after one that does not count. */
export async function benchBoundaries(stack: MeasuredStack, options: BoundariesOptions, report: Report): Promise<void> {
  const db = openDatabase(stack.database_url, { max: CONNECTIONS, application_name: 'covenant bench' });
  const nudger = createNudger({
    client: stack.temporal,
    taskQueues: taskQueues('covenant'),
    onFailure: (error, workflow_id) => report.say(`  ${workflow_id} was not told: ${String(error)}`),
  });
  const timers = await startBareTimers(stack);
  // Grows where an instant came before all waited for it.
  let patience = 1;
  const aheadOf = (contracts: number): number => patience * (AHEAD_MS + contracts * AHEAD_MS_PER_CONTRACT);

  async function runProduct(contract_ids: readonly string[]): Promise<number> {
    const boundary = await waitBeforeBoundary(contract_ids);
    await allSettled(boundary, contract_ids.length);
    const elapsed_ms = Date.now() - millisOf(boundary);
    await assertCrossedOnce(stack.db, boundary, contract_ids.length);
    report.say(`  Covenant     ${count(contract_ids.length)} contracts in ${count(elapsed_ms)} ms`);
    return elapsed_ms;
  }

  /** Sets the boundary and lets every workflow wait for it; when it came too early, again and further ahead. */
  async function waitBeforeBoundary(contract_ids: readonly string[]): Promise<Instant> {
    for (;;) {
      await settleDisk(stack.db, TABLES);
      const now = new Date().toISOString();
      const boundary = instantFromMillis(millisOf(now) + aheadOf(contract_ids.length));
      await pMap(contract_ids, (id) => pauseUntil(db, id, now, boundary), { concurrency: CONNECTIONS });
      await nudger.wakeContracts([...contract_ids]);
      const seen = await waitFor(
        async () => {
          if (new Date().toISOString() >= boundary) return 'too early';
          const waiting = await countContractWorkflows(stack, awaits(boundary));
          return waiting === contract_ids.length && 'all wait';
        },
        { timeout_ms: aheadOf(contract_ids.length), what: 'every workflow to wait' },
      );
      if (seen === 'all wait') return boundary;
      await allSettled(boundary, contract_ids.length);
      tooEarly();
    }
  }

  function tooEarly(): void {
    patience *= 2;
    report.say('  The boundary came before every workflow waited; the next one lies twice as far ahead.');
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
    await settleDisk(stack.db, TABLES);
    const begun = performance.now();
    await pMap(contract_ids, (id) => resumeBare(db, id), { concurrency: CONNECTIONS });
    const elapsed_ms = performance.now() - begun;
    report.say(`  bare update  ${count(contract_ids.length)} contracts in ${count(elapsed_ms)} ms`);
    return elapsed_ms;
  }

  /** Both sides that are no product, one after the other. */
  async function runCeilings(contract_ids: readonly string[]): Promise<{ bare_ms: number; temporal_ms: number }> {
    return { bare_ms: await runBare(contract_ids), temporal_ms: await runTemporal(contract_ids.length) };
  }

  async function runTemporal(contracts: number): Promise<number> {
    for (;;) {
      await settleDisk(stack.db, TABLES);
      const elapsed_ms = await timers.run(contracts, aheadOf(contracts));
      if (elapsed_ms !== undefined) {
        report.say(`  Temporal     ${count(contracts)} timers in ${count(elapsed_ms)} ms`);
        return elapsed_ms;
      }
      tooEarly();
    }
  }

  try {
    report.say('Warming up');
    const few = await createWaitingContracts(stack, WARM_UP_CONTRACTS);
    await runCeilings(few);
    await runProduct(few);
    const pairs = options.pairs ?? PAIRS;
    report.say(`${count(options.contracts)} contracts, ${pairs} pairs`);
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

async function assertCrossedOnce(db: Database, boundary: Instant, contracts: number): Promise<void> {
  const [row] = await db<[{ rows: number; contracts: number }]>`
    SELECT count(*)::int AS rows, count(DISTINCT contract_id)::int AS contracts
    FROM audit_events WHERE action = 'contract.resumed' AND at = ${boundary}`;
  if (row.rows !== contracts || row.contracts !== contracts)
    throw new Error(`${row.contracts} of ${contracts} contracts crossed ${boundary}, with ${row.rows} audit rows`);
}

/** The state before the bare update, in the columns that it sets; what they are copies of stays as it is. */
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

/** "0.80 (0.71 … 0.92)": the median, and from where to where. */
function spanOf(ratios: readonly number[], digits: number): string {
  const [middle, least, most] = [median(ratios), Math.min(...ratios), Math.max(...ratios)];
  return `${middle.toFixed(digits)} (${least.toFixed(digits)} … ${most.toFixed(digits)})`;
}
