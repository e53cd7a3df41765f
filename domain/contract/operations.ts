/**
 * What each state of a contract allows: one table for every operation (domain.md 1.4, 1.6, 1.7, 2.2). Commands, generation,
 * `may_generate`, the automatic renewal and `allowed_actions` all read it.
 *
 * An operation gets its row together with the code that runs it, not before.
 */
import { billingLevel, isAtLeast } from '../billing/dunning';
import { lastDay, openHold, stateAt, statusOfState } from './contract';
import { CONTRACT_STATES } from './facts';
import type { ContractFacts, ContractState } from './facts';
import type { Instant } from '../base/instant';
import { refuse } from '../base/refusal';
import type { Refusal, RefusalCode } from '../base/refusal';

/**
 * yes · no · test: test licenses only · grace: only if `grace_allows_generation` is set · late: within the days of late renewal
 * · lower: only changes that reduce the contract · done: already true, so the command changes nothing.
 */
export type Permission = 'yes' | 'no' | 'test' | 'grace' | 'late' | 'lower' | 'done';

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
  //                     DRAFT   SCHED   ACTIVE  PAST_DUE GRACE    PAUSED  SUSP     EXPIRED TERM    DELETED
  generate:             ['test', 'no',   'yes',  'yes',   'grace', 'no',   'no',    'no',   'no',   'no'],
  grab:                 ['no',   'no',   'yes',  'yes',   'no',    'no',   'no',    'no',   'no',   'no'],
  replenish:            ['no',   'no',   'yes',  'yes',   'no',    'no',   'no',    'no',   'no',   'no'],
  schedule:             ['yes',  'yes',  'yes',  'yes',   'yes',   'yes',  'yes',   'no',   'no',   'no'],
  resume_job:           ['yes',  'yes',  'yes',  'yes',   'yes',   'yes',  'yes',   'no',   'no',   'no'],
  edit_particulars:     ['yes',  'yes',  'yes',  'yes',   'yes',   'yes',  'yes',   'yes',  'no',   'no'],
  edit_terms:           ['yes',  'yes',  'yes',  'yes',   'yes',   'yes',  'no',    'no',   'no',   'no'],
  edit_dates:           ['yes',  'no',   'no',   'no',    'no',    'no',   'no',    'no',   'no',   'no'],
  raise_quota:          ['yes',  'yes',  'yes',  'no',    'yes',   'yes',  'no',    'no',   'no',   'no'],
  amend:                ['no',   'yes',  'yes',  'yes',   'yes',   'yes',  'lower', 'no',   'no',   'no'],
  activate:             ['yes',  'done', 'done', 'done',  'no',    'no',   'no',    'no',   'no',   'no'],
  set_active:           ['yes',  'no',   'done', 'done',  'no',    'yes',  'no',    'no',   'no',   'no'],
  pause:                ['no',   'yes',  'yes',  'yes',   'yes',   'yes',  'yes',   'no',   'no',   'no'],
  resume:               ['no',   'yes',  'yes',  'yes',   'yes',   'yes',  'yes',   'no',   'no',   'no'],
  compliance_hold:      ['no',   'yes',  'yes',  'yes',   'yes',   'yes',  'yes',   'no',   'no',   'no'],
  compliance_release:   ['yes',  'yes',  'yes',  'yes',   'yes',   'yes',  'yes',   'yes',  'no',   'no'],
  renew:                ['no',   'no',   'yes',  'no',    'yes',   'yes',  'no',    'late', 'no',   'no'],
  renew_automatically:  ['no',   'no',   'yes',  'no',    'yes',   'no',   'no',    'no',   'no',   'no'],
  opt_out:              ['no',   'yes',  'yes',  'yes',   'yes',   'yes',  'yes',   'no',   'no',   'no'],
  terminate:            ['yes',  'yes',  'yes',  'yes',   'yes',   'yes',  'yes',   'yes',  'done', 'no'],
  reinstate:            ['no',   'no',   'no',   'no',    'no',    'no',   'no',    'no',   'yes',  'no'],
  reveal_api_key:       ['yes',  'yes',  'yes',  'yes',   'yes',   'yes',  'no',    'no',   'no',   'no'],
  rotate_api_key:       ['yes',  'yes',  'yes',  'yes',   'yes',   'yes',  'yes',   'yes',  'no',   'no'],
  delete:               ['yes',  'yes',  'no',   'no',    'yes',   'yes',  'yes',   'yes',  'yes',  'no'],
} as const satisfies Record<string, Row>;

