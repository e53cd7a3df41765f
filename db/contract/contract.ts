/** Reads contracts, one or many. Only `transactions/contract/` writes them (`save-contract.ts`). */
import { ACTIVE_STATES } from '../../domain/contract/contract';
import { CONTRACT_STATES } from '../../domain/contract/facts';
import type {
  ContractFacts,
  ContractState,
  ContractType,
  ContractWarning,
  Hold,
  LimitWarning,
  PoolWarning,
  StoredWarning,
  WebhookWarning,
} from '../../domain/contract/facts';
import type { ContractCopies } from '../../domain/contract/copies';
import type { Environment } from '../../domain/base/environment';
import type { GeneratorFacts } from '../../domain/catalogue/generator';
import type { Instant, LocalDate } from '../../domain/base/instant';
import type { Json } from '../../domain/base/json';
import type { ProductFacts } from '../../domain/catalogue/product';
import type { QuotaCounters } from '../../domain/contract/quota';
import { settledByOtherRules } from '../../domain/contract/time-zone-rules';
import { columnNames, ofAlias } from '../base/columns';
import { mergedStatement, rowsInOrder } from '../base/merged-statement';
import { openJobsOf } from '../generation/generation-job';
import type { PoolCounts } from '../../domain/pool/pool';
import { openHolds } from '../pool/hold';
import { poolCounts } from '../pool/available';
import { countLimitWarnings, hasLimitWarning, isLimitWarning, limitWarnings } from '../notification/contract-warning';
import { countPoolWarnings, hasPoolWarning, isPoolWarning, poolWarnings } from '../pool/pool-warning';
import type { Fragment, Sql } from '../base/database';
import { pageBy } from '../base/paging';
import type { KeysetPage, Sort, Sorted } from '../base/paging';
import { matchesSearch } from '../base/search';
import {
  countWebhookWarnings,
  hasWebhookWarning,
  isWebhookWarning,
  webhookWarnings,
} from '../webhook/contract-warning';
import { endpointOfUrlField } from '../webhook/endpoint';
import type { EndpointOfUrlField } from '../webhook/endpoint';
import { countQuotaWarnings, hasQuotaWarning, isQuotaWarning } from './quota-warning';

/** A row of `contracts` with its quota, holds, invoices, pending amendments and the licenses that unfinished jobs have reserved. */
export interface ContractRow extends Omit<ContractFacts, 'quota' | 'activation_limit' | 'expiry'>, ContractCopies {
  activation_limit: Json;
  expiry: Json;
  deleted_by: string | null;
  /** The local date of `settled_until` by the time zone rules of that time (domain/contract/time-zone-rules.ts). */
  settled_on: LocalDate | null;
  /** The time of the contract's test clock; null when it uses the real time. */
  clock_now: Instant | null;
  /**
   * The instant for which the timer of its workflow waits, while that is later than it should be and the sweep has to wake the workflow
   * (domain/contract/nudge.ts); null otherwise.
   */
  timer_at: Instant | null;
  /** Since when its workflow is to be woken for a change by others; null: it has looked since. */
  unwoken_since: Instant | null;
  terms_id: string | null;
  updated_at: Instant;
  quota_total: number;
  quota_claimed: number;
  /** The local day on which the quota is used up by the last forecast, if that is soon (domain/contract/quota-notice.ts). */
  quota_runs_out_on: LocalDate | null;
  /** Its current API key; null when it has none. */
  api_key: ContractKeySummary | null;
  /** Licenses that unfinished jobs still have to generate. */
  reserved: number;
  open_jobs: number;
  /** How many orders hold licenses of its pool. */
  open_holds: number;
}

/** The API key of a contract as the contract shows it. */
export interface ContractKeySummary {
  key_id: string;
  last_four: string;
  /** The last use of any key of the contract. */
  last_used_at: Instant | null;
}

