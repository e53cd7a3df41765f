/** Brings the errors of the interface to the fields of the form. */
import { fieldErrors, RequestFailed } from '../base/problem';
import { isFieldName } from './field-names';
import type { FieldName } from './field-names';

/** Refusals that are about one field, and name it by their code only. */
const FIELD_OF_CODE: Readonly<Record<string, FieldName>> = {
  QUOTA_BELOW_USED: 'quota',
  QUOTA_DECREASE_NOT_ALLOWED: 'quota',
  CHANGES_BLOCKED_PAST_DUE: 'quota',
  GENERATOR_KEYSPACE_TOO_SMALL: 'quota',
  PRODUCT_INACTIVE: 'product_id',
  GENERATOR_NOT_AVAILABLE: 'generator_id',
  FEATURE_TYPE_MISMATCH: 'feature_overrides',
  EXPIRY_IN_PAST: 'expiry_kind',
  EXPIRY_CONFLICT: 'expiry_kind',
  TERM_ALREADY_OVER: 'end_kind',
  VALIDITY_TOO_SHORT: 'min_remaining_validity',
  COTERM_NOT_POSSIBLE: 'renewal.coterm_with',
  NOTICE_PERIOD_PASSED: 'renewal.opt_out_at',
  API_ACCESS_NOT_CONFIGURED: 'api_access',
  WEBHOOKS_NOT_CONFIGURED: 'webhook_url',
  TOO_MANY_WEBHOOK_ENDPOINTS: 'webhook_url',
};

/** Objects and choices of the interface that have no field of their own, with the field that stands for them. */
const FIELD_OF_OBJECT: Partial<Record<FieldName, FieldName>> = {
  expiry: 'expiry_kind',
  renewal: 'renewal.mode',
  'renewal.quota_effect': 'renewal.quota_effect.add',
  dunning: 'dunning.past_due_days',
  rate_limits: 'rate_limits.per_minute',
  auto_replenish: 'auto_replenish.target',
};

/** The message of each field. Several messages of one field, such as those of lines, are joined. */
export function errorsByField(error: unknown): Partial<Record<FieldName, string>> {
  const found: Partial<Record<FieldName, string>> = {};
  const add = (name: FieldName, message: string) => {
    found[name] = found[name] === undefined ? message : `${found[name]}; ${message}`;
  };
  for (const [path, message] of Object.entries(fieldErrors(error))) {
    const name = fieldOf(path);
    if (name) add(name, message);
  }
  if (!(error instanceof RequestFailed) || !error.problem) return found;
  const { code, detail, metadata } = error.problem;
  const named = code === 'IMMUTABLE_FIELD' ? fieldOf(String(metadata['field'])) : FIELD_OF_CODE[code];
  if (named) add(named, detail);
  return found;
}

/** The field of a path, or of the object that it is in: a line of the allowlist belongs to the allowlist. */
function fieldOf(path: string): FieldName | undefined {
  const parts = path.split('.');
  while (parts.length > 0) {
    const name = parts.join('.');
    if (isFieldName(name)) return FIELD_OF_OBJECT[name] ?? name;
    parts.pop();
  }
  return undefined;
}