export type ContractOperation = keyof typeof ROWS;
export const CONTRACT_OPERATIONS = Object.keys(ROWS) as ContractOperation[];

/** Builds the refusal of an operation that the row of the state does not allow. */
type RefuseIn = (facts: ContractFacts, now: Instant, state: ContractState) => Refusal;

const REFUSE: Record<ContractOperation, RefuseIn> = {
  generate: inactiveRefusal,
  grab: inactiveRefusal,
  replenish: inactiveRefusal,
  schedule: inactiveRefusal,
  resume_job: inactiveRefusal,
  edit_particulars: inactiveRefusal,
  edit_terms: inactiveRefusal,
  edit_dates: () => frozenRefusal('start_date'),
  raise_quota: inactiveRefusal,
  amend: (facts, now, state) =>
    state === 'DRAFT'
      ? refuse('AMENDMENT_NOT_POSSIBLE', { why: 'A draft is edited, not amended.' })
      : inactiveRefusal(facts, now, state),
  activate: transitionTo('activate'),
  set_active: transitionTo('status: active'),
  pause: transitionTo('pause'),
  resume: transitionTo('resume'),
  compliance_hold: transitionTo('compliance-hold'),
  compliance_release: transitionTo('compliance-release'),
  renew: inactiveRefusal,
  renew_automatically: inactiveRefusal,
  opt_out: transitionTo('opt-out'),
  terminate: transitionTo('terminate'),
  reinstate: transitionTo('reinstate'),
  reveal_api_key: inactiveRefusal,
  rotate_api_key: inactiveRefusal,
  delete: (facts) => refuse('CONTRACT_ACTIVE', { contract_id: facts.id }),
};

/** Operations that add value to a contract. They are refused while invoices are overdue, in every state (T4). */
const ADDS_VALUE: readonly ContractOperation[] = ['raise_quota', 'renew'];

/** The permission of an operation in a state. */
export function permissionFor(operation: ContractOperation, state: ContractState): Permission {
  return ROWS[operation][CONTRACT_STATES.indexOf(state)] as Permission;
}

/**
 * The refusal of an operation in the contract's state; null when the state allows it or it is already done. A policy of the
 * contract may still refuse it. Pass `state` when it is known, so that it is not derived again.
 */
export function operationRefusal(
  operation: ContractOperation,
  facts: ContractFacts,
  now: Instant,
  state: ContractState = stateAt(facts, now),
): Refusal | null {
  const permission = permissionFor(operation, state);
  const is_refused =
    permission === 'no' || permission === 'test' || (permission === 'grace' && !facts.grace_allows_generation);
  if (is_refused) return state === 'DELETED' ? deletedRefusal(facts) : REFUSE[operation](facts, now, state);
  return ADDS_VALUE.includes(operation) ? overdueRefusal(facts, now, state) : null;
}

/**
 * Whether a contract generates licenses in a state: while it is active or past due, and in its grace period if the contract
 * allows that (2.2). The column `may_generate` stores this value.
 */
export function mayGenerateIn(
  state: ContractState,
  { grace_allows_generation }: Pick<ContractFacts, 'grace_allows_generation'>,
): boolean {
  const permission = permissionFor('generate', state);
  return permission === 'yes' || (permission === 'grace' && grace_allows_generation);
}

/** The refusal of test licenses, which only a draft gives (C3); null in a draft. */
export function testLicensesRefusal(
  facts: ContractFacts,
  now: Instant,
  state: ContractState = stateAt(facts, now),
): Refusal | null {
  if (permissionFor('generate', state) === 'test') return null;
  const remedy = 'Test licenses are for drafts; leave "test" out to generate real ones.';
  return (
    operationRefusal('generate', facts, now, state) ??
    refuse('INVALID_STATE_TRANSITION', { from: state, action: 'generate test licenses', remedy })
  );
}

/** Why no license can be taken from the pool of the contract, whatever is in it; null when they can (domain.md 2.2). */
export function grabRefusal(
  facts: ContractFacts,
  now: Instant,
  state: ContractState = stateAt(facts, now),
): Refusal | null {
  if (facts.type !== 'pool') return refuse('NOT_A_POOL', { type: facts.type });
  return operationRefusal('grab', facts, now, state);
}

/** Refuses operations that add value to a contract with overdue invoices: `CHANGES_BLOCKED_PAST_DUE` (T4). */
export function overdueRefusal(
  facts: ContractFacts,
  now: Instant,
  state: ContractState = stateAt(facts, now),
): Refusal | null {
  if (!isAtLeast(billingLevel(facts, now), 'GRACE')) return null;
  return refuse('CHANGES_BLOCKED_PAST_DUE', { state, past_due_since: facts.past_due_since });
}

