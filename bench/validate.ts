/**
 * `validate` measures the validation of license keys by 50 connections, among 1,000,000 licenses of which a quarter is active on a device.
 * It compares the route with the same merged query behind a bare `node:http` server, and with an application of stock Express that sends
 * one query for each request. At last it compares the times of answers to keys that do not exist and to keys of another product.
 */
import { compareAnswerTimes, measureAnswerTimes } from './answer-times';
import { startBareServer } from './bare-server';
import type { Load } from './callers';
import { deleteLicenses, deleteUse, vacuumTables } from './cleaning';
import { createContractOf } from './contracts';
import { fillLicenses, filledKey } from './filled-licenses';
import type { MeasuredStack } from './measured-stack';
import { count } from './report';
import type { Report } from './report';
import { figuresOf, ratioOf, runSides, sideTable } from './sides';
import { runSenders } from './socket-sender';

export interface ValidateOptions {
  /** Licenses in the table. */
  licenses: number;
  /** The duration of each side of a round, in seconds. */
  seconds: number;
  /** Default: ROUNDS. */
  rounds: number | undefined;
}

const ROUNDS = 5;
const CONNECTIONS = 50;
const WARM_UP_SECONDS = 2;
const QUOTA = 100_000_000;

export async function benchValidate(stack: MeasuredStack, options: ValidateOptions, report: Report): Promise<void> {
  const contract_id = await createContractOf(stack, 'standard', QUOTA);
  const server = await startBareServer('field-server.ts', stack.database_url);
  const targets = {
    node_http: { origin: server.origin, path: '/validate' },
    stock_express: { origin: server.origin, path: '/stock/validate' },
    http: { origin: stack.api_url, path: '/api/v1/licenses/validate' },
  };
  const randomKey = (): string => filledKey(1 + Math.floor(Math.random() * options.licenses));
  const load = (name: keyof typeof targets, seconds: number): Promise<Load> =>
    runSenders({ ...targets[name], seconds, callers: CONNECTIONS }, () => ({
      body: JSON.stringify({ key: randomKey() }),
      headers: {},
    }));
  const side = (name: keyof typeof targets) => async (): Promise<Load> => {
    const measured = await load(name, options.seconds);
    report.progress(`  ${name}: ${count(measured.calls_per_second)} validations/s`);
    return measured;
  };
  try {
    report.progress(`Filling the table with ${count(options.licenses)} licenses`);
    await fillLicenses(stack, contract_id, { licenses: options.licenses, matches: [] });
    await activateSome(stack);
    await expectValid(stack, randomKey());
    report.progress('Warming up');
    for (const name of Object.keys(targets) as (keyof typeof targets)[]) await load(name, WARM_UP_SECONDS);
    const loads = await runSides(options.rounds ?? ROUNDS, {
      node_http: side('node_http'),
      stock_express: side('stock_express'),
      http: side('http'),
    });
    const figures = figuresOf(loads);
    const ratio = ratioOf(loads, 'http', 'node_http');
    const express_ratio = ratioOf(loads, 'http', 'stock_express');
    const { table, ...answers } = compareAnswerTimes(await measureAnswerTimes(stack.api_url, randomKey));
    const lines = [
      sideTable(figures),
      `http / node http ${ratio}, http / stock express ${express_ratio}`,
      `\n${table}`,
      `an answer about a key of another product takes longer with the probability ${answers.probability} (z ${answers.z})`,
    ];
    report.finish(lines.join('\n'), { bench: 'validate', ratio, express_ratio, sides: figures, answers });
  } finally {
    server.end();
    await deleteUse(stack.db);
    await deleteLicenses(stack.db, [contract_id]);
  }
}

/** Activates every fourth license on a device. */
async function activateSome({ db }: MeasuredStack): Promise<void> {
  await db.begin(async (tx) => {
    await tx`SET LOCAL statement_timeout = 0`;
    await tx`INSERT INTO license_facts (license_id, activated_at) SELECT id, now() FROM licenses WHERE id % 4 = 0`;
    await tx`
      INSERT INTO license_devices (license_id, device_id, activated_at, seen_at)
      SELECT license_id, 'device-1', activated_at, activated_at FROM license_facts`;
  });
  await vacuumTables(db, ['license_facts', 'license_devices']);
}

/** Checks that the measured requests find their licenses. */
async function expectValid({ api }: MeasuredStack, key: string): Promise<void> {
  const { code } = await api.post<{ code: string }>('/api/v1/licenses/validate', { key });
  if (code !== 'VALID') throw new Error(`The license ${key} is ${code}.`);
}
