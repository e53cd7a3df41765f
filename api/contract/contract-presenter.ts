/** Presents contracts, so that no response contains a database row as it is. */
import { contractKeyKind, maskedApiKey } from '../../domain/access/api-key';
import type { Caller } from '../../domain/access/caller';
import { billingStanding } from '../../domain/billing/dunning';
import { contractActions } from '../../domain/contract/allowed-actions';
import { lastDay, stateAt, statusOf, statusOfState, warningsOf } from '../../domain/contract/contract';
import type { ContractFacts, QuotaWarning } from '../../domain/contract/facts';
import { nextBoundary } from '../../domain/contract/boundary';
import { laterOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { isUnpaid } from '../../domain/billing/invoice';
import { mayGenerateIn } from '../../domain/contract/operations';
import { quotaOf } from '../../domain/contract/quota';
import { quotaWarnings } from '../../domain/contract/quota-notice';
import type { NoticedQuota } from '../../domain/contract/quota-notice';
import { noticeDate } from '../../domain/contract/renewal';
import { factsOf } from '../../db/contract/contract';
import type { ContractKeySummary, ContractListRow, ShownContract } from '../../db/contract/contract';
import { contractWorkflowId } from '../../temporal/ids';
import { shownUrl } from '../webhook/webhook-endpoint-presenter';
import { CONTRACT_ACTIONS } from './contract-actions';

/** Who sees a contract, and the public URL of the API. */
export interface ContractViewer {
  caller: Caller;
  publicUrl: string;
}

/** Unpaid invoices shown with a contract. */
const INVOICES_SHOWN_MAX = 100;

/**
 * Presents a contract without due boundaries at an instant; for a contract on a test clock, at the time of that clock. The instant
 * is never before `settled_until`: when the clock of this process is behind, it still shows what another process settled.
 */
export function presentContract(row: ShownContract, now: Instant, viewer: ContractViewer) {
  return presentFacts(factsOf(row), row, laterOf(row.clock_now ?? now, row.settled_until), viewer);
}

/** Presents the facts as a contract; a dry run passes facts that are not stored. */
export function presentFacts(
  facts: ContractFacts,
  row: Pick<
    ShownContract,
    | 'quota_runs_out_on'
    | 'reserved'
    | 'open_jobs'
    | 'open_holds'
    | 'updated_at'
    | 'api_key'
    | 'pool'
    | 'pool_warnings'
    | 'webhook_warnings'
    | 'limit_warnings'
    | 'webhook_endpoint'
    | 'revocation_id'
  >,
  now: Instant,
  { caller, publicUrl }: ContractViewer,
) {
  const state = stateAt(facts, now);
  const noticed = { ...facts.quota, runs_out_on: row.quota_runs_out_on };
  const about_quota = quotaWarnings(noticed, mayGenerateIn(state, facts));
  return {
    id: facts.id,
    name: facts.name,
    type: facts.type,
    environment: facts.environment,
    product_id: facts.product_id,
    generator_id: facts.generator_id,
    customer_id: facts.customer_id,
    account_manager: facts.account_manager,
    state,
    ...statusOf(facts, now),
    warnings: [...warningsOf(facts, now), ...about_quota, ...readWarnings(row)],
    allowed_actions: CONTRACT_ACTIONS.present(contractActions(facts, row, now), caller),
    quota: presentQuota(noticed, row.reserved, about_quota),
    pool: row.pool,
    start_date: facts.start_date,
    term: {
      number: facts.term_number,
      length: facts.term_length,
      start_date: facts.term_start_date ?? facts.start_date,
      end_date: facts.end_date,
      last_day: lastDay(facts),
    },
    expiry_grace_days: facts.expiry_grace_days,
    timezone: facts.timezone,
    grace_allows_generation: facts.grace_allows_generation,
    renewal: { ...facts.renewal, notice_date: noticeDate(facts), blocked: facts.renewal_blocked },
    dunning: facts.dunning,
    dunning_exempt: facts.dunning_exempt,
    rate_limits: facts.rate_limits,
    low_water: facts.low_water,
    min_remaining_validity: facts.min_remaining_validity,
    auto_replenish: facts.auto_replenish,
    billing: { ...billingStanding(facts, now), unpaid_invoices: unpaidInvoices(facts) },
    termination: terminationOf(facts, row),
    pending_amendments: facts.amendments.filter(({ status }) => status === 'pending').length,
    test_clock_id: facts.test_clock_id,
    next_boundary: nextBoundary(facts),
    holds: facts.holds
      .filter(({ lifted_at }) => lifted_at === null)
      .map(({ source, code, placed_at, resume_at, placed_by, note }) => ({
        source,
        code,
        placed_at,
        resume_at,
        placed_by,
        note,
      })),
    feature_overrides: facts.feature_overrides,
    activation_limit: facts.activation_limit,
    expiry: facts.expiry,
    cap_expiry_at_contract_end: facts.cap_expiry_at_contract_end,
    device_lease_minutes: facts.device_lease_minutes,
    on_suspend: facts.on_suspend,
    api_access: presentApiAccess(facts, row.api_key, publicUrl),
    ip_allowlist: facts.ip_allowlist,
    webhook_url: row.webhook_endpoint && shownUrl(row.webhook_endpoint.url, caller),
    webhook_endpoint: row.webhook_endpoint && { id: row.webhook_endpoint.id, status: row.webhook_endpoint.status },
    metadata: facts.metadata,
    activated_at: facts.activated_at,
    workflow_id: contractWorkflowId(facts.id),
    revision: facts.revision,
    created_at: facts.created_at,
    created_by: facts.created_by,
    updated_at: row.updated_at,
  };
}

/** The quota with the day on which it is used up, while the contract has a warning about it. */
/** The warnings that are read with the row and follow from other rows. */
function readWarnings(row: Pick<ShownContract, 'pool_warnings' | 'webhook_warnings' | 'limit_warnings'>) {
  return [...row.pool_warnings, ...row.webhook_warnings, ...row.limit_warnings];
}

function presentQuota(quota: NoticedQuota, reserved: number, warnings: readonly QuotaWarning[]) {
  const runs_out_on = warnings.includes('QUOTA_RUNS_OUT') ? quota.runs_out_on : null;
  return { ...quotaOf(quota, reserved), runs_out_on };
}

/** API access with what identifies the key. The key itself is in the response that creates it, and in that of `reveal`. */
function presentApiAccess(facts: ContractFacts, api_key: ContractKeySummary | null, publicUrl: string) {
  const kind = contractKeyKind(facts.environment);
  return {
    enabled: facts.api_access,
    masked_key: api_key && maskedApiKey(kind, api_key.key_id, api_key.last_four),
    endpoint_url: generateUrl(publicUrl, facts.id),
    last_used_at: api_key && api_key.last_used_at,
  };
}

/** The URL at which a partner generates licenses. */
export function generateUrl(publicUrl: string, contract_id: string): string {
  return `${publicUrl}/api/v1/contracts/${contract_id}/generate`;
}

function unpaidInvoices({ invoices }: ContractFacts) {
  return invoices
    .filter(isUnpaid)
    .slice(0, INVOICES_SHOWN_MAX)
    .map(({ source, invoice_id, status, due_date, disputed_on }) => ({
      source,
      invoice_id,
      status,
      due_date,
      disputed_on,
    }));
}

function terminationOf(
  { terminated_at, termination_code, termination_reason }: ContractFacts,
  { revocation_id }: Pick<ShownContract, 'revocation_id'>,
) {
  if (terminated_at === null) return null;
  return { at: terminated_at, by: termination_code?.toLowerCase(), reason: termination_reason ?? '', revocation_id };
}

/** Presents a contract of a list by its stored state, which can be up to two minutes old (decisions 4). */
export function presentContractListItem(row: ContractListRow) {
  const noticed = { total: row.quota_total, claimed: row.quota_claimed, runs_out_on: row.quota_runs_out_on };
  const about_quota = quotaWarnings(noticed, row.may_generate);
  return {
    id: row.id,
    name: row.name,
    type: row.type,
    environment: row.environment,
    product_id: row.product_id,
    generator_id: row.generator_id,
    customer_id: row.customer_id,
    state: row.state,
    ...statusOfState(row.state, row.hold_code),
    warnings: [...row.warnings, ...about_quota, ...readWarnings(row)],
    quota: presentQuota(noticed, row.reserved, about_quota),
    revision: row.revision,
    created_at: row.created_at,
    created_by: row.created_by,
    updated_at: row.updated_at,
  };
}
