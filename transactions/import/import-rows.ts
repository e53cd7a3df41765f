/** Imports the rows of one chunk: inserts licenses with what happened to them, and says why the others are not imported. */
import type { Sql } from '../../db/base/database';
import type { ChunkResult } from '../../db/import/chunk';
import type { OutcomeOfRow } from '../../db/import/import';
import {
  findExistingKeys,
  insertImportedDevices,
  insertImportedFacts,
  insertIntoPool,
  insertLicensesUnlessTaken,
  insertNewLicenses,
} from '../../db/import/licenses';
import type { ImportedFacts } from '../../db/import/licenses';
import type { ImportPlan } from '../../db/import/plan';
import type { Act } from '../../domain/base/edit';
import type { DuplicateRule } from '../../domain/import/import';
import { isUnused, limitProblem } from '../../domain/import/limits';
import type { ImportLimits } from '../../domain/import/limits';
import { outcomeOf } from '../../domain/import/outcome';
import type { ImportCode, ImportRow } from '../../domain/import/row';
import { ownExpiry } from '../../domain/license/license-expiry';
import { addressOf, createCustomers, findCustomers } from './import-customers';
import type { CustomerIds } from './import-customers';

/** The part of a plan that decides whether a row can be imported. */
export type JudgingPlan = ImportLimits & Pick<ImportPlan, 'contract_id'>;

export interface RowsToImport {
  rows: readonly ImportRow[];
  duplicates: DuplicateRule;
  /** Whether it throws when a key exists already, which is faster. */
  expects_new_keys: boolean;
}

/**
 * Imports rows. Call it once for each chunk, inside a transaction that also stores the result. A license is inserted before its customer is
 * created, so no customer is created for a key that exists already.
 */
export async function importRows(
  tx: Sql,
  plan: ImportPlan,
  { rows, duplicates, expects_new_keys }: RowsToImport,
  act: Act,
): Promise<ChunkResult> {
  const customers = await findCustomers(tx, rows);
  const { valid, outcomes } = judgeRows(plan, rows, customers, duplicates);
  if (expects_new_keys) {
    // Sent together: Postgres inserts the licenses while their facts are formatted.
    await Promise.all([insertNewLicenses(tx, plan.serial, valid), storeUse(valid)]);
    return { imported: valid.length, outcomes };
  }
  const inserted = await insertLicensesUnlessTaken(tx, plan.serial, valid);
  const imported = valid.filter(({ ordinal }) => inserted.has(ordinal));
  const left = valid.filter(({ ordinal }) => !inserted.has(ordinal));
  if (left.length > 0) outcomes.push(...(await existingOutcomes(tx, plan.contract_id, left, duplicates)));
  await storeUse(imported);
  return { imported: imported.length, outcomes };

  async function storeUse(licenses: readonly ImportRow[]): Promise<void> {
    await createCustomers(tx, customers, licenses, act);
    await storeFacts(tx, plan, licenses, customers, act);
  }
}

/** Divides rows into those that the contract and their customers permit, and the others. */
function judgeRows(
  plan: JudgingPlan,
  rows: readonly ImportRow[],
  customers: CustomerIds,
  duplicates: DuplicateRule,
): { valid: ImportRow[]; outcomes: OutcomeOfRow[] } {
  const valid: ImportRow[] = [];
  const outcomes: OutcomeOfRow[] = [];
  for (const row of rows) {
    const problem = limitProblem(plan, row) ?? customerProblem(row, customers);
    if (problem === null) valid.push(row);
    else outcomes.push(outcomeOf({ ordinal: row.ordinal, key: row.key, ...problem }, duplicates));
  }
  return { valid, outcomes };
}

/** Why a row cannot have its customer. */
function customerProblem(row: ImportRow, customers: CustomerIds): { code: ImportCode; detail: null } | null {
  const address = addressOf(row);
  return address !== undefined && customers.get(address) === null ? { code: 'PERSON_ERASED', detail: null } : null;
}

/** The outcomes of rows whose keys exist already. */
async function existingOutcomes(
  sql: Sql,
  contract_id: string,
  rows: readonly ImportRow[],
  duplicates: DuplicateRule,
): Promise<OutcomeOfRow[]> {
  const existing = await findExistingKeys(
    sql,
    rows.map(({ key }) => key),
  );
  const of_contract = new Set(existing.filter((one) => one.contract_id === contract_id).map(({ key }) => key));
  return rows.map(({ ordinal, key }) => {
    const code = of_contract.has(key) ? 'KEY_EXISTS_IN_CONTRACT' : 'KEY_EXISTS';
    return outcomeOf({ ordinal, key, code, detail: null }, duplicates);
  });
}

/** What an import would do with rows. Reads only; for a dry run. */
export async function checkRows(
  sql: Sql,
  plan: JudgingPlan,
  { rows, duplicates }: { rows: readonly ImportRow[]; duplicates: DuplicateRule },
): Promise<ChunkResult> {
  const { valid, outcomes } = judgeRows(plan, rows, await findCustomers(sql, rows), duplicates);
  const existing = await findExistingKeys(
    sql,
    valid.map(({ key }) => key),
  );
  const keys = new Set(existing.map(({ key }) => key));
  const left = valid.filter(({ key }) => keys.has(key));
  if (left.length > 0) outcomes.push(...(await existingOutcomes(sql, plan.contract_id, left, duplicates)));
  return { imported: valid.length - left.length, outcomes };
}

async function storeFacts(
  tx: Sql,
  plan: ImportPlan,
  rows: readonly ImportRow[],
  customers: CustomerIds,
  { now }: Act,
): Promise<void> {
  const { serial, contract_id, is_pool, expires_at, lease_minutes } = plan;
  await insertImportedFacts(
    tx,
    serial,
    rows.flatMap((row) => factsOf(plan, row, customers) ?? []),
  );
  const devices = rows.flatMap(({ ordinal, devices: ids = [], activated_at = now }) =>
    ids.map((device_id) => ({ ordinal, device_id, activated_at })),
  );
  await insertImportedDevices(tx, serial, devices, { now, lease_minutes });
  if (!is_pool) return;
  const unused = rows.filter(isUnused).map(({ ordinal }) => ordinal);
  await insertIntoPool(tx, { serial, contract_id, expires_at }, unused);
}

/** The facts of a license; undefined for one that has none. */
function factsOf(plan: ImportPlan, row: ImportRow, customers: CustomerIds): ImportedFacts | undefined {
  const { ordinal, created_at, assigned_at, activated_at, suspended_at, revoked_at } = row;
  const expires_at = row.expires_at ?? expiryByRule(plan, row);
  if (
    (created_at ?? assigned_at ?? activated_at ?? suspended_at ?? revoked_at ?? expires_at ?? undefined) === undefined
  )
    return undefined;
  return {
    ordinal,
    customer_id: customers.get(addressOf(row) ?? '') ?? null,
    created_at: created_at ?? null,
    assigned_at: assigned_at ?? null,
    activated_at: activated_at ?? null,
    suspended_at: suspended_at ?? null,
    revoked_at: revoked_at ?? null,
    expires_at,
  };
}

/** The expiry that the assignment or the first activation gives by the rule of the contract. */
function expiryByRule({ own_expiry, end_date }: ImportPlan, { assigned_at, activated_at }: ImportRow) {
  if (own_expiry === null) return null;
  if (own_expiry.basis === 'assignment')
    return assigned_at === undefined ? null : ownExpiry(own_expiry, 'assignment', assigned_at, end_date);
  return activated_at === undefined ? null : ownExpiry(own_expiry, 'first_activation', activated_at, end_date);
}