/** The fields of {@link ContractRow} that come from other tables. */
type FromOtherTables =
  | 'quota_total'
  | 'quota_claimed'
  | 'quota_runs_out_on'
  | 'api_key'
  | 'reserved'
  | 'open_jobs'
  | 'open_holds'
  | 'holds'
  | 'invoices'
  | 'amendments'
  | 'clock_now';

const CONTRACT_COLUMNS = columnNames<Omit<ContractRow, FromOtherTables>>({
  id: true,
  name: true,
  type: true,
  environment: true,
  product_id: true,
  generator_id: true,
  customer_id: true,
  account_manager: true,
  feature_overrides: true,
  activation_limit: true,
  expiry: true,
  cap_expiry_at_contract_end: true,
  device_lease_minutes: true,
  on_suspend: true,
  metadata: true,
  ip_allowlist: true,
  api_access: true,
  timezone: true,
  start_date: true,
  end_date: true,
  term_length: true,
  term_number: true,
  term_start_date: true,
  anchor_date: true,
  anchor_term: true,
  expiry_grace_days: true,
  grace_allows_generation: true,
  renewal: true,
  renewal_blocked: true,
  renewed_by_hand_at: true,
  cotermed_with: true,
  dunning: true,
  dunning_exempt: true,
  rate_limits: true,
  low_water: true,
  min_remaining_validity: true,
  auto_replenish: true,
  past_due_since: true,
  billing_unreachable_since: true,
  verify_after: true,
  verify_at: true,
  warnings: true,
  time_zone_rules: true,
  settled_on: true,
  test_clock_id: true,
  activated_at: true,
  terminated_at: true,
  termination_code: true,
  termination_reason: true,
  deleted_at: true,
  deleted_by: true,
  revision: true,
  settled_until: true,
  state: true,
  may_generate: true,
  next_boundary_at: true,
  next_boundary_kind: true,
  wake_at: true,
  timer_at: true,
  unwoken_since: true,
  terms_id: true,
  created_at: true,
  created_by: true,
  updated_at: true,
});

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
  warnings: StoredWarning[];
  pool_warnings: PoolWarning[];
  webhook_warnings: WebhookWarning[];
  limit_warnings: LimitWarning[];
  may_generate: boolean;
  start_date: LocalDate | null;
  end_date: LocalDate | null;
  quota_total: number;
  quota_claimed: number;
  quota_runs_out_on: LocalDate | null;
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
  generator_id?: string | undefined;
  customer_id?: string | undefined;
  test_clock_id?: string | undefined;
  /** A whole address, in any letter case. */
  account_manager?: string | undefined;
  warning?: ContractWarning | undefined;
}

/** The fields that a list can be sorted by. `status` sorts by the stored state. */
export const CONTRACT_SORTS = ['created_at', 'name', 'type', 'status'] as const;
export type ContractSort = (typeof CONTRACT_SORTS)[number];

/** Locks a contract's row until the transaction ends; undefined when it does not exist. Settling and commands begin with it. */
export const lockContract = mergedStatement('lock contract', async (tx, ids: readonly string[]) => {
  const locked = await tx<{ id: string; generator_id: string }[]>`
    SELECT id, generator_id FROM contracts WHERE id = ANY(${[...ids]}::uuid[]) ORDER BY id FOR NO KEY UPDATE`;
  return rowsInOrder(locked, 'id', ids);
});

/**
 * Locks those of the contracts that no other transaction has locked, without waiting, until the transaction ends. Returns their
 * ids in an order that is equal for all callers.
 */
export async function lockFreeContracts(tx: Sql, ids: readonly string[]): Promise<string[]> {
  const locked = await tx<{ id: string }[]>`
    SELECT id FROM contracts WHERE id = ANY(${[...ids]}::uuid[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`;
  return locked.map(({ id }) => id);
}

/** What the workflow of a contract waits for, the time zone rules that computed it, and the time of the contract's test clock. */
export type AwaitedBoundary = Pick<
  ContractRow,
  'activated_at' | 'state' | 'next_boundary_at' | 'wake_at' | 'verify_at' | 'timer_at' | 'time_zone_rules' | 'clock_now'
