/**
 * `grab` measures orders of one license each, by 64 callers of one pool, and compares them twice: the transaction function with the bare
 * update of as many rows by their ids, and the route through HTTP with the product's merged statement behind a bare `node:http` server.
 *
 * Before each side the pool is full. The function is also measured until the pool is empty: whether it is as fast at the end.
 */
import { randomUUID } from 'node:crypto';
import { API_POOL_SIZE } from '../config';
import { storePerson } from '../db/access/person';
import { openDatabase } from '../db/base/database';
import type { Database } from '../db/base/database';
import { poolColumns, poolParts, poolRow } from '../db/pool/available';
import type { Actor } from '../domain/base/actor';
import { isRefusal } from '../domain/base/refusal';
import { createGrabs } from '../transactions/pool/grab-licenses';
import { startBareServer } from './bare-server';
import { runCallers } from './callers';
import type { Load } from './callers';
import { deleteLicenses, deleteUse, vacuumTables } from './cleaning';
import { createContractOf } from './contracts';
import type { MeasuredStack } from './measured-stack';
import { runProductJob } from './product-job';
import { count, twoDecimals } from './report';
import type { Report } from './report';
import { figuresOf, ratioOf, runSides, sideTable } from './sides';
import { runSenders } from './socket-sender';

export interface GrabOptions {
  /** Licenses of the pool. */
  licenses: number;
  /** The duration of each side of a round, in seconds. */
  seconds: number;
  /** Default: ROUNDS. */
  rounds: number | undefined;
}

const ROUNDS = 5;
const CALLERS = 64;
const WARM_UP_SECONDS = 1;
const SETTLING_SECONDS = 0.4;
/** Equal parts of the pool, for the speed from the first to the last. */
const PARTS = 10;
const ACTOR = { type: 'user', id: '00000000-0000-7000-8000-000000000000', name: 'Benchmark' } as const;

export async function benchGrab(stack: MeasuredStack, options: GrabOptions, report: Report): Promise<void> {
  const contract_id = await createContractOf(stack, 'pool', options.licenses);
  const own = openDatabase(stack.database_url, { max: API_POOL_SIZE, application_name: 'covenant bench' });
  const server = await startBareServer('field-server.ts', stack.database_url);
  const path = `/api/v1/contracts/${contract_id}/pool/grab`;
  const headers = { authorization: `Bearer ${stack.api_key}` };
  const order = (): string => JSON.stringify({ order_ref: randomUUID(), count: 1 });
  // As for requests, the ids of the name are known before.
  const actor = { ...ACTOR, stored_as: await storePerson(own, ACTOR) };
  const grab = grabOnce(own, contract_id, actor);

  const measured = {
    update: (seconds: number) => updateById(own, contract_id, seconds),
    transaction: (seconds: number) => runCallers(seconds, CALLERS, grab),
    node_http: (seconds: number) =>
      runSenders({ origin: server.origin, path: `/grab/${contract_id}`, seconds, callers: CALLERS }, () => ({
        body: order(),
        headers: {},
      })),
    http: (seconds: number) =>
      runSenders({ origin: stack.api_url, path, seconds, callers: CALLERS }, () => ({ body: order(), headers })),
  };
  const side = (name: keyof typeof measured) => async (): Promise<Load> => {
    await refill(own, contract_id);
    // Every connection plans its statements again after the tables were emptied.
    await measured[name](SETTLING_SECONDS);
    const load = await measured[name](options.seconds);
    report.progress(`  ${name}: ${count(load.calls_per_second)} grabs/s`);
    return load;
  };
  try {
    report.progress(`Generating ${count(options.licenses)} licenses`);
    await runProductJob(stack.api, contract_id, options.licenses);
    report.progress('Warming up');
    for (const run of Object.values(measured)) {
      await refill(own, contract_id);
      await run(WARM_UP_SECONDS);
    }
    const rounds = options.rounds ?? ROUNDS;
    const loads = await runSides(rounds, {
      update: side('update'),
      transaction: side('transaction'),
      node_http: side('node_http'),
      http: side('http'),
    });
    await refill(own, contract_id);
    const parts = await drain(options.licenses, grab);
    const figures = figuresOf(loads);
    const ratio = ratioOf(loads, 'transaction', 'update');
    const http_ratio = ratioOf(loads, 'http', 'node_http');
    const last_part = twoDecimals(Math.min(...parts) / (parts[0] ?? NaN));
    report.finish(
      `${sideTable(figures)}\ntransaction / update ${ratio}, http / node http ${http_ratio}\n` +
        `grabs/s of each tenth of the pool: ${parts.map(count).join(' ')}`,
      { bench: 'grab', ratio, http_ratio, last_part, parts, sides: figures },
    );
  } finally {
    server.end();
    await own.end();
    await deleteUse(stack.db);
    await deleteLicenses(stack.db, [contract_id]);
  }
}

/** The transaction function for an order of one license, which is held. */
function grabOnce(db: Database, contract_id: string, actor: Actor): () => Promise<void> {
  const grabLicenses = createGrabs(db);
  return async () => {
    const { result } = await grabLicenses({
      ...{ contract_id, order_ref: randomUUID(), count: 1, customer_email: null, hold_minutes: 15 },
      ...{ fingerprint: '', actor, now: new Date().toISOString(), request_id: null },
      ...{ rated: false, credential: null },
    });
    if (isRefusal(result)) throw new Error(result.detail);
  };
}

/** Updates one row after the other, each by its id in a statement and a transaction of its own. */
async function updateById(db: Database, contract_id: string, seconds: number): Promise<Load> {
  await db`
    INSERT INTO license_facts (license_id)
    SELECT id FROM pool_available, unnest(ids) AS part, generate_series(lower(part), upper(part) - 1) AS id WHERE contract_id = ${contract_id}
    ON CONFLICT DO NOTHING`;
  const ids = await db<{ id: string }[]>`SELECT license_id AS id FROM license_facts ORDER BY license_id`;
  await vacuumTables(db, ['license_facts']);
  let next = 0;
  const held_until = new Date(Date.now() + 900_000).toISOString();
  return runCallers(seconds, CALLERS, async () => {
    const id = ids[next++ % ids.length]?.id ?? '';
    await db`UPDATE license_facts SET held_until = ${held_until} WHERE license_id = ${id}`;
  });
}

/** Puts all licenses back. */
async function refill(db: Database, contract_id: string): Promise<void> {
  await deleteUse(db);
  await db`DELETE FROM pool_available WHERE contract_id = ${contract_id}`;
  await db`
    INSERT INTO pool_available (${poolColumns(db)})
    SELECT j.contract_id, 'infinity', ${poolRow(db, db`(j.serial << 24) + 1`, db`j.requested`)}
    FROM generation_jobs j, ${poolParts(db, db`j.requested`)} WHERE j.contract_id = ${contract_id}`;
  await vacuumTables(db, ['pool_available']);
}

/** Takes all licenses; returns the grabs per second of each part of the pool. */
async function drain(licenses: number, grab: () => Promise<void>): Promise<number[]> {
  const part = licenses / PARTS;
  const reached_ms = [performance.now()];
  let [started, done] = [0, 0];
  const caller = async (): Promise<void> => {
    while (started < licenses) {
      started += 1;
      await grab();
      done += 1;
      if (done >= part * reached_ms.length) reached_ms.push(performance.now());
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return reached_ms.slice(1).map((at, index) => Math.round(part / ((at - (reached_ms[index] ?? at)) / 1_000)));
}