/** Refuses a new value for a field that is fixed by activation. */
export function frozenRefusal(field: string): Refusal {
  return refuse('IMMUTABLE_FIELD', { field, when: 'after activation' });
}

/** The refusal of every operation on a deleted contract. Its metadata names what remains of the contract (domain.md 1.9). */
export function deletedRefusal(contract: {
  id: string;
  name: string;
  deleted_at: Instant | null;
  deleted_by?: string | null;
}): Refusal {
  const { id, name: last_name, deleted_at, deleted_by } = contract;
  return refuse(CODE_WHEN_OVER.DELETED, {
    id,
    last_name,
    deleted_at,
    ...(deleted_by === undefined ? {} : { deleted_by }),
  });
}

/** The code of a contract that is over, by its state. */
const CODE_WHEN_OVER = {
  EXPIRED: 'CONTRACT_EXPIRED',
  TERMINATED: 'CONTRACT_TERMINATED',
  DELETED: 'CONTRACT_DELETED',
} as const satisfies Partial<Record<ContractState, RefusalCode>>;

/** The refusal code of a state for resuming a job, when only the state is known; null when the state allows it. */
export function resumptionCode(state: ContractState): RefusalCode | null {
  if (permissionFor('resume_job', state) === 'yes') return null;
  return state in CODE_WHEN_OVER ? CODE_WHEN_OVER[state as keyof typeof CODE_WHEN_OVER] : 'CONTRACT_INACTIVE';
}

/** The refusal of an operation that needs a running contract, by the state of the contract (domain.md 3.3, decisions 17). */
export function inactiveRefusal(facts: ContractFacts, now: Instant, state: ContractState): Refusal {
  const { inactive_reason } = statusOfState(state, openHold(facts, now)?.code ?? null);
  // CONTRACT_INACTIVE is always among the reasons, so that a client can check this code alone.
  switch (state) {
    case 'EXPIRED':
      return refuse(CODE_WHEN_OVER.EXPIRED, { end_date: facts.end_date, last_day: lastDay(facts) }, [
        'CONTRACT_INACTIVE',
      ]);
    case 'TERMINATED':
      return refuse(
        CODE_WHEN_OVER.TERMINATED,
        { terminated_at: facts.terminated_at, reason: facts.termination_reason },
        ['CONTRACT_INACTIVE'],
      );
    case 'PAST_DUE':
      return refuse('CHANGES_BLOCKED_PAST_DUE', { state, past_due_since: facts.past_due_since });
    default:
      if (inactive_reason === 'BILLING_SUSPENDED')
        return refuse('BILLING_SUSPENDED', { inactive_reason, state }, ['CONTRACT_INACTIVE']);
      return refuse('CONTRACT_INACTIVE', { inactive_reason, state, remedy: remedyFor(facts, now, state) });
  }
}

/** 409 for a transition that is not possible, with the action that is possible instead (domain.md 2.1). */
export function transitionRefusal(
  facts: ContractFacts,
  now: Instant,
  action: string,
  from: ContractState = stateAt(facts, now),
): Refusal {
  const { start_date, end_date } = facts;
  const remedy = remedyFor(facts, now, from);
  return refuse('INVALID_STATE_TRANSITION', { from, action, ...(remedy ? { remedy } : {}), start_date, end_date });
}

function transitionTo(action: string): RefuseIn {
  return (facts, now, state) => transitionRefusal(facts, now, action, state);
}

/** What a person can do about the state that refuses an operation; empty when nothing has to be done. */
function remedyFor(facts: ContractFacts, now: Instant, state: ContractState): string {
  const suspended_by = openHold(facts, now)?.source;
  const remedies: Partial<Record<ContractState, string>> = {
    DRAFT: 'Activate it first. A draft generates test licenses only ("test": true), and imports none.',
    SCHEDULED: `It starts automatically on ${facts.start_date}.`,
    EXPIRY_GRACE: `Its term ended on ${facts.end_date}: renew it.`,
    PAUSED: 'Resume it.',
    SUSPENDED:
      suspended_by === 'compliance'
        ? 'Release its compliance hold.'
        : 'Its open invoices must be paid; it is then reinstated automatically.',
    EXPIRED: `Its term ended on ${facts.end_date}: renew it or create a new contract.`,
    TERMINATED: 'Reinstate it within 30 days, or create a new contract.',
  };
  return remedies[state] ?? '';
}
