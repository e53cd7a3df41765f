/**
 * A contract that people created and paused long ago and nobody has looked at since: every boundary it had lies behind it.
 */
import { uuidv7 } from 'uuidv7';
import { runCommand } from '../../transactions/contract/run-command';
import { insertContract } from '../../transactions/contract/insert-contract';
import type { Changed } from '../../transactions/contract/changed';
import type { Database, Sql } from '../../db/base/database';
import { findGenerator } from '../../db/catalogue/generator';
import { findProduct } from '../../db/catalogue/product';
import type { Actor } from '../../domain/base/actor';
import { addDays, startOfDay } from '../../domain/base/calendar';
import { create } from '../../domain/contract/creation';
import type { CreateInput } from '../../domain/contract/creation';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import { addCatalogue } from './catalogue';
import { CREATE_INPUT } from './contract-facts';

export interface PastContract {
  id: string;
  /** What time did to it, with the instants at which it did, in order. */
  boundaries: { action: string; at: Instant }[];
}

const CUSTOMER_SERVICE: Actor = { type: 'user', id: 'test', name: 'Customer service' };
const TIMEZONE = 'Europe/Berlin';

/**
 * Writes it as the commands of those days wrote it: created active 400 days ago with its start ten days ahead, paused in
 * its term until a given instant, its end 100 days ago and its grace over since 70 days.
 */
export async function addPastContract(sql: Database): Promise<PastContract> {
  const daysAgo = (days: number): string => addDays(new Date().toISOString().slice(0, 10), -days);
  const created_at = `${daysAgo(400)}T09:00:00.000Z`;
  const paused_at = `${daysAgo(300)}T09:00:00.000Z`;
  const resume_at = `${daysAgo(280)}T12:30:00.000Z`;
  const [start_date, end_date, over] = [daysAgo(390), daysAgo(100), daysAgo(70)] as [string, string, string];

  // Nobody is reminded of a renewal that there will not be.
  const renewal = { ...DEFAULT_RENEWAL, mode: 'none' } as const;
  const dates = { timezone: TIMEZONE, start_date, end_date, expiry_grace_days: 30, renewal };
  const id = await addContractAt(sql, created_at, { name: 'A contract of last year', quota: 1_000, ...dates });
  await sql.begin(async (tx) => {
    const request = { id, actor: CUSTOMER_SERVICE, now: paused_at, request_id: null };
    const pause = { name: 'pause', input: { reason: 'paused', resume_at } } as const;
    const paused: Changed = granted(await runCommand(tx, request, pause));
    if (!paused.changed) throw new Error(`the contract was not paused: ${JSON.stringify(paused.refusal)}`);
  });
  return {
    id,
    boundaries: [
      { action: 'contract.term_started', at: startOfDay(start_date, TIMEZONE) },
      { action: 'contract.resumed', at: resume_at },
      { action: 'contract.grace_started', at: startOfDay(end_date, TIMEZONE) },
      { action: 'contract.expired', at: startOfDay(over, TIMEZONE) },
    ],
  };
}

/** Writes an active contract without an end, with a product and a generator of its own; answers its id. */
export function addRunningContract(sql: Database, quota: number): Promise<string> {
  return addContractAt(sql, new Date().toISOString(), { name: 'A running contract', quota });
}

/** Creates an active contract as a request did at `now`. */
async function addContractAt(sql: Database, now: Instant, given: Partial<CreateInput>): Promise<string> {
  const { product_id, generator_id } = await addCatalogue({ sql });
  const input: CreateInput = { ...CREATE_INPUT, name: 'A contract', status: 'active', quota: 1_000, ...given };
  return sql.begin(async (tx) => {
    const facts = await catalogue(tx, product_id, generator_id);
    const context = { now, actor_id: CUSTOMER_SERVICE.id, ...facts, coterm_target: null, open_jobs: 0 };
    const change = granted(create(uuidv7(), generator_id, input, context));
    await insertContract(tx, change, { actor: CUSTOMER_SERVICE, request_id: null }, null);
    return change.facts.id;
  });
}

/** The crossings that stand in the audit, in the order in which they hold. */
export async function listAuditedBoundaries(sql: Sql, contract_id: string): Promise<PastContract['boundaries']> {
  const rows = await sql<PastContract['boundaries']>`
    SELECT action, at FROM audit_events WHERE contract_id = ${contract_id} AND actor ->> 'type' = 'system' ORDER BY at`;
  return rows.map(({ action, at }) => ({ action, at }));
}

async function catalogue(tx: Sql, product_id: string, generator_id: string) {
  const product = await findProduct(tx, product_id);
  if (!product) throw new Error(`there is no product ${product_id}`);
  return { product, generator: (await findGenerator(tx, generator_id)) ?? null };
}

function granted<T extends object>(outcome: T | Refusal): T {
  if (isRefusal(outcome)) throw new Error(`the past refused: ${outcome.detail}`);
  return outcome;
}
