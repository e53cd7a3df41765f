/** Operations on many licenses in Postgres: each batch of a job writes its licenses and its position in one transaction. */
import { storedActor } from '../../domain/base/actor';
import type { Actor } from '../../domain/base/actor';
import type { Execution } from '../../domain/base/channel';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import { NAMED_LICENSES_MAX, NO_LICENSES, UNFINISHED_OPERATION_STATES } from '../../domain/license/license-operation';
import type {
  LicenseDecision,
  LicenseOperationKind,
  LicenseOperationState,
  OperationCounts,
  OperationProgress,
} from '../../domain/license/license-operation';
import type { StoredTask } from '../../domain/license/license-task';
import { columnNames } from '../base/columns';
import type { Fragment, Sql } from '../base/database';
import { pageByCreation } from '../base/paging';
import type { KeysetPage, Sorted } from '../base/paging';
import type { LicenseFilter } from './license-page';

/** The channel on which progress streams listen. */
export const OPERATION_CHANNEL = 'license_operation_progress';

/** A license that an operation did not change, although it was not yet as it should be. */
export interface NotDone extends LicenseDecision {
  /** As clients see it. */
  license_id: string;
}

export interface StoredOperation extends OperationProgress, StoredTask {
  id: string;
  /** The only contract of its licenses, if the request names one. */
  contract_id: string | null;
  /** The licenses of the operation; null: those in `license_ids`. */
  filter: LicenseFilter | null;
  /** Whether the request or a job carries it out. */
  execution: Execution;
  state: LicenseOperationState;
  /** The last license that was decided about. */
  last_license_id: string | null;
  /** Until when all of them can be read; null: there are none, or they are deleted. */
  outcomes_until: Instant | null;
  actor: Actor;
  created_at: Instant;
  started_at: Instant | null;
  finished_at: Instant | null;
}

/** An operation as it is shown. */
export interface LicenseOperationRow extends StoredOperation {
  /** The first {@link NAMED_LICENSES_MAX} licenses that were not changed, in the order of their ids. */
  not_done: NotDone[];
}

const OPERATION_COLUMNS = columnNames<Omit<StoredOperation, 'actor'>>({
  id: true,
  kind: true,
  customer_id: true,
  contract_id: true,
  filter: true,
  reassign: true,
  reason: true,
  requested: true,
  exact: true,
  execution: true,
  state: true,
  last_license_id: true,
  done: true,
  moved: true,
  unchanged: true,
  conflict: true,
  not_available: true,
  outcomes_until: true,
  created_at: true,
  started_at: true,
  finished_at: true,
});

/** An operation to be stored. */
export interface NewLicenseOperation
  extends StoredTask, Pick<LicenseOperationRow, 'contract_id' | 'filter' | 'requested' | 'exact' | 'actor'> {
  /** A new id, if rows refer to it already. */
  id?: string;
  /** Stored ids in their order; null: those that match the filter. */
  license_ids: readonly string[] | null;
  /** Texts of the request that are no ids of licenses. */
  unknown_ids?: readonly string[];
  now: Instant;
  /** The real time, if `now` is that of a contract. */
  active_at?: Instant;
  request_id: string | null;
}

/** How an operation that its request carries out has ended. */
export interface OperationEnd {
  state: LicenseOperationState;
  counts: OperationCounts;
}

