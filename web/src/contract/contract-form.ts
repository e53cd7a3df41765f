/** The values of the form of a contract: texts and choices as fields show them, and their way to the body of a request and back. */
import type { ContractBody, Expiry, ExpiryBasis } from './contract-body';

type NumberText = number | '';

interface LimitValues {
  per_minute: NumberText;
  per_hour: NumberText;
  per_day: NumberText;
}

/** The names are the paths of the interface, so that its errors find their fields. Choices that the interface does not have end in `_kind`. */
export interface ContractFormValues extends Omit<
  ContractBody,
  | 'quota'
  | 'product_id'
  | 'generator_id'
  | 'account_manager'
  | 'feature_overrides'
  | 'activation_limit'
  | 'expiry'
  | 'device_lease_minutes'
  | 'start_date'
  | 'end_date'
  | 'term'
  | 'expiry_grace_days'
  | 'renewal'
  | 'dunning'
  | 'rate_limits'
  | 'low_water'
  | 'auto_replenish'
  | 'ip_allowlist'
  | 'webhook_url'
  | 'metadata'
> {
  product_id: string | null;
  generator_id: string | null;
  quota: NumberText;
  /** Of edits only: what a raise of the quota is for. */
  quota_label: string;
  account_manager: string;
  feature_overrides: string;
  activation_limit_kind: 'generator' | 'number' | 'unlimited';
  activation_limit: NumberText;
  expiry_kind: 'never' | 'duration' | 'date';
  expiry: { duration: string | null; basis: ExpiryBasis; date: string };
  device_lease_minutes: NumberText;
  start_date: string;
  end_kind: 'open' | 'term' | 'end_date';
  term: string | null;
  end_date: string;
  expiry_grace_days: NumberText;
  renewal: {
    mode: ContractBody['renewal']['mode'];
    term: string | null;
    notice_days: NumberText;
    opt_out_at: string | null;
    quota_effect: { add: NumberText };
    max_renewals: NumberText;
    coterm_with: string | null;
    late_renewal_days: NumberText;
  };
  dunning: { past_due_days: NumberText; suspend_days: NumberText; terminate_days: NumberText };
  rate_limits: LimitValues & { licenses: LimitValues };
  low_water: NumberText;
  auto_replenish: { target: NumberText };
  /** One entry a line. */
  ip_allowlist: string;
  webhook_url: string;
  metadata: string;
}

/** The values that show a body. */
export function valuesOf(body: ContractBody): ContractFormValues {
  const { expiry, renewal, dunning, rate_limits } = body;
  return {
    ...body,
    product_id: body.product_id || null,
    generator_id: body.generator_id || null,
    quota_label: '',
    account_manager: body.account_manager ?? '',
    feature_overrides: jsonText(body.feature_overrides),
    activation_limit_kind: activationKind(body.activation_limit),
    activation_limit: typeof body.activation_limit === 'number' ? body.activation_limit : '',
    expiry_kind: expiry === null ? 'never' : 'date' in expiry ? 'date' : 'duration',
    expiry: {
      duration: expiry && 'duration' in expiry ? expiry.duration : null,
      basis: (expiry && 'duration' in expiry && expiry.basis) || 'generation',
      date: expiry && 'date' in expiry ? expiry.date : '',
    },
    device_lease_minutes: body.device_lease_minutes ?? '',
    start_date: body.start_date ?? '',
    end_kind: body.term !== null ? 'term' : body.end_date !== null ? 'end_date' : 'open',
    end_date: body.end_date ?? '',
    renewal: {
      ...renewal,
      quota_effect: { add: renewal.quota_effect?.add ?? '' },
      max_renewals: renewal.max_renewals ?? '',
    },
    dunning: { ...dunning, terminate_days: dunning.terminate_days ?? '' },
    rate_limits: { ...limitValues(rate_limits), licenses: limitValues(rate_limits.licenses) },
    auto_replenish: { target: body.auto_replenish?.target ?? '' },
    ip_allowlist: body.ip_allowlist.join('\n'),
    webhook_url: body.webhook_url ?? '',
    metadata: jsonText(body.metadata),
  };
}

export type FormError = 'required' | 'not_an_object';

