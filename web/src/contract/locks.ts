/** Which action of `allowed_actions` covers each field, so that a field that cannot be changed is shown with the reason. */
import type { AllowedAction } from '../base/allowed-button';
import type { FieldName } from './field-names';
import type { Contract } from './states';

const FIXED: ReadonlySet<FieldName> = new Set(['type', 'product_id', 'environment', 'test_clock_id'] as const);
const TERMS: ReadonlySet<FieldName> = new Set([
  'generator_id',
  'feature_overrides',
  'activation_limit_kind',
  'activation_limit',
  'expiry_kind',
  'expiry.duration',
  'expiry.basis',
  'expiry.date',
  'cap_expiry_at_contract_end',
  'device_lease_minutes',
] as const);
const DATES: ReadonlySet<FieldName> = new Set([
  'timezone',
  'start_date',
  'end_kind',
  'term',
  'end_date',
  'expiry_grace_days',
] as const);

/** Why the field cannot be changed: `fixed` for good, a refusal for now, or undefined when it can. */
export function lockOf(name: FieldName, contract: Contract | undefined): 'fixed' | AllowedAction | undefined {
  if (contract === undefined) return undefined;
  if (FIXED.has(name)) return 'fixed';
  const allowed = actionOf(name, contract);
  return allowed === true ? undefined : allowed;
}

function actionOf(name: FieldName, { allowed_actions: allowed }: Contract): AllowedAction {
  if (TERMS.has(name)) return allowed.edit_terms;
  if (DATES.has(name)) return allowed.edit_dates;
  // A quota that cannot be raised now may be lowered while it is unused.
  if (name === 'quota' || name === 'quota_label') return allowed.raise_quota === true ? true : allowed.edit_terms;
  return allowed.edit_particulars;
}