/** Inserts an operation that waits for its workflow, or one that its request has carried out. Returns its id. */
export async function insertOperation(
  tx: Sql,
  operation: NewLicenseOperation,
  end: OperationEnd | null = null,
): Promise<string> {
  const { kind, customer_id, contract_id, filter, license_ids, reassign, reason, requested, exact } = operation;
  const { actor, now, request_id, unknown_ids = [] } = operation;
  const { state, counts } = end ?? { state: 'QUEUED', counts: { ...NO_LICENSES, not_available: unknown_ids.length } };
  const ids = license_ids === null ? null : [...license_ids];
  const ended_at = end === null ? null : now;
  const [row] = await tx<[{ id: string }]>`
    INSERT INTO license_operations (id, kind, customer_id, contract_id, filter, license_ids, reassign, reason, requested, exact, execution,
           state, done, moved, unchanged, conflict, not_available, actor, created_at, started_at, finished_at, active_at, request_id)
    VALUES (${operation.id ?? tx`DEFAULT`}, ${kind}, ${customer_id}, ${contract_id}, ${filter === null ? null : tx.json(filter as never)}, ${ids}::bigint[], ${reassign},
            ${reason}, ${requested}, ${exact}, ${end === null ? 'background' : 'inline'}, ${state}, ${counts.done}, ${counts.moved},
            ${counts.unchanged}, ${counts.conflict}, ${counts.not_available}, ${tx.json(storedActor(actor))},
            ${now}, ${ended_at}, ${ended_at}, ${operation.active_at ?? now}, ${request_id})
    RETURNING id`;
  return row.id;
}

function selectOperations(sql: Sql, more: Fragment): Fragment {
  return sql`SELECT ${sql(OPERATION_COLUMNS)}, shown_actor(actor) AS actor ${more} FROM license_operations o`;
}

/** The column `not_done` of the operation `o`. */
function firstNotDone(sql: Sql): Fragment {
  return sql`, ARRAY(
    SELECT jsonb_build_object('license_id', coalesce(n.unknown_id, 'lic_' || n.license_id), 'outcome', n.outcome, 'reason', n.reason, 'other_customer_id', n.other_customer_id)
    FROM license_operation_outcomes n WHERE n.operation_id = o.id ORDER BY n.license_id LIMIT ${NAMED_LICENSES_MAX}) AS not_done`;
}

export async function findOperation(sql: Sql, id: string): Promise<LicenseOperationRow | undefined> {
  const [row] = await sql<LicenseOperationRow[]>`${selectOperations(sql, firstNotDone(sql))} WHERE id = ${id}`;
  return row;
}

/** An operation whose row is locked until the transaction ends. */
export async function lockOperation(tx: Sql, id: string): Promise<StoredOperation | undefined> {
  const [row] = await tx<StoredOperation[]>`${selectOperations(tx, tx``)} WHERE id = ${id} FOR NO KEY UPDATE`;
  return row;
}

/** The kind of each operation, which decides the type of its workflow. */
export async function listOperationKinds(
  sql: Sql,
  ids: readonly string[],
): Promise<{ id: string; kind: LicenseOperationKind }[]> {
  return sql<{ id: string; kind: LicenseOperationKind }[]>`
    SELECT id, kind FROM license_operations WHERE id = ANY(${[...ids]}::uuid[])`;
}

export interface OperationFilter {
  kind?: LicenseOperationKind | undefined;
  customer_id?: string | undefined;
  contract_id?: string | undefined;
  state?: LicenseOperationState | undefined;
}

/** One page of operations, by creation time. */
export async function listOperations(
  sql: Sql,
  { kind, customer_id, contract_id, state }: OperationFilter,
  page: KeysetPage,
): Promise<Sorted<LicenseOperationRow>[]> {
  const { sort_key, after, order } = pageByCreation(sql, page);
  return sql<Sorted<LicenseOperationRow>[]>`
    ${selectOperations(sql, sql`${firstNotDone(sql)}, ${sort_key} AS sort_key`)} WHERE true
    ${kind === undefined ? sql`` : sql`AND kind = ${kind}`}
    ${customer_id === undefined ? sql`` : sql`AND customer_id = ${customer_id}`}
    ${contract_id === undefined ? sql`` : sql`AND contract_id = ${contract_id}`}
    ${state === undefined ? sql`` : sql`AND state = ${state}`}
    AND ${after} ${order}`;
}