/** The body that the values mean. `errors` has the fields from which no body can be made; the interface judges everything else. */
export function bodyOf(values: ContractFormValues): { body: ContractBody; errors: Record<string, FormError> } {
  const errors: Record<string, FormError> = {};
  const required = <Value>(path: string, value: Value | null | ''): Value => {
    if (value === null || value === '') errors[path] = 'required';
    return value as Value;
  };
  const object = (path: string, text: string): Record<string, unknown> => {
    const parsed = parseObject(text);
    if (parsed === undefined) errors[path] = 'not_an_object';
    return parsed ?? {};
  };
  const { quota_label: _label, activation_limit_kind, expiry_kind: _expiry, end_kind, ...same } = values;
  const { renewal, dunning, rate_limits } = values;
  const body: ContractBody = {
    ...same,
    name: required('name', values.name.trim()),
    product_id: required('product_id', values.product_id),
    generator_id: required('generator_id', values.generator_id),
    quota: required('quota', values.quota),
    account_manager: textOf(values.account_manager),
    feature_overrides: object('feature_overrides', values.feature_overrides),
    activation_limit:
      activation_limit_kind === 'generator'
        ? null
        : activation_limit_kind === 'unlimited'
          ? 'unlimited'
          : required('activation_limit', values.activation_limit),
    expiry: expiryOf(values, required),
    device_lease_minutes: numberOf(values.device_lease_minutes),
    start_date: textOf(values.start_date),
    term: end_kind === 'term' ? required('term', values.term) : null,
    end_date: end_kind === 'end_date' ? required('end_date', values.end_date) : null,
    expiry_grace_days: required('expiry_grace_days', values.expiry_grace_days),
    renewal: {
      ...renewal,
      notice_days: required('renewal.notice_days', renewal.notice_days),
      quota_effect: renewal.quota_effect.add === '' ? null : { add: renewal.quota_effect.add },
      max_renewals: numberOf(renewal.max_renewals),
      late_renewal_days: required('renewal.late_renewal_days', renewal.late_renewal_days),
    },
    dunning: {
      past_due_days: required('dunning.past_due_days', dunning.past_due_days),
      suspend_days: required('dunning.suspend_days', dunning.suspend_days),
      terminate_days: numberOf(dunning.terminate_days),
    },
    rate_limits: { ...limitsOf(rate_limits), licenses: limitsOf(rate_limits.licenses) },
    low_water: required('low_water', values.low_water),
    auto_replenish: values.auto_replenish.target === '' ? null : { target: values.auto_replenish.target },
    ip_allowlist: values.ip_allowlist
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
    webhook_url: textOf(values.webhook_url),
    metadata: object('metadata', values.metadata),
  };
  return { body, errors };
}

type Required_ = <Value>(path: string, value: Value | null | '') => Value;

function expiryOf({ expiry_kind, expiry }: ContractFormValues, required: Required_): Expiry {
  if (expiry_kind === 'never') return null;
  if (expiry_kind === 'date') return { date: required('expiry.date', expiry.date) };
  return { duration: required('expiry.duration', expiry.duration), basis: expiry.basis };
}

function activationKind(limit: ContractBody['activation_limit']): ContractFormValues['activation_limit_kind'] {
  if (limit === null) return 'generator';
  return limit === 'unlimited' ? 'unlimited' : 'number';
}

function limitValues({ per_minute, per_hour, per_day }: ContractBody['rate_limits']['licenses']): LimitValues {
  return { per_minute: per_minute ?? '', per_hour: per_hour ?? '', per_day: per_day ?? '' };
}

function limitsOf({ per_minute, per_hour, per_day }: LimitValues) {
  return { per_minute: numberOf(per_minute), per_hour: numberOf(per_hour), per_day: numberOf(per_day) };
}

function numberOf(value: NumberText): number | null {
  return value === '' ? null : value;
}

function textOf(text: string): string | null {
  return text.trim() === '' ? null : text.trim();
}

/** An object as people edit it; the empty one as an empty field. */
export function jsonText(value: Record<string, unknown>): string {
  return Object.keys(value).length === 0 ? '' : JSON.stringify(value, null, 2);
}

/** The object of a text, `{}` for an empty one, or undefined when the text is no JSON object. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