>;

/** The next boundary of a contract, or undefined when the contract does not exist. */
export const findAwaitedBoundary: (sql: Sql, id: string) => Promise<AwaitedBoundary | undefined> = mergedStatement(
  'find awaited boundary',
  async (sql, ids: readonly string[]) => {
    const rows = await sql<(AwaitedBoundary & { id: string })[]>`
      SELECT id, activated_at, state, next_boundary_at, wake_at, verify_at, timer_at, time_zone_rules,
             (SELECT now FROM test_clocks WHERE id = test_clock_id) AS clock_now
      FROM contracts WHERE id = ANY(${[...ids]}::uuid[])`;
    return rowsInOrder(rows, 'id', ids);
  },
);

/** Whether the contract exists and is not deleted. */
export async function contractExists(sql: Sql, id: string): Promise<boolean> {
  const found = await sql`SELECT FROM contracts WHERE id = ${id} AND deleted_at IS NULL`;
  return found.count === 1;
}

/** A contract with what is only read to be shown. */
export interface ShownContract extends ContractRow {
  /** The licenses of its pool; null for a contract of another type. */
  pool: PoolCounts | null;
  /** Warnings about its pool. */
  pool_warnings: PoolWarning[];
  /** Warnings about its endpoints of webhooks. */
  webhook_warnings: WebhookWarning[];
  /** Warnings about its limits. */
  limit_warnings: LimitWarning[];
  /** The endpoint that its field `webhook_url` has made, or null. */
  webhook_endpoint: EndpointOfUrlField | null;
  /** The operation that revokes its licenses because it was terminated, or null. */
  revocation_id: string | null;
}

/** The whole contract, or undefined. */
export async function findContract(sql: Sql, id: string): Promise<ContractRow | undefined> {
  const [row] = await sql<ContractRow[]>`SELECT ${contractColumns(sql)} FROM ${contractTables(sql)} WHERE c.id = ${id}`;
  return row;
}

/** The whole contract as it is shown, or undefined. */
export async function findShownContract(sql: Sql, id: string): Promise<ShownContract | undefined> {
  const [row] = await sql<ShownContract[]>`
    SELECT ${contractColumns(sql)}, CASE WHEN c.type = 'pool' THEN ${poolCounts(sql)} END AS pool, ${poolWarnings(sql)} AS pool_warnings,
           ${webhookWarnings(sql)} AS webhook_warnings, ${limitWarnings(sql)} AS limit_warnings, ${endpointOfUrlField(sql)} AS webhook_endpoint,
           (SELECT o.id FROM license_operations o WHERE o.contract_id = c.id AND o.created_at = c.terminated_at AND o.kind = 'revoke' LIMIT 1) AS revocation_id
    FROM ${contractTables(sql)} WHERE c.id = ${id}`;
  return row;
}

/** The whole contracts with these ids, in no order. Omits ids that do not exist. */
export async function findContracts(sql: Sql, ids: readonly string[]): Promise<ContractRow[]> {
  return sql<ContractRow[]>`
    SELECT ${contractColumns(sql)} FROM ${contractTables(sql)} WHERE c.id = ANY(${[...ids]}::uuid[])`;
}

/** A contract with its product and generator, all as of one moment. */
export interface ContractWithSource {
  contract: ContractRow;
  product: ProductFacts;
  /** Null when it was deleted. */
  generator: GeneratorFacts | null;
}

