/**
 * `inline` measures requests for 1 and for 50 licenses through HTTP, by 1, 8 and 32 concurrent callers, for one
 * contract and for a hundred. It compares them with two upper bounds: the bare insert of the same licenses, and the
 * product's merged grant behind a bare `node:http` server (bench/merged-grant-server.ts).
 *
 * A caller sends its next call when the previous one was answered. Callers, API and Postgres share the machine's cores.
 */
import { randomFillSync } from 'node:crypto';
import { joinedKeys } from '../domain/catalogue/license-key';
import { openDatabase } from '../db/base/database';
import type { Database } from '../db/base/database';
import { ratioTo, runCallers } from './callers';
import type { Load } from './callers';
import { BENCH_KEY_FORMAT, createContracts } from './contracts';
import { deleteLicenses } from './cleaning';
import { createApiClient } from './api-client';
import { startBareServer } from './bare-server';
import type { MeasuredStack } from './measured-stack';
import { median, quantile, runPairs } from './pairs';
import { count, tableOf, twoDecimals } from './report';
import type { Report } from './report';

export interface InlineOptions {
  /** The duration of each side of a pair, in seconds. */
  seconds: number;
  /** Pairs of every cell. Default: PAIRS. */
  pairs: number | undefined;
}

interface Cell {
  licenses: number;
  callers: number;
  contracts: number;
}

interface CellResult extends Cell {
  ratio: number;
  /** The ratio to the merged grant behind `node:http`. */
  grant_ratio: number;
  bare_calls_per_second: number;
  grant_calls_per_second: number;
  calls_per_second: number;
  p50_ms: number;
  p99_ms: number;
}

const LICENSES_PER_CALL = [1, 50];
const CALLERS = [1, 8, 32];
const CONTRACTS = [1, 100];
/** The reported cell: many callers that request one license each from one contract. */
const REPORTED: Cell = { licenses: 1, callers: 32, contracts: 1 };

const PAIRS = 3;
const WARM_UP_SECONDS = 2;
const QUOTA = 100_000_000;
/** The default pool size of a process of the product (DATABASE_POOL_SIZE). */
const BARE_CONNECTIONS_MAX = 10;
/** A job serial that no sequence reaches in a benchmark. The ids of the bare rows use it. */
const BARE_SERIAL = 500_000_000n;

