/** The actions on a contract and on an amendment, with the operations that run them. */
import type { ContractActionName } from '../../domain/contract/allowed-actions';
import { actionTable } from '../http/allowed-actions';

export const CONTRACT_ACTIONS = actionTable<ContractActionName>('ContractActions', {
  generate: { operation_id: 'generateLicenses', description: 'Generate a license' },
  generate_test: { operation_id: 'generateLicenses', description: 'Generate a test license' },
  grab: { operation_id: 'grabLicenses', description: 'Take licenses from its pool for an order' },
  schedule: { operation_id: 'createSchedule', description: 'Generate licenses by a schedule' },
  edit_particulars: {
    operation_id: 'updateContract',
    description:
      'Change name, customer, metadata, api_access, ip_allowlist, webhook_url, rate_limits, on_suspend, grace_allows_generation, renewal, dunning or dunning_exempt',
  },
  edit_terms: {
    operation_id: 'updateContract',
    description:
      'Change generator_id, feature_overrides, activation_limit, expiry, cap_expiry_at_contract_end or device_lease_minutes, or lower the quota while it is unused',
  },
  edit_dates: {
    operation_id: 'updateContract',
    description: 'Change timezone, start_date, end_date, term or expiry_grace_days',
  },
  raise_quota: { operation_id: 'updateContract', description: 'Raise the quota' },
  amend: {
    operation_id: 'createAmendment',
    description:
      'Amend the contract; while it is suspended, an amendment can only set an earlier end or stop automatic renewal',
  },
  activate: { operation_id: 'activateContract', description: 'Activate the contract' },
  pause: { operation_id: 'pauseContract', description: 'Pause the contract' },
  resume: { operation_id: 'resumeContract', description: 'Resume the contract' },
  compliance_hold: { operation_id: 'holdContractForCompliance', description: 'Suspend the contract for compliance' },
  compliance_release: { operation_id: 'releaseContractFromCompliance', description: 'Lift the compliance hold' },
  renew: { operation_id: 'renewContract', description: 'Add one term' },
  opt_out: { operation_id: 'optOutOfRenewal', description: 'Opt out of the next automatic renewal, on time or late' },
  terminate: { operation_id: 'terminateContract', description: 'Terminate the contract' },
  reinstate: { operation_id: 'reinstateContract', description: 'Undo the termination' },
  reveal_api_key: { operation_id: 'revealContractApiKey', description: 'Show the API key' },
  rotate_api_key: { operation_id: 'rotateContractApiKey', description: 'Replace the API key' },
  delete: { operation_id: 'deleteContract', description: 'Delete the contract' },
});

export const AMENDMENT_ACTIONS = actionTable<'withdraw'>('AmendmentActions', {
  withdraw: { operation_id: 'withdrawAmendment', description: 'Withdraw the amendment' },
});