/** The whole contract with its product and generator, read by one statement, or undefined. */
export const findContractWithSource = mergedStatement('find contract', async (sql, ids: readonly string[]) => {
  const rows = await sql<(ContractRow & Omit<ContractWithSource, 'contract'>)[]>`
    SELECT ${contractColumns(sql)},
           (SELECT jsonb_build_object('id', id, 'name', name, 'code', code, 'environment', environment, 'status', status, 'modules', modules)
            FROM products WHERE id = c.product_id) AS product,
           (SELECT jsonb_build_object('id', id, 'product_id', product_id, 'name', name, 'kind', kind, 'format', format, 'features', features,
                                      'activation_limit', activation_limit, 'status', status, 'revision', revision)
            FROM generators WHERE id = c.generator_id AND deleted_at IS NULL) AS generator
    FROM ${contractTables(sql)} WHERE c.id = ANY(${[...ids]}::uuid[])`;
  return rowsInOrder(rows, 'id', ids).map((row): ContractWithSource | undefined => {
    if (row === undefined) return undefined;
    const { product, generator, ...contract } = row;
    return { contract, product, generator };
  });
});

/** The columns of a `ContractRow`, selected from `contractTables`. */
function contractColumns(sql: Sql): Fragment {
  return sql`
    ${sql(ofAlias('c', CONTRACT_COLUMNS))}, q.total AS quota_total, q.claimed AS quota_claimed, q.runs_out_on AS quota_runs_out_on, j.reserved, j.open_jobs, ${openHolds(sql)} AS open_holds, h.holds, i.invoices, a.amendments,
           (SELECT now FROM test_clocks WHERE id = c.test_clock_id) AS clock_now, ${keySummary(sql)} AS api_key`;
}

/** The current API key of the contract `c`, or null. */
function keySummary(sql: Sql): Fragment {
  return sql`(
    SELECT jsonb_build_object('key_id', k.key_id, 'last_four', k.last_four, 'last_used_at',
             (SELECT ${isoInstant(sql, 'last_used_at')} FROM contract_api_keys WHERE contract_id = c.id ORDER BY last_used_at DESC NULLS LAST LIMIT 1))
    FROM contract_api_keys k WHERE k.contract_id = c.id AND k.expires_at IS NULL AND k.revoked_at IS NULL)`;
}

/** A FROM list: the contract `c` with the tables that hold the rest of its facts. */
function contractTables(sql: Sql): Fragment {
  return sql`
    contracts c
    JOIN contract_quotas q ON q.contract_id = c.id
    CROSS JOIN LATERAL (${openJobsOf(sql, sql`c.id`)}) j
    CROSS JOIN LATERAL (
      SELECT coalesce(jsonb_agg(jsonb_build_object(
        'id', id, 'source', source, 'code', code, 'placed_at', ${isoInstant(sql, 'placed_at')}, 'resume_at', ${isoInstant(sql, 'resume_at')},
        'lifted_at', ${isoInstant(sql, 'lifted_at')}, 'placed_by', placed_by, 'note', note) ORDER BY placed_at), '[]') AS holds
      FROM contract_holds WHERE contract_id = c.id AND lifted_at IS NULL
    ) h
    CROSS JOIN LATERAL (
      SELECT coalesce(jsonb_agg(jsonb_build_object(
        'source', source, 'invoice_id', invoice_id, 'status', status, 'due_date', due_date, 'disputed_on', disputed_on,
        'occurred_at', ${isoInstant(sql, 'occurred_at')}, 'version', version, 'fetched_at', ${isoInstant(sql, 'fetched_at')}, 'rank', rank)
        ORDER BY source, invoice_id), '[]') AS invoices
      FROM invoice_facts WHERE contract_id = c.id
    ) i
    CROSS JOIN LATERAL (
      SELECT coalesce(jsonb_agg(jsonb_build_object(
        'id', id, 'effective_date', effective_date, 'changes', changes, 'note', note, 'status', status, 'failure', failure,
        'created_at', ${isoInstant(sql, 'created_at')}, 'created_by', created_by, 'decided_at', NULL, 'stored', true) ORDER BY id), '[]') AS amendments
      FROM contract_amendments WHERE contract_id = c.id AND status = 'pending'
    ) a`;
}