/** Measures all cells, after a warm-up. */
export async function benchInline(stack: MeasuredStack, options: InlineOptions, report: Report): Promise<void> {
  const contract_ids = await createContracts(stack, Math.max(...CONTRACTS), QUOTA);
  const bare = openDatabase(stack.database_url, { max: BARE_CONNECTIONS_MAX, application_name: 'covenant bench' });
  let bare_rows = 0;
  const grants = await startBareServer('merged-grant-server.ts', stack.database_url);
  const grantClient = createApiClient(grants.origin, '');

  async function runBare({ licenses, callers }: Cell, seconds: number): Promise<Load> {
    return runCallers(seconds, callers, () => {
      const keys = joinedKeys(BENCH_KEY_FORMAT, licenses, randomFillSync);
      const first_id = (BARE_SERIAL << 24n) + BigInt(bare_rows);
      bare_rows += licenses;
      return insertBare(bare, first_id, keys);
    });
  }

  async function runProduct({ licenses, callers, contracts }: Cell, seconds: number): Promise<Load> {
    let call = 0;
    return runCallers(seconds, callers, async () => {
      const contract_id = contract_ids[call++ % contracts] ?? '';
      await stack.api.post(`/api/v1/contracts/${contract_id}/generate`, { count: licenses });
    });
  }

  async function runGrants({ licenses, callers, contracts }: Cell, seconds: number): Promise<Load> {
    let call = 0;
    return runCallers(seconds, callers, async () => {
      await grantClient.post(`/${contract_ids[call++ % contracts] ?? ''}`, { count: licenses });
    });
  }

  async function runUpperBounds(cell: Cell): Promise<{ bare: Load; grants: Load }> {
    return { bare: await runBare(cell, options.seconds), grants: await runGrants(cell, options.seconds) };
  }

  async function measure(cell: Cell): Promise<CellResult> {
    const pairs = await runPairs(
      options.pairs ?? PAIRS,
      () => runUpperBounds(cell),
      () => runProduct(cell, options.seconds),
    );
    const durations_ms = pairs.flatMap((pair) => pair.second.durations_ms);
    const result: CellResult = {
      ...cell,
      ratio: ratioTo(pairs, ({ bare }) => bare),
      grant_ratio: ratioTo(pairs, ({ grants }) => grants),
      bare_calls_per_second: Math.round(median(pairs.map((pair) => pair.first.bare.calls_per_second))),
      grant_calls_per_second: Math.round(median(pairs.map((pair) => pair.first.grants.calls_per_second))),
      calls_per_second: Math.round(median(pairs.map((pair) => pair.second.calls_per_second))),
      p50_ms: twoDecimals(quantile(durations_ms, 0.5)),
      p99_ms: twoDecimals(quantile(durations_ms, 0.99)),
    };
    report.progress(
      `  ${cell.licenses} × ${cell.callers} callers, ${cell.contracts} contracts: ${count(result.calls_per_second)} calls/s`,
    );
    return result;
  }

  try {
    report.progress('Warming up');
    await runBare(REPORTED, WARM_UP_SECONDS);
    await runGrants({ ...REPORTED, contracts: Math.max(...CONTRACTS) }, WARM_UP_SECONDS);
    await runProduct({ ...REPORTED, contracts: Math.max(...CONTRACTS) }, WARM_UP_SECONDS);
    const results: CellResult[] = [];
    for (const licenses of LICENSES_PER_CALL) {
      for (const contracts of CONTRACTS) {
        for (const callers of CALLERS) results.push(await measure({ licenses, callers, contracts }));
      }
    }
    report.finish(inlineTable(results), inlineFigures(results));
  } finally {
    grantClient.close();
    grants.end();
    await bare`DELETE FROM licenses WHERE id >= ${(BARE_SERIAL << 24n).toString()}`;
    await deleteLicenses(stack.db, contract_ids);
    await bare.end();
  }
}

async function insertBare(db: Database, first_id: bigint, keys: string): Promise<void> {
  await db`
    INSERT INTO licenses (id, key)
    SELECT ${first_id.toString()}::bigint + k.ordinal, k.key FROM string_to_table(${keys}, ',') WITH ORDINALITY AS k (key, ordinal)`;
}

function inlineTable(results: readonly CellResult[]): string {
  return tableOf<CellResult>(
    [
      { title: 'licenses a call', cell: (row) => String(row.licenses) },
      { title: 'contracts', cell: (row) => String(row.contracts) },
      { title: 'callers', cell: (row) => String(row.callers) },
      { title: 'bare insert, calls/s', cell: (row) => count(row.bare_calls_per_second) },
      { title: 'bare grant, calls/s', cell: (row) => count(row.grant_calls_per_second) },
      { title: 'Covenant, calls/s', cell: (row) => count(row.calls_per_second) },
      { title: 'of insert', cell: (row) => row.ratio.toFixed(2) },
      { title: 'of grant', cell: (row) => row.grant_ratio.toFixed(2) },
      { title: 'p50, ms', cell: (row) => row.p50_ms.toFixed(1) },
      { title: 'p99, ms', cell: (row) => row.p99_ms.toFixed(1) },
    ],
    results,
  );
}

function inlineFigures(results: readonly CellResult[]) {
  const reported = results.find((cell) => isSameCell(cell, REPORTED));
  if (reported === undefined) throw new RangeError('The reported cell was not measured.');
  const { ratio, grant_ratio, calls_per_second } = reported;
  return { bench: 'inline', ratio, grant_ratio, calls_per_second, cells: results };
}

function isSameCell(a: Cell, b: Cell): boolean {
  return a.licenses === b.licenses && a.callers === b.callers && a.contracts === b.contracts;
}
