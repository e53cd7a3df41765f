/** Contracts in Postgres: reading them, one or many. They are written through `contract-change.ts` alone. */
import type { ContractFacts, ContractState, ContractType, Hold } from '../domain/contract';
import type { BoundaryKind } from '../domain/contract-boundary';
import type { Environment } from '../domain/environment';
import type { Instant, LocalDate } from '../domain/instant';
import type { Json, JsonObject } from '../domain/json';
import type { QuotaCounters } from '../domain/quota';
import { openJobsOf } from './generation-job';
import type { Sql } from './index';
import { keysetAfter } from './paging';
import type { Keyset } from './paging';
import { containing } from './search';

/** A row of `contracts` with its quota, its holds and what unfinished jobs still owe. */
export interface ContractRow extends Omit<ContractFacts, 'quota' | 'activation_limit' | 'expiry'> {
  activation_limit: Json;
  expiry: Json;
  deleted_by: string | null;
  state: ContractState;
  may_generate: boolean;
  next_boundary_at: Instant | null;
  next_boundary_kind: BoundaryKind | null;
  terms_id: string | null;
  updated_at: Instant;
  quota_total: number;
  quota_claimed: number;
  /** Licenses that unfinished jobs still owe. */
  reserved: number;
  open_jobs: number;
}

/** A contract as a list shows it, read from stored state (decisions 4). */
export interface ContractListRow {
  id: string;
  name: string;
  type: ContractType;
  environment: Environment;
  product_id: string;
  generator_id: string;
  customer_id: string | null;
  state: ContractState;
  hold_code: Hold['code'] | null;
  start_date: LocalDate | null;
  end_date: LocalDate | null;
  quota_total: number;
  quota_claimed: number;
  reserved: number;
  revision: number;
  created_at: Instant;
  created_by: string;
  updated_at: Instant;
}

export interface ContractFilter {
  environment: Environment;
  search?: string | undefined;
  status?: 'active' | 'inactive' | undefined;
  state?: ContractState | undefined;
  type?: ContractType | undefined;
  product_id?: string | undefined;
  customer_id?: string | undefined;
}

/** The columns a list can be sorted by. Status sorts by the state that is stored. */
export const CONTRACT_SORTS = ['created_at', 'name', 'type', 'status'] as const;
export type ContractSort = (typeof CONTRACT_SORTS)[number];

/** Locks a contract's row until the transaction ends; false when there is none. Settling and commands begin with it. */
export async function lockContract(tx: Sql, id: string): Promise<boolean> {
  const locked = await tx`SELECT FROM contracts WHERE id = ${id} FOR NO KEY UPDATE`;
  return locked.count === 1;
}

/** The whole contract, or undefined. `lock` keeps others from changing it until the transaction ends. */
export async function findContract(
  sql: Sql,
  id: string,
  options: { lock?: boolean; lock_quota?: boolean } = {},
): Promise<ContractRow | undefined> {
  // The lock comes first and alone: what is read afterwards is as it stands under the lock.
  if (options.lock && !(await lockContract(sql, id))) return undefined;
  if (options.lock_quota) await sql`SELECT FROM contract_quotas WHERE contract_id = ${id} FOR NO KEY UPDATE`;
  const [row] = await sql<ContractRow[]>`
    SELECT c.*, q.total AS quota_total, q.claimed AS quota_claimed, j.reserved, j.open_jobs, h.holds
    FROM contracts c
    JOIN contract_quotas q ON q.contract_id = c.id
    CROSS JOIN LATERAL (${openJobsOf(sql, sql`c.id`)}) j
    CROSS JOIN LATERAL (
      SELECT coalesce(jsonb_agg(jsonb_build_object(
        'id', id, 'source', source, 'code', code, 'placed_at', ${iso(sql, 'placed_at')}, 'resume_at', ${iso(sql, 'resume_at')},
        'lifted_at', ${iso(sql, 'lifted_at')}, 'placed_by', placed_by, 'note', note) ORDER BY placed_at), '[]') AS holds
      FROM contract_holds WHERE contract_id = c.id AND lifted_at IS NULL
    ) h
    WHERE c.id = ${id}`;
  return row;
}

