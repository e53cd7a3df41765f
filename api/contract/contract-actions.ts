/** The actions upon a contract and upon an amendment, with the operations that carry them out. */
import type { ContractActionName } from '../../domain/contract/allowed-actions';
import { actionTable } from '../http/allowed-actions';

export const CONTRACT_ACTIONS = actionTable<ContractActionName>('ContractActions', {
  generate: { operation_id: 'generateLicenses', description: 'Generate a license' },
  generate_test: { operation_id: 'generateLicenses', description: 'Generate a test license' },
  edit_particulars: {
    operation_id: 'updateContract',
    description: 'Change name, customer, metadata, grace_allows_generation, renewal, dunning or dunning_exempt',
  },
  edit_terms: {
    operation_id: 'updateContract',
    description:
      'Change generator_id, feature_overrides, activation_limit or expiry, or lower the quota while it is unused',
  },
  edit_dates: {
    operation_id: 'updateContract',
    description: 'Change timezone, start_date, end_date, term or expiry_grace_days',
  },
  raise_quota: { operation_id: 'updateContract', description: 'Raise the quota' },
  amend: {
    operation_id: 'createAmendment',
    description: 'Amend it; while it is suspended only to an earlier end or without automatic renewal',
  },
  activate: { operation_id: 'activateContract', description: 'Activate it' },
  pause: { operation_id: 'pauseContract', description: 'Pause it' },
  resume: { operation_id: 'resumeContract', description: 'Resume it' },
  compliance_hold: { operation_id: 'holdContractForCompliance', description: 'Suspend it for compliance' },
  compliance_release: { operation_id: 'releaseContractFromCompliance', description: 'Lift the hold of compliance' },
  renew: { operation_id: 'renewContract', description: 'Grant one more term' },
  opt_out: { operation_id: 'optOutOfRenewal', description: 'Opt out of the next automatic renewal, on time or late' },
  terminate: { operation_id: 'terminateContract', description: 'Terminate it' },
  reinstate: { operation_id: 'reinstateContract', description: 'Undo its termination' },
  delete: { operation_id: 'deleteContract', description: 'Delete it' },
});

export const AMENDMENT_ACTIONS = actionTable<'withdraw'>('AmendmentActions', {
  withdraw: { operation_id: 'withdrawAmendment', description: 'Withdraw it' },
});
