/** What can be done to a generation job now, asked of the same functions that carry it out. */
import { resumptionCode } from '../contract/operations';
import type { ContractState } from '../contract/facts';
import { claimRefusal } from '../contract/quota';
import type { QuotaCounters } from '../contract/quota';
import { allowedUnless, isRefusal } from '../base/refusal';
import type { Allowed } from '../base/refusal';
import { cancelDecision, resumeDecision } from './generation-job';
import type { JobState } from './generation-job';

/** A job with as much of its contract as its actions depend on. */
export interface JobStanding {
  state: JobState;
  requested: number;
  completed: number;
  /** As it is stored. */
  contract_state: ContractState;
  quota: QuotaCounters;
}

export type JobActionName = 'cancel' | 'resume';

/** Each action on a job: true, or the code of its refusal. */
export function jobActions(job: JobStanding): Record<JobActionName, Allowed> {
  const cancelled = cancelDecision(job.state);
  return { cancel: isRefusal(cancelled) ? cancelled.code : true, resume: resumption(job) };
}

function resumption({ state, requested, completed, contract_state, quota }: JobStanding): Allowed {
  if (contract_state === 'DELETED') return 'CONTRACT_DELETED';
  const resumed = resumeDecision(state);
  if (isRefusal(resumed)) return resumed.code;
  return resumptionCode(contract_state) ?? allowedUnless(claimRefusal(quota, 0, requested - completed));
}