/** One page of contracts that are not deleted. */
export async function listContracts(
  sql: Sql,
  filter: ContractFilter,
  page: { sort: ContractSort; order: 'asc' | 'desc'; after: Keyset | null; limit: number },
): Promise<ContractListRow[]> {
  const sortBy = { created_at: sql`c.created_at`, name: sql`lower(c.name)`, type: sql`c.type`, status: sql`c.state` }[
    page.sort
  ];
  const search = filter.search?.trim();
  return sql<ContractListRow[]>`
    SELECT c.id, c.name, c.type, c.environment, c.product_id, c.generator_id, c.customer_id, c.state, c.start_date, c.end_date, c.revision,
           c.created_at, c.created_by, c.updated_at, q.total AS quota_total, q.claimed AS quota_claimed, j.reserved,
           (SELECT code FROM contract_holds WHERE contract_id = c.id AND lifted_at IS NULL LIMIT 1) AS hold_code
    FROM contracts c
    JOIN contract_quotas q ON q.contract_id = c.id
    CROSS JOIN LATERAL (${openJobsOf(sql, sql`c.id`)}) j
    WHERE c.deleted_at IS NULL AND c.environment = ${filter.environment}
    ${filter.status === undefined ? sql`` : sql`AND c.may_generate = ${filter.status === 'active'}`}
    ${filter.state === undefined ? sql`` : sql`AND c.state = ${filter.state}`}
    ${filter.type === undefined ? sql`` : sql`AND c.type = ${filter.type}`}
    ${filter.product_id === undefined ? sql`` : sql`AND c.product_id = ${filter.product_id}`}
    ${filter.customer_id === undefined ? sql`` : sql`AND c.customer_id = ${filter.customer_id}`}
    ${search ? sql`AND (c.name ILIKE ${containing(search)} OR c.id::text = ${search.toLowerCase()})` : sql``}
    ${page.after === null ? sql`` : sql`AND ${keysetAfter(sql, sortBy, sql`c.id`, page.order, page.after)}`}
    ORDER BY ${sortBy} ${page.order === 'asc' ? sql`ASC` : sql`DESC`}, c.id ${page.order === 'asc' ? sql`ASC` : sql`DESC`}
    LIMIT ${page.limit}`;
}

/** The stored row as the domain reads it. */
export function factsOf(row: ContractRow): ContractFacts {
  return {
    id: row.id,
    environment: row.environment,
    name: row.name,
    type: row.type,
    product_id: row.product_id,
    generator_id: row.generator_id,
    customer_id: row.customer_id,
    feature_overrides: row.feature_overrides,
    activation_limit: row.activation_limit as ContractFacts['activation_limit'],
    expiry: row.expiry as ContractFacts['expiry'],
    metadata: row.metadata,
    timezone: row.timezone,
    start_date: row.start_date,
    end_date: row.end_date,
    term_length: row.term_length,
    term_number: row.term_number,
    expiry_grace_days: row.expiry_grace_days,
    activated_at: row.activated_at,
    deleted_at: row.deleted_at,
    holds: row.holds,
    quota: { total: row.quota_total, claimed: row.quota_claimed } satisfies QuotaCounters,
    revision: row.revision,
    settled_until: row.settled_until,
    created_at: row.created_at,
    created_by: row.created_by,
  };
}

/** What was learned of a contract at one revision. */
export interface RevisionRow {
  revision: number;
  effective_at: Instant;
  actor: JsonObject;
  action: string;
  snapshot: JsonObject;
}

/** A contract's revisions, newest first, below a revision number. */
export async function listRevisions(
  sql: Sql,
  contract_id: string,
  below: number | null,
  limit: number,
): Promise<RevisionRow[]> {
  return sql<RevisionRow[]>`
    SELECT revision, effective_at, actor, action, snapshot FROM contract_revisions
    WHERE contract_id = ${contract_id} ${below === null ? sql`` : sql`AND revision < ${below}`}
    ORDER BY revision DESC LIMIT ${limit}`;
}

/** An instant inside a JSON value, in the fixed form of `domain/instant.ts`. */
function iso(sql: Sql, column: string) {
  return sql`to_char(${sql(column)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
