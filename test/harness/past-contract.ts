/**
 * A contract that was created and paused long ago and not settled since: all its boundaries are in the past.
 */
import { uuidv7 } from 'uuidv7';
import { runCommand } from '../../transactions/contract/run-command';
import { insertContract } from '../../transactions/contract/insert-contract';
import type { ChangedContract } from '../../transactions/contract/changed-contract';
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
  /** The boundaries that settling must apply, with their instants, in order. */
  boundaries: { action: string; at: Instant }[];
}

const CUSTOMER_SERVICE: Actor = { type: 'user', id: 'test', name: 'Customer service' };
const TIMEZONE = 'Europe/Berlin';

/**
 * Inserts it as commands at those times would have: created active 400 days ago with a start ten days later, paused
 * during its term until an instant, ended 100 days ago, and with a grace period that ended 70 days ago.
 */
export async function addPastContract(sql: Database): Promise<PastContract> {
  const daysAgo = (days: number): string => addDays(new Date().toISOString().slice(0, 10), -days);
  const created_at = `${daysAgo(400)}T09:00:00.000Z`;
  const paused_at = `${daysAgo(300)}T09:00:00.000Z`;
  const resume_at = `${daysAgo(280)}T12:30:00.000Z`;
  const [start_date, end_date, over] = [daysAgo(390), daysAgo(100), daysAgo(70)] as [string, string, string];

  // Without renewal there are no reminders.
  const renewal = { ...DEFAULT_RENEWAL, mode: 'none' } as const;
  const dates = { timezone: TIMEZONE, start_date, end_date, expiry_grace_days: 30, renewal };
  const id = await addContractAt(sql, created_at, { name: 'A contract of last year', quota: 1_000, ...dates });
  await sql.begin(async (tx) => {
    const request = { id, actor: CUSTOMER_SERVICE, now: paused_at, request_id: null };
    const pause = { name: 'pause', input: { reason: 'paused', resume_at } } as const;
    const paused: ChangedContract = requireGranted(await runCommand(tx, request, pause));
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

/** Inserts an active contract without an end, with its own product and generator. Returns its id. */
export function addRunningContract(sql: Database, quota: number): Promise<string> {
  return addContractAt(sql, new Date().toISOString(), { name: 'A running contract', quota });
}

/** Creates an active contract as a request at `now` would. */
async function addContractAt(sql: Database, now: Instant, given: Partial<CreateInput>): Promise<string> {
  const { product_id, generator_id } = await addCatalogue({ sql });
  const input: CreateInput = { ...CREATE_INPUT, name: 'A contract', status: 'active', quota: 1_000, ...given };
  return sql.begin(async (tx) => {
    const facts = await catalogue(tx, product_id, generator_id);
    const context = { now, actor_id: CUSTOMER_SERVICE.id, ...facts, coterm_target: null, open_jobs: 0, open_holds: 0 };
    const change = requireGranted(create(uuidv7(), generator_id, input, context));
    await insertContract(tx, change, { actor: CUSTOMER_SERVICE, request_id: null }, null);
    return change.facts.id;
  });
}

/** Lists the boundaries in the audit, in the order of their instants. */
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

function requireGranted<T extends object>(outcome: T | Refusal): T {
  if (isRefusal(outcome)) throw new Error(`refused: ${outcome.detail}`);
  return outcome;
}
