/**
 * The actions that a contract allows now, decided by the functions that carry them out.
 *
 * They depend on the contract alone: its state, its invoices, its quota, its open jobs. What depends on the input (a confirmed
 * name, a number that is too large) or on other data (the catalogue, the contract to co-term with) is decided when the action
 * is called.
 */
import { revealKeyRefusal, rotateKeyRefusal } from './api-access';
import { activateRefusal } from './creation';
import { deleteRefusal, reinstateRefusal } from './ending';
import { expiryRefusal } from './expiry';
import type { Amendment, ContractFacts } from './facts';
import { releaseRefusal } from './hold';
import { grabRefusal, operationRefusal, testLicensesRefusal } from './operations';
import { claimRefusal } from './quota';
import { optOutRefusal, renewRefusal } from './renewal-command';
import { stateAt } from './contract';
import type { Instant } from '../base/instant';
import { allowedUnless } from '../base/refusal';
import type { Allowed, Refusal } from '../base/refusal';

export const CONTRACT_ACTION_NAMES = [
  'generate',
  'generate_test',
  'grab',
  'schedule',
  'edit_particulars',
  'edit_terms',
  'edit_dates',
  'raise_quota',
  'amend',
  'activate',
  'pause',
  'resume',
  'compliance_hold',
  'compliance_release',
  'renew',
  'opt_out',
  'terminate',
  'reinstate',
  'reveal_api_key',
  'rotate_api_key',
  'delete',
] as const;
export type ContractActionName = (typeof CONTRACT_ACTION_NAMES)[number];

/** The licenses that the unfinished jobs of a contract have reserved, the number of these jobs, and of open holds of its pool. */
export interface OpenJobs {
  reserved: number;
  open_jobs: number;
  /** How many orders hold licenses of its pool. */
  open_holds: number;
}

/**
 * Each action on a contract settled at `now`: true, or the code of its refusal. An action that is already done counts as
 * allowed.
 */
export function contractActions(
  facts: ContractFacts,
  { reserved, open_jobs, open_holds }: OpenJobs,
  now: Instant,
): Record<ContractActionName, Allowed> {
  const state = stateAt(facts, now);
  const refusals: Record<ContractActionName, Refusal | null> = {
    generate:
      operationRefusal('generate', facts, now, state) ??
      expiryRefusal(facts, now) ??
      claimRefusal(facts.quota, reserved, 1),
    generate_test: testLicensesRefusal(facts, now, state),
    grab: grabRefusal(facts, now, state),
    schedule: operationRefusal('schedule', facts, now, state),
    edit_particulars: operationRefusal('edit_particulars', facts, now, state),
    edit_terms: operationRefusal('edit_terms', facts, now, state),
    edit_dates: operationRefusal('edit_dates', facts, now, state),
    raise_quota: operationRefusal('raise_quota', facts, now, state),
    amend: operationRefusal('amend', facts, now, state),
    activate: activateRefusal(facts, now, state),
    pause: operationRefusal('pause', facts, now, state),
    resume: operationRefusal('resume', facts, now, state),
    compliance_hold: operationRefusal('compliance_hold', facts, now, state),
    compliance_release: releaseRefusal(facts, now, state),
    renew: renewRefusal(facts, now, state),
    opt_out: optOutRefusal(facts, now, state),
    terminate: operationRefusal('terminate', facts, now, state),
    reinstate: reinstateRefusal(facts, now, state),
    reveal_api_key: revealKeyRefusal(facts, now, state),
    rotate_api_key: rotateKeyRefusal(facts, now, state),
    delete: deleteRefusal(facts, { open_jobs, open_holds }, now, state),
  };
  return Object.fromEntries(CONTRACT_ACTION_NAMES.map((action) => [action, allowedUnless(refusals[action])])) as Record<
    ContractActionName,
    Allowed
  >;
}

/** The actions on an amendment. A pending amendment can be withdrawn, and withdrawing it again changes nothing. */
export function amendmentActions({ status }: Pick<Amendment, 'status'>): Record<'withdraw', Allowed> {
  return { withdraw: status === 'pending' || status === 'cancelled' ? true : 'AMENDMENT_NOT_PENDING' };
}
