/** Assigns licenses to a customer, who is created if no customer has the address. */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { insertDomainEvents } from '../../db/contract/domain-event';
import {
  leaveUnchanged,
  listLicenseIds,
  lockLicenses,
  storeAssignments,
} from '../../db/license/license-assignment';
import type { LockedForAssignment } from '../../db/license/license-assignment';
import type { LicenseFilter } from '../../db/license/license-page';
import type { CustomerRow } from '../../db/catalogue/customer';
import type { Act } from '../../domain/base/edit';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import { isRefusal, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { licenseIdText } from '../../domain/license/license';
import {
  INLINE_ASSIGNMENT_LICENSES_MAX,
  NAMED_LICENSES_MAX,
  NO_ASSIGNMENTS,
  assignmentAction,
  candidatesOf,
  countAssignments,
  decideAssignment,
  notAvailable,
} from '../../domain/license/license-assignment';
import type { AssignmentCounts, AssignmentDecision } from '../../domain/license/license-assignment';
import { ownExpiry } from '../../domain/license/license-expiry';
import { findOrCreateCustomer } from '../catalogue/customer';

/** Which licenses are assigned: stored ids; or those that match a filter, with `limit` exactly so many that can be assigned. */
export type LicenseSelection = { ids: readonly string[] } | { filter: LicenseFilter; limit: number | null };

export interface AssignmentRequest {
  selection: LicenseSelection;
  /** The name is that of a customer who is created; null: the address. */
  customer: { email: string; name: string | null };
  /** Whether licenses of other customers are moved. */
  reassign: boolean;
}

/** A license with the decision about it. */
export interface DecidedLicense extends AssignmentDecision {
  /** The stored id. */
  id: string;
}

export interface AssignmentResult {
  customer: CustomerRow;
  /** Whether the customer was created. */
  customer_created: boolean;
  counts: AssignmentCounts;
  licenses: DecidedLicense[];
}

/**
 * Assigns licenses in one transaction, with one audit row and one domain event for each contract. Call it inside a transaction, and roll
 * that back after a refusal.
 */
export async function assignLicenses(tx: Sql, request: AssignmentRequest, act: Act): Promise<AssignmentResult | Refusal> {
  const { email, name } = request.customer;
  const found = await findOrCreateCustomer(tx, { email, name: name ?? email }, act);
  if (isRefusal(found)) return found;
  const wish = { customer_id: found.customer.id, reassign: request.reassign };
  const decided = await decideSelection(tx, request.selection, wish, act.now);
  if (isRefusal(decided)) return decided;
  const assigned = await storeDecisions(tx, wish.customer_id, decided);
  const summary = summarize(assigned);
  if (assigned.length > 0) await recordAssignment(tx, { customer_id: wish.customer_id, summary, act });
  return {
    customer: found.customer,
    customer_created: found.created,
    counts: countAssignments(decided),
    licenses: decided.map(({ id, outcome, reason, other_customer_id }) => ({ id, outcome, reason, other_customer_id })),
  };
}

/** For whom licenses are decided. */
export interface AssignmentWish {
  customer_id: string;
  reassign: boolean;
}

/** A locked license with the decision about it; `license` is null when there is none with this id. */
export interface LockedDecision extends DecidedLicense {
  license: LockedForAssignment | null;
  /** Whether its row of facts exists only for the lock. */
  unused: boolean;
  /** The time of its contract's clock. */
  at: Instant;
}

async function decideSelection(
  tx: Sql,
  selection: LicenseSelection,
  wish: AssignmentWish,
  now: Instant,
): Promise<LockedDecision[] | Refusal> {
  if ('ids' in selection) return lockAndDecide(tx, selection.ids, wish, now);
  const { filter, limit } = selection;
  if (limit !== null) return decideExactly(tx, { filter, limit }, wish, now);
  const ids = await listLicenseIds(tx, filter, { after: null, limit: INLINE_ASSIGNMENT_LICENSES_MAX, now });
  return lockAndDecide(tx, ids, wish, now);
}

/**
 * Finds exactly `limit` licenses that can be assigned, earliest first. Licenses that another transaction has assigned meanwhile are passed
 * over, and later ones are taken instead.
 */
async function decideExactly(
  tx: Sql,
  { filter, limit }: { filter: LicenseFilter; limit: number },
  wish: AssignmentWish,
  now: Instant,
): Promise<LockedDecision[] | Refusal> {
  const candidates = candidatesOf(filter, { exact: true, reassign: wish.reassign });
  const taken: LockedDecision[] = [];
  let after: string | null = null;
  for (let read = 0; taken.length < limit; ) {
    const missing = limit - taken.length;
    // As many as are missing, so that no other license is locked; more when earlier ones could not be assigned, so that the rounds are few.
    const most = Math.min(INLINE_ASSIGNMENT_LICENSES_MAX, Math.max(missing, read));
    const ids: string[] = await listLicenseIds(tx, candidates, { after, limit: most, now });
    if (ids.length === 0) return refuse('NOT_ENOUGH_LICENSES', { requested: limit, available: taken.length });
    read += ids.length;
    after = ids.at(-1) ?? null;
    const decided = await lockAndDecide(tx, ids, wish, now);
    const chosen = new Set(decided.filter(({ outcome }) => outcome === 'assigned').slice(0, missing));
    taken.push(...chosen);
    await leaveAsTheyWere(tx, decided.filter((decision) => !chosen.has(decision)));
  }
  return taken;
}

/** Locks licenses in the order of their ids and decides about each, as it is under the lock. */
export async function lockAndDecide(
  tx: Sql,
  ids: readonly string[],
  wish: AssignmentWish,
  now: Instant,
): Promise<LockedDecision[]> {
  const { licenses, unused } = await lockLicenses(tx, ids);
  const by_id = new Map(licenses.map((license) => [license.id, license]));
  return ids.map((id) => {
    const license = by_id.get(id) ?? null;
    const at = license?.clock_now ?? now;
    const decision = license === null ? notAvailable('not_found') : decideAssignment(license, wish, at);
    return { ...decision, id, license, unused: unused.has(id), at };
  });
}

/** Undoes what only the lock did to licenses. */
function leaveAsTheyWere(tx: Sql, decided: readonly LockedDecision[]): Promise<void> {
  const unused = decided.filter((decision) => decision.unused);
  return leaveUnchanged(tx, { ids: decided.map(({ id }) => id), unused: unused.map(({ id }) => id) });
}

/** A license that was assigned. */
export interface AssignedLicense {
  id: string;
  contract_id: string | null;
  environment: Environment;
  at: Instant;
  clock_now: Instant | null;
  moved: boolean;
}

/** Writes the licenses that are assigned, and no others. Returns them. */
export async function storeDecisions(
  tx: Sql,
  customer_id: string,
  decided: readonly LockedDecision[],
): Promise<AssignedLicense[]> {
  const assigned = decided.flatMap(({ license, outcome, other_customer_id, at }) =>
    license !== null && outcome === 'assigned' ? [{ ...license, at, moved: other_customer_id !== null }] : [],
  );
  await storeAssignments(
    tx,
    customer_id,
    assigned.map(({ id, at, own_expiry, end_date }) => ({
      id,
      assigned_at: at,
      expires_at: ownExpiry(own_expiry, 'assignment', at, end_date),
    })),
  );
  await leaveAsTheyWere(tx, decided.filter(({ outcome }) => outcome !== 'assigned'));
  return assigned.map(({ id, contract_id, environment, at, clock_now, moved }) => ({
    id,
    contract_id,
    environment,
    at,
    clock_now,
    moved,
  }));
}

/** The licenses of one contract in an assignment, or those of one environment that were created without a contract. */
export interface ContractSummary {
  contract_id: string | null;
  environment: Environment;
  at: Instant;
  clock_now: Instant | null;
  assigned: number;
  reassigned: number;
  /** The first {@link NAMED_LICENSES_MAX}, as clients see them. */
  license_ids: string[];
}

/** Summarizes assigned licenses by contract, in the order of the ids of contracts, in which their quota rows are locked. */
export function summarize(assigned: readonly AssignedLicense[]): ContractSummary[] {
  const by_contract = new Map<string, ContractSummary>();
  for (const { id, contract_id, environment, at, clock_now, moved } of assigned) {
    const source = contract_id ?? environment;
    const summary = by_contract.get(source) ?? {
      ...{ contract_id, environment, at, clock_now },
      ...{ assigned: 0, reassigned: 0, license_ids: [] },
    };
    by_contract.set(source, summary);
    summary.assigned += 1;
    if (moved) summary.reassigned += 1;
    if (summary.license_ids.length < NAMED_LICENSES_MAX) summary.license_ids.push(licenseIdText(id));
  }
  return [...by_contract].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, summary]) => summary);
}

