/**
 * What each state of a contract allows: one table for every operation (domain.md 2.2), asked by whoever carries one out.
 */
import { billingLevel, isAtLeast } from '../billing/dunning';
import { lastDay, stateAt, statusOf } from './contract';
import { CONTRACT_STATES } from './facts';
import type { ContractFacts, ContractState } from './facts';
import type { Instant } from '../base/instant';
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';

/**
 * yes · no · test: test licenses only · grace: only where `grace_allows_generation` says so · suspension and pause: by
 * the contract's policy for licenses that are out, or for modules · rotate: rotating only · late: within the days of late
 * renewal · unauthenticated: the key is not known any more · none: there is nothing to do it to.
 */
export type Permission =
  'yes' | 'no' | 'test' | 'grace' | 'suspension' | 'pause' | 'rotate' | 'late' | 'unauthenticated' | 'none';

/** Its columns are the states, in the order of `CONTRACT_STATES`. */
type Row = readonly [
  Permission,
  Permission,
  Permission,
  Permission,
  Permission,
  Permission,
  Permission,
  Permission,
  Permission,
  Permission,
];

// prettier-ignore
const ROWS = {
  //                      DRAFT   SCHED  ACTIVE PAST_DUE GRACE    PAUSED   SUSP          EXPIRED   TERM               DELETED
  generate_by_admin:    ['test', 'no',  'yes', 'yes',   'grace', 'no',    'no',         'no',     'no',              'no'],
  generate_by_key:      ['test', 'no',  'yes', 'yes',   'grace', 'no',    'no',         'no',     'no',              'unauthenticated'],
  replenish:            ['no',   'no',  'yes', 'yes',   'no',    'no',    'no',         'no',     'no',              'no'],
  grab_from_pool:       ['no',   'no',  'yes', 'yes',   'no',    'no',    'no',         'no',     'no',              'unauthenticated'],
  assign_license:       ['none', 'no',  'yes', 'yes',   'yes',   'yes',   'yes',        'yes',    'yes',             'yes'],
  validate_license:     ['none', 'none','yes', 'yes',   'yes',   'yes',   'yes',        'yes',    'yes',             'yes'],
  activate_license:     ['none', 'none','yes', 'yes',   'yes',   'yes',   'suspension', 'yes',    'yes',             'yes'],
  use_module:           ['no',   'no',  'yes', 'yes',   'yes',   'pause', 'no',         'no',     'no',              'no'],
  read_usage_by_key:    ['yes',  'yes', 'yes', 'yes',   'yes',   'yes',   'yes',        'yes',    'unauthenticated', 'unauthenticated'],
  edit_particulars:     ['yes',  'yes', 'yes', 'yes',   'yes',   'yes',   'yes',        'yes',    'no',              'no'],
  edit_terms:           ['yes',  'yes', 'yes', 'yes',   'yes',   'yes',   'no',         'no',     'no',              'no'],
  raise_quota:          ['yes',  'yes', 'yes', 'no',    'yes',   'yes',   'no',         'no',     'no',              'no'],
  renew:                ['no',   'no',  'yes', 'no',    'yes',   'yes',   'no',         'late',   'no',              'no'],
  rotate_or_reveal_key: ['yes',  'yes', 'yes', 'yes',   'yes',   'yes',   'rotate',     'rotate', 'no',              'no'],
  delete:               ['yes',  'yes', 'no',  'no',    'yes',   'yes',   'yes',        'yes',    'yes',             'no'],
} as const satisfies Record<string, Row>;

export type ContractOperation = keyof typeof ROWS;
export const CONTRACT_OPERATIONS = Object.keys(ROWS) as ContractOperation[];

/** What the table says of an operation in a state. */
export function permissionFor(operation: ContractOperation, state: ContractState): Permission {
  return ROWS[operation][CONTRACT_STATES.indexOf(state)] as Permission;
}

/**
 * The refusal of an operation in the contract's state; null when the state allows it, as far as a policy does not say
 * otherwise. Whoever owes money gets nothing that adds value, whatever else the state is (decisions 3).
 */
export function operationRefusal(operation: ContractOperation, facts: ContractFacts, now: Instant): Refusal | null {
  const permission = permissionFor(operation, stateAt(facts, now));
  const adds_value = operation === 'raise_quota' || operation === 'renew';
  if (permission === 'no') return inactiveRefusal(facts, now);
  return adds_value ? owingRefusal(facts, now) : null;
}

/** Refuses whatever adds value to a contract whose bills are overdue: `CHANGES_BLOCKED_PAST_DUE` (T4). */
export function owingRefusal(facts: ContractFacts, now: Instant): Refusal | null {
  if (!isAtLeast(billingLevel(facts, now), 'GRACE')) return null;
  return refuse('CHANGES_BLOCKED_PAST_DUE', { state: stateAt(facts, now), past_due_since: facts.past_due_since });
}

/** Why a contract takes no part in what only running contracts do, by its state (domain.md 3.3, decisions 17). */
export function inactiveRefusal(facts: ContractFacts, now: Instant): Refusal {
  const state = stateAt(facts, now);
  const { inactive_reason } = statusOf(facts, now);
  // CONTRACT_INACTIVE is always among the reasons, so that a client can switch on it alone.
  switch (state) {
    case 'EXPIRED':
      return refuse('CONTRACT_EXPIRED', { end_date: facts.end_date, last_day: lastDay(facts) }, ['CONTRACT_INACTIVE']);
    case 'TERMINATED':
      return refuse('CONTRACT_TERMINATED', { terminated_at: facts.terminated_at, reason: facts.termination_reason }, [
        'CONTRACT_INACTIVE',
      ]);
    case 'PAST_DUE':
      return refuse('CHANGES_BLOCKED_PAST_DUE', { state, past_due_since: facts.past_due_since });
    default:
      if (inactive_reason === 'BILLING_SUSPENDED')
        return refuse('BILLING_SUSPENDED', { inactive_reason, state }, ['CONTRACT_INACTIVE']);
      return refuse('CONTRACT_INACTIVE', { inactive_reason, state, remedy: remedyFor(facts, state) });
  }
}

function remedyFor(facts: ContractFacts, state: ContractState): string {
  const remedies: Partial<Record<ContractState, string>> = {
    DRAFT: 'Activate the contract, or ask for test licenses with "test": true.',
    SCHEDULED: `It starts on ${facts.start_date}.`,
    EXPIRY_GRACE: 'Its term has ended: renew it.',
    PAUSED: 'Resume it.',
    SUSPENDED: 'Release its compliance hold.',
  };
  return remedies[state] ?? '';
}
