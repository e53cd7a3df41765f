/**
 * `partner-call` measures requests for 1 and for 50 licenses by the API key of a contract that has a limit in every window. It compares
 * them with the product's merged grant of the same rated requests behind a bare `node:http` server, and with requests of an admin for the
 * same contract, which have no limits.
 *
 * The limits are larger than what the callers send, so that every request is counted in all windows and none is refused.
 */
import { RATE_LIMIT_MAX } from '../domain/contract/rate-limits';
import { createApiClient } from './api-client';
import { ratioTo, runCallers } from './callers';
import type { Load } from './callers';
import { deleteLicenses } from './cleaning';
import { createPartner } from './contracts';
import { startBareServer } from './bare-server';
import type { MeasuredStack } from './measured-stack';
import { median, quantile, runPairs } from './pairs';
import { count, tableOf, twoDecimals } from './report';
import type { Report } from './report';

export interface PartnerCallOptions {
  /** The duration of each side of a pair, in seconds. */
  seconds: number;
  /** Pairs of every cell. Default: PAIRS. */
  pairs: number | undefined;
}

interface Cell {
  licenses: number;
  callers: number;
}

interface CellResult extends Cell {
  /** The ratio to the merged grant behind `node:http`. */
  ratio: number;
  /** The ratio to the requests of an admin. */
  admin_ratio: number;
  grant_calls_per_second: number;
  admin_calls_per_second: number;
  calls_per_second: number;
  p50_ms: number;
  p99_ms: number;
}

const CELLS: readonly Cell[] = [1, 50].flatMap((licenses) => [1, 8, 32].map((callers) => ({ licenses, callers })));
/** The cell of the reported ratio. */
const REPORTED: Cell = { licenses: 1, callers: 32 };
const PAIRS = 5;
const WARM_UP_SECONDS = 2;
const QUOTA = 100_000_000;

/** Measures all cells, after a warm-up. */
export async function benchPartnerCall(
  stack: MeasuredStack,
  options: PartnerCallOptions,
  report: Report,
): Promise<void> {
  const partner = await createPartner(stack, QUOTA, RATE_LIMIT_MAX);
  const client = createApiClient(stack.api_url, partner.key);
  const grants = await startBareServer('merged-grant-server.ts', stack.database_url);
  const grantClient = createApiClient(grants.origin, '');
  const path = `/api/v1/contracts/${partner.id}/generate`;

  const runGrants = ({ licenses, callers }: Cell, seconds: number): Promise<Load> =>
    runCallers(
      seconds,
      callers,
      async () => void (await grantClient.post(`/rated/${partner.id}`, { count: licenses })),
    );
  const runAdmin = ({ licenses, callers }: Cell, seconds: number): Promise<Load> =>
    runCallers(seconds, callers, async () => void (await stack.api.post(path, { count: licenses })));
  const runPartner = ({ licenses, callers }: Cell, seconds: number): Promise<Load> =>
    runCallers(seconds, callers, async () => void (await client.post(path, { count: licenses })));

  async function measure(cell: Cell): Promise<CellResult> {
    const pairs = await runPairs(
      options.pairs ?? PAIRS,
      async () => ({ grants: await runGrants(cell, options.seconds), admin: await runAdmin(cell, options.seconds) }),
      () => runPartner(cell, options.seconds),
    );
    const perSecond = (loads: Load[]): number => Math.round(median(loads.map((load) => load.calls_per_second)));
    const durations_ms = pairs.flatMap(({ second }) => second.durations_ms);
    const result: CellResult = {
      ...cell,
      ratio: ratioTo(pairs, (first) => first.grants),
      admin_ratio: ratioTo(pairs, (first) => first.admin),
      grant_calls_per_second: perSecond(pairs.map(({ first }) => first.grants)),
      admin_calls_per_second: perSecond(pairs.map(({ first }) => first.admin)),
      calls_per_second: perSecond(pairs.map(({ second }) => second)),
      p50_ms: twoDecimals(quantile(durations_ms, 0.5)),
      p99_ms: twoDecimals(quantile(durations_ms, 0.99)),
    };
    report.progress(`  ${cell.licenses} × ${cell.callers} callers: ${count(result.calls_per_second)} calls/s`);
    return result;
  }

  try {
    report.progress('Warming up');
    for (const run of [runGrants, runAdmin, runPartner]) await run(REPORTED, WARM_UP_SECONDS);
    const results: CellResult[] = [];
    for (const cell of CELLS) results.push(await measure(cell));
    const reported = results.find(
      ({ licenses, callers }) => licenses === REPORTED.licenses && callers === REPORTED.callers,
    );
    if (reported === undefined) throw new RangeError('The reported cell was not measured.');
    const { ratio, admin_ratio, calls_per_second } = reported;
    report.finish(partnerTable(results), {
      bench: 'partner-call',
      ratio,
      admin_ratio,
      calls_per_second,
      cells: results,
    });
  } finally {
    grantClient.close();
    grants.end();
    client.close();
    await deleteLicenses(stack.db, [partner.id]);
  }
}

function partnerTable(results: readonly CellResult[]): string {
  return tableOf<CellResult>(
    [
      { title: 'licenses a call', cell: (row) => String(row.licenses) },
      { title: 'callers', cell: (row) => String(row.callers) },
      { title: 'bare rated grant, calls/s', cell: (row) => count(row.grant_calls_per_second) },
      { title: 'admin, calls/s', cell: (row) => count(row.admin_calls_per_second) },
      { title: 'partner, calls/s', cell: (row) => count(row.calls_per_second) },
      { title: 'of grant', cell: (row) => row.ratio.toFixed(2) },
      { title: 'of admin', cell: (row) => row.admin_ratio.toFixed(2) },
      { title: 'p50, ms', cell: (row) => row.p50_ms.toFixed(1) },
      { title: 'p99, ms', cell: (row) => row.p99_ms.toFixed(1) },
    ],
    results,
  );
}