/** Writes the one audit row of an assignment, and one domain event for each contract. */
export async function recordAssignment(
  tx: Sql,
  { customer_id, summary, act }: { customer_id: string; summary: readonly ContractSummary[]; act: Act },
): Promise<void> {
  const total = { ...NO_ASSIGNMENTS };
  for (const { assigned, reassigned } of summary) {
    total.assigned += assigned;
    total.reassigned += reassigned;
  }
  const license_ids = summary.flatMap((contract) => contract.license_ids).slice(0, NAMED_LICENSES_MAX);
  const only = summary.length === 1 ? summary[0] : undefined;
  await auditAct(
    tx,
    { ...act, now: only?.at ?? act.now },
    {
      action: assignmentAction(total),
      subject_type: 'customer',
      subject_id: customer_id,
      contract_id: only?.contract_id ?? null,
      environment: only?.environment ?? null,
      before: null,
      after: { count: total.assigned, reassigned: total.reassigned, license_ids },
      clock: only === undefined || only.clock_now === null ? 'real' : 'test',
    },
  );
  await insertAssignmentEvents(tx, { customer_id }, summary);
}

/** Writes one domain event for each contract; `about` is in each of them. */
export async function insertAssignmentEvents(
  tx: Sql,
  about: { customer_id: string; assignment_id?: string },
  contracts: readonly Omit<ContractSummary, 'clock_now'>[],
): Promise<void> {
  for (const { contract_id, environment, at, assigned, reassigned, license_ids } of contracts)
    await insertDomainEvents(tx, contract_id, [
      {
        at,
        type: assignmentAction({ reassigned }),
        environment,
        data: { ...about, count: assigned, reassigned, license_ids },
      },
    ]);
}