/** The next ids of a job that names its licenses. */
export async function listNamedLicenseIds(
  tx: Sql,
  operation_id: string,
  after: string | null,
  limit: number,
): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    SELECT named.id FROM license_operations o, unnest(o.license_ids) AS named (id)
    WHERE o.id = ${operation_id} AND named.id > ${after ?? '0'}::bigint ORDER BY named.id LIMIT ${limit}`;
  return rows.map(({ id }) => id);
}

/** Sets the state of a locked job, and notifies its progress streams at the commit. */
export async function setOperationState(
  tx: Sql,
  id: string,
  { state, now }: { state: LicenseOperationState; now: Instant },
): Promise<void> {
  const is_end = !(UNFINISHED_OPERATION_STATES as readonly string[]).includes(state);
  await tx`
    UPDATE license_operations SET state = ${state}, active_at = ${now}, finished_at = ${is_end ? now : null},
           started_at = ${state === 'RUNNING' ? tx`coalesce(started_at, ${now})` : tx`started_at`}
    WHERE id = ${id}`;
  await tx`SELECT pg_notify(${OPERATION_CHANNEL}, ${`${id}!`})`;
}

/** Notifies progress streams. It is no part of a batch: commits that notify wait for each other in Postgres. */
export async function notifyOperationProgress(sql: Sql, id: string): Promise<void> {
  await sql`SELECT pg_notify(${OPERATION_CHANNEL}, ${id})`;
}

/** What a batch did. */
export interface StoredBatch {
  last_license_id: string;
  counts: OperationCounts;
  now: Instant;
}

/** Adds a batch to the counts of a locked job and moves its position. */
export async function storeBatch(
  tx: Sql,
  id: string,
  { last_license_id, counts, now }: StoredBatch,
): Promise<void> {
  await tx`
    UPDATE license_operations
    SET last_license_id = ${last_license_id}, active_at = ${now},
        done = done + ${counts.done}, moved = moved + ${counts.moved}, unchanged = unchanged + ${counts.unchanged},
        conflict = conflict + ${counts.conflict}, not_available = not_available + ${counts.not_available}
    WHERE id = ${id}`;
}

/** What an operation has changed of one contract. */
export interface ChangedOfContract {
  /** Null: of licenses that were created without a contract. */
  contract_id: string | null;
  environment: Environment;
  done: number;
  moved: number;
  /** The first licenses, as clients see their ids. */
  license_ids: string[];
}

/** Adds what a batch has changed of contracts. */
export async function addToContracts(
  tx: Sql,
  operation_id: string,
  contracts: readonly ChangedOfContract[],
): Promise<void> {
  if (contracts.length === 0) return;
  const rows = contracts.map(({ contract_id, environment, done, moved, license_ids }) => ({
    ...{ contract_id, environment, done, moved, license_ids },
  }));
  await tx`
    INSERT INTO license_operation_contracts AS c (operation_id, contract_id, environment, done, moved, license_ids)
    SELECT ${operation_id}, r.contract_id, r.environment, r.done, r.moved, r.license_ids
    FROM jsonb_to_recordset(${tx.json(rows)}) AS r (contract_id uuid, environment text, done int, moved int, license_ids text[])
    ON CONFLICT (operation_id, contract_id, environment) DO UPDATE
    SET done = c.done + excluded.done, moved = c.moved + excluded.moved,
        license_ids = (c.license_ids || excluded.license_ids)[1:${NAMED_LICENSES_MAX}::int]`;
}

/** Removes and returns what a job has changed of contracts, in the order of the ids of contracts, with the times of their clocks. */
export async function takeContracts(
  tx: Sql,
  operation_id: string,
): Promise<(ChangedOfContract & { clock_now: Instant | null })[]> {
  return tx<(ChangedOfContract & { clock_now: Instant | null })[]>`
    WITH taken AS (
      DELETE FROM license_operation_contracts WHERE operation_id = ${operation_id}
      RETURNING contract_id, environment, done, moved, license_ids
    )
    SELECT t.contract_id, t.environment, t.done, t.moved, t.license_ids, k.now AS clock_now
    FROM taken t LEFT JOIN contracts c ON c.id = t.contract_id LEFT JOIN test_clocks k ON k.id = c.test_clock_id ORDER BY t.contract_id`;
}
