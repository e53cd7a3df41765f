/** A contract as a person edits it: the fields of a request, each with a value. */
import { sameValue } from '../base/conflict-fields';
import type { components } from '../base/interface';
import type { Contract } from './states';

export type ContractCreate = components['schemas']['ContractCreate'];
export type ContractEdit = components['schemas']['ContractEdit'];

type Limits = { per_minute: number | null; per_hour: number | null; per_day: number | null };

/** Every field of a request that creates a contract. */
export interface ContractBody {
  name: string;
  type: ContractCreate['type'];
  status: ContractCreate['status'];
  product_id: string;
  generator_id: string;
  quota: number;
  customer_id: string | null;
  account_manager: string | null;
  feature_overrides: Record<string, unknown>;
  activation_limit: number | 'unlimited' | null;
  expiry: Expiry;
  cap_expiry_at_contract_end: boolean;
  device_lease_minutes: number | null;
  on_suspend: NonNullable<ContractCreate['on_suspend']>;
  timezone: string;
  start_date: string | null;
  end_date: string | null;
  term: string | null;
  expiry_grace_days: number;
  grace_allows_generation: boolean;
  renewal: Required<NonNullable<ContractCreate['renewal']>>;
  dunning: Required<NonNullable<ContractCreate['dunning']>>;
  dunning_exempt: boolean;
  rate_limits: Limits & { licenses: Limits };
  low_water: number;
  min_remaining_validity: string | null;
  auto_replenish: { target: number } | null;
  test_clock_id: string | null;
  api_access: boolean;
  ip_allowlist: string[];
  webhook_url: string | null;
  metadata: Record<string, unknown>;
}

export type ExpiryBasis = 'generation' | 'assignment' | 'first_activation';
export type Expiry = { duration: string; basis: ExpiryBasis } | { date: string } | null;

const NO_LIMITS: Limits = { per_minute: null, per_hour: null, per_day: null };

/** What a new contract has before anything is entered: the defaults of the interface. Test: they are the same. */
export const NEW_CONTRACT: ContractBody = {
  name: '',
  type: 'standard',
  // A draft can be tried with test licenses before it is activated.
  status: 'inactive',
  product_id: '',
  generator_id: '',
  quota: 100,
  customer_id: null,
  account_manager: null,
  feature_overrides: {},
  activation_limit: null,
  expiry: null,
  cap_expiry_at_contract_end: false,
  device_lease_minutes: null,
  on_suspend: { issued_licenses: 'keep' },
  timezone: 'UTC',
  start_date: null,
  end_date: null,
  term: null,
  expiry_grace_days: 0,
  grace_allows_generation: false,
  renewal: {
    mode: 'manual',
    term: null,
    notice_days: 30,
    opt_out_at: null,
    quota_effect: null,
    max_renewals: null,
    coterm_with: null,
    late_renewal_days: 90,
  },
  dunning: { past_due_days: 1, suspend_days: 14, terminate_days: 60 },
  dunning_exempt: false,
  rate_limits: { ...NO_LIMITS, licenses: NO_LIMITS },
  low_water: 100,
  min_remaining_validity: null,
  auto_replenish: null,
  test_clock_id: null,
  api_access: false,
  ip_allowlist: [],
  webhook_url: null,
  metadata: {},
};

/** The fields of a contract that exists. An end that follows from a term is not a field. */
export function bodyOfContract(contract: Contract): ContractBody {
  const { renewal, term, quota, api_access } = contract;
  const { opt_out_term: _term, notice_date: _date, blocked: _blocked, ...policy } = renewal;
  const { per_minute, per_hour, per_day, licenses } = contract.rate_limits;
  return {
    name: contract.name,
    type: contract.type,
    status: contract.status,
    product_id: contract.product_id,
    generator_id: contract.generator_id,
    quota: quota.total,
    customer_id: contract.customer_id,
    account_manager: contract.account_manager,
    feature_overrides: contract.feature_overrides,
    activation_limit: contract.activation_limit,
    expiry: contract.expiry as Expiry,
    cap_expiry_at_contract_end: contract.cap_expiry_at_contract_end,
    device_lease_minutes: contract.device_lease_minutes,
    on_suspend: contract.on_suspend,
    timezone: contract.timezone,
    start_date: contract.start_date,
    end_date: term.length === null ? term.end_date : null,
    term: term.length,
    expiry_grace_days: contract.expiry_grace_days,
    grace_allows_generation: contract.grace_allows_generation,
    renewal: policy,
    dunning: contract.dunning,
    dunning_exempt: contract.dunning_exempt,
    rate_limits: { per_minute, per_hour, per_day, licenses },
    low_water: contract.low_water,
    min_remaining_validity: contract.min_remaining_validity,
    auto_replenish: contract.auto_replenish,
    test_clock_id: contract.test_clock_id,
    api_access: api_access.enabled,
    ip_allowlist: contract.ip_allowlist,
    webhook_url: contract.webhook_url,
    metadata: contract.metadata,
  };
}

/** The edit that leads from one body to another: only fields that differ, so that an edit never touches what it does not mean. */
export function changesOf(before: ContractBody, after: ContractBody): ContractEdit {
  const names = Object.keys(after) as (keyof ContractBody)[];
  const changed = names.filter((name) => !sameValue(before[name], after[name]));
  return Object.fromEntries(changed.map((name) => [name, after[name]]));
}