/** One page of contracts that are not deleted. */
export async function listContracts(
  sql: Sql,
  filter: ContractFilter,
  page: KeysetPage & { sort: ContractSort },
): Promise<Sorted<ContractListRow>[]> {
  const sorts: Record<ContractSort, Pick<Sort, 'key' | 'type'>> = {
    created_at: { key: sql`c.created_at`, type: 'instant' },
    name: { key: sql`folded(c.name)`, type: 'text' },
    type: { key: sql`c.type`, type: 'text' },
    status: { key: sql`c.state`, type: 'text' },
  };
  const { sort_key, after, order } = pageBy(sql, { ...sorts[page.sort], id: sql`c.id` }, page);
  const own_columns = sql`c.id, c.name, c.type, c.environment, c.product_id, c.generator_id, c.customer_id, c.state, c.start_date, c.end_date, c.revision,
    c.warnings, c.may_generate, c.created_at, c.created_by, c.updated_at`;
  // Other tables are read only for the rows of the page, not for all rows that the page is selected from.
  return sql<Sorted<ContractListRow>[]>`
    WITH page AS MATERIALIZED (
      SELECT ${own_columns}, c.low_water, c.min_remaining_validity, c.timezone, c.auto_replenish, c.test_clock_id, c.deleted_at FROM contracts c
      WHERE c.deleted_at IS NULL AND c.environment = ${filter.environment}
      ${filter.status === undefined ? sql`` : sql`AND c.state = ANY(${statesOf(filter.status)})`}
      ${filter.state === undefined ? sql`` : sql`AND c.state = ${filter.state}`}
      ${filter.warning === undefined ? sql`` : sql`AND ${hasWarning(sql, filter.warning)}`}
      ${filter.type === undefined ? sql`` : sql`AND c.type = ${filter.type}`}
      ${filter.product_id === undefined ? sql`` : sql`AND c.product_id = ${filter.product_id}`}
      ${filter.generator_id === undefined ? sql`` : sql`AND c.generator_id = ${filter.generator_id}`}
      ${filter.customer_id === undefined ? sql`` : sql`AND c.customer_id = ${filter.customer_id}`}
      ${filter.test_clock_id === undefined ? sql`` : sql`AND c.test_clock_id = ${filter.test_clock_id}`}
      ${filter.account_manager === undefined ? sql`` : sql`AND lower(c.account_manager) = lower(${filter.account_manager})`}
      AND ${matchesSearch(sql, filter.search, ['c.name'], 'c.id')}
      AND ${after} ${order}
    )
    SELECT ${own_columns}, q.total AS quota_total, q.claimed AS quota_claimed, q.runs_out_on AS quota_runs_out_on, j.reserved, ${sort_key} AS sort_key,
           (SELECT code FROM contract_holds WHERE contract_id = c.id AND lifted_at IS NULL
            ORDER BY array_position('{billing,compliance,admin}', source) LIMIT 1) AS hold_code,
           ${poolWarnings(sql)} AS pool_warnings, ${webhookWarnings(sql)} AS webhook_warnings, ${limitWarnings(sql)} AS limit_warnings
    FROM page c
    JOIN contract_quotas q ON q.contract_id = c.id
    CROSS JOIN LATERAL (${openJobsOf(sql, sql`c.id`)}) j
    ${order}`;
}

/** The condition that a contract `c` has a warning. */
function hasWarning(sql: Sql, warning: ContractWarning): Fragment {
  if (isQuotaWarning(warning)) return hasQuotaWarning(sql, warning);
  if (isPoolWarning(warning)) return hasPoolWarning(sql, warning);
  if (isWebhookWarning(warning)) return hasWebhookWarning(sql);
  if (isLimitWarning(warning)) return hasLimitWarning(sql);
  return sql`c.warnings @> ${[warning]} AND c.warnings <> '{}'`;
}

/** The states of active or inactive contracts, listed one by one because an index cannot find rows by a negated condition. */
function statesOf(status: 'active' | 'inactive'): ContractState[] {
  return CONTRACT_STATES.filter((state) => ACTIVE_STATES.includes(state) === (status === 'active'));
}

/** Contracts whose billing system has given no answer for longer raise an alert (domain.md 1.4 T6). */
const UNREACHABLE_ALERT_AFTER = '1 day';

