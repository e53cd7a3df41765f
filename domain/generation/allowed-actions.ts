/** The actions that a generation job allows now, decided by the functions that carry them out. */
import type { JobExecution } from '../base/channel';
import { resumptionCode } from '../contract/operations';
import type { ContractState } from '../contract/facts';
import { claimRefusal } from '../contract/quota';
import type { QuotaCounters } from '../contract/quota';
import { allowedUnless, isRefusal } from '../base/refusal';
import type { Allowed } from '../base/refusal';
import { cancelDecision, resumeDecision } from './generation-job';
import type { JobState } from './generation-job';

/** A job with the facts of its contract that its actions depend on. */
export interface JobWithContract {
  state: JobState;
  execution: JobExecution;
  requested: number;
  completed: number;
  /** The stored state of the contract. */
  contract_state: ContractState;
  quota: QuotaCounters;
}

export type JobActionName = 'cancel' | 'resume';

/** Each action on a job: true, or the code of its refusal. */
export function jobActions(job: JobWithContract): Record<JobActionName, Allowed> {
  const cancelled = cancelDecision(job.state);
  return { cancel: isRefusal(cancelled) ? cancelled.code : true, resume: resumeAllowed(job) };
}

function resumeAllowed({ state, execution, requested, completed, contract_state, quota }: JobWithContract): Allowed {
  if (contract_state === 'DELETED') return 'CONTRACT_DELETED';
  const resumed = resumeDecision(state, execution);
  if (isRefusal(resumed)) return resumed.code;
  return resumptionCode(contract_state) ?? allowedUnless(claimRefusal(quota, 0, requested - completed));
}
