/**
 * Inserts contracts and generation jobs with the product's own functions, without the API.
 */
import { randomUUID } from 'node:crypto';
import { insertContract } from '../../transactions/contract/insert-contract';
import type { ChangedContract } from '../../transactions/contract/changed-contract';
import { createLicenseRequests } from '../../transactions/generation/request-licenses';
import type { Granted, LicenseRequest } from '../../transactions/generation/license-request';
import { findGenerator } from '../../db/catalogue/generator';
import { findJob } from '../../db/generation/generation-job';
import type { JobRow } from '../../db/generation/generation-job';
import type { Database } from '../../db/base/database';
import { findProduct } from '../../db/catalogue/product';
import { create } from '../../domain/contract/creation';
import type { CreateInput } from '../../domain/contract/creation';
import type { DecisionContext } from '../../domain/contract/decision';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import { addCatalogue } from './catalogue';
import type { CatalogueOptions } from './catalogue';
import { CREATE_INPUT, TEST_ACTOR } from './contract-facts';

export interface ContractOptions extends Partial<CreateInput> {
  now?: Instant;
  catalogue?: CatalogueOptions;
}

/** Creates a contract with its own product and generator. It is active unless `status` sets another status. */
export async function buildContract(
  db: Database,
  { now, catalogue, ...input }: ContractOptions = {},
): Promise<ChangedContract> {
  const { product_id, generator_id } = await addCatalogue({ sql: db }, catalogue);
  const [product, generator] = [await findProduct(db, product_id), await findGenerator(db, generator_id)];
  if (!product || !generator) throw new Error('the catalogue was not created');
  const context: DecisionContext = {
    now: now ?? new Date().toISOString(),
    actor_id: TEST_ACTOR.id,
    product,
    generator,
    coterm_target: null,
    open_jobs: 0,
    open_holds: 0,
  };
  const change = create(randomUUID(), generator_id, { ...DEFAULTS, ...input }, context);
  if (isRefusal(change)) throw new Error(change.detail);
  return db.begin((tx) => insertContract(tx, change, { actor: TEST_ACTOR, request_id: null }, null));
}

const DEFAULTS: CreateInput = { ...CREATE_INPUT, status: 'active', quota: 1_000 };

/** A license request as the API builds it. */
export function buildRequest(
  contract_id: string,
  count: number,
  changes: Partial<LicenseRequest> = {},
): LicenseRequest {
  const now = new Date().toISOString();
  return {
    contract_id,
    count,
    test: false,
    channel: 'ui',
    actor: TEST_ACTOR,
    now,
    idempotency: null,
    request_id: null,
    rated: false,
    credential: null,
    ...changes,
  };
}

/** Requests licenses. Throws when the request is refused. */
export async function requestJob(
  db: Database,
  contract_id: string,
  count: number,
  changes: Partial<LicenseRequest> = {},
): Promise<Granted['job']> {
  const { result } = await createLicenseRequests(db)(buildRequest(contract_id, count, changes));
  if (isRefusal(result)) throw new Error(result.detail);
  return result.job;
}

/** Returns a job. Throws when it does not exist. */
export async function jobOf(db: Database, id: string): Promise<JobRow> {
  const job = await findJob(db, id);
  if (!job) throw new Error(`there is no job ${id}`);
  return job;
}

/** Lists the audit of a contract and its jobs, in insertion order. */
export async function auditOf(
  db: Database,
  contract_id: string,
): Promise<{ action: string; at: Instant; actor: string; state: string | null }[]> {
  return db<{ action: string; at: Instant; actor: string; state: string | null }[]>`
    SELECT action, at, actor ->> 'type' AS actor, after ->> 'state' AS state FROM audit_events WHERE contract_id = ${contract_id} ORDER BY id`;
}

/**
 * Lists the audit actions of one subject, in order. For a contract, the actions of its jobs and its billing events are
 * not included.
 */
export async function listAuditActions(db: Database, subject_id: string): Promise<string[]> {
  const rows = await db<{ action: string }[]>`
    SELECT action FROM audit_events WHERE subject_id = ${subject_id} ORDER BY id`;
  return rows.map(({ action }) => action);
}

/**
 * Copies a row many times, each copy with its own id and these changes. Returns the ids. Related rows are not copied.
 */
export async function copyRow(
  db: Database,
  table: 'contracts' | 'generation_jobs' | 'generation_schedules' | 'license_operations' | 'test_clocks',
  id: string,
  copies: number,
  changes: Record<string, string | null> = {},
): Promise<string[]> {
  const rows = await db<{ id: string }[]>`
    INSERT INTO ${db(table)} OVERRIDING USER VALUE
    SELECT copy.* FROM ${db(table)} t CROSS JOIN generate_series(1, ${copies}) AS n (n)
    CROSS JOIN LATERAL jsonb_populate_record(t, ${db.json(changes)} || jsonb_build_object('id', uuidv7(), 'n', n)) copy
    WHERE t.id = ${id} RETURNING id`;
  return rows.map((row) => row.id);
}