/** How many contracts have each warning, and for how many the billing system has given no answer for more than a day. */
export async function countWarnings(
  sql: Sql,
  now: Instant,
): Promise<{ warnings: { warning: ContractWarning; contracts: number }[]; unreachable_for_a_day: number }> {
  const [warnings, about_quotas, about_pools, about_webhooks, about_limits, [unreachable]] = await Promise.all([
    sql<{ warning: ContractWarning; contracts: number }[]>`
      SELECT w AS warning, count(*)::int AS contracts FROM contracts, unnest(warnings) AS w
      WHERE warnings <> '{}' AND deleted_at IS NULL GROUP BY w`,
    countQuotaWarnings(sql),
    countPoolWarnings(sql),
    countWebhookWarnings(sql),
    countLimitWarnings(sql),
    sql<[{ count: number }]>`
      SELECT count(*)::int FROM contracts
      WHERE verify_at IS NOT NULL AND test_clock_id IS NULL
        AND billing_unreachable_since < ${now}::timestamptz - ${UNREACHABLE_ALERT_AFTER}::interval`,
  ]);
  const counted = [...warnings, ...about_quotas, ...about_pools, ...about_webhooks, ...about_limits];
  return { warnings: counted, unreachable_for_a_day: unreachable.count };
}

/** Converts a stored row into the facts of the domain, by the time zone rules of this process. */
export function factsOf(row: ContractRow): ContractFacts {
  const facts: ContractFacts = {
    id: row.id,
    environment: row.environment,
    name: row.name,
    type: row.type,
    product_id: row.product_id,
    generator_id: row.generator_id,
    customer_id: row.customer_id,
    account_manager: row.account_manager,
    feature_overrides: row.feature_overrides,
    activation_limit: row.activation_limit as ContractFacts['activation_limit'],
    expiry: row.expiry as ContractFacts['expiry'],
    cap_expiry_at_contract_end: row.cap_expiry_at_contract_end,
    device_lease_minutes: row.device_lease_minutes,
    on_suspend: row.on_suspend,
    metadata: row.metadata,
    ip_allowlist: row.ip_allowlist,
    api_access: row.api_access,
    timezone: row.timezone,
    start_date: row.start_date,
    end_date: row.end_date,
    term_length: row.term_length,
    term_number: row.term_number,
    term_start_date: row.term_start_date,
    anchor_date: row.anchor_date,
    anchor_term: row.anchor_term,
    expiry_grace_days: row.expiry_grace_days,
    grace_allows_generation: row.grace_allows_generation,
    renewal: row.renewal,
    renewal_blocked: row.renewal_blocked,
    renewed_by_hand_at: row.renewed_by_hand_at,
    cotermed_with: row.cotermed_with,
    dunning: row.dunning,
    dunning_exempt: row.dunning_exempt,
    rate_limits: row.rate_limits,
    low_water: row.low_water,
    min_remaining_validity: row.min_remaining_validity,
    auto_replenish: row.auto_replenish,
    past_due_since: row.past_due_since,
    billing_unreachable_since: row.billing_unreachable_since,
    verify_after: row.verify_after,
    invoices: row.invoices,
    amendments: row.amendments,
    test_clock_id: row.test_clock_id,
    activated_at: row.activated_at,
    terminated_at: row.terminated_at,
    termination_code: row.termination_code,
    termination_reason: row.termination_reason,
    deleted_at: row.deleted_at,
    holds: row.holds,
    quota: { total: row.quota_total, claimed: row.quota_claimed } satisfies QuotaCounters,
    revision: row.revision,
    settled_until: row.settled_until,
    created_at: row.created_at,
    created_by: row.created_by,
  };
  return settledByOtherRules(facts, row.settled_on);
}

/** An expression for an instant inside a JSON value, in the form of `domain/base/instant.ts`. */
function isoInstant(sql: Sql, column: string) {
  return sql`to_char(${sql(column)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
