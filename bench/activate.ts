/**
 * `activate` measures first activations on devices, by 32 callers, each of another license. It compares the transaction function with its
 * bare statement on as many connections, and the route through HTTP with that statement behind a bare `node:http` server.
 */
import { API_POOL_SIZE } from '../config';
import { openDatabase } from '../db/base/database';
import type { Database } from '../db/base/database';
import { useDevice } from '../db/license/device';
import { isRefusal } from '../domain/base/refusal';
import { carryOutDeviceUse } from '../transactions/license/use-device';
import { startBareServer } from './bare-server';
import { runCallers } from './callers';
import type { Load } from './callers';
import { deleteLicenses, deleteUse } from './cleaning';
import { createContractOf } from './contracts';
import { fillLicenses, filledKey } from './filled-licenses';
import type { MeasuredStack } from './measured-stack';
import { count } from './report';
import type { Report } from './report';
import { figuresOf, ratioOf, runSides, sideTable } from './sides';
import { runSenders } from './socket-sender';

export interface ActivateOptions {
  /** Licenses in the table. */
  licenses: number;
  /** The duration of each side of a round, in seconds. */
  seconds: number;
  /** Default: ROUNDS. */
  rounds: number | undefined;
}

const ROUNDS = 5;
const CALLERS = 32;
const WARM_UP_SECONDS = 1;
const QUOTA = 100_000_000;

export async function benchActivate(stack: MeasuredStack, options: ActivateOptions, report: Report): Promise<void> {
  const contract_id = await createContractOf(stack, 'standard', QUOTA);
  const own = openDatabase(stack.database_url, { max: API_POOL_SIZE, application_name: 'covenant bench' });
  const server = await startBareServer('field-server.ts', stack.database_url);
  let next = 0;
  /** The next license that is not active, with a device. */
  const nextUse = () => ({ key: filledKey((next++ % options.licenses) + 1), device_id: `device-${next}` });

  const message = () => ({ body: JSON.stringify(nextUse()), headers: {} });
  const measured = {
    statement: (seconds: number) => runCallers(seconds, CALLERS, () => activateBare(own, nextUse())),
    transaction: (seconds: number) => runCallers(seconds, CALLERS, () => activate(own, nextUse())),
    node_http: (seconds: number) =>
      runSenders({ origin: server.origin, path: '/activate', seconds, callers: CALLERS }, message),
    http: (seconds: number) =>
      runSenders({ origin: stack.api_url, path: '/api/v1/licenses/activate', seconds, callers: CALLERS }, message),
  };
  const side = (name: keyof typeof measured) => async (): Promise<Load> => {
    await deleteUse(stack.db);
    next = 0;
    const load = await measured[name](options.seconds);
    report.progress(`  ${name}: ${count(load.calls_per_second)} activations/s`);
    return load;
  };
  try {
    report.progress(`Filling the table with ${count(options.licenses)} licenses`);
    await fillLicenses(stack, contract_id, { licenses: options.licenses, matches: [] });
    report.progress('Warming up');
    for (const run of Object.values(measured)) await run(WARM_UP_SECONDS);
    const loads = await runSides(options.rounds ?? ROUNDS, {
      statement: side('statement'),
      transaction: side('transaction'),
      node_http: side('node_http'),
      http: side('http'),
    });
    const figures = figuresOf(loads);
    const ratio = ratioOf(loads, 'transaction', 'statement');
    const http_ratio = ratioOf(loads, 'http', 'node_http');
    const statement_ratio = ratioOf(loads, 'http', 'statement');
    report.finish(
      `${sideTable(figures)}\ntransaction / statement ${ratio}, http / node http ${http_ratio}, http / statement ${statement_ratio}`,
      { bench: 'activate', ratio, http_ratio, statement_ratio, sides: figures },
    );
  } finally {
    server.end();
    await own.end();
    await deleteUse(stack.db);
    await deleteLicenses(stack.db, [contract_id]);
  }
}

interface Use {
  key: string;
  device_id: string;
}

async function activateBare(db: Database, use: Use): Promise<void> {
  const now = new Date().toISOString();
  const used = await useDevice(
    db,
    { ...use, action: 'activate', device_name: null, now },
    null,
    db.lockTurns.limits.attempt_ms,
  );
  if (used?.done !== true) throw new Error(`The license ${use.key} was not activated.`);
}

async function activate(db: Database, use: Use): Promise<void> {
  const now = new Date().toISOString();
  const used = await carryOutDeviceUse(db, { ...use, action: 'activate', device_name: null, now });
  if (used === undefined || isRefusal(used)) throw new Error(`The license ${use.key} was not activated.`);
}
